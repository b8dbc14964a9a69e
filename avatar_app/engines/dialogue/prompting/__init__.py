"""Prompts for language models and parsing of their output, shared by all such engines."""
