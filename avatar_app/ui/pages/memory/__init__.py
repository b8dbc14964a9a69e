"""The section of the privacy page for what the avatar knows of its user."""
