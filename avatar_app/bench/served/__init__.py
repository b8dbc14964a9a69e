"""Measures a running `avatar-app serve` through OpenAI's own client."""
