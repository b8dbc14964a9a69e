"""The files of a Coqui model, with clear errors for missing or damaged ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.home import expanded
from avatar_app.engines.tts.coqui.speakers import read_speakers

HINT = "Download one: avatar-app models download vctk-vits"
KINDS = ("vits", "xtts", "glow_tts", "tacotron2")
_VOCODER = "vocoder"
"""The folder of a model's vocoder, in the model's own; Coqui puts it beside that."""
_OWN_CLASSES = "TTS.tts."
"""The package in which classes named by a configuration must be."""


def read_config(folder: Path) -> dict[str, Any]:
    """Read a model's configuration. Raises ModelMissing, InputInvalid."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelMissing(f"No Coqui voice in {folder}.", HINT)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        characters = (config.get("characters") or {}).get("characters_class") or _OWN_CLASSES
        kind = config["model"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputInvalid(f"The configuration {path} is damaged: {error}.", HINT) from error
    if kind not in KINDS:
        raise InputInvalid(
            f"The model in {folder} is a {kind}.",
            "VITS, XTTS, GlowTTS and Tacotron 2 can be used.",
        )
    if not str(characters).startswith(_OWN_CLASSES):
        raise InputInvalid(f"{path} names a class that is not Coqui's: {characters}.", HINT)
    return dict(config)


def weights_of(folder: Path) -> Path:
    """Return the path of the weights in a folder. Raises ModelMissing."""
    for name in ("model_file.pth", "model_file.pth.tar", "model.pth", "best_model.pth"):
        if (folder / name).is_file():
            return folder / name
    raise ModelMissing(f"The weights (model.pth) are missing in {folder}.", HINT)


def vocoder_of(folder: Path) -> Path:
    """Return the folder of a model's vocoder. Raises ModelMissing."""
    found = [folder / _VOCODER, *sorted(folder.parent.glob("vocoder_models--*hifigan*"))]
    for each in found:
        if (each / "config.json").is_file():
            return each
    raise ModelMissing(
        f"The vocoder of {folder.name} is missing.", f"Put a HiFi-GAN into {folder / _VOCODER}."
    )


def speaker_names(model: str) -> tuple[str, ...]:
    """Return the speakers from the files next to the model. Raises ModelMissing, InputInvalid."""
    folder = expanded(model)
    if read_config(folder)["model"] == "xtts":
        return tuple(sorted(read_speakers(folder)))
    path = speaker_file(folder)
    if path is None:
        return ()
    try:
        return tuple(sorted(json.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError) as error:
        raise InputInvalid(f"{path} is damaged: {error}.", HINT) from error


def speaker_file(folder: Path) -> Path | None:
    """Return the file with names and indices of VITS speakers."""
    found = [folder / name for name in ("speaker_ids.json", "speakers.json")]
    return next((path for path in found if path.is_file()), None)
