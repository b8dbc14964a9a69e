"""A disk cache for the speech of frequent sentences."""
