"""A portrait drawn by code: characters as layered vector art, moved by speech and by life."""
