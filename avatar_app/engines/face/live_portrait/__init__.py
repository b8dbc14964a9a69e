"""LivePortrait as the face of a conversation."""
