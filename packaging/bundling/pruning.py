"""Removes from installed wheels what the program never loads: tools, tests, spare libraries."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

UNUSED = (
    # Qt's tools, the parts for QML, and what describes them to compilers
    "PySide6/Qt/qml",
    "PySide6/Qt/libexec",
    "PySide6/Qt/metatypes",
    "PySide6/doc",
    "PySide6/glue",
    "PySide6/include",
    "PySide6/scripts",
    "PySide6/support/generate_pyi*",
    "PySide6/typesystems",
    "PySide6/assistant",
    "PySide6/balsam*",
    "PySide6/designer",
    "PySide6/linguist",
    "PySide6/lrelease",
    "PySide6/lupdate",
    "PySide6/qml*",
    "PySide6/qsb",
    "PySide6/rcc",
    "PySide6/svgtoqml",
    "PySide6/uic",
    "PySide6/libpyside6qml*",
    # parts of onnxruntime and onnx for making and changing models
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "onnx/backend/test",
    "onnx/reference",
    # parts of NumPy for its own tests and for Fortran
    "numpy/_core/_simd.*",
    "numpy/_core/*_tests.*",
    "numpy/distutils",
    "numpy/f2py",
    # a second copy of RapidFuzz for newer processors; letters and Tk of Pillow
    "rapidfuzz/*_avx2.*",
    "rapidfuzz/distance/*_avx2.*",
    "PIL/_imagingft.*",
    "PIL/_imagingtk.*",
    # OpenCV's detectors by cascades, for which the program has networks, and its graphs of filters
    "cv2/data",
    "cv2/gapi",
    # PocketSphinx's model of sounds without words, and LiveKit's page for notebooks
    "pocketsphinx/model/en-us/en-us-phone.lm.bin",
    "livekit/rtc/resources/jupyter-html",
    # downloads of the Hugging Face client, which the program does itself
    "hf_xet*",
    # programs for Windows that pip would write beside modules
    "pip/_vendor/distlib/*.exe",
    # headers and tests
    "pybind11*",
    "**/include",
    "**/*.pyi",
    "**/*.pxd",
    "**/*.h",
    "**/*.hpp",
    "**/*.a",
    "**/*.cc",
    "**/tests",
    "**/test_data",
    "**/testsuite",
    "joblib/test",
    # what packages without compiled parts say of how they were built
    "filelock-*.dist-info/sboms",
    "platformdirs-*.dist-info/sboms",
    "docs",  # of phonemizer, as is the next
    "test",
    "google-stubs",
    "bin",
    "share/man",
)
"""Files and folders below the folder of the packages."""
MODULES = ("QtCore", "QtDBus", "QtGui", "QtSvg", "QtWidgets")
"""The modules of PySide6 that the program imports, and those that they load."""
LANGUAGES = ("ar", "de", "en", "es", "fr", "zh")
"""Of the window: those in assets/translations, and English."""
PLUGINS = (
    "iconengines",
    "imageformats",
    "platforminputcontexts",
    "platforms",
    "platformthemes",
    "wayland-decoration-client",
    "wayland-graphics-integration-client",
    "wayland-shell-integration",
    "xcbglintegrations",
)
"""Folders of Qt's plugins that a window can need."""
UNUSED_PLUGINS = (
    "libqtvirtualkeyboard*",
    "libqeglfs*",
    "libqlinuxfb*",
    "libqminimalegl*",
    "libqvkkhrdisplay*",
    "libqpdf*",
    "libqvnc*",
)
"""Platforms without a desktop, or over a network, and pictures out of PDF files."""


def prune(packages: Path) -> None:
    """Remove what the program never loads from the folder of its packages."""
    for path in [*_unused(packages)]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _unused(packages: Path) -> Iterator[Path]:
    for pattern in UNUSED:
        yield from packages.glob(pattern)
    for module in packages.glob("PySide6/Qt*.so"):
        if module.name.split(".")[0] not in MODULES:
            yield module
    for translation in packages.glob("PySide6/Qt/translations/*"):
        if not translation.name.startswith(tuple(f"qtbase_{each}" for each in LANGUAGES)):
            yield translation
    for plugins in packages.glob("PySide6/Qt/plugins/*"):
        if plugins.name not in PLUGINS:
            yield plugins
        for pattern in UNUSED_PLUGINS:
            yield from plugins.glob(pattern)
