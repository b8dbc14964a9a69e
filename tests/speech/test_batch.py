"""Of many texts the ones that fail are told and tried with other voices; the others are kept."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import soundfile
import typer

from avatar_app.cli.speak import speak
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.batch import BatchSpeech, TTSBatch, VoiceAttempt
from avatar_app.system.paths import app_paths

ESPEAK = EngineChoice(engine="espeak")
PICKY = '''
import numpy as np

from avatar_app.core.errors import EngineFailed
from avatar_app.core.values import AudioChunk, SpeechChunk


class Picky:
    """Says a beep for a word, stumbles over the word "stumble", and dies of "die"."""

    def __init__(self, speed: float = 1.0) -> None:
        self.count = 0

    def configure(self, **options):
        pass

    def speak(self, text, turn):
        yield SpeechChunk(AudioChunk(np.full(2400, 0.1, np.float32), 24000), text)
        if "die" in text.split():
            import os
            os._exit(3)
        if "stumble" in text.split():
            raise EngineFailed("Picky stumbled.", "Choose other words.")

    def close(self):
        pass
'''
MANIFEST = """
name: picky
kind: tts
entry: engine:Picky
title: Picky
summary: Beeps.
license: MIT
rate: 24000
isolation: process
options:
  speed: {type: number, min: 0.5, max: 2.0, default: 1.0, help: Speaking rate.}
"""


def write_picky(engines: Path) -> None:
    home = engines / "tts" / "picky"
    home.mkdir(parents=True)
    (home / "manifest.yaml").write_text(MANIFEST)
    (home / "engine.py").write_text(PICKY)


@pytest.fixture(scope="module")
def picky(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry with a user's voice that fails where it is told."""
    folder = tmp_path_factory.mktemp("engines")
    write_picky(folder)
    return Registry(user=folder)


def attempts(*others: VoiceAttempt) -> list[VoiceAttempt]:
    return [VoiceAttempt(EngineChoice(engine="picky")), *others]


def test_the_others_are_kept_where_one_text_fails(picky: Registry, tmp_path: Path) -> None:
    texts = ["One.", "I stumble here.", "🙂", "I die here.", "Five."]
    with TTSBatch(attempts(), picky) as batch:
        done = list(batch.synthesize(texts, tmp_path))
    assert [each.number for each in done if each.speech] == [1, 5]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["001.wav", "005.wav"]
    assert [len(soundfile.read(tmp_path / name)[0]) for name in ("001.wav", "005.wav")] == [
        2400
    ] * 2
    reasons = [[str(failure) for failure in each.failures] for each in done]
    assert reasons[1] == ["picky: Picky stumbled. Choose other words."]
    assert reasons[2][0].startswith("There is nothing to say.")
    assert "picky: Picky" in reasons[3][0]
    assert reasons[0] == reasons[4] == []


def test_another_voice_says_what_failed(picky: Registry, tmp_path: Path) -> None:
    others = (
        VoiceAttempt(ESPEAK, "nobody"),
        VoiceAttempt(ESPEAK, "m1"),
    )
    with TTSBatch(attempts(*others), picky) as batch:
        good, rescued = batch.synthesize(["One.", "I stumble here."], tmp_path, "flac", 16_000)
    assert (good.voice, rescued.voice) == ("picky", "espeak:m1")
    assert [failure.voice for failure in rescued.failures] == ["picky", "espeak:nobody"]
    assert rescued.speech is not None
    samples, rate = soundfile.read(rescued.speech.path)
    assert (rate, len(samples) / rate) == (16_000, pytest.approx(rescued.speech.seconds, abs=0.05))


def test_an_engine_that_cannot_load_is_asked_once(tmp_path: Path) -> None:
    missing = EngineChoice(engine="piper", options={"model": str(tmp_path / "none")})
    loads = []

    class Counted(Registry):
        def find(self, kind: Any, name: str) -> Any:
            loads.append(name)
            return super().find(kind, name)

    voices = [VoiceAttempt(missing), VoiceAttempt(ESPEAK)]
    with TTSBatch(voices, Counted()) as batch:
        done = list(batch.synthesize(["One.", "Two."], tmp_path / "out"))
    assert [each.voice for each in done] == ["espeak", "espeak"]
    assert [len(each.failures) for each in done] == [1, 1]
    assert loads.count("piper") == 1


def test_a_cancelled_batch_keeps_what_is_complete(picky: Registry, tmp_path: Path) -> None:
    turn = Turn(1)
    with TTSBatch(attempts(), picky) as batch:
        rest = batch.synthesize(["One.", "Two.", "Three."], tmp_path, turn=turn)
        first: BatchSpeech = next(rest)
        turn.cancel()
        with pytest.raises(TurnCancelled):
            list(rest)
    assert first.speech is not None
    assert [each.name for each in tmp_path.iterdir()] == ["001.wav"]


def test_what_cannot_be_written_is_refused_before_anything_is_said(tmp_path: Path) -> None:
    with TTSBatch([VoiceAttempt(ESPEAK)]) as batch:
        for wrong in ({"format": "wma"}, {"sample_rate": 1}, {"bit_rate": 128}):
            with pytest.raises(ConfigInvalid):
                batch.synthesize(["One."], tmp_path, **wrong)
    with pytest.raises(ConfigInvalid, match="No voice"):
        TTSBatch([])


def command(*words: object) -> int:
    """Return the exit status."""
    app = typer.Typer()
    app.command()(speak)
    return int(app([str(word) for word in words], standalone_mode=False))


def test_the_command_tells_each_failure_and_keeps_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_picky(app_paths().engines)
    texts, folder = tmp_path / "texts.txt", tmp_path / "out"
    texts.write_text("Good words.\n\nThey stumble here.\n", "utf-16")  # as some editors write
    words = ("--engine", "picky", "--texts", texts, "--output", folder)
    assert command(*words) == 1
    said = capsys.readouterr()
    assert f"1 of 2 texts are in {folder}" in said.out
    assert "Text 2 (not said): picky: Picky stumbled. Choose other words." in said.err
    more = ("--retry", "espeak:m1", "--json", "--format", "mp3")
    assert command("One more.", *words, *more) == 0
    report = json.loads(capsys.readouterr().out)
    assert [each["voice"] for each in report["texts"]] == ["picky", "picky", "espeak:m1"]
    assert report["failed"] == 0
    assert report["texts"][2]["failures"][0]["message"] == "Picky stumbled."
    assert {each.name for each in folder.glob("*.mp3")} == {"001.mp3", "002.mp3", "003.mp3"}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"From input.\n")))
    assert command("--texts", "-", "--output", tmp_path / "more") == 0
    assert (tmp_path / "more" / "001.wav").exists()


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00", None])
def test_a_file_without_texts_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "texts.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputInvalid) as refused:
        command("--texts", path, "--output", tmp_path / "out")
    assert refused.value.hint
