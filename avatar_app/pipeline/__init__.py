"""One conversation: who has the floor, what is said, what is heard, what is shown."""
