"""Orpheus: a language model that speaks in audio tokens, and SNAC, which makes them sound."""
