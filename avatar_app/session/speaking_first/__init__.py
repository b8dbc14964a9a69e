"""What the avatar says on its own, if the user wants it: seldom, and never twice."""
