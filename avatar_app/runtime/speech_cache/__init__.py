"""Sentences that were spoken before, kept on disk."""
