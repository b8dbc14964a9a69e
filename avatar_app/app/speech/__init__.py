"""Former home of tts, kept for one release."""
