"""The page of avatars: gallery, new avatars from photos and clips, and how faces are drawn."""
