"""Probes that measure the real window; they run in a process of their own."""
