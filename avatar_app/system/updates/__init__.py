"""Updates, looked for only when the user asks and verified by The Update Framework."""
