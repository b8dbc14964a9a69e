"""Speech without a conversation: a text becomes a sound file or a stream, in any voice."""
