"""Finds every text that the window can show: in its own source, in other rooms, in YAML files."""
