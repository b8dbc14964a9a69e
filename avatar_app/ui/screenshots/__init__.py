"""Screenshots of the window for the documentation, from a scripted session."""
