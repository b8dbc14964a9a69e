"""Subtitles are cut to two short lines, and come out of an mp4 as they went in."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np

from avatar_app.media.subtitles import LINE, Subtitle, as_srt, as_vtt, cut
from avatar_app.media.video_writer import VideoWriter

LONG = "one two three four five six seven eight nine ten " * 4


def test_long_subtitles_are_split_in_proportion_to_their_letters() -> None:
    pieces = list(cut([Subtitle(10.0, 20.0, LONG, "Mira")]))
    assert len(pieces) > 2
    assert all(len(line) <= LINE for piece in pieces for line in piece.text.splitlines())
    assert all(len(piece.text.splitlines()) <= 2 for piece in pieces)
    assert " ".join(piece.text for piece in pieces).split() == LONG.split()
    assert (pieces[0].start, round(pieces[-1].end, 6)) == (10.0, 20.0)
    for piece, following in itertools.pairwise(pieces):
        assert piece.end == following.start > piece.start
    assert {piece.speaker for piece in pieces} == {"Mira"}


def test_srt_and_vtt_name_the_speaker_and_count_hours() -> None:
    said = [Subtitle(0.0, 1.5, "Hi <b> & so", "You"), Subtitle(3661.25, 3662.0, "Grüße", "Mira")]
    assert as_srt(said) == (
        "1\n00:00:00,000 --> 00:00:01,500\nYou: Hi <b> & so\n\n"
        "2\n01:01:01,250 --> 01:01:02,000\nMira: Grüße\n"
    )
    assert as_vtt(said) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n<v You>Hi &lt;b&gt; &amp; so\n\n"
        "01:01:01.250 --> 01:01:02.000\n<v Mira>Grüße\n"
    )


def test_film_contains_subtitles_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    said = [Subtitle(0.2, 0.8, "Grüße", "You"), Subtitle(1.0, 1.6, "Hello.", "Mira")]
    with VideoWriter(path, 10, subtitles=said) as film:
        for _ in range(20):
            film.add_sound(np.zeros(4800, np.float32))
            film.add_picture(np.zeros((32, 32, 3), np.uint8))
    with av.open(str(path)) as container:
        kinds = sorted(stream.type for stream in container.streams)
        assert kinds == ["audio", "subtitle", "video"]
        (stream,) = container.streams.subtitles
        found = [
            (float(packet.pts * packet.time_base), float(packet.duration * packet.time_base), text)
            for packet in container.demux(stream)
            if (text := bytes(packet)[2:].decode())
        ]
    assert found == [(0.2, 0.6, "You: Grüße"), (1.0, 0.6, "Mira: Hello.")]
