"""MuseTalk in whole conversations: in a process of its own, and the faces below it where there is
no card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import wav2lip_parts

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.engines.hosting.host import Host
from avatar_app.pipeline import commands
from avatar_app.session.offline.conversation import OfflineConversation, offline_conversation
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.timeout(300)  # PyTorch is imported in each process
TEXT = "Hello there, my friend."
SIZE = {"face.options.width": 96, "face.options.height": 64, "face.options.fps": 10}
LONGEST = 60.0
"""Seconds of the room's time."""


def chosen(model: Path, folder: Path, **options: Any) -> dict[str, Any]:
    avatar = wav2lip_parts.write_avatar(folder / "nobody")
    named = {"avatar": str(avatar), "model": str(model), "threads": 1, **options}
    return {"face.engine": "musetalk", **{f"face.options.{k}": v for k, v in named.items()}}


def announced(offline: OfflineConversation) -> TurnEnded:
    before = len(offline.ended)
    offline.conversation.send(commands.Announce(TEXT))
    for _ in offline.devices.pass_time(LONGEST):
        if len(offline.ended) > before:
            break
    return offline.ended[-1]


def test_a_conversation_is_shown_by_it(musetalk: Path, tmp_path: Path) -> None:
    settings, _ = load_settings(overrides=SIZE | chosen(musetalk, tmp_path, device="cpu"))
    notices: list[Any] = []
    with offline_conversation(settings, app_paths(), notices.append, pace=20.0) as offline:
        face = offline.engine_set.engines[Kind.FACE]
        assert isinstance(face, Host)
        turn = announced(offline)
    assert notices == []
    assert turn.outcome is Outcome.FINISHED
    assert turn.heard_text == TEXT
    assert turn.pictures.chosen > 5


def test_without_a_card_the_photo_takes_over_and_that_is_said_once(
    musetalk: Path, tmp_path: Path
) -> None:
    settings, _ = load_settings(overrides=SIZE | chosen(musetalk, tmp_path))
    notices: list[Any] = []
    with offline_conversation(settings, app_paths(), notices.append, pace=20.0) as offline:
        assert offline.engine_set.manifests[Kind.FACE].name == "photo"
        turn = announced(offline)
    (notice,) = notices
    assert notice.message == "MuseTalk needs an NVIDIA card that PyTorch can use."
    assert notice.hint.endswith("Photo that moves takes over.")
    assert turn.outcome is Outcome.FINISHED
    assert turn.heard_text == TEXT
    assert turn.pictures.shown > 5
