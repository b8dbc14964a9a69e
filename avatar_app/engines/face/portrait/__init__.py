"""Avatars from photos, as face engines read them."""
