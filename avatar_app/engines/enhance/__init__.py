"""Face enhancement engines."""
