"""A face from one photo, moved by its landmarks; it needs no weights."""
