"""The page of performance: where the time of a turn goes, and what would make it shorter."""
