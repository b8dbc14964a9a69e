"""The page of models: installed models, what fits, downloads."""
