"""`bench serve` tells one answer from another, and says why a server does not start."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avatar_app.bench.served import requests, server_process
from avatar_app.bench.served.requests import TEXTS, Answered, Mixture, ask_all
from avatar_app.core.errors import EngineFailed
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import paths_under

pytestmark = [
    pytest.mark.usefixtures("loopback"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]


def exchanged(learned: int) -> Any:
    """A server that speaks the text of another request from so many on."""
    asked = 0

    def spoken(_client: Any, text: str) -> tuple[bytes, float]:
        nonlocal asked
        asked += 1
        return TEXTS[TEXTS.index(text) - (asked > learned)].encode(), 1.0

    return spoken


def test_answers_of_others_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = iter(["one", *["one" if n % 2 else "another" for n in range(100)]])
    monkeypatch.setattr(requests, "spoken", exchanged(len(TEXTS) + 3))
    monkeypatch.setattr(requests, "transcribed", lambda *_: next(heard))
    message = SimpleNamespace(content="That's 12.")
    completion = SimpleNamespace(choices=[SimpleNamespace(message=message)])
    chat = SimpleNamespace(completions=SimpleNamespace(create=lambda **_: completion))
    client: Any = SimpleNamespace(chat=chat)
    answers = ask_all([client], Mixture(client, [b"wav"]).requests(40), 1)
    mixed_up = dict.fromkeys(("speech", "question", "transcription"), 0)
    for answer in answers:
        mixed_up[answer.kind] += answer.mixed_up
    assert mixed_up["speech"] == 24
    assert mixed_up["question"] >= 11  # one may be right by chance
    assert mixed_up["transcription"] == 2


def test_a_refusal_is_an_error_and_not_a_mix_up() -> None:
    from openai import OpenAIError

    def refuse(_client: Any) -> Answered:
        raise OpenAIError("no")

    client: Any = None
    assert ask_all([client], [refuse], 1) == [Answered("failed", "no")]


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    settings, _ = load_settings()
    (tmp_path / "devices.db").mkdir()
    with (
        pytest.raises(EngineFailed, match=r"devices\.db cannot be used"),
        server_process.server_process(settings, paths_under(tmp_path), sessions=1, devices=1),
    ):
        raise AssertionError("it started")
