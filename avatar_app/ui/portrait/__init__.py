"""The portrait: its picture, captions, state and dropped avatars."""
