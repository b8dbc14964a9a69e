"""Lips that follow any voice, by the network of "A Lip Sync Expert Is All You Need" (2020)."""
