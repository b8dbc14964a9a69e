"""The page of models: what is here, what fits, what is fetched."""
