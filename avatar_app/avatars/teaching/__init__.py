"""Teaches a small network to paint the lips of one avatar as a large one does."""
