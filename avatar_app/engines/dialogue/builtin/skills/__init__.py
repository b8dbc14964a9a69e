"""Skills: for each theme a YAML file with patterns and phrases, and a Python module."""
