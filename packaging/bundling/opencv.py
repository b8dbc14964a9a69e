"""Builds OpenCV with the modules that the program uses, a tenth as large as the wheel on the index.

The wheel has its own FFmpeg, OpenBLAS and forty modules. The source is the one whose hash
requirements.txt pins, and the Python files of the wheel stay, so the module is the same but for
what it leaves out. Needs cmake, ninja and a compiler.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

PACKAGE = "opencv-python-headless"
MODULES = ("core", "imgproc", "imgcodecs", "photo", "python3")
LEFT_OUT = [
    "1394",
    "ADE",
    "AVIF",
    "EIGEN",
    "FFMPEG",
    "FLATBUFFERS",
    "GSTREAMER",
    "GTK",
    "IPP",
    "ITT",
    "JASPER",
    "JPEGXL",
    "LAPACK",
    "MSMF",
    "OBSENSOR",
    "OPENCL",
    "OPENEXR",
    "OPENJPEG",
    "PROTOBUF",
    "QT",
    "QUIRC",
    "TIFF",
    "V4L",
    "VA",
    "VA_INTEL",
    "VTK",
    "WIN32UI",
]
"""Libraries that OpenCV would use: for video, windows, more formats of pictures, linear algebra.
"""
BASELINE = "SSE4_2"
"""Instructions that each processor has on which NumPy runs (x86-64-v2)."""
DISPATCH = "FP16;AVX2"
"""Instructions for which functions are compiled once more."""
_INSTRUCTIONS = {"CPU_BASELINE": BASELINE, "CPU_DISPATCH": DISPATCH}
INCLUDED = ("ZLIB", "JPEG", "PNG", "WEBP")
"""Libraries that are built with it, whatever the system has."""


def pinned_source(requirements: Path) -> tuple[str, frozenset[str]]:
    """Return the pinned version of OpenCV and the SHA-256 of each of its files, its source too."""
    text = requirements.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(rf"^{PACKAGE}==(\S+)(.*)$", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"{requirements} does not pin {PACKAGE}.")
    return found[1], frozenset(re.findall(r"sha256:([0-9a-f]{64})", found[2]))


def unpack_source(archive: Path, requirements: Path, target: Path) -> Path:
    """Unpack the source of OpenCV into a folder if its hash is a pinned one; returns OpenCV's own
    folder in it.
    """
    version, hashes = pinned_source(requirements)
    with archive.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() not in hashes:
            raise SystemExit(f"{archive} is not the pinned source of {PACKAGE} {version}.")
    subprocess.run(["tar", "-xzf", str(archive), "--no-same-owner", "-C", str(target)], check=True)
    return next(target.glob("opencv*/opencv"))


def download_source(requirements: Path, target: Path) -> Path:
    """Download the pinned source from the index into a folder; returns the archive."""
    version, _ = pinned_source(requirements)
    command = ["python", "-m", "pip", "download", "--quiet", "--dest", str(target)]
    command += ["--no-deps", "--no-binary", PACKAGE, f"{PACKAGE}=={version}"]
    subprocess.run(command, check=True)
    return next(target.glob("opencv*.tar.gz"))


def configuration(python: Path) -> list[str]:
    """Return the options of cmake for a module that `python` builds; it needs NumPy's headers."""
    ask = "import numpy, sysconfig; print(numpy.get_include(), sysconfig.get_path('include'))"
    answer = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True)
    numpy, include = answer.stdout.split()
    options = {
        "CMAKE_BUILD_TYPE": "Release",
        "BUILD_LIST": ",".join(MODULES),
        **(_INSTRUCTIONS if platform.machine() in ("x86_64", "AMD64") else {}),
        "PYTHON3_EXECUTABLE": python,
        "PYTHON_DEFAULT_EXECUTABLE": python,
        "PYTHON3_INCLUDE_DIR": include,
        "PYTHON3_NUMPY_INCLUDE_DIRS": numpy,
        "PYTHON3_LIBRARY": sysconfig.get_config_var("LIBRARY") or "python3",
        "PYTHON3_LIMITED_API": "ON",
        "OPENCV_PYTHON3_INSTALL_PATH": "python",
        **dict.fromkeys((f"WITH_{name}" for name in LEFT_OUT), "OFF"),
        **dict.fromkeys((f"BUILD_{name}" for name in INCLUDED), "ON"),
        **dict.fromkeys(("BUILD_SHARED_LIBS", "BUILD_TESTS", "BUILD_PERF_TESTS"), "OFF"),
        "BUILD_opencv_apps": "OFF",
    }
    return [f"-D{name}={value}" for name, value in options.items()]


def build(source: Path, python: Path, target: Path) -> Path:
    """Build the module in the folder `target`; returns the compiled file. Takes minutes."""
    start = ["cmake", "-G", "Ninja", "-S", str(source), "-B", str(target)]
    subprocess.run([*start, *configuration(python)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(target), "opencv_python3"], check=True)
    return next((target / "lib").rglob("cv2*.so"))


def replace_in(packages: Path, compiled: Path) -> None:
    """Put the compiled module in the place of the installed wheel's, and remove what that needs."""
    (former,) = (packages / "cv2").glob("cv2*.so")
    shutil.copyfile(compiled, former)
    for name in ("cv2/gapi", "cv2/data", "opencv_python_headless.libs"):
        shutil.rmtree(packages / name, ignore_errors=True)
