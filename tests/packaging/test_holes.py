"""Code and data that the program never reaches are left out of libraries, which still work."""

from __future__ import annotations

import ctypes
import importlib
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import av
import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
SITE = Path(av.__file__).parents[1]
LIBRARY = """
int counter = 5;
const char words[40000] = {7, 7};
int getppid(void);
int first(void) { return getppid() < 0 ? 0 : counter; }
__asm__(".text; .globl unused; .type unused, @function; .size unused, 40000; unused: .skip 40000");
int last(void) { return ++counter; }
const char* page(void) { return words; }
"""


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripts import each other as they do when one of them is run."""
    monkeypatch.syspath_prepend(PACKAGING)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "bundling"]:
        del sys.modules[name]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"bundling.{name}")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with code and data of some pages that nothing reads."""
    source, target = tmp_path / "library.c", tmp_path / "library.so"
    source.write_text(LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", target, source], check=True)
    return target


def cut(found: Iterator[tuple[Path, list[tuple[int, int]]]]) -> int:
    """Leave out what was found; returns by how much the files became smaller."""
    before = after = 0
    for path, ranges in found:
        subprocess.run(["strip", "--strip-unneeded", path], check=True)
        before += path.stat().st_size
        module("holes").cut_holes(path, ranges)
        assert module("elf").is_loadable(path)
        module("elf_gaps").close_gaps(path)
        assert module("elf").is_loadable(path)
        after += path.stat().st_size
    return before - after


def test_a_library_works_without_code_and_data_that_nothing_reads(library: Path) -> None:
    names = {each.name: each for each in module("elf").symbols(library)}
    unused = [names[name] for name in ("unused", "words")]
    ranges = [(each.address, each.address + each.size) for each in unused]
    assert cut(iter([(library, ranges)])) > 60_000
    loaded = ctypes.CDLL(str(library))
    loaded.page.restype = ctypes.c_void_p
    assert [loaded.first(), loaded.last(), loaded.last()] == [5, 6, 7]
    assert not any(ctypes.string_at(loaded.page(), names["words"].size))
    assert module("elf").needed(library) == {"libc.so.6"}
    assert {"first", "last", "page"} <= module("elf").exported(library)


def test_less_than_a_page_is_cleared_and_takes_its_space(library: Path) -> None:
    names = {each.name: each for each in module("elf").symbols(library)}
    start = names["words"].address
    assert cut(iter([(library, [(start, start + 1), (start, start)])])) == 0
    loaded = ctypes.CDLL(str(library))
    loaded.page.restype = ctypes.c_void_p
    assert ctypes.string_at(loaded.page(), 2) == b"\0\7"


def test_only_read_only_parts_are_left_out(library: Path) -> None:
    content, holes = library.read_bytes(), module("holes")
    names = {each.name: each for each in module("elf").symbols(library)}
    for start in (names["counter"].address, 1 << 40, names["words"].address - 40_000):
        with pytest.raises(ValueError, match="segment"):
            holes.without(content, [(start, start + 50_000)])
    foreign = bytearray(content)
    foreign[18:20] = (183).to_bytes(2, "little")  # ARM's number
    library.write_bytes(foreign)
    holes.cut_holes(library, [(0, 4096)])
    assert library.read_bytes() == foreign


def test_skia_draws_the_same_without_data_of_text(tmp_path: Path) -> None:
    shutil.copytree(SITE / "skia_python.libs", tmp_path / "skia_python.libs")
    (original,) = SITE.glob("skia.*.so")
    library = Path(shutil.copy(original, tmp_path))
    assert cut(module("unread_data").text_data(tmp_path)) > 10_000_000
    assert module("unread_data").icu_data(library.read_bytes()) is None
    script = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "import skia\n"
        "assert skia.__file__.startswith(sys.argv[1])\n"
        "surface = skia.Surface(200, 200)\n"
        "paint = skia.Paint(AntiAlias=True, Color=0xFF336699)\n"
        "paint.setImageFilter(skia.ImageFilters.Blur(4, 4))\n"
        "surface.getCanvas().drawCircle(100, 90, 70, paint)\n"
        "print(hashlib.sha256(surface.toarray().tobytes()).hexdigest())\n"
    )
    drawn = [
        subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, check=True)
        for folder in (tmp_path, SITE)
    ]
    assert drawn[0].stdout == drawn[1].stdout != b""


