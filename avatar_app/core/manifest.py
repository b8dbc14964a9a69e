"""Engine manifests: kind, options, requirements and capabilities of an engine, checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from avatar_app.core.emotions import EMOTIONS
from avatar_app.core.errors import ConfigInvalid


class Kind(StrEnum):
    """What an engine does; the name of its folder's parent."""

    VAD = "vad"
    AEC = "aec"
    TURN = "turn"
    WAKE = "wake"
    ASR = "asr"
    DIALOGUE = "dialogue"
    TTS = "tts"
    FACE = "face"
    ENHANCE = "enhance"
    IMAGE = "image"
    VIDEO = "video"
    ANIMATE = "animate"
    VERIFY = "verify"
    RENDERER = "renderer"

    @classmethod
    def _missing_(cls, value: object) -> Kind | None:
        """Accept `echo`, which users' engines, settings and stored rows may still contain."""
        return cls.AEC if value == "echo" else None


class Isolation(StrEnum):
    """Where an engine runs."""

    THREAD = "thread"
    PROCESS = "process"  # holds the interpreter lock, crashes, or conflicts with other packages


class OptionType(StrEnum):
    """Type of an option: how it is checked and edited."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of an engine that the user can choose."""

    name: str
    type: OptionType
    default: Any
    help: str
    """One sentence."""
    unit: str = ""
    min: float | None = None
    max: float | None = None
    values: tuple[str, ...] = ()
    """The choices, for OptionType.CHOICE."""

    def check(self, value: Any) -> Any:
        """Return `value` in the option's type, or raise ConfigInvalid."""
        match self.type:
            case OptionType.CHOICE if str(value) in self.values:
                return str(value)
            case OptionType.BOOLEAN if isinstance(value, bool):
                return value
            case OptionType.TEXT if isinstance(value, str):
                return value
            case OptionType.INTEGER if isinstance(value, int) and self._in_range(value):
                return value
            case OptionType.NUMBER if isinstance(value, int | float) and self._in_range(value):
                return float(value)
        raise ConfigInvalid(
            f"The option {self.name} cannot be {value!r}.", f"It takes {self.accepts}."
        )

    @property
    def accepts(self) -> str:
        """Describe the accepted values, as readable text."""
        if self.type is OptionType.CHOICE:
            return "one of " + ", ".join(self.values)
        bounds = "" if self.min is None else f" from {self.min:g}"
        bounds += "" if self.max is None else f" to {self.max:g}"
        return f"a {self.type}{bounds}{' ' + self.unit if self.unit else ''}"

    def _in_range(self, value: float) -> bool:
        if isinstance(value, bool):
            return False
        above = self.min is None or value >= self.min
        return above and (self.max is None or value <= self.max)


@dataclass(frozen=True, slots=True)
class Needs:
    """What an engine requires before it can be loaded."""

    ram_mb: int = 0
    """Peak memory: of its own process, or added to the program's."""
    vram_mb: int = 0
    per_model_mb: float = 0.0
    """Memory for each MB of the model's files in addition; 0 where `ram_mb` includes the model."""
    packages: tuple[str, ...] = ()
    """Distribution names."""
    faster_with: tuple[str, ...] = ()
    """Distributions that speed it up where they are installed; the one to recommend is first."""
    models: tuple[str, ...] = ()
    """Names in the catalog of models."""
    network: bool = False
    """Whether it asks servers; others are forbidden to where the user does not allow all."""


