"""Builds the folder that all installers carry: an interpreter, pinned wheels and a launcher."""
