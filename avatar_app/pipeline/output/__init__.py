"""The avatar's side of a turn: reply, speech, playback and pictures."""
