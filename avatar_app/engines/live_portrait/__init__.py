"""LivePortrait: a portrait that moves its head, eyes, brows and mouth."""
