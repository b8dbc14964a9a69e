"""Fitting: which engines and models this machine can carry, and why."""
