"""What is kept on disk in SQLite: conversations, notes, reminders, times, measured weights."""
