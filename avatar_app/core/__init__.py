"""Shared value types and engine protocols. Standard library and numpy only."""
