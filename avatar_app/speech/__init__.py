"""Speech without a conversation: text to speech for files and streams, and speech to text."""
