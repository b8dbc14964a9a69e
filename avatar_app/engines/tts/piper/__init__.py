"""Voices of the Piper project: quick on one core, hundreds of them in some forty languages."""
