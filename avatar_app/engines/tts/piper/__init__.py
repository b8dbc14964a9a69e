"""Piper voices: fast on one core, hundreds of voices in some forty languages."""
