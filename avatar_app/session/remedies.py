"""What helps against a failure: the action that a window offers as a button, by the cause.

A hint that names a command says for the terminal what the window does by a button, so commands are
looked up first, then the class of the error, then what failed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    EngineFailed,
    ModelMissing,
    OutOfMemory,
    TooSlow,
)
from avatar_app.core.events import Failed, Noticed
from avatar_app.core.manifest import Kind
from avatar_app.core.network_access import ALLOW_NETWORK
from avatar_app.models.errors import DiskFailed
from avatar_app.runtime.kinds import KIND_OF_STAGE, KINDS
from avatar_app.system.hotkeys.hotkey import HotkeyUnavailable


class RemedyKind(StrEnum):
    """What is done."""

    GET_MODEL = "get a model"
    """`target`: its id."""
    ACCEPT_LICENSE = "accept a license"
    """`target`: the id of the model."""
    INSTALL = "install an extra"
    """`target`: its name."""
    SHOW_MODELS = "show the models"
    FREE_MEMORY = "show what takes memory"
    FREE_DISK = "show what takes the disk"
    CHOOSE_DEVICE = "choose a microphone or loudspeaker"
    NEW_AVATAR = "make an avatar"
    CLONE_VOICE = "clone a voice"
    ALLOW_NETWORK = "allow connections"
    SPEED = "show what is slow"
    SETTING = "open a setting"
    """`target`: its name, or the beginning of several."""
    TRY_AGAIN = "ask again"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One action."""

    kind: RemedyKind
    target: str = ""


_BY_COMMAND = (
    (re.compile(r"models download \S+ --accept-license ([\w.-]+)"), RemedyKind.ACCEPT_LICENSE),
    (re.compile(r"models download ([\w.-]+)"), RemedyKind.GET_MODEL),
    (re.compile(r"models import\b"), RemedyKind.SHOW_MODELS),
    (re.compile(r"models remove\b"), RemedyKind.FREE_DISK),
    (re.compile(r"extras add ([\w-]+)"), RemedyKind.INSTALL),
    (re.compile(r"avatars add\b"), RemedyKind.NEW_AVATAR),
    (re.compile(r"voices (?:clone|consent-phrase|remove)\b"), RemedyKind.CLONE_VOICE),
    (re.compile(r"servers (?:key|scan)\b"), RemedyKind.SETTING),
    (re.compile(r"fit\b"), RemedyKind.FREE_MEMORY),
)
"""After `avatar-app`; a group is the target."""
_SERVER = "dialogue.options"
_BY_CLASS = (
    (OutOfMemory, RemedyKind.FREE_MEMORY),
    (DiskFailed, RemedyKind.FREE_DISK),
    (TooSlow, RemedyKind.SPEED),
    (ModelMissing, RemedyKind.SHOW_MODELS),
)
_COMMAND = re.compile(r"avatar-app (.+)", re.DOTALL)
_DEVICE_OPTION = re.compile(r"device cpu|compute auto")
"""Hints about a graphics card: another value of the engine's option helps."""
_OTHER_ENGINE = re.compile(r"choose another (?:\w+ )?(?:engine|face)", re.IGNORECASE)


def remedy_for(event: Failed | Noticed) -> Remedy | None:
    """Return what helps against what is reported; None where nothing does."""
    if isinstance(event, Noticed):
        return remedy_of(event.reason, event.hint, event.kind)
    kind = KIND_OF_STAGE.get(event.stage)
    found = remedy_of(event.reason, event.hint, kind)
    if event.turn_id is None:
        return found or Remedy(RemedyKind.CHOOSE_DEVICE)
    is_chance = found is None or found.kind is RemedyKind.SETTING
    if is_chance and event.hint.startswith("Ask again"):
        return Remedy(RemedyKind.TRY_AGAIN, str(event.turn_id))
    return found


def remedy_of(reason: type[AvatarError], hint: str, kind: Kind | None = None) -> Remedy | None:
    """Return what helps against an error of a class with a hint; `kind`: of the engine that
    failed."""
    if found := _by_command(hint):
        return found
    if issubclass(reason, HotkeyUnavailable):
        return Remedy(RemedyKind.SETTING, "window.talk_key")
    if ALLOW_NETWORK in hint:
        return Remedy(RemedyKind.ALLOW_NETWORK)
    setting = KINDS[kind].setting if kind is not None else ""
    if setting and _DEVICE_OPTION.search(hint):
        option = "compute" if "compute" in hint else "device"
        return Remedy(RemedyKind.SETTING, f"{setting}.options.{option}")
    if setting and _OTHER_ENGINE.search(hint):
        return Remedy(RemedyKind.SETTING, f"{setting}.engine")
    for known, remedy in _BY_CLASS:
        if issubclass(reason, known):
            return Remedy(remedy)
    if issubclass(reason, DeviceUnavailable) and kind is None:
        return Remedy(RemedyKind.CHOOSE_DEVICE)
    if setting and issubclass(reason, DeviceUnavailable | EngineFailed):
        return Remedy(RemedyKind.SETTING, f"{setting}.engine")
    return None


def _by_command(hint: str) -> Remedy | None:
    named = _COMMAND.search(hint)
    if named is None:
        return None
    for pattern, kind in _BY_COMMAND:
        if found := pattern.match(named[1]):
            target = found[1].rstrip(".") if pattern.groups else ""
            return Remedy(kind, _SERVER if kind is RemedyKind.SETTING else target)
    return None
