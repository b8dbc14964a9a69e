"""Dialogue engines: write answers."""
