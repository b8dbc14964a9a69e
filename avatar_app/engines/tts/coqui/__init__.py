"""Coqui voices through coqui-tts: VITS, with many speakers, and XTTS, which streams."""
