"""Encoders: from pictures, sounds, films and tokens to vectors."""
