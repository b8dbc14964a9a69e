"""ModelScope's text-to-video: a prompt becomes a film."""
