"""Renders films from a photo and a sound file or text, without a conversation."""
