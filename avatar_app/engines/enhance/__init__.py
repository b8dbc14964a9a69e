"""Enhancers: a face to the same face with more detail."""
