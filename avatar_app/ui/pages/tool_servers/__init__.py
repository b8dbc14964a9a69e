"""The section of the privacy page for tools of other programs."""
