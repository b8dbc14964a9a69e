"""Sound and pictures for the page: binary messages that begin with what they are, of which turn,
and where in its speech they belong."""

from __future__ import annotations

import struct

from avatar_app.media.jpeg import jpeg_of
from avatar_app.media.stream_encoder import pcm_of
from avatar_app.session.served.pictures import SentPicture
from avatar_app.session.served.wire import SentSpeech

HEADER = struct.Struct("<BxxxII")
"""Kind, turn (0: none), and index in the turn's speech at 48 kHz; 12 bytes."""
SOUND, PICTURE = 1, 2
"""Kinds: 16-bit PCM at 48 kHz, mono; a JPEG file."""
JPEG_WIDTH = 854
"""Pixels: 480p of a wide picture, which encodes in a third of the time of 720p."""


def sound_message(speech: SentSpeech) -> bytes:
    """Return a piece of speech as the page reads it."""
    return HEADER.pack(SOUND, speech.turn_id, speech.start) + pcm_of(speech.samples)


def picture_message(picture: SentPicture) -> bytes:
    """Return a picture as the page reads it. Takes some milliseconds."""
    header = HEADER.pack(PICTURE, picture.turn_id, picture.start)
    return header + jpeg_of(picture.image, JPEG_WIDTH)
