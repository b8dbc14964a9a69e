"""FLUX.1: pictures from prompts."""
