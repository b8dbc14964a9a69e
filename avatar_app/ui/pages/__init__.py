"""Pages next to the portrait: settings and others."""
