"""Tools the avatar may call: plain typed functions whose docstring is the description."""
