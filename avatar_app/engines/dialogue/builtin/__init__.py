"""The built-in dialogue engine: rule-based, without a model."""
