"""Runs any engine in a separate process, behind the same protocol."""
