"""The user's side of a turn: audio front end, turn detection, recognition."""
