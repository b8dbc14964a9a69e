"""Reads and validates the description of a Piper voice (.onnx.json).

Format: https://github.com/OHF-Voice/piper1-gpl, docs/TRAINING.md and src/piper/config.py.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.core.home import expanded

_HINT = "Download one: avatar-app models download piper-en-us-joe-medium"
_BEGIN, _END, _PAD = "^", "$", "_"


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """The parameters of a voice."""

    rate: int
    """Samples per second."""
    language: str
    """Language as named by espeak-ng."""
    numbers: Mapping[str, tuple[int, ...]]
    """Input ids by phoneme."""
    speakers: Mapping[str, int]
    speaker_count: int
    noise: float
    """Noise scale: variation of the sound."""
    length: float
    """Length scale: duration of phonemes at speed 1."""
    rhythm_noise: float
    """Noise scale of the duration predictor."""

    def encode(self, phonemes: str) -> tuple[list[int], list[int]]:
        """Return the graph's input ids, and the position of each phoneme in them; unknown phonemes
        are omitted, and get the position of the next one."""
        pad = list(self.numbers[_PAD])
        ids, places = [*self.numbers[_BEGIN], *pad], []
        for phoneme in phonemes:
            places.append(len(ids))
            for symbol in unicodedata.normalize("NFD", phoneme):
                if symbol in self.numbers:
                    ids += [*self.numbers[symbol], *pad]
        return [*ids, *self.numbers[_END]], places

    def speaker(self, name: str) -> int:
        """Return the index of a speaker, by name or number; the first one without a name. Raises
        ConfigInvalid."""
        if not name:
            return 0
        if name in self.speakers:
            return self.speakers[name]
        if name.isdecimal() and int(name) < max(self.speaker_count, 1):
            return int(name)
        known = ", ".join(list(self.speakers)[:12]) or f"0 to {max(self.speaker_count, 1) - 1}"
        raise ConfigInvalid(f"This Piper voice has no speaker {name!r}.", f"It has {known}.")


def find(model: str) -> tuple[Path, Path]:
    """Return graph and description, given a folder or a graph. Raises ModelMissing."""
    given = expanded(model)
    graphs = [given] if given.is_file() else sorted(given.glob("*.onnx"))
    if not graphs:
        raise ModelMissing(f"There is no Piper voice {given}.", _HINT)
    description = Path(f"{graphs[0]}.json")
    if not description.is_file():
        raise ModelMissing(
            f"The file {description.name} is missing description {graphs[0].name}.", _HINT
        )
    return graphs[0], description


def read(path: Path) -> VoiceFile:
    """Read a description. Raises InputInvalid if the file does not describe a voice."""
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        return _voice_file(described)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputInvalid(f"{path.name} describes no Piper voice: {error!r}.", _HINT) from error


def _voice_file(described: Any) -> VoiceFile:
    kind = described.get("phoneme_type", "espeak")
    if kind != "espeak":
        raise ValueError(f"it is read by {kind}, not by espeak-ng")
    numbers = {
        symbol: tuple(int(number) for number in ids)
        for symbol, ids in described["phoneme_id_map"].items()
    }
    if missing := {_BEGIN, _END, _PAD} - numbers.keys():
        raise ValueError(f"it has no number for {', '.join(sorted(missing))}")
    inference = described.get("inference", {})
    return VoiceFile(
        rate=int(described["audio"]["sample_rate"]),
        language=str(described["espeak"]["voice"]),
        numbers=numbers,
        speakers={str(name): int(n) for name, n in described.get("speaker_id_map", {}).items()},
        speaker_count=int(described.get("num_speakers", 1)),
        noise=float(inference.get("noise_scale", 0.667)),
        length=float(inference.get("length_scale", 1.0)),
        rhythm_noise=float(inference.get("noise_w", 0.8)),
    )
