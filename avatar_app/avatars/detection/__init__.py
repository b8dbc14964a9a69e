"""Find faces and their landmarks in pictures."""
