"""Reads network checkpoints without running code in them."""
