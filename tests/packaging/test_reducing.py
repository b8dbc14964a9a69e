"""What is taken off a bundle's libraries: empty space, copies, encoders, other languages' data."""

from __future__ import annotations

import ctypes
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import av
import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
SITE = Path(av.__file__).parents[1]
PADDED = "skia_python.libs/libbz2-*.so*"
"""2 MB, of which 70 kB are used."""
TOOLS = {"cc": "gcc", "strip": "binutils", "icupkg": "icu-devtools"}
"""Programs that reducing runs, and the Debian packages that have them; apt-test.txt lists them."""


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripts import each other as they do when one of them is run."""
    monkeypatch.syspath_prepend(PACKAGING)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "bundling"]:
        del sys.modules[name]


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    """Reducing runs programs of the system, which the set-up of the tests installs."""
    for program, package in TOOLS.items():
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            pytest.fail(f"Tests of packaging need {program} (Debian: {package}).")


def module(name: str) -> ModuleType:
    return importlib.import_module(f"bundling.{name}")


def copy_of(pattern: str, target: Path) -> Path:
    (source,) = SITE.glob(pattern)
    return Path(shutil.copy(source, target))


def test_empty_space_is_closed_and_the_library_still_works(tmp_path: Path) -> None:
    library = copy_of(PADDED, tmp_path)
    before = library.stat().st_size
    assert module("elf_gaps").close_gaps(library) == before - library.stat().st_size > 1_900_000
    bzip2 = ctypes.CDLL(str(library))
    bzip2.BZ2_bzlibVersion.restype = ctypes.c_char_p
    assert bzip2.BZ2_bzlibVersion().startswith(b"1.0")
    assert module("elf").is_loadable(library)
    assert module("elf_gaps").close_gaps(library) == 0


def test_what_is_no_program_of_this_kind_is_left_alone(tmp_path: Path) -> None:
    foreign = copy_of(PADDED, tmp_path)
    content = bytearray(foreign.read_bytes())
    content[18:20] = (183).to_bytes(2, "little")  # ARM's number
    for bytes_ in (bytes(content), b"", b"\x7fELF", b"text" * 2000):
        foreign.write_bytes(bytes_)
        assert module("elf_gaps").close_gaps(foreign) == 0
        assert foreign.read_bytes() == bytes_


def test_equal_libraries_are_stored_once(tmp_path: Path) -> None:
    contents = {"a/libx.so": b"equal", "b/libx.so": b"other", "b/libz.so": b"equal"}
    paths = [tmp_path / name for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert module("duplicates").link_duplicates(paths) == len(b"equal")
    assert [path.is_symlink() for path in paths] == [False, False, True]
    assert [path.read_bytes() for path in paths] == [*contents.values()]
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert (moved / "b/libz.so").read_bytes() == b"equal"


def test_two_packages_share_one_ffmpeg(tmp_path: Path) -> None:
    for name in ("av", "av.libs", "cv2", "opencv_python_headless.libs"):
        shutil.copytree(SITE / name, tmp_path / name)
    saved = module("shared_versions").share_versions(tmp_path)
    for path in module("elf").unreached_libraries(tmp_path):
        path.unlink()
    assert saved > 20_000_000
    assert len([*tmp_path.glob("*.libs/libavcodec-*")]) > len(real_files(tmp_path, "libavcodec"))
    assert len(real_files(tmp_path, "libavcodec")) == 1
    assert [path for path in tmp_path.glob("*.libs/*") if not path.exists()] == []
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "first = __import__(sys.argv[2])\n"
        "import av, cv2, numpy\n"
        "assert cv2.__file__.startswith(sys.argv[1])\n"
        "film = cv2.VideoWriter('film.mp4', cv2.VideoWriter_fourcc(*'mp4v'), 25, (64, 64))\n"
        "for _ in range(5): film.write(numpy.zeros((64, 64, 3), 'u1'))\n"
        "film.release()\n"
        "print(cv2.VideoCapture('film.mp4').read()[0])\n"
        "print(sum(1 for _ in av.open('film.mp4').decode(video=0)))\n"
        "maps = open('/proc/self/maps').read().split()\n"
        "print(len({each for each in maps if 'libavcodec' in each}))\n"
    )
    for first in ("av", "cv2"):
        command = [sys.executable, "-c", script, str(tmp_path), first]
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert run.stdout.split() == ["True", "5", "1"], run.stderr


def real_files(folder: Path, name: str) -> list[Path]:
    found = folder.glob(f"*.libs/{name}-*")
    return [path for path in found if not path.is_symlink()]


def test_a_link_to_a_library_that_nothing_needs_goes_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "some.libs"
    folder.mkdir()
    library = copy_of(PADDED, folder)
    (folder / "libalias.so.1").symlink_to(library.name)
    elf = module("elf")
    assert elf.unreached_libraries(tmp_path) == sorted([library, folder / "libalias.so.1"])


def test_only_data_of_the_programs_languages_stays() -> None:
    stays = ["de.res", "zh_Hant_TW.res", "coll/fr.res", "root.res", "res_index.res", "pool.res"]
    stays += ["coll/ucadata.icu", "zoneinfo64.res", "coll/root.res", "supplementalData.res"]
    goes = ["ja.res", "coll/ja.res", "curr/de.res", "ibm-37_P100-1995.cnv", "brkitr/root.res"]
    goes += ["translit/root.res", "unit/pool.res"]
    assert module("icu").unused_items(stays + goes) == goes


def test_words_of_the_programs_languages_are_sorted_with_the_reduced_data(tmp_path: Path) -> None:
    folder = tmp_path / "PySide6" / "Qt" / "lib"
    folder.mkdir(parents=True)
    for path in SITE.glob("PySide6/Qt/lib/libicu*.so.*"):
        shutil.copy(path, folder)
    (data,) = folder.glob("libicudata.so.*")
    before, version = data.stat().st_size, data.suffix[1:]
    module("icu").reduce_data(tmp_path)
    assert data.stat().st_size < before / 4
    script = (
        "import ctypes, sys\n"
        "icu, status = ctypes.CDLL(sys.argv[1]), ctypes.c_int(0)\n"
        "for language in (b'de', b'ar', b'zh', b'fr', b'es', b'en', b'ja'):\n"
        "    getattr(icu, 'ucol_open_' + sys.argv[2])(language, ctypes.byref(status))\n"
        "    print(status.value <= 0)\n"
    )
    (library,) = folder.glob("libicui18n.so.*")
    command = [sys.executable, "-c", script, str(library), version]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True"] * 7


def test_languages_of_the_data_are_those_of_the_window() -> None:
    translations = {path.stem for path in (PACKAGING.parent / "assets/translations").glob("*.po")}
    assert {*module("icu").LANGUAGES} == translations | {"en"}


def test_heic_is_read_without_its_encoder_and_refuses_to_be_written(tmp_path: Path) -> None:
    for pattern in ("_pillow_heif*.so", "pillow_heif", "pillow_heif.libs"):
        (source,) = SITE.glob(pattern)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / source.name)
    script = (
        "import sys, io, pillow_heif\n"
        "from PIL import Image\n"
        "pillow_heif.register_heif_opener()\n"
        "pillow_heif.libheif_info()\n"
        "if sys.argv[1] == 'write':\n"
        "    Image.new('RGB', (64, 64), 'red').save('photo.heic')\n"
        "else:\n"
        "    try: Image.new('RGB', (64, 64)).save(io.BytesIO(), 'HEIF')\n"
        "    except Exception: print('refuses')\n"
        "    print(Image.open('photo.heic').convert('RGB').getpixel((9, 9))[0] > 200)\n"
        "    print(pillow_heif.__file__)\n"
    )

    def run(word: str) -> list[str]:
        command = [sys.executable, "-c", script, word]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    run("write")
    module("stand_ins").replace_unused(tmp_path)
    assert run("read") == ["refuses", "True", str(tmp_path / "pillow_heif" / "__init__.py")]


def test_photos_in_the_colors_of_printing_are_read_from_what_is_left(tmp_path: Path) -> None:
    for name in ("PIL", "pillow.libs"):
        shutil.copytree(SITE / name, tmp_path / name)
    module("pruning").prune(tmp_path)
    for path in module("elf").unreached_libraries(tmp_path):
        path.unlink()
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from PIL import Image\n"
        "assert Image.__file__.startswith(sys.argv[1])\n"
        "for mode in ('LAB', 'CMYK'):\n"
        "    Image.new('RGB', (9, 9), 'red').convert(mode).save('photo.tiff')\n"
        "    print(Image.open('photo.tiff').convert('RGB').getpixel((4, 4))[0] > 200)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.stdout.split() == ["True", "True"], run.stderr


def test_encoders_that_are_left_out_refuse_and_the_others_write(tmp_path: Path) -> None:
    for name in ("av", "av.libs"):
        shutil.copytree(SITE / name, tmp_path / name)
    (former,) = tmp_path.glob("av.libs/libSvtAv1Enc*")
    size = former.stat().st_size
    module("stand_ins").replace_unused(tmp_path)
    assert former.stat().st_size < size / 100
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import av, numpy\n"
        "assert av.__file__.startswith(sys.argv[1])\n"
        "def write(codec):\n"
        "    with av.open('film.mp4', 'w') as film:\n"
        "        options = {'x265-params': 'log-level=error'} if codec == 'libx265' else {}\n"
        "        stream = film.add_stream(codec, rate=25, options=options)\n"
        "        stream.width = stream.height = 64; stream.pix_fmt = 'yuv420p'\n"
        "        picture = numpy.zeros((64, 64, 3), 'u1')\n"
        "        for _ in range(6):  # mp4 refuses one or two pictures of x265's now and then\n"
        "            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))\n"
        "        film.mux(stream.encode())\n"
        "for codec in ('libx264', 'libx265', 'libvpx-vp9', 'libsvtav1'):\n"
        "    try: write(codec)\n"
        "    except Exception as error: print(codec, 'refuses'); print(error, file=sys.stderr)\n"
        "    else: print(codec, 'writes')\n"
        "try: av.open('https://127.0.0.1:9/film.mp4')\n"
        "except OSError: print('library without TLS refuses')\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    written = [line for line in run.stdout.splitlines() if line.startswith("lib")]
    writing = [f"{name} writes" for name in ("libx264", "libx265", "libvpx-vp9")]
    refusing = ["libsvtav1 refuses", "library without TLS refuses"]
    assert written == [*writing, *refusing], run.stderr
    assert run.returncode == 0
