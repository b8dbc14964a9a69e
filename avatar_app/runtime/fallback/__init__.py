"""Which engine is at work: what takes the place of one that fails, and how others are put in."""
