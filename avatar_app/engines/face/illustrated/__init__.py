"""Illustrated faces: characters as layered vector art, animated by speech and idle motion."""
