"""All settings: a frozen tree from default.yaml, the user's file, AVATAR_* and the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

from avatar_app.avatars.detection.faces import DetectorName
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.events import Noticed
from avatar_app.runtime.memory.budget import MemoryLimits
from avatar_app.settings.layers import (
    Layer,
    Name,
    from_command_line,
    has,
    merged,
    parse_value,
    read_environment,
    read_yaml,
)
from avatar_app.system import paths

Seconds = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]


class ThemeChoice(StrEnum):
    """The colours of the window."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


class LogLevel(StrEnum):
    """What goes into the log file."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class EngineChoice(_Section):
    """An engine and what the user chose about it; its manifest checks the options."""

    engine: str
    options: dict[str, Any] = {}


class AudioSettings(_Section):
    """The devices."""

    microphone: str | None
    speaker: str | None
    echo: EngineChoice


class PatienceSettings(_Section):
    """The fields of pipeline.turntaking.Patience."""

    suspect_after: Seconds
    sure_after: Seconds
    start_after: Seconds
    preroll: Seconds
    prepare_after: Seconds
    end_after: Seconds
    longest: Seconds
    utterance: Seconds


class HearingSettings(_Section):
    """Who has the floor."""

    vad: EngineChoice
    patience: PatienceSettings
    backchannels: tuple[str, ...]


class Quality(StrEnum):
    """The profiles of films."""

    STANDARD = "standard"
    HIGH = "high"


class Preset(StrEnum):
    """How x264 encodes: from fast to small."""

    ULTRAFAST = "ultrafast"
    SUPERFAST = "superfast"
    VERYFAST = "veryfast"
    FASTER = "faster"
    FAST = "fast"
    MEDIUM = "medium"


class ProfileSettings(_Section):
    """How a film is made."""

    width: Annotated[int, Field(ge=64, le=3840)]
    height: Annotated[int, Field(ge=64, le=2160)]
    fps: Annotated[float, Field(ge=5, le=60, allow_inf_nan=False)]
    model: str
    detector_batch: Annotated[int, Field(ge=1, le=64)]
    batch: Annotated[int, Field(ge=1, le=128)]
    preset: Preset


class RenderSettings(_Section):
    """Films made from a sound file."""

    quality: Quality
    device: str
    standard: ProfileSettings
    high: ProfileSettings

    def profile(self, quality: Quality) -> ProfileSettings:
        return self.high if quality is Quality.HIGH else self.standard


class AvatarSettings(_Section):
    """How avatars are made of photos and clips."""

    detector: DetectorName
    detector_model: str | None
    detector_batch: Annotated[int, Field(ge=1, le=64)]


class ModelSettings(_Section):
    """Models that are on the machine already."""

    folders: tuple[str, ...]


class WindowSettings(_Section):
    """What the window looks like."""

    theme: ThemeChoice
    transcript: bool
    geometry: str | None


class HistorySettings(_Section):
    """What is kept of conversations."""

    keep: bool
    days: Annotated[int, Field(ge=0)]


class LogSettings(_Section):
    """What is logged."""

    level: LogLevel


class Settings(_Section):
    """Every setting; config/default.yaml documents each. Only build.py sees the whole tree."""

    audio: AudioSettings
    hearing: HearingSettings
    asr: EngineChoice
    dialogue: EngineChoice
    tts: EngineChoice
    face: EngineChoice
    enhance: EngineChoice
    render: RenderSettings
    avatars: AvatarSettings
    models: ModelSettings
    persona: str
    window: WindowSettings
    history: HistorySettings
    memory: MemoryLimits
    log: LogSettings


RESERVED = frozenset({paths.DATA_DIR_VARIABLE})
"""Variables that begin like settings and are none."""


def load_settings(
    user_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Settings, tuple[Noticed, ...]]:
    """Read all layers. What is wrong in the user's file or the environment is left out and noticed;
    what is wrong in `overrides` (dotted names, from the command line) raises ConfigInvalid."""
    notices: list[Noticed] = []
    layers = [_shipped_layer()]
    layers += _user_layer(user_file or paths.app_paths().settings_file, notices)
    layers += _environment_layer(os.environ if environ is None else environ, notices)
    layers.append(from_command_line(overrides or {}))
    while True:
        try:
            return Settings.model_validate(merged(layers)), tuple(notices)
        except ValidationError as invalid:
            notices += _leave_out(layers, invalid)


def parse_overrides(assignments: Sequence[str]) -> dict[str, Any]:
    """What `--set face.engine=illustrated` on a command line means."""
    overrides = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigInvalid(
                f"{assignment!r} sets nothing.", "Write it as  name=value,  say  window.theme=dark."
            )
        overrides[name.strip()] = parse_value(text, f"The value of {name}")
    return overrides


def _shipped_layer() -> Layer:
    layer = read_yaml(paths.default_settings_file())
    layer.mendable = False
    return layer


def _user_layer(path: Path, notices: list[Noticed]) -> list[Layer]:
    try:
        return [read_yaml(path)] if path.exists() else []
    except ConfigInvalid as error:
        notices.append(
            Noticed(error.message, f"{error.hint} Until then the settings are as shipped.")
        )
        return []


def _environment_layer(environ: Mapping[str, str], notices: list[Noticed]) -> list[Layer]:
    try:
        return [read_environment(environ, RESERVED)]
    except ConfigInvalid as error:
        notices.append(Noticed(error.message, error.hint))
        return []


def _leave_out(layers: list[Layer], invalid: ValidationError) -> list[Noticed]:
    """Take the wrong entries out of the layers they came from; raise if one may not be wrong."""
    wrong = {}
    for detail in reversed(invalid.errors(include_url=False)):
        layer, name = _culprit(layers, detail)
        wrong[name] = layer, detail  # of several errors in one setting, the first
    notices = []
    for name, (layer, detail) in reversed(wrong.items()):
        error = _explained(layer, name, detail)
        if not layer.mendable:
            raise error from invalid
        layer.remove(name)
        notices.append(Noticed(error.message, f"{error.hint} It is left out."))
    return notices


def _culprit(layers: list[Layer], detail: ErrorDetails) -> tuple[Layer, Name]:
    """The last layer that says something about the setting, and the setting's name there."""
    name = tuple(part for part in detail["loc"] if isinstance(part, str))
    while name:
        for layer in reversed(layers):
            if has(layer.tree, name):
                return layer, name
        name = name[:-1]
    return layers[0], name


def _explained(layer: Layer, name: Name, detail: ErrorDetails) -> ConfigInvalid:
    dotted = ".".join(name)
    place = layer.place(name)
    if detail["type"] == "extra_forbidden":
        return ConfigInvalid(f"There is no setting {dotted} ({place}).", _did_you_mean(name))
    reason = detail["msg"].replace("Input should", "it should")
    return ConfigInvalid(
        f"The setting {dotted} cannot be {detail['input']!r} ({place}): {reason}.",
        "config/default.yaml explains every setting.",
    )


def _did_you_mean(name: Name) -> str:
    levels = {setting[:depth] for setting in setting_names() for depth in range(1, 4)}
    known = sorted(".".join(level) for level in levels)
    found = process.extractOne(".".join(name), known, scorer=fuzz.ratio, score_cutoff=65)
    return f"Did you mean {found[0]}?" if found else "config/default.yaml lists all."


def setting_names() -> tuple[Name, ...]:
    """The name of every setting there is."""
    return tuple(_names(Settings, ()))


def _names(section: type[BaseModel], above: Name) -> list[Name]:
    names = []
    for key, entry in section.model_fields.items():
        kind = entry.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _names(kind, (*above, key))
        else:
            names.append((*above, key))
    return names
