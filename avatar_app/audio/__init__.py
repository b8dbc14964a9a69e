"""Audio devices: the only package that uses the sound card."""
