"""What the server and a process that speaks WebRTC send to each other."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from avatar_app.core.values import Image
from avatar_app.server.webrtc.planes import LINES, planes_of

_HEAD = struct.Struct("<BxxxIII")
"""Kind, turn, place, and a length that only pictures have."""
FAILED, CONNECTED = "failed", "connected"
"""States of a connection, as WebRTC calls them."""


class LinkKind(IntEnum):
    """What a message is."""

    OFFER = 1
    """To the process: the browser's description of its session (SDP)."""
    ANSWER = 2
    """From it: its own."""
    SPEECH = 3
    """To it: a piece of the avatar's speech, 16-bit PCM at 48 kHz."""
    PICTURE = 4
    """To it: a picture of the face, as planes."""
    FLUSH = 5
    """To it: what was not heard yet is not said."""
    HEARD = 6
    """From it: sound of the microphone, 16-bit PCM at 48 kHz."""
    SOUNDING = 7
    """From it: which sample of which turn it sends now."""
    STATE = 8
    """From it: how the connection is."""
    SIZE = 9
    """From it: how many lines pictures have from now on (`height`), how many come a second
    (`place`), and what does not carry more."""
    CLOSE = 10
    """To it: the connection ends."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkMessage:
    """One message."""

    kind: LinkKind
    content: bytes = b""
    turn: int = 0
    """The turn of speech and pictures; 0: none."""
    place: int = 0
    """Index of a sample in the turn's speech, at 48 kHz."""
    height: int = 0
    """Of a picture's planes, or of all pictures: rows."""

    @property
    def text(self) -> str:
        return self.content.decode()

    def packed(self) -> bytes:
        """Return the message as it is sent."""
        return _HEAD.pack(self.kind, self.turn, self.place, self.height) + self.content


def unpacked(data: bytes) -> LinkMessage:
    """Return a message that was sent."""
    kind, turn, place, height = _HEAD.unpack_from(data)
    return LinkMessage(LinkKind(kind), data[_HEAD.size :], turn, place, height)


def picture_link(image: Image, turn: int, place: int, lines: int = LINES) -> LinkMessage:
    """Return the message of a picture: uint8, shape (height, width, 3), RGB; of so many lines at
    most."""
    planes = planes_of(image, lines)
    return LinkMessage(LinkKind.PICTURE, planes.tobytes(), turn, place, planes.shape[0])
