"""Conversations without devices: recordings in, films and reports out."""
