"""Passes calls and events between other threads and the Qt thread."""
