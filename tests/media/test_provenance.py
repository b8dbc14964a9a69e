"""Films and sounds say that they are synthetic, in ways that other programs read."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import av
import numpy as np
import pytest
import soundfile

from avatar_app.core.values import AudioChunk
from avatar_app.media.provenance import COMMENT, SOURCE_TYPE, CornerLabel, xmp_packet
from avatar_app.media.sound_writer import SoundFormat, write_speech
from avatar_app.media.video_writer import VideoWriter

IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
DESCRIPTION = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"


def write_film(path: Path, **options: bool) -> None:
    with VideoWriter(path, 25.0, **options) as film:
        film.add_sound(np.zeros(4800, np.float32))
        for _ in range(3):
            film.add_picture(np.full((360, 640, 3), 90, np.uint8))


def boxes(path: Path) -> list[tuple[bytes, bytes]]:
    """The top-level boxes of an mp4: type and content (ISO/IEC 14496-12, section 4.2)."""
    content, found = path.read_bytes(), []
    while content:
        size, kind = struct.unpack_from(">I4s", content)
        found.append((kind, content[8:size]))
        content = content[size:]
    return found


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_film_holds_the_digital_source_type_in_xmp(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4")
    kind, content = boxes(tmp_path / "film.mp4")[-1]
    assert kind == b"uuid"
    assert UUID(bytes=content[:16]) == UUID("be7acfcb-97a9-42e8-9c71-999491e3afac")
    description = next(ET.fromstring(content[16:]).iter(DESCRIPTION))
    assert description.attrib[IPTC] == SOURCE_TYPE


def test_a_marked_film_still_plays_and_carries_a_comment(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert container.metadata["comment"] == COMMENT
        assert len(list(container.decode(video=0))) == 3


def test_xmp_names_the_program_and_the_time_in_utc() -> None:
    packet = xmp_packet(datetime(2026, 5, 1, 12, 30, tzinfo=UTC)).decode()
    assert 'CreateDate="2026-05-01T12:30:00+00:00"' in packet
    assert 'CreatorTool="avatar_app ' in packet


@pytest.mark.parametrize("format", list(SoundFormat))
def test_a_sound_carries_the_comment_and_nothing_else_changes(
    format: SoundFormat, tmp_path: Path
) -> None:
    path = tmp_path / f"speech.{format}"
    tone = (0.3 * np.sin(np.arange(24_000) / 20)).astype(np.float32)
    write_speech([AudioChunk(tone, 24_000)], path, format, 24_000)
    with soundfile.SoundFile(path) as file:
        assert file.comment == COMMENT
        assert abs(file.frames - 24_000) < 3000


def test_pictures_carry_a_label_only_if_wanted(tmp_path: Path) -> None:
    write_film(tmp_path / "plain.mp4")
    write_film(tmp_path / "labeled.mp4", labeled=True)
    plain, labeled = (pictures(tmp_path / f"{name}.mp4")[0] for name in ("plain", "labeled"))
    changed = np.abs(plain.astype(int) - labeled.astype(int)).max(axis=-1) > 25
    rows, columns = np.nonzero(changed)
    assert rows.min() > 300
    assert columns.max() < 200
    assert labeled[rows, columns].max() > 200


@pytest.mark.parametrize("size", [(64, 64), (720, 1280), (3840, 2160)])
def test_a_label_fits_into_every_size(size: tuple[int, int]) -> None:
    width, height = size
    picture = np.full((height, width, 3), 128, np.uint8)
    labeled = CornerLabel(width, height).drawn(picture)
    assert labeled.shape == picture.shape
    assert (labeled != picture).any()
    assert (picture == 128).all(), "the frame of the face is left as it was"
