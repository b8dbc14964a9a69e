"""Avatars: created from photos or clips, stored in folders, exported as .avatar files."""
