"""Values and promises: the types that all packages share. Standard library and numpy only."""
