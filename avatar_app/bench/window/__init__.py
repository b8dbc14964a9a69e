"""Probes that measure the real window, each in a process of its own."""
