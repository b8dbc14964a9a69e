"""Diagnostics: checks the installation, including a scripted conversation."""
