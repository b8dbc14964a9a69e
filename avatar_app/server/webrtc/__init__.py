"""WebRTC for the page: Opus and VP8 by aiortc, in a process of its own for each conversation."""