def test_hevc_is_written_in_eight_bits_and_refused_in_more(tmp_path: Path) -> None:
    for name in ("av", "av.libs"):
        shutil.copytree(SITE / name, tmp_path / name)
    assert cut(module("encoder_depths").other_depths(tmp_path)) > 12_000_000
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import av, numpy\n"
        "assert av.__file__.startswith(sys.argv[1])\n"
        "def write(planes, preset, quality):\n"
        "    options = {'preset': preset, 'x265-params': f'log-level=none:{quality}'}\n"
        "    with av.open('film.mp4', 'w') as film:\n"
        "        stream = film.add_stream('libx265', rate=25, options=options)\n"
        "        stream.width, stream.height, stream.pix_fmt = 128, 96, planes\n"
        "        for at in range(6):\n"
        "            picture = numpy.full((96, 128, 3), 40 * at, 'u1')\n"
        "            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))\n"
        "        film.mux(stream.encode())\n"
        "    return sum(1 for _ in av.open('film.mp4').decode(video=0))\n"
        "for planes in ('yuv420p', 'yuv444p'):\n"
        "    for preset in ('ultrafast', 'medium', 'slower'):\n"
        "        for quality in ('crf=20', 'lossless=1'):\n"
        "            print(write(planes, preset, quality))\n"
        "for planes in ('yuv420p10le', 'yuv420p12le'):\n"
        "    try: write(planes, 'medium', 'crf=20')\n"
        "    except (ValueError, av.FFmpegError): print('refused')\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.stdout.split() == ["6"] * 12 + ["refused"] * 2, run.stderr
    assert run.returncode == 0


def test_a_library_without_other_depths_stays_whole(tmp_path: Path, library: Path) -> None:
    folder = tmp_path / "av.libs"
    folder.mkdir()
    other = folder / "libx265-00000000.so.1"
    shutil.copy(library, other)
    assert [*module("encoder_depths").other_depths(tmp_path)] == [(other, [])]
    assert other.read_bytes() == library.read_bytes()


def test_each_generation_of_cards_keeps_its_oldest_program() -> None:
    needed = module("card_kernels").needed_capabilities
    assert [*needed([86, 53, 60, 61, 70, 75, 80])] == [60, 70, 80]
    assert [*needed([50, 89, 90])] == [50, 89, 90]


def program(kind: int, capability: int, content: bytes) -> bytes:
    header = struct.pack("<HHIQIIHHI", kind, 0x101, 64, len(content), 0, 0, 0, 0, capability)
    return header + bytes(64 - len(header)) + content


def box(*programs: bytes) -> bytes:
    content = b"".join(programs)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(content)) + content


def test_programs_for_cards_are_moved_together_in_their_boxes() -> None:
    source, old, new = (
        program(1, 86, b"s" * 40),
        program(2, 80, b"o" * 24),
        program(2, 86, b"n" * 8),
    )
    boxes = [box(new, old, source), box(source), box(old, new)]
    content = bytearray(bytes(8) + boxes[0] + bytes(16) + boxes[1] + boxes[2])
    end = len(content)
    free = [*module("card_kernels").move_together(content, 0, end)]
    first, second, third = box(old, source), box(source), box(old)
    starts = [8, 24 + len(boxes[0]), 24 + len(boxes[0]) + len(boxes[1])]
    for start, expected in zip(starts, (first, second, third), strict=True):
        assert content[start : start + len(expected)] == expected
    assert [behind - begin for begin, behind in free] == [len(new), 0, len(new)]
    assert free[-1][1] == end


def test_whisper_is_loaded_without_programs_that_others_replace(tmp_path: Path) -> None:
    folder = tmp_path / "ctranslate2.libs"
    shutil.copytree(SITE / folder.name, folder)
    shutil.copytree(SITE / "ctranslate2", tmp_path / "ctranslate2")
    assert cut(module("card_kernels").replaced_programs(tmp_path)) > 6_000_000
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import ctranslate2\n"
        "assert ctranslate2.__file__.startswith(sys.argv[1])\n"
        "print(ctranslate2.get_cuda_device_count() >= 0)\n"
        "print('int8' in ctranslate2.get_supported_compute_types('cpu'))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["True", "True"], run.stderr


def test_llama_cpp_is_loaded_without_its_page(tmp_path: Path) -> None:
    shutil.copytree(SITE / "xllamacpp", tmp_path / "xllamacpp")
    assert cut(module("unread_data").pages(tmp_path)) > 2_500_000
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import xllamacpp\n"
        "assert xllamacpp.__file__.startswith(sys.argv[1])\n"
        "xllamacpp.CommonParams(); print(xllamacpp.get_device_info() is not None)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["True"], run.stderr
