"""Turns that the server's own detection ends: also one that takes a pause for the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from realtime_server import Act, Line, scripted
from replies import outputs_of

from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk
from avatar_app.engines.dialogue.realtime import server_turns
from avatar_app.engines.dialogue.realtime.engine import RealtimeDialogue
from avatar_app.pipeline.output.spoken_words import as_wave

pytestmark = pytest.mark.usefixtures("loopback")
MICROPHONE = 16_000
CLIENTS = ("input_audio_buffer.commit", "response.create")
"""What a client sends that ends turns by itself."""


def said(*tones: float) -> Prompt:
    """Tones of so many seconds with pauses of half a second between them, and one after them."""
    parts: list[np.ndarray] = []
    for seconds in tones:
        at = np.arange(int(seconds * MICROPHONE)) / MICROPHONE
        parts += [0.3 * np.sin(2 * np.pi * 300 * at), np.zeros(MICROPHONE // 2)]
    samples = np.concatenate(parts).astype(np.float32)
    spoken = as_wave([AudioChunk(samples, MICROPHONE)])
    return Prompt((Message(Role.USER, "hello", spoken=spoken),))


def speech(line: Line, end_ms: int) -> None:
    line.send("input_audio_buffer.speech_started", audio_start_ms=0)
    line.send("input_audio_buffer.speech_stopped", audio_end_ms=end_ms)
    line.send("input_audio_buffer.committed", item_id="x")


def answer(line: Line, words: str, status: str = "completed") -> None:
    line.begin()
    line.write(words)
    line.speak()
    line.written()
    line.done(status)


def once(act: Act, after_ms: int) -> Act:
    """Play an act when so much sound has come."""
    played: list[Line] = []

    def detect(line: Line) -> None:
        if line not in played and line.milliseconds >= after_ms:
            played.append(line)
            act(line)

    return detect


def words_of(outputs: list[Any]) -> str:
    return " ".join(chunk.text for chunk in outputs if chunk.text)


def asked(address: str, prompt: Prompt, detection: str = "server_vad") -> str:
    dialogue = RealtimeDialogue(address=address, patience=20.0, turn_detection=detection)
    try:
        return words_of(outputs_of(dialogue, prompt))
    finally:
        dialogue.close()


@pytest.mark.parametrize("detection", ["server_vad", "semantic_vad"])
def test_the_server_ends_the_turn_and_answers(detection: str) -> None:
    def heard(line: Line) -> None:
        speech(line, 1000)
        answer(line, "Good day.")

    with scripted(detect=once(heard, 1900)) as server:
        assert asked(server.address, said(1.0), detection) == "Good day."
        line = server.line
    session = line.of("session.update")[0]["session"]
    assert session["audio"]["input"]["turn_detection"] == {"type": detection}
    assert not any(line.of(kind) for kind in CLIENTS)
    assert line.milliseconds == pytest.approx(2500, abs=20), "silence follows, by which it hears"


def test_a_pause_within_the_turn_is_not_its_end() -> None:
    def heard(line: Line) -> None:
        speech(line, 1000)
        answer(line, "Too early.", "cancelled")
        speech(line, 2500)
        answer(line, "Now I know all of it.")

    with scripted(detect=once(heard, 2500)) as server:
        assert asked(server.address, said(1.0, 1.0)) == "Now I know all of it."


def test_what_the_server_answered_too_early_is_answered_as_a_whole() -> None:
    """It heard nothing of the second part, so that no other answer would come."""

    def heard(line: Line) -> None:
        speech(line, 1000)
        answer(line, "Too early.")

    with scripted(lambda line: answer(line, "Once more."), detect=once(heard, 2500)) as server:
        assert asked(server.address, said(1.0, 1.0)) == "Once more."
        assert len(server.line.of("response.create")) == 1


def test_a_server_that_hears_no_voice_is_told_of_the_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_turns, "NOTICED_WITHIN", 0.2)
    with scripted(lambda line: answer(line, "There you are.")) as server:
        assert asked(server.address, said(1.0)) == "There you are."
        assert [len(server.line.of(kind)) for kind in CLIENTS] == [1, 1]


def test_a_server_that_tells_nothing_of_turns_is_understood() -> None:
    heard = once(lambda line: answer(line, "Hello."), 2000)
    with scripted(detect=heard) as server:
        assert asked(server.address, said(1.0)) == "Hello."


def test_a_turn_that_goes_on_before_the_server_has_ended_it() -> None:
    """Nobody knows whether the first part would be answered: another line hears the whole."""
    turn = Turn(1)

    def heard(line: Line) -> None:
        speech(line, 2500)
        answer(line, "All of it.")

    first, second = once(lambda _line: turn.cancel(), 2400), once(heard, 3900)
    with scripted(
        detect=lambda line: first(line) if line is server.lines[0] else second(line)
    ) as server:
        dialogue = RealtimeDialogue(
            address=server.address, patience=20.0, turn_detection="semantic_vad"
        )
        try:
            with pytest.raises(TurnCancelled):
                list(dialogue.reply(said(1.0), turn))
            assert words_of(outputs_of(dialogue, said(1.0, 1.0))) == "All of it."
        finally:
            dialogue.close()