@dataclass(frozen=True, slots=True)
class LatencyTargets:
    """Latency limits that the monitor checks."""

    first_output_ms: float | None = None
    realtime_factor: float | None = None
    cancels_within_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of one engine."""

    name: str
    kind: Kind
    entry: str
    """`module:Class`, the module relative to the manifest's folder."""
    title: str
    summary: str
    """One sentence for the settings."""
    license: str
    isolation: Isolation = Isolation.THREAD
    languages: tuple[str, ...] = ()
    """BCP 47 tags; empty where language does not matter."""
    rate: int | None = None
    """Samples per second of a voice's sound."""
    clones: bool = False
    """Whether the option `voice` also accepts the folder of a cloned voice."""
    emotions: tuple[str, ...] = ()
    """The sounds of `core.emotions` that a voice makes where a text asks for them."""
    hears: bool = False
    """Whether a dialogue engine is given the user's words as sound (`core.engines.HearsWords`)."""
    needs: Needs = field(default_factory=Needs)
    promises: LatencyTargets = field(default_factory=LatencyTargets)
    options: tuple[Option, ...] = ()
    input: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Of a renderer: JSON Schema of what it is given."""
    output: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Of a renderer: JSON Schema of the facts of what it draws: frames, width, height, fps."""
    lighter: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    """Options to try one after the other, each on top of those before, where memory is short."""

    instead: tuple[str, ...] = ()
    """Engines of the kind to try one after the other where this one cannot be used at all, before
    the built-in one."""

    def lighter_choices(self, options: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """Return `options` with ever lighter ones on top, without those that would change
        nothing.
        """
        tried, choices = self.checked(options), []
        chosen = dict(options)
        for changes in self.lighter:
            chosen |= changes
            if (checked := self.checked(chosen)) != tried:
                tried = checked
                choices.append(dict(chosen))
        return tuple(choices)

    def defaults(self) -> dict[str, Any]:
        """Return the options' default values."""
        return {option.name: option.default for option in self.options}

    def checked(self, chosen: dict[str, Any]) -> dict[str, Any]:
        """Return the defaults overridden by `chosen`; raises ConfigInvalid for an unknown name or
        value.
        """
        known = {option.name: option for option in self.options}
        for name in chosen:
            if name not in known:
                raise ConfigInvalid(
                    f"The engine {self.name} has no option {name}.",
                    f"It has {', '.join(known) or 'none'}.",
                )
        return self.defaults() | {name: known[name].check(value) for name, value in chosen.items()}


_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_ENTRY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")
_FIELDS = {
    "name", "kind", "entry", "title", "summary", "license", "isolation", "languages",
    "rate", "clones", "emotions", "hears", "needs", "promises", "options", "lighter",
    "input", "output", "instead",
}  # fmt: skip


def parse_manifest(document: Any, origin: str) -> Manifest:
    """Parse a manifest from a YAML document; `origin` names the file in error messages."""
    if not isinstance(document, dict):
        raise ConfigInvalid(
            f"{origin} is not a manifest.", "It must be a mapping with name, kind, …"
        )
    try:
        return _parse(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigInvalid(
            f"The manifest {origin} is wrong: {detail}.",
            "Compare it with the manifest of a built-in engine.",
        ) from error


def _parse(document: dict[str, Any]) -> Manifest:
    if unknown := set(document) - _FIELDS:
        raise ValueError(f"the entry {sorted(unknown)[0]!r} is unknown")
    needs: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in document.get("needs", {}).items()
    }
    manifest = Manifest(
        name=_matching(_NAME, document["name"], "name"),
        kind=Kind(document["kind"]),
        entry=_matching(_ENTRY, document["entry"], "entry"),
        title=str(document["title"]),
        summary=str(document["summary"]),
        license=str(document["license"]),
        isolation=Isolation(document.get("isolation", "thread")),
        languages=tuple(document.get("languages", ())),
        rate=document.get("rate"),
        clones=bool(document.get("clones", False)),
        emotions=_emotions(document.get("emotions", ())),
        hears=bool(document.get("hears", False)),
        needs=Needs(**needs),
        promises=LatencyTargets(**document.get("promises", {})),
        options=tuple(_option(name, entry) for name, entry in document.get("options", {}).items()),
        input=dict(document.get("input", {})),
        output=dict(document.get("output", {})),
        lighter=tuple(dict(changes) for changes in document.get("lighter", ())),
        instead=tuple(_matching(_NAME, name, "instead") for name in document.get("instead", ())),
    )
    for changes in manifest.lighter:
        manifest.checked(dict(changes))
    if manifest.kind is Kind.RENDERER:
        _check_renderer(manifest)
    return manifest


def _check_renderer(manifest: Manifest) -> None:
    promises = manifest.promises
    if manifest.isolation is not Isolation.PROCESS:
        raise ValueError("a renderer needs `isolation: process`")
    if promises.first_output_ms is None or promises.realtime_factor is None:
        raise ValueError("a renderer promises first_output_ms and realtime_factor")
    if not (manifest.needs.ram_mb and manifest.input and manifest.output):
        raise ValueError("a renderer says needs.ram_mb, input and output")


def _emotions(names: Any) -> tuple[str, ...]:
    if unknown := sorted(set(names) - set(EMOTIONS)):
        raise ValueError(f"the emotion {unknown[0]!r} is unknown")
    return tuple(names)


def _matching(pattern: re.Pattern[str], value: Any, entry: str) -> str:
    if not pattern.match(str(value)):
        raise ValueError(f"{value!r} is not a valid {entry}")
    return str(value)


def _option(name: str, entry: dict[str, Any]) -> Option:
    fields = dict(entry)
    fields["type"] = OptionType(fields["type"])
    fields["values"] = tuple(str(value) for value in fields.get("values", ()))
    option = Option(name=_matching(_NAME, name, "option"), **fields)
    option.check(option.default)
    return option
