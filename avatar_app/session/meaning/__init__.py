"""Facts found by their meaning, where a model that embeds text is installed (extra `memory`)."""
