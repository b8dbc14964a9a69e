"""Photo faces: one photo, animated by its landmarks without weights."""
