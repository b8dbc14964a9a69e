"""Voice prompts: what VibeVoice remembers of a recording, in files of torch, read without torch.

Microsoft publishes them as pickles of objects of the library transformers. Nothing of a file is
run: two classes are read as tables, any other one refuses the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.values import Samples
from avatar_app.engines.checkpoints.program import Described
from avatar_app.engines.checkpoints.reading import as_input_invalid
from avatar_app.engines.checkpoints.tensors import Damaged, Tensor
from avatar_app.engines.checkpoints.torch_file import read_torch_file
from avatar_app.engines.tts.vibevoice.shape import Shape

_OUTPUT = Described(("last_hidden_state", "past_key_values"))
_CACHE = Described(())
_CLASSES = {
    "transformers.modeling_outputs.BaseModelOutputWithPast": _OUTPUT,
    "transformers.cache_utils.DynamicCache": _CACHE,
}
_FOLDERS = (".", "voices")
"""Where prompts lie, below the model's folder."""
_USUAL = "en-"
"""How the names of the voices begin of which the first is the usual one."""
_LANGUAGES = {"in": "en", "jp": "ja", "kr": "ko", "sp": "es"}
"""Languages of voices whose names begin with a country."""
_LARGEST = 1e5
"""Absolute number in a memory; the layers' are below a thousand."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Keys and values of some layers, one array each, shape (1, shared heads, length, width)."""

    keys: tuple[Samples, ...]
    values: tuple[Samples, ...]


@dataclass(frozen=True, slots=True)
class VoicePrompt:
    """A voice."""

    lower: Remembered
    upper: Remembered
    free: Remembered
    """Of the upper layers that read no text."""
    free_state: Samples
    """Their last state, shape (1, width)."""


def voice_files(folder: Path) -> dict[str, Path]:
    """Return the voices in a model's folder by name, sorted."""
    found = {file.stem: file for place in _FOLDERS for file in (folder / place).glob("*.pt")}
    return dict(sorted(found.items()))


def choose_voice(folder: Path, name: str) -> Path:
    """Return the file of a voice, of the usual one without a name. Raises ConfigInvalid."""
    found = voice_files(folder)
    usual = next((each for each in found if each.startswith(_USUAL)), next(iter(found), ""))
    chosen = name or usual
    if chosen not in found:
        more = ", …" if len(found) > 12 else ""
        raise ConfigInvalid(
            f"VibeVoice has no voice {chosen!r}." if chosen else f"No voices (.pt) in {folder}.",
            f"It has {', '.join([*found][:12])}{more}."
            if found
            else "Download them: avatar-app models download vibevoice-realtime-0.5b",
        )
    return found[chosen]


def language_of(voice: str, language: str) -> str:
    """Return the language of the text: the chosen one, or the voice's, by its name."""
    if language != "auto":
        return language
    country, _, rest = voice.partition("-")
    return _LANGUAGES.get(country, country) if rest and len(country) == 2 else "en"


def read_prompt(path: Path, shape: Shape) -> VoicePrompt:
    """Read a voice. Raises InputInvalid if it is damaged, for another network, or contains code."""
    with as_input_invalid(path.name):
        content = read_torch_file(path, _CLASSES)
        lower, _ = _memory(content, "lm", shape.lower, shape)
        upper, _ = _memory(content, "tts_lm", shape.upper, shape)
        free, state = _memory(content, "neg_tts_lm", shape.upper, shape)
        return VoicePrompt(lower, upper, free, state)


def _memory(
    content: Mapping[str, Any], name: str, layers: int, shape: Shape
) -> tuple[Remembered, Samples]:
    """Return what `name` remembers, and its last state."""
    output = content.get(name)
    cache = output.get("past_key_values") if isinstance(output, dict) else None
    if not isinstance(output, dict) or not isinstance(cache, dict):
        raise Damaged(f"it holds no voice: {name} is missing")
    states = output.get("last_hidden_state")
    length = states.shape[1] if isinstance(states, Tensor) and len(states.shape) == 3 else 0
    if not 0 < length < shape.longest:
        raise Damaged(f"it holds no voice: {name} remembers nothing that can be continued")
    width = (1, shape.layer.shared_heads, length, shape.layer.head_width)
    keys, values = (
        _arrays(cache.get(part), layers, width, name) for part in ("key_cache", "value_cache")
    )
    state = _numbers(states, (1, length, shape.layer.width), name)[:, -1]
    return Remembered(keys, values), state


def _arrays(tensors: Any, layers: int, shape: tuple[int, ...], name: str) -> tuple[Samples, ...]:
    if not isinstance(tensors, list) or len(tensors) != layers:
        raise Damaged(f"{name} is that of another network")
    return tuple(_numbers(tensor, shape, name) for tensor in tensors)


def _numbers(tensor: Any, shape: tuple[int, ...], name: str) -> Samples:
    if not isinstance(tensor, Tensor) or tensor.shape != shape:
        raise Damaged(f"{name} is that of another network")
    values = np.asarray(tensor.read(), np.float32)
    if not np.abs(values).max() < _LARGEST:
        raise Damaged(f"{name} holds numbers that no network remembers")
    return values
