"""SQLite storage: conversations, notes, reminders, stage times and engine measurements."""
