"""Subtitles: cut to two short lines each; as SRT, WebVTT, or a subtitle stream of an mp4."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

LINE, LINES = 42, 2
"""Characters of a line and lines of a subtitle, as broadcasters advise."""
MOV_TEXT = "mov_text"
MILLISECONDS = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Subtitle:
    """Something said, and when."""

    start: float
    """Seconds from the beginning."""
    end: float
    """Seconds from the beginning."""
    text: str
    speaker: str = ""


def cut(subtitles: Iterable[Subtitle]) -> Iterator[Subtitle]:
    """Each as subtitles of two lines at most; their times are shared out by their letters."""
    for subtitle in subtitles:
        lines = textwrap.wrap(subtitle.text, LINE, break_long_words=True) or [subtitle.text]
        pieces = ["\n".join(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]
        letters = sum(map(len, pieces)) or 1
        start = subtitle.start
        for piece in pieces:
            end = start + (subtitle.end - subtitle.start) * len(piece) / letters
            yield Subtitle(start, end, piece, subtitle.speaker)
            start = end


def as_srt(subtitles: Iterable[Subtitle]) -> str:
    """SubRip: numbered, the speaker's name before the first words."""
    blocks = [
        f"{number}\n{_clock(each.start, ',')} --> {_clock(each.end, ',')}\n{_spoken(each)}\n"
        for number, each in enumerate(cut(subtitles), 1)
    ]
    return "\n".join(blocks)


def as_vtt(subtitles: Iterable[Subtitle]) -> str:
    """WebVTT (W3C): the speaker, if one is known, is the voice of each cue."""
    blocks = [
        f"{_clock(each.start, '.')} --> {_clock(each.end, '.')}\n"
        f"{f'<v {_escaped(each.speaker)}>' if each.speaker else ''}{_escaped(each.text)}\n"
        for each in cut(subtitles)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


class SubtitleTrack:
    """A subtitle stream of a film that PyAV writes: 3GPP timed text (ETSI TS 126 245) in an mp4 or
    mov, WebVTT in a webm."""

    def __init__(self, container: Any, codec: str = MOV_TEXT) -> None:
        """To be made before the container has begun, so with its other streams."""
        self._container = container
        self._stream = container.add_mux_stream(codec)
        self._has_length = codec == MOV_TEXT

    def write(self, subtitles: Iterable[Subtitle]) -> None:
        """All subtitles, in their order."""
        import av

        for each in cut(subtitles):
            words = _spoken(each).encode()
            length = len(words).to_bytes(2, "big") if self._has_length else b""
            packet = av.Packet(length + words)
            packet.stream, packet.time_base = self._stream, MILLISECONDS
            packet.pts = packet.dts = round(each.start * 1000)
            packet.duration = max(1, round(each.end * 1000) - packet.pts)
            self._container.mux(packet)


def _spoken(subtitle: Subtitle) -> str:
    return f"{subtitle.speaker}: {subtitle.text}" if subtitle.speaker else subtitle.text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"
