"""Engines: one folder each, with a manifest and its code."""
