"""Functions the avatar may call: typed, described by their docstrings."""
