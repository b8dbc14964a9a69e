"""One conversation in real time: turn-taking, responses, playback and pictures."""
