"""The page of the studio."""
