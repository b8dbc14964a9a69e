"""Pages of the window: settings, and those to come."""
