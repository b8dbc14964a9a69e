"""Voices cloned from a recording, only with the speaker's consent."""
