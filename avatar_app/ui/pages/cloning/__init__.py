"""Cloning a voice by hand: the recording, the consent phrase, and the comparison."""
