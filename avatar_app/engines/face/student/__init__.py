"""A small network that was taught by another face to paint one avatar's lips."""
