"""Who sat for a photo: avatars made from one, as the faces that move them read them."""
