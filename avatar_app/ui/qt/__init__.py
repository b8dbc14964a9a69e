"""Crossing threads between the session and Qt."""
