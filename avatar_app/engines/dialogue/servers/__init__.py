"""Servers of language models, for the engines that ask them: their keys, and why they fail."""
