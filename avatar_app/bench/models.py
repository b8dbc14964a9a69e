"""Models: latency of real libraries in one chain, rereading and stopping, and import costs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from avatar_app.bench.importing import measure_imports
from avatar_app.bench.rereading import measure_rereading
from avatar_app.bench.result import Report
from avatar_app.bench.scene import load_chosen
from avatar_app.bench.scripted.kokoro import write_kokoro
from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.scripted.server import MODEL, serving
from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.bench.stopping import measure_stopping
from avatar_app.bench.whole_chain import WholeChain, measure_whole_chain
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.engines.hosting.host import Host
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.factory import engine_factory, resolve_options
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import Settings
from avatar_app.system.packages import install_command
from avatar_app.system.paths import AppPaths

SAID = "please tell me something nice"
ANSWER = "Gladly. The sun rises over quiet hills, and every bird begins to sing in that wood."
CONTEXT = 8192
"""Tokens; letters are tokens of these models."""
LAYERS = 4
ROUNDS, QUICK_ROUNDS = 20, 4
IMPORTS, QUICK_IMPORTS = 5, 1
NEEDED = MappingProxyType(
    {
        "gguf": "gguf",
        "faster_whisper": "faster-whisper",
        "openai": "openai",
    }
)
"""Packages by import name."""


@dataclass(frozen=True, slots=True)
class _Models:
    """Files of the scripted models."""

    whisper: Path
    llama: Path
    kokoro: Path | None


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure. Raises ConfigInvalid where the libraries are not installed. The voice is that of the
    settings."""
    missing = [name for module, name in NEEDED.items() if not importlib.util.find_spec(module)]
    if missing:
        raise ConfigInvalid(
            f"This bench needs {', '.join(missing)}, which is not installed.",
            f"Type: {install_command(missing, 'bench')}",
        )
    report = Report()
    models = _written(paths.data)
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with _chain(settings, models) as chain:
        measure_whole_chain(report, chain, rounds)
    with _llama_dialogue(models.llama) as dialogue:
        measure_rereading(report, dialogue, rounds)
    with serving(models.llama, CONTEXT) as server:
        measure_stopping(report, _factories(models, server.address), rounds)
    measure_imports(report, QUICK_IMPORTS if quick else IMPORTS)
    return report


def _written(folder: Path) -> _Models:
    speaks = importlib.util.find_spec("kokoro_onnx") and importlib.util.find_spec("pedalboard")
    return _Models(
        write_whisper(folder / "whisper", SAID),
        write_llama(folder / "small.gguf", ANSWER, context=CONTEXT, layers=LAYERS),
        write_kokoro(folder / "kokoro") if speaks else None,
    )


def _options(models: _Models) -> dict[Kind, dict[str, Any]]:
    return {
        Kind.ASR: {"model": str(models.whisper), "language": "en", "compute": "float32"},
        Kind.DIALOGUE: {"model": str(models.llama), "context": CONTEXT, "repeat_penalty": 1.0},
    }


@contextmanager
def _chain(settings: Settings, models: _Models) -> Iterator[WholeChain]:
    """Load the engines as the application runs them."""
    registry, options = Registry(), _options(models)
    names = {Kind.ASR: "whisper", Kind.DIALOGUE: "llama"}
    with ExitStack() as opened:
        made = []
        for kind, name in names.items():
            made.append(create_engine(registry, registry.find(kind, name), options[kind]))
            opened.callback(made[-1].close)
        made.append(load_chosen(settings, Kind.TTS))
        opened.callback(made[-1].close)
        for engine in made:
            if isinstance(engine, Host):
                engine.wait_ready()
        yield WholeChain(*made)


@contextmanager
def _llama_dialogue(model: Path) -> Iterator[Any]:
    """Load the language model in this process, where its counters can be read."""
    registry = Registry()
    manifest = registry.find(Kind.DIALOGUE, "llama")
    options = {"model": str(model), "context": CONTEXT, "repeat_penalty": 1.0}
    dialogue = registry.load_class(manifest)(**resolve_options(options, manifest, registry.paths))
    try:
        yield dialogue
    finally:
        dialogue.close()


def _factories(models: _Models, address: str) -> dict[str, tuple[Kind, Callable[[], Any]]]:
    registry, options = Registry(), _options(models)
    chosen: list[tuple[Kind, str, dict[str, Any]]] = [
        (Kind.ASR, "whisper", options[Kind.ASR] | {"voice_filter": False}),  # it hears noise
        (Kind.DIALOGUE, "llama", options[Kind.DIALOGUE]),
        (Kind.DIALOGUE, "openai", {"address": address, "model": MODEL, "context": 2 * CONTEXT}),
        (Kind.TTS, "espeak", {}),
    ]
    if models.kokoro is not None:
        chosen.append((Kind.TTS, "kokoro", {"model": str(models.kokoro)}))
    return {
        name: (kind, engine_factory(registry, registry.find(kind, name), wanted))
        for kind, name, wanted in chosen
    }
