"""Devices: the only package that knows a sound card."""
