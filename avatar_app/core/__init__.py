"""Values and promises: the types that every other package shares. Standard library and numpy only."""
