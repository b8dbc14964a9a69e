"""Stable Video Diffusion: a picture begins to move."""
