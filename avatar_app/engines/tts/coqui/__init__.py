"""Voices of Coqui: VITS, with many speakers, and XTTS, which streams; through coqui-tts."""
