"""Read, judge and loop a clip of a person."""
