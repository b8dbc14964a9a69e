"""Avatars as files: made from one photo, kept in a folder, exchanged as one .avatar file."""
