"""Face engines: speech to pictures."""
