"""What helps against a failure: for every cause that the program knows, the action of a button."""

from __future__ import annotations

import ast
import errno
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import avatar_app
from avatar_app.core.errors import (
    AvatarError,
    ConfigInvalid,
    DeviceUnavailable,
    EngineDied,
    EngineFailed,
    ModelMissing,
    OutOfMemory,
    TooSlow,
)
from avatar_app.core.events import Failed, Noticed
from avatar_app.core.manifest import Kind
from avatar_app.core.network_access import ALLOW_NETWORK
from avatar_app.core.out_of_memory import out_of_memory
from avatar_app.engines.asr.whisper import loading as whisper
from avatar_app.models.catalog import user_catalog
from avatar_app.models.errors import DownloadFailed, of_disk
from avatar_app.models.licenses import require_license
from avatar_app.models.resolve import usable_path
from avatar_app.models.store import Store
from avatar_app.runtime.memory.budget import MemoryBudget
from avatar_app.runtime.registry import Registry
from avatar_app.session.remedies import Remedy, RemedyKind, remedy_for, remedy_of
from avatar_app.system.memory import MemoryFootprint, MemoryReading, Pool
from avatar_app.system.paths import app_paths

PACKAGE = Path(avatar_app.__file__).parent
ELSEWHERE = {"cli", "bench", "diagnostics", "server", "ui"}
"""Rooms whose sentences are for a terminal, for other programs, or for buttons of their own."""
TERMINAL = re.compile(
    r"avatar-app (models (list|info)|facts list|history list|serve pair|setup|voices$"
    r"|mcp (list|test|remove)|avatars teach|studio (make|portrait|animate))"
)
"""Commands in hints that lead nowhere in a window."""


def raised(call: Callable[[], object]) -> AvatarError:
    with pytest.raises(AvatarError) as caught:
        call()
    return caught.value


def no_model() -> object:
    store = Store.of(app_paths())
    return usable_path(user_catalog(store.root).find("whisper-small"), store)


def no_license() -> object:
    store = Store.of(app_paths())
    return require_license(user_catalog(store.root).find("xtts-v2"), store)


def no_memory() -> object:
    meters = {Pool.RAM: lambda: MemoryReading(1000, 900)}
    return MemoryBudget(meters).lease("Whisper", MemoryFootprint(500))


def no_avatar() -> object:
    registry = Registry()
    return registry.load_class(registry.find(Kind.FACE, "photo"))(avatar="nobody")


CAUSES = {
    "a model that is missing": (no_model, RemedyKind.GET_MODEL, "whisper-small"),
    "a license": (no_license, RemedyKind.ACCEPT_LICENSE, "xtts-v2"),
    "memory": (no_memory, RemedyKind.FREE_MEMORY, ""),
    "an avatar": (no_avatar, RemedyKind.NEW_AVATAR, ""),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_is_raised_leads_to_what_helps(cause: str) -> None:
    call, kind, target = CAUSES[cause]
    error = raised(call)
    assert remedy_of(type(error), error.hint) == Remedy(kind, target)


@pytest.mark.parametrize(
    ("error", "kind", "expected"),
    [
        (of_disk(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))), None, "FREE_DISK"),
        (out_of_memory("the face"), Kind.FACE, "FREE_MEMORY"),
        (OutOfMemory("It does not fit.", "Choose a smaller one."), Kind.ASR, "FREE_MEMORY"),
        (TooSlow("The face is too slow.", "Choose a smaller picture."), Kind.FACE, "SPEED"),
        (DeviceUnavailable("No microphone was found.", "Plug one in."), None, "CHOOSE_DEVICE"),
        (DownloadFailed("It is not allowed.", ALLOW_NETWORK), None, "ALLOW_NETWORK"),
        (EngineFailed("It is not allowed.", ALLOW_NETWORK), Kind.DIALOGUE, "ALLOW_NETWORK"),
        (ModelMissing("MNN is not installed.", "Type: pip install MNN"), None, "SHOW_MODELS"),
        (ModelMissing("It lacks.", "Type: avatar-app extras add coqui"), None, "INSTALL"),
        (AvatarError("A voice.", "Type: avatar-app voices clone X --name Y"), None, "CLONE_VOICE"),
        (ConfigInvalid("The key.", "Store one: avatar-app servers key X"), None, "SETTING"),
        (EngineDied("It died.", ""), Kind.TTS, "SETTING"),
        (ConfigInvalid("Unknown.", "Choose a or b."), None, None),
    ],
)
def test_each_class_of_error(error: AvatarError, kind: Kind | None, expected: str | None) -> None:
    found = remedy_for(Noticed(error.message, error.hint, type(error), kind))
    assert (found.kind.name if found else None) == expected


def test_a_graphics_card_that_cannot_be_used_leads_to_the_option() -> None:
    error = whisper.translate_error(RuntimeError("CUDA failed"), Path("whisper-base"))
    assert remedy_of(type(error), error.hint, Kind.ASR) == Remedy(
        RemedyKind.SETTING, "asr.options.device"
    )


def test_an_engine_that_cannot_be_loaded_leads_to_its_choice() -> None:
    error = EngineFailed("It cannot be loaded.", "Look at it, or choose another tts engine.")
    assert remedy_of(type(error), error.hint, Kind.TTS) == Remedy(RemedyKind.SETTING, "tts.engine")


def test_a_turn_that_failed_can_be_asked_again() -> None:
    hint = "Ask again, or choose another engine in the settings."
    assert remedy_for(Failed(7, "think", "No answer came.", hint)) == Remedy(
        RemedyKind.TRY_AGAIN, "7"
    )
    goes_on = Failed(7, "think", "It failed.", "The built-in one goes on.")
    assert remedy_for(goes_on) is None


def test_a_device_that_failed_leads_to_the_devices() -> None:
    assert remedy_for(Failed(None, "microphone", "It was unplugged.")) == Remedy(
        RemedyKind.CHOOSE_DEVICE
    )


def test_every_command_in_a_hint_has_a_button() -> None:
    found = list(commands_in_hints())
    assert len(found) > 25
    lost = [
        hint for hint in found if not TERMINAL.search(hint) and remedy_of(AvatarError, hint) is None
    ]
    assert lost == []


def commands_in_hints() -> Iterator[str]:
    """Texts of the source that name a command; values in them are called `some-thing`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] in ELSEWHERE:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        inside = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in ast.walk(node)
            if part is not node
        }
        for node in ast.walk(tree):
            if id(node) in docstrings | inside:
                continue
            text = _text(node)
            if re.search(r"avatar-app [a-z]+ [a-z-]+|avatar-app fit", text) and not _is_use(text):
                yield text


def _is_use(text: str) -> bool:
    """It says how something is used, not what helps."""
    return bool(re.search(r"avatar-app (run|render|settings|conversation|update)\b", text))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "some-thing" for part in node.values
        )
    return ""
