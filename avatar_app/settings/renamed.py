"""Former names of settings, of engines' options and of values: still read, each with one notice.

Names that changed in version 0.2 are accepted until version 0.4, which accepts the new ones only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from avatar_app.core.events import Noticed
from avatar_app.settings.layers import ENGINE, OPTIONS, Layer, Name, Tree, has, look_up, overlay

READ_UNTIL = "0.4"
"""The version that no longer reads the former names."""

RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "audio.echo": "audio.aec",
        "hearing.vad": "vad",
        "hearing.backchannels": "turn_detection.backchannels",
        "hearing.patience.suspect_after": "turn_detection.duck_after",
        "hearing.patience.sure_after": "turn_detection.pause_after",
        "hearing.patience.start_after": "turn_detection.min_speech",
        "hearing.patience.preroll": "turn_detection.prefix_padding",
        "hearing.patience.prepare_after": "turn_detection.preemptive_generation_delay",
        "hearing.patience.end_after": "turn_detection.min_endpointing_delay",
        "hearing.patience.longest": "turn_detection.max_endpointing_delay",
        "hearing.patience.utterance": "turn_detection.max_utterance",
        "enhance": "face_enhancement",
        "render.standard.detector_batch": "render.standard.face_detection_batch",
        "render.standard.batch": "render.standard.lip_batch",
        "render.standard.preset": "render.standard.x264_preset",
        "render.high.detector_batch": "render.high.face_detection_batch",
        "render.high.batch": "render.high.lip_batch",
        "render.high.preset": "render.high.x264_preset",
        "memory.soft": "memory_limits.soft",
        "memory.hard": "memory_limits.hard",
    }
)
"""Settings, and sections with their content: the former name and the present one."""

RENAMED_VALUES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"dialogue.engine": {"embedded": "builtin"}, "avatars.detector": {"embedded": "builtin"}}
)
"""Former values of a setting, by its present name."""

RENAMED_OPTIONS: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType(
    {
        ("tts", "coqui"): {"emphasis": "expressiveness"},
        ("tts", "kokoro"): {"emphasis": "expressiveness"},
        ("tts", "espeak"): {
            "expression": "expressiveness",
            "variant": "voice",
            "voice": "language",
        },
    }
)
"""Former options, by the setting that chooses the engine and the engine's name."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9-]+)?\Z")
"""Former values of espeak's option `voice`; none of today's voices (f2, michel) looks like that."""

IsUsers = Callable[[str, str], bool]
"""Whether an engine (of the section `tts`, for example, by its name) is the user's own; its names
are kept.
"""


def current_name(dotted: str) -> str:
    """Return the present name of a setting, which may be given by a former one."""
    for former, present in RENAMED.items():
        if dotted == former or dotted.startswith(f"{former}."):
            return present + dotted[len(former) :]
    return dotted


def former_names(name: Name) -> Iterator[Name]:
    """Return a setting's former names, without its options."""
    dotted = ".".join(name)
    for former, present in RENAMED.items():
        if dotted == present or dotted.startswith(f"{present}."):
            yield tuple((former + dotted[len(present) :]).split("."))


def current_options(section: str, engine: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return an engine's options by their present names; a present name wins over a former one."""
    names = _former_options(section, engine, options)
    moved = {names[name]: value for name, value in options.items() if name in names}
    return moved | {name: value for name, value in options.items() if name not in names}


def use_current_names(layers: Iterable[Layer], is_users: IsUsers) -> list[Noticed]:
    """Replace former names in the layers; returns one notice for each entry.

    Within a layer an entry by the present name wins. `layers`: the lowest first, as an engine that
    one of them chooses has the options of those above it.
    """
    notices: list[Noticed] = []
    engines: dict[str, str] = {}
    for layer in layers:
        for former, present in RENAMED.items():
            notices += _rename(layer, tuple(former.split(".")), tuple(present.split(".")))
        for name, values in RENAMED_VALUES.items():
            notices += _rename_value(layer, name, values, is_users)
        for section in dict.fromkeys(section for section, _ in RENAMED_OPTIONS):
            chosen = _at(layer.tree, (section, ENGINE))
            engines[section] = str(chosen or engines.get(section, ""))
            if not is_users(section, engines[section]):
                notices += _rename_options(layer, section, engines[section])
    return notices


def _rename(layer: Layer, former: Name, present: Name) -> list[Noticed]:
    if not has(layer.tree, former):
        _drop_empty(layer, former[:-1])
        return []
    notices = [
        _notice("setting {}", entry, (*present, *entry[len(former) :]), layer)
        for entry in _written(layer, former)
    ]
    _move(layer, former, present)
    _drop_empty(layer, former[:-1])
    return notices


def _move(layer: Layer, former: Name, present: Name) -> None:
    value = look_up(layer.tree, former)
    layer.remove(former)
    for entry in [each for each in layer.written if each[: len(former)] == former]:
        layer.written.setdefault((*present, *entry[len(former) :]), layer.written[entry])
    if has(layer.tree, present):
        newer = look_up(layer.tree, present)
        both = isinstance(value, dict) and isinstance(newer, dict)
        value = overlay(value, newer) if both else newer
    layer.add(present, value, layer.place(present))


def _written(layer: Layer, name: Name) -> list[Name]:
    """Return the uppermost entries at or below `name` whose places are known."""
    below = [each for each in layer.written if each[: len(name)] == name]
    return [each for each in below if not any(each[:n] in below for n in range(len(each)))]


def _drop_empty(layer: Layer, section: Name) -> None:
    """Remove sections that have become empty."""
    while section and has(layer.tree, section) and look_up(layer.tree, section) in ({}, None):
        layer.remove(section)
        section = section[:-1]


def _rename_value(
    layer: Layer, dotted: str, values: Mapping[str, str], is_users: IsUsers
) -> list[Noticed]:
    name: Name = tuple(dotted.split("."))
    former = _at(layer.tree, name)
    if not isinstance(former, str) or former not in values or is_users(name[0], former):
        return []
    layer.add(name, values[former], layer.place(name))
    message = f"The {name[-1]} {former} is now called {values[former]} ({layer.place(name)})."
    return [Noticed(message, _hint(f"{dotted}: {values[former]}"))]


def _rename_options(layer: Layer, section: str, engine: str) -> list[Noticed]:
    name: Name = (section, OPTIONS)
    options = _at(layer.tree, name)
    names = _former_options(section, engine, options) if isinstance(options, dict) else {}
    if not names:
        return []
    notices = [
        _notice(f"option {{}} of {engine}", (*name, former), (*name, present), layer)
        for former, present in names.items()
    ]
    places = {(*name, new): layer.place((*name, old)) for old, new in names.items()}
    layer.add(name, current_options(section, engine, options), layer.place(name))
    layer.written |= places
    return notices


def _former_options(section: str, engine: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Return those of the options that have another name now."""
    names = RENAMED_OPTIONS.get((section, engine), {})
    return {
        name: names[name]
        for name in options
        if name in names and (name != "voice" or _LANGUAGE.match(str(options[name])))
    }


def _notice(what: str, former: Name, present: Name, layer: Layer) -> Noticed:
    called, new = what.format(".".join(former)), ".".join(present)
    message = f"The {called} is now called {new} ({layer.place(former)})."
    return Noticed(message, _hint(new))


def _hint(present: str) -> str:
    return f"Change it to {present}; the former name is read until version {READ_UNTIL}."


def _at(tree: Tree, name: Name) -> Any:
    """Return the value at `name`; None without one."""
    return look_up(tree, name) if has(tree, name) else None
