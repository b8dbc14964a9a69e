"""Check the installation, and hold a scripted conversation with it."""
