"""Joining and keeping: builds a conversation from its parts, and stores what must last."""
