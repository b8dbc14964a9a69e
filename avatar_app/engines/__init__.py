"""Engines: one folder each, a manifest and the code behind it."""
