"""The transcript of the conversation."""
