"""Loads a folder of Coqui's, without running anything that is in it; errors say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from avatar_app.core.errors import AvatarError, DeviceUnavailable, InputInvalid, ModelMissing
from avatar_app.core.shortage import is_shortage, shortage
from avatar_app.core.turn import Turn
from avatar_app.engines.tts.coqui.choices import Choices
from avatar_app.engines.tts.coqui.damage import reason_of
from avatar_app.engines.tts.coqui.torchaudio_parts import import_torchaudio
from avatar_app.engines.tts.speech.chunks import Spoken, WordAt
from avatar_app.engines.tts.speech.phrases import Phrase

_HINT = "Fetch one: avatar-app models download vctk-vits"
_OWN_CLASSES = "TTS.tts."
"""Where the classes must be that a configuration names."""
_UNSPEAKABLE = 0.1
"""Seconds of silence for a phrase of which nothing can be said."""


class Network(Protocol):
    """What speaks."""

    rate: int
    """Samples per second."""

    @property
    def longest(self) -> int:
        """Characters that can be said in one go."""

    def choose(self, voice: str, language: str) -> None:
        """Hold from the next `say` on. `voice`: a speaker, the folder of a cloned voice, or empty
        for the first one. ConfigInvalid for what is not there."""

    def say(self, phrase: Phrase, spelt: Phrase, choices: Choices, turn: Turn) -> Iterator[Spoken]:
        """Yield a phrase in pieces; `spelt` is what is said of it. TurnCancelled at any layer."""

    def latents(self) -> bytes | None:
        """As `engine.CoquiVoice.latents`."""


def load(model: str, device: str, threads: int) -> Network:
    """Raises ModelMissing, InputInvalid for a damaged one, DeviceUnavailable, OutOfMemory."""
    folder = Path(model).expanduser()
    config = read_config(folder)
    import torch

    torch.set_num_threads(threads)
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable("There is no graphics card for the voice.", "Choose device cpu.")
    import_torchaudio()
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    try:
        if config["model"] == "xtts":
            from avatar_app.engines.tts.coqui.xtts import Xtts

            return Xtts(folder, chosen)
        from avatar_app.engines.tts.coqui.vits import Vits

        return Vits(folder, weights_of(folder), chosen)
    except AvatarError:
        raise
    except Exception as error:  # coqui-tts and torch share no class of errors
        if is_shortage(error):
            raise shortage(f"the voice {folder.name}") from error
        raise InputInvalid(
            f"The voice in {folder} is damaged: {reason_of(error)}.", _HINT
        ) from error


def settled(network: Any) -> Any:
    """A network that only infers: what its weights are made of in training is multiplied once, not
    at every use, which took a seventh of the time."""
    from torch.nn.utils import parametrize

    for layer in list(network.modules()):
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight")
    return network


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration as it stands. Raises ModelMissing, InputInvalid."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelMissing(f"There is no voice of Coqui in {folder}.", _HINT)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        characters = (config.get("characters") or {}).get("characters_class") or _OWN_CLASSES
        kind = config["model"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputInvalid(f"The configuration {path} is damaged: {error}.", _HINT) from error
    if kind not in ("vits", "xtts"):
        raise InputInvalid(f"The model in {folder} is a {kind}.", "VITS and XTTS can be used.")
    if not str(characters).startswith(_OWN_CLASSES):
        raise InputInvalid(f"{path} names a class that is not Coqui's: {characters}.", _HINT)
    return dict(config)


def weights_of(folder: Path) -> Path:
    """The weights in a folder. Raises ModelMissing."""
    for name in ("model_file.pth", "model_file.pth.tar", "model.pth", "best_model.pth"):
        if (folder / name).is_file():
            return folder / name
    raise ModelMissing(f"The weights (model.pth) are missing in {folder}.", _HINT)


def speaker_names(model: str) -> tuple[str, ...]:
    """Who can speak, from the files beside the model. Raises ModelMissing, InputInvalid."""
    folder = Path(model).expanduser()
    if read_config(folder)["model"] == "xtts":
        from avatar_app.engines.tts.coqui.speakers import read_speakers

        return tuple(sorted(read_speakers(folder)))
    path = speaker_file(folder)
    if path is None:
        return ()
    try:
        return tuple(sorted(json.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError) as error:
        raise InputInvalid(f"{path} is damaged: {error}.", _HINT) from error


def speaker_file(folder: Path) -> Path | None:
    """The names and numbers of VITS' speakers."""
    found = [folder / name for name in ("speaker_ids.json", "speakers.json")]
    return next((path for path in found if path.is_file()), None)


def silence(phrase: Phrase, rate: int) -> Spoken:
    """A phrase of which nothing can be said."""
    count = round(_UNSPEAKABLE * rate)
    words = [WordAt(part.token, 0, count) for part in phrase.parts if part.token]
    return Spoken(np.zeros(count, np.float32), rate, words, None)
