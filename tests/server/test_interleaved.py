"""A thousand requests of all kinds, interleaved with conversations: each gets its own answer."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import Any

import numpy as np
import pytest
from realtime import talking
from served import client_of, serving
from served_engines import LIGHT, add_light_engines

from avatar_app.bench.served.requests import Mixture, ask_all, errors_of, wav_of
from avatar_app.core.values import MICROPHONE_RATE
from avatar_app.server.running import AvatarServer

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]
REQUESTS, AT_ONCE, CLIENTS, TALKS = 1000, 16, 4, 2
SPEAKS: dict[str, Any] = LIGHT | {"dialogue.engine": "builtin", "tts.engine": "espeak"}
"""The real built-in dialogue, which calculates, and the real built-in voice."""


def recordings() -> list[bytes]:
    """One is understood, the other is silence."""
    at = np.arange(MICROPHONE_RATE) / MICROPHONE_RATE
    tone = 0.3 * np.sin(2 * np.pi * 300 * at).astype(np.float32)
    return [wav_of(tone), wav_of(np.zeros(MICROPHONE_RATE, np.float32))]


def converse(server: AvatarServer, number: int, over: Event) -> list[tuple[str, str]]:
    """What is right, and what was answered, until all requests are over."""
    turns: list[tuple[str, str]] = []
    with talking(server, output_modalities=["text"]) as talk:
        while not over.is_set():
            first = 11 + 2 * len(turns) + number
            talk.say(f"What is {first} times {number + 3}?")
            said = talk.answer().output[0].content[0].text
            turns.append((str(first * (number + 3)), said))
    return turns


def test_each_of_a_thousand_interleaved_requests_gets_its_own_answer() -> None:
    add_light_engines()
    over = Event()
    with (
        serving(SPEAKS, sessions=TALKS) as server,
        ExitStack() as opened,
        ThreadPoolExecutor(TALKS) as pool,
    ):
        clients = [opened.enter_context(client_of(server)) for _ in range(CLIENTS)]
        mixture = Mixture(clients[0], recordings())
        talks: list[Future[list[tuple[str, str]]]] = [
            pool.submit(converse, server, number, over) for number in range(TALKS)
        ]
        try:
            answers = ask_all(clients, mixture.requests(REQUESTS), AT_ONCE)
        finally:
            over.set()
        turns = [turn for talk in talks for turn in talk.result()]
    assert errors_of(answers) == []
    kinds = [each.kind for each in answers]
    wanted = {"speech": 600, "question": 300, "transcription": 100}
    assert {kind: kinds.count(kind) for kind in wanted} == wanted
    assert [each for each in answers if each.mixed_up] == []
    assert len(turns) > 2 * TALKS
    assert [(right, said) for right, said in turns if right not in said.replace(",", "")] == []
