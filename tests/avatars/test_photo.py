"""Photos of all kinds are read upright and in true colors; what is no photo is told so."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from heic_tiles import tiled_heic
from PIL import Image as Pillow

from avatar_app.avatars.clip.reading import is_clip
from avatar_app.avatars.photo import read_photo
from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image


@pytest.fixture(scope="module")
def picture() -> Image:
    """Dark at the top, light at the bottom, red at the left, blue at the right."""
    rows, columns = np.mgrid[0:120, 0:160]
    red, blue = 200 - columns, 40 + columns
    return np.stack([red, rows + 60, blue], axis=-1).astype(np.uint8)


def encoded(picture: np.ndarray, suffix: str, *options: int) -> bytes:
    colors = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    turned = cv2.cvtColor(picture, colors[picture.shape[2]]) if picture.ndim == 3 else picture
    done, content = cv2.imencode(suffix, turned, options)
    assert done
    return bytes(content.tobytes())


def read(content: bytes, folder: Path) -> Image:
    path = folder / "photo"  # the content tells, not the name
    path.write_bytes(content)
    return read_photo(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
def test_common_photo_formats_are_read(picture: Image, tmp_path: Path, suffix: str) -> None:
    seen = read(encoded(picture, suffix), tmp_path)
    assert seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - picture).mean() < 4


def test_sixteen_bit_gray_and_alpha_photos_are_converted(picture: Image, tmp_path: Path) -> None:
    deep = read(encoded(picture.astype(np.uint16) * 257, ".png"), tmp_path)
    assert np.abs(deep.astype(int) - picture).max() <= 1
    gray = read(encoded(picture[:, :, 1], ".png"), tmp_path)
    assert np.array_equal(gray, np.repeat(picture[:, :, 1:2], 3, axis=2))
    alpha = np.full((120, 160, 1), 255, np.uint8)
    alpha[:, :80] = 0
    seen = read(encoded(np.concatenate([picture, alpha], axis=2), ".png"), tmp_path)
    assert np.array_equal(seen[:, 80:], picture[:, 80:])
    assert (seen[:, :80] == seen[0, 0]).all()


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00" + entry + b"\x00\x00\x00\x00"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_photo_from_a_turned_camera_stands_upright(
    picture: Image, tmp_path: Path, orientation: int, turns: int
) -> None:
    jpeg = encoded(picture, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 98)
    seen = read(with_orientation(jpeg, orientation), tmp_path)
    expected = np.rot90(picture, turns)
    assert seen.shape == expected.shape
    assert np.abs(seen.astype(int) - expected).mean() < 4


def png_of_size(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return start + struct.pack(">I", zlib.crc32(head)) + end


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a readable photo"),
        (b"hello", "not a readable photo"),
        (b"\xff\xd8\xff", "not a readable photo"),
        (b"%PDF-1.7", "not a readable photo"),
        (b"GIF89a" + bytes(100), "not a readable photo"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8X" + bytes(20), "only 1 × 1"),
        (png_of_size(100_000, 100_000), "too many"),
        (png_of_size(50, 50), "only 50 × 50"),
        (png_of_size(500, 500), "cannot be decoded"),
    ],
)
def test_an_unusable_photo_is_reported(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(InputInvalid, match=said):
        read(content, tmp_path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
def test_a_truncated_file_is_reported(picture: Image, tmp_path: Path, suffix: str) -> None:
    content = encoded(picture, suffix)
    with pytest.raises(InputInvalid, match="truncated"):
        read(content[: len(content) * 2 // 3], tmp_path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="does not exist"):
        read_photo(tmp_path / "none.png")
    with pytest.raises(InputInvalid, match="cannot be read"):
        read_photo(tmp_path)


def saved(picture: Image, kind: str, mode: str = "RGB", **options: Any) -> bytes:
    pillow_heif.register_heif_opener()
    held = io.BytesIO()
    Pillow.fromarray(picture).convert(mode).save(held, format=kind, **options)
    return held.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("TIFF", "RGB", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {"compression": "jpeg", "quality": 95}),
        ("TIFF", "RGB", {"tiled": True, "tile_length": 64}),
        ("TIFF", "CMYK", {}),
        ("TIFF", "LAB", {}),
        ("JPEG2000", "RGB", {}),
        ("HEIF", "RGB", {"quality": 95}),
        ("AVIF", "RGB", {"quality": 95}),
        ("GIF", "RGB", {}),
        ("PPM", "RGB", {}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("MPO", "RGB", {"quality": 95}),
    ],
)
def test_rare_photo_formats_are_read(
    picture: Image, tmp_path: Path, kind: str, mode: str, options: dict[str, Any]
) -> None:
    seen = read(saved(picture, kind, mode, **options), tmp_path)
    assert np.abs(seen.astype(int) - picture).mean() < 4


def test_tiled_heic_photo_is_assembled(tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:128, 0:192]
    picture = np.stack([200 - columns, rows + 60, 40 + columns], axis=-1).astype(np.uint8)
    seen = read(tiled_heic(picture), tmp_path)
    assert np.abs(seen.astype(int) - picture).mean() < 2
    turned = read(tiled_heic(picture, quarter_turns=1), tmp_path)
    assert np.abs(turned.astype(int) - np.rot90(picture)).mean() < 2
    with pytest.raises(InputInvalid, match="is truncated"):
        read(tiled_heic(picture)[:2000], tmp_path)


def test_live_and_multi_image_photos_are_read(picture: Image, tmp_path: Path) -> None:
    """Telephones append a film of the moment, or a map of what is brighter than white."""
    jpeg = encoded(picture, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 95)
    film = b"\0\0\0\x18ftypmp42" + np.random.default_rng(1).bytes(3 * len(jpeg))
    seen = read(jpeg + film.replace(b"\xff\xd9", b"\0\0"), tmp_path)
    assert np.abs(seen.astype(int) - picture).mean() < 4


def test_truncated_photo_with_complete_preview_is_refused(picture: Image, tmp_path: Path) -> None:
    jpeg = encoded(picture, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 95)
    small = encoded(picture[:60, :60], ".jpg")
    segment = b"\xff\xe1" + struct.pack(">H", len(small) + 2) + small
    with pytest.raises(InputInvalid, match="is truncated"):
        read(jpeg[:2] + segment + jpeg[2:-100], tmp_path)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "HEIF", "AVIF"])
def test_exif_rotation_is_applied_in_every_format(
    picture: Image, tmp_path: Path, kind: str
) -> None:
    exif = Pillow.Exif()
    exif[0x112] = 6
    given = exif if kind == "TIFF" else exif.tobytes()
    seen = read(saved(np.rot90(picture), kind, exif=given), tmp_path)
    assert np.abs(seen.astype(int) - picture).mean() < 6


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF", "GIF"])
def test_transparent_pixels_are_blended_with_gray(
    picture: Image, tmp_path: Path, kind: str
) -> None:
    clear = np.concatenate([picture, np.full((120, 160, 1), 255, np.uint8)], axis=2)
    clear[:, :80, 3] = 0
    seen = read(saved(clear, kind, "RGBA"), tmp_path)
    assert np.abs(seen[:, 90:].astype(int) - picture[:, 90:]).mean() < 6
    assert np.abs(seen[:, :70].astype(int) - seen[0, 0]).mean() < 4


def test_high_bit_depth_tiffs_keep_their_brightness(picture: Image, tmp_path: Path) -> None:
    gray = np.repeat(picture[:, :, 1:2], 3, axis=2)
    deep = saved_gray(picture[:, :, 1].astype(np.uint16) * 257)
    assert np.abs(read(deep, tmp_path).astype(int) - gray).max() <= 1
    floats = saved_gray(picture[:, :, 1].astype(np.float32) / 255)
    assert np.abs(read(floats, tmp_path).astype(int) - gray).max() <= 1


def saved_gray(values: np.ndarray) -> bytes:
    held = io.BytesIO()
    Pillow.fromarray(values).save(held, format="TIFF")
    return held.getvalue()


def test_a_gif_is_a_clip_if_it_moves(picture: Image, tmp_path: Path) -> None:
    still, moving = tmp_path / "still.gif", tmp_path / "moving.gif"
    still.write_bytes(saved(picture, "GIF"))
    moving.write_bytes(
        saved(picture, "GIF", save_all=True, append_images=[Pillow.fromarray(picture[::-1])])
    )
    assert (is_clip(still), is_clip(moving)) == (False, True)


def test_a_heic_file_without_image_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"not a readable photo|cannot be"):
        read(b"\0\0\0\x18ftypheic" + bytes(400), tmp_path)


def damaged_png(picture: Image) -> bytes:
    """With a profile that is none, which libpng complains of, and a broken end."""
    whole = encoded(picture, ".png")
    body = b"iCCP" + b"x\0\0" + zlib.compress(b"no profile")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return whole[:33] + chunk + whole[33:]


def test_libraries_print_nothing_to_the_terminal(
    picture: Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    read(damaged_png(picture), tmp_path)
    broken = bytearray(damaged_png(picture))
    broken[len(broken) // 2 : len(broken) // 2 + 40] = bytes(40)
    jpeg = bytearray(encoded(picture, ".jpg"))
    jpeg[len(jpeg) // 2 : len(jpeg) // 2 + 40] = b"\xff\x00" * 20
    tiff = bytearray(saved(picture, "TIFF", compression="tiff_lzw"))
    tiff[200:260] = bytes(60)
    for content in (broken, jpeg, tiff):
        with suppress(InputInvalid):
            read(bytes(content), tmp_path)
    assert capfd.readouterr() == ("", "")
