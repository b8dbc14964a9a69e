"""Faces: speech to pictures."""
