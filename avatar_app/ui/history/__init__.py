"""The stored conversations: their list, one to read, and what becomes of it."""
