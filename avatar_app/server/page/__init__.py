"""The page in which a browser talks with the avatar, and its line to the conversation."""
