"""From a manifest to a working engine, and keeping it at work."""
