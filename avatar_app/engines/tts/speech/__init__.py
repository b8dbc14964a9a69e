"""Shared code of voices: phrases, chunks, visemes and speaking style."""
