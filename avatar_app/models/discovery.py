"""Finds models that other programs installed on this machine, so that they can be used in place."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.home import expanded
from avatar_app.core.manifest import Kind
from avatar_app.models.gguf import GgufHeader, read_header

MOST_FILES = 50_000
"""Maximum files examined in one place, in case a large folder is named by mistake."""
DEEPEST = 8
"""Maximum depth of subfolders."""
GGUF = ".gguf"
OTHERS = frozenset(
    {"clip", "bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "t5encoder", "whisper"}
)
"""GGUF architectures that are not language models for conversation."""
WHISPER_FILES = ("model.bin", "config.json", "tokenizer.json")
WHISPER_MARK = b"WhisperSpec"
"""The beginning of a CTranslate2 model for speech recognition."""
OLLAMA_MODEL = "application/vnd.ollama.image.model"
LONGEST_MANIFEST = 1 << 20
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})\Z")
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf\Z")
_HUB_NAME = re.compile(r"models--(.+?)/snapshots/")


@dataclass(frozen=True, slots=True)
class Found:
    """A model that can be used where it lies."""

    path: Path
    name: str
    source: str
    """The program that installed it."""
    kind: Kind
    engine: str
    bytes: int
    header: GgufHeader | None = None
    """Properties of a language model."""
    flaw: str = ""
    """Why it cannot be used; empty if it can."""

    @property
    def settings(self) -> tuple[str, str]:
        """Return the settings that make the program use it."""
        return f"{self.kind}.engine={self.engine}", f"{self.kind}.options.model={self.path}"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder in which a program stores its models."""

    source: str
    folder: Path


def found_models(
    folders: Iterable[str] = (),
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Found, ...]:
    """Return every model in the usual places and in `folders`, each once, by place and name.

    Nothing is loaded, written or copied.
    """
    home, environ = home or Path.home(), os.environ if environ is None else environ
    found: dict[Path, Found] = {}
    for each in _candidates(folders, home, environ):
        found.setdefault(each.path.resolve(), each)
    return tuple(found.values())


def usual_places(home: Path, environ: Mapping[str, str]) -> tuple[ModelFolder, ...]:
    """Return the folders in which programs store models as plain files."""
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    hub = environ.get("HF_HUB_CACHE") or Path(
        environ.get("HF_HOME") or cache / "huggingface", "hub"
    )
    return (
        ModelFolder("Hugging Face", Path(hub)),
        ModelFolder("LM Studio", home / ".lmstudio" / "models"),
        ModelFolder("LM Studio", home / ".cache" / "lm-studio" / "models"),
        ModelFolder("GPT4All", _application_data(home, environ) / "nomic.ai" / "GPT4All"),
        ModelFolder("llama.cpp", Path(environ.get("LLAMA_CACHE") or cache / "llama.cpp")),
    )


def _application_data(home: Path, environ: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")


def _candidates(folders: Iterable[str], home: Path, environ: Mapping[str, str]) -> Iterator[Found]:
    for place in usual_places(home, environ):
        yield from _in_place(place)
    own = environ.get("OLLAMA_MODELS")
    shared = Path("/usr/share/ollama/.ollama/models")
    for folder in (Path(own),) if own else (home / ".ollama" / "models", shared):
        yield from _of_ollama(folder)
    for named in folders:
        yield from _in_place(ModelFolder("your folder", expanded(named)))


def _in_place(place: ModelFolder) -> Iterator[Found]:
    left = MOST_FILES
    for folder, below, files in os.walk(place.folder):
        directory = Path(folder)
        if len(directory.relative_to(place.folder).parts) >= DEEPEST:
            below.clear()
        below.sort()
        left -= len(files)
        if left < 0:
            return
        if set(WHISPER_FILES) <= set(files) and (speech := _whisper(directory, place.source)):
            yield speech
        for name in sorted(files):
            if name.lower().endswith(GGUF) and (model := _gguf(directory / name, place.source)):
                yield model


def _whisper(folder: Path, source: str) -> Found | None:
    try:
        with (folder / WHISPER_FILES[0]).open("rb") as file:
            if WHISPER_MARK not in file.read(64):
                return None
        size = sum((folder / name).stat().st_size for name in WHISPER_FILES)
    except OSError:
        return None  # not readable for this user
    return Found(folder, _name_in_hub(folder) or folder.name, source, Kind.ASR, "whisper", size)


def _gguf(path: Path, source: str, name: str = "") -> Found | None:
    """Return a GGUF model; None for what is not a language model, and for further parts of one."""
    if not path.is_file():
        return None  # for example a pipe, or a broken link
    name = name or path.stem
    size = path.stat().st_size
    try:
        header = read_header(path)
    except InputInvalid as error:
        return Found(path, name, source, Kind.DIALOGUE, "llama", size, flaw=error.message)
    if header.part or header.kind != "model" or header.architecture in OTHERS:
        return None
    if parts := _PART.search(path.name):
        name = path.name[: parts.start()]
        pattern = f"-?????-of-{parts[2]}.gguf"
        others = (each for each in path.parent.iterdir() if each.match(f"*{pattern}"))
        size = sum(each.stat().st_size for each in others if each.name.startswith(name))
    return Found(path, name, source, Kind.DIALOGUE, "llama", size, header)


def _name_in_hub(folder: Path) -> str:
    found = _HUB_NAME.search(folder.as_posix() + "/")
    return found[1].replace("--", "/") if found else ""


def _of_ollama(folder: Path) -> Iterator[Found]:
    """Return Ollama's models, which are stored under their hash; a manifest for each name refers to
    it."""
    manifests = folder / "manifests"
    for at, below, files in os.walk(manifests):
        below.sort()
        for tag in sorted(files):
            path = Path(at, tag)
            blob = _blob(path)
            parts = path.relative_to(manifests).parts
            if blob and len(parts) >= 2:
                model = _gguf(folder / "blobs" / blob, "Ollama", f"{parts[-2]}:{tag}")
                if model is not None:
                    yield model


def _blob(manifest: Path) -> str:
    """Return the name of the model's file; empty where the manifest has none."""
    try:
        if not manifest.is_file() or manifest.stat().st_size > LONGEST_MANIFEST:
            return ""
        document: Any = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    layers = document.get("layers") if isinstance(document, dict) else None
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict) and layer.get("mediaType") == OLLAMA_MODEL:
            digest = _DIGEST.match(str(layer.get("digest")))
            return f"sha256-{digest[1]}" if digest else ""
    return ""
