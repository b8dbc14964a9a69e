"""The real faster-whisper, on a model in the true format that understands one sentence."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.core.errors import DeviceUnavailable, InputInvalid, ModelMissing, OutOfMemory
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.engines.asr.whisper import engine, loading
from avatar_app.engines.asr.whisper.agreement import Agreement
from avatar_app.engines.asr.whisper.decoding import (
    MOST_PROMPT_TOKENS,
    MOST_TOKENS,
    is_believable,
    repeats,
)
from avatar_app.engines.asr.whisper.engine import WhisperRecognizer
from avatar_app.engines.asr.whisper.loading import translated
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

SENTENCE = "go forward ten meters"
SPEECH: Samples = soundfile.read(
    Path(__file__).parents[1] / "data" / "librivox-0890.wav", dtype="float32"
)[0]
SILENCE = np.zeros(MICROPHONE_RATE, np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whisper(tmp_path_factory.mktemp("whisper"), SENTENCE)


@pytest.fixture(scope="module")
def recognizer(model: Path) -> Iterator[WhisperRecognizer]:
    made = WhisperRecognizer(model=str(model), threads=1, compute="float32")
    yield made
    made.close()


def blocks(*sounds: Samples) -> Iterator[AudioChunk]:
    sound = np.concatenate(sounds)
    for start in range(0, len(sound), MICROPHONE_BLOCK):
        yield AudioChunk(sound[start : start + MICROPHONE_BLOCK], MICROPHONE_RATE, start)


class Watched:
    """The model, and what it was asked."""

    def __init__(self, recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._model = recognizer._model
        self.hf_tokenizer = self._model.hf_tokenizer
        self.asked: list[dict[str, Any]] = []
        monkeypatch.setattr(recognizer, "_model", self)

    def transcribe(self, samples: Samples, **wanted: Any) -> Any:
        self.asked.append(wanted | {"seconds": len(samples) / MICROPHONE_RATE})
        return self._model.transcribe(samples, **wanted)


def test_speech_is_understood_while_it_is_spoken(recognizer):
    *partials, final = recognizer.transcribe(blocks(SPEECH, SILENCE), Turn(1))
    assert partials, "nothing was understood before the end"
    assert final.final
    assert final.text == SENTENCE
    assert final.confidence > 0.9
    assert all(SENTENCE.startswith(partial.text) for partial in partials)
    assert not any(partial.final for partial in partials)


def test_each_word_has_its_time(recognizer):
    *_, final = recognizer.transcribe(blocks(SPEECH), Turn(1))
    assert [word.text for word in final.words] == SENTENCE.split()
    assert all(one.start < one.end <= other.start for one, other in pairwise(final.words))


def test_the_text_is_there_when_the_speaker_has_paused(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    hearing = recognizer.transcribe(blocks(SPEECH, SILENCE[: MICROPHONE_RATE // 4]), Turn(1))
    *_, final = hearing
    last = watched.asked[-1]
    assert final.text == SENTENCE
    assert last["beam_size"] == 2, "the last look was the careful one"
    assert last["seconds"] < len(SPEECH) / MICROPHONE_RATE + 0.2, "it began within the pause"


def test_a_pause_that_was_none_is_thought_over(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    pause = SILENCE[: MICROPHONE_RATE // 4]
    list(recognizer.transcribe(blocks(SPEECH, pause, SPEECH, pause), Turn(1)))
    careful = [asked["seconds"] for asked in watched.asked if asked["beam_size"] == 2]
    whole = (2 * len(SPEECH) + len(pause)) / MICROPHONE_RATE
    assert careful[-1] > whole - 0.2, "what was said after the pause was not heard"


def test_looks_are_no_nearer_than_the_machine_can_follow(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    list(recognizer.transcribe(blocks(SPEECH), Turn(1)))
    hasty = [asked for asked in watched.asked if asked["beam_size"] == 1]
    assert len(hasty) >= 3
    apart = [later["seconds"] - earlier["seconds"] for earlier, later in pairwise(watched.asked)]
    assert all(
        seconds > 0.49
        for seconds, asked in zip(apart, watched.asked[1:], strict=True)
        if asked in hasty
    )


def test_what_was_said_before_a_pause_is_known_after_it(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    list(recognizer.transcribe(blocks(SPEECH), Turn(7)))
    list(recognizer.transcribe(blocks(SPEECH), Turn(7)))
    assert watched.asked[-1]["initial_prompt"] == SENTENCE
    list(recognizer.transcribe(blocks(SPEECH), Turn(8)))
    assert watched.asked[-1]["initial_prompt"] is None


def test_a_long_speech_after_a_long_one_is_understood(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    recognizer.configure(prompt="ten meters " * 200, hotwords="go forward " * 200)
    speech = np.concatenate([SPEECH] * 4)[: 18 * MICROPHONE_RATE]
    *_, final = recognizer.transcribe(iter([AudioChunk(speech, MICROPHONE_RATE)]), Turn(1))
    recognizer.configure(prompt="", hotwords="")
    assert final.text == SENTENCE
    assert watched.asked[-1]["max_new_tokens"] == MOST_TOKENS
    assert len(watched.asked[-1]["initial_prompt"].split()) == MOST_PROMPT_TOKENS


def test_no_word_is_invented_on_silence_or_noise(recognizer):
    noise = np.random.default_rng(3).normal(0, 0.03, 2 * MICROPHONE_RATE).astype(np.float32)
    for sound in (SILENCE, noise, SILENCE[:100]):
        transcripts = list(recognizer.transcribe(blocks(sound), Turn(1)))
        assert [transcript.text for transcript in transcripts] == [""]
        assert transcripts[-1].final


def test_an_unsure_text_on_what_seems_silence_is_dropped(tmp_path):
    unsure = write_whisper(tmp_path / "model", SENTENCE, silent=True, sure=1.0)
    made = WhisperRecognizer(model=str(unsure), threads=1, compute="float32")
    *_, final = made.transcribe(blocks(SPEECH), Turn(1))
    made.close()
    assert final.text == ""


def test_a_cancelled_turn_ends_at_the_next_block(recognizer):
    turn = Turn(1)
    hearing = recognizer.transcribe(blocks(SPEECH), turn)
    next(hearing)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(hearing)


def test_what_is_said_while_the_model_is_exchanged_waits_for_it(model, monkeypatch):
    made = WhisperRecognizer(model=str(model), threads=1, compute="float32")
    load, loading, heard = engine._loaded, threading.Event(), threading.Event()
    texts: list[str] = []

    def loaded_late(choices: Any) -> Any:
        loading.set()
        assert heard.wait(60)
        return load(choices)

    def sound() -> Iterator[AudioChunk]:
        yield AudioChunk(SPEECH[: MICROPHONE_RATE // 2], MICROPHONE_RATE)
        heard.set()
        yield AudioChunk(SPEECH[MICROPHONE_RATE // 2 :], MICROPHONE_RATE)

    monkeypatch.setattr(engine, "_loaded", loaded_late)
    changing = threading.Thread(target=made.configure, kwargs={"threads": 2})
    changing.start()
    assert loading.wait(60)
    texts += [transcript.text for transcript in made.transcribe(sound(), Turn(1))]
    changing.join()
    made.close()
    assert texts[-1] == SENTENCE


def test_it_works_in_a_process_of_its_own(model):
    manifest = Registry().find(Kind.ASR, "whisper")
    options = {"model": str(model), "threads": 1, "compute": "float32"}
    engine = create_engine(Registry(), manifest, options)
    try:
        *_, final = engine.transcribe(blocks(SPEECH), Turn(1))
        assert final.text == SENTENCE
        engine.configure(beam=1, language="de", voice_filter=False)
        *_, final = engine.transcribe(blocks(SPEECH), Turn(2))
        assert final.text == SENTENCE
    finally:
        engine.close()


def test_a_missing_or_damaged_model_is_said_in_a_sentence(model, tmp_path):
    with pytest.raises(ModelMissing, match="No Whisper model") as missing:
        WhisperRecognizer(model=str(tmp_path / "nowhere"))
    assert "models download" in missing.value.hint
    with pytest.raises(InputInvalid, match=r"model\.bin, config\.json, tokenizer\.json is missing"):
        WhisperRecognizer(model=str(tmp_path))
    for name, content in (
        ("model.bin", (model / "model.bin").read_bytes()[:5000]),
        ("model.bin", os.urandom(3000)),
        ("tokenizer.json", b"{"),
        ("tokenizer.json", b'{"model": 3}'),
    ):
        damaged = tmp_path / f"{name}-{len(content)}"
        damaged.mkdir()
        for part in model.iterdir():
            (damaged / part.name).write_bytes(part.read_bytes())
        (damaged / name).write_bytes(content)
        with pytest.raises(InputInvalid, match="is damaged"):
            WhisperRecognizer(model=str(damaged), compute="float32", device="cpu")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("CUDA failed with error out of memory", OutOfMemory),
        ("std::bad_alloc", OutOfMemory),
        ("CUDA driver version is insufficient for CUDA runtime version", DeviceUnavailable),
        ("Requested float16 compute type, but the target device …", DeviceUnavailable),
        ("Unsupported model binary version", InputInvalid),
    ],
)
def test_what_the_library_says_is_translated(said, kind):
    assert isinstance(translated(RuntimeError(said), Path("model")), kind)


def test_words_are_agreed_on_when_two_hypotheses_have_them():
    agreement = Agreement()
    assert not agreement.add(["And", "so", "my"])
    assert agreement.add(["And", "so,", "my", "fellow"])
    assert agreement.agreed == ["And", "so,", "my"]
    assert not agreement.add(["And", "so,", "my", "yellow", "American"])
    assert agreement.add(["And", "so,", "my", "yellow", "Americans"])
    assert agreement.agreed == ["And", "so,", "my", "yellow"]


def test_a_word_more_at_the_beginning_shows_none_twice():
    agreement = Agreement()
    agreement.add(["And", "so", "my"])
    agreement.add(["And", "so", "my", "fellow"])
    for _ in range(2):
        assert not agreement.add(["Well", "and", "so", "my", "fellow"])
    assert not agreement.add(["And"])
    assert agreement.agreed == ["And", "so", "my"]


def test_loops_and_doubts_are_told_from_speech():
    assert repeats("thank you you you you")
    assert not repeats("no no no, that is very very good")
    sure = {"avg_logprob": -0.2, "no_speech_prob": 0.9, "compression_ratio": 1.0, "text": "yes"}
    assert is_believable(SimpleNamespace(**sure))
    assert not is_believable(SimpleNamespace(**sure | {"avg_logprob": -1.2}))
    assert not is_believable(SimpleNamespace(**sure | {"compression_ratio": 3.0}))


@pytest.mark.parametrize("chosen", [None, "ACTIVE"])
def test_threads_sleep_while_they_wait_unless_the_user_says_otherwise(
    chosen: str | None, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(loading.WAITING, raising=False)
    if chosen:
        monkeypatch.setenv(loading.WAITING, chosen)
    found: list[str | None] = []

    class Library(ModuleType):
        @property
        def WhisperModel(self) -> Any:
            found.append(os.environ.get(loading.WAITING))
            return lambda *_, **__: None

    monkeypatch.setitem(sys.modules, "faster_whisper", Library("faster_whisper"))
    loading.load(model, "cpu", "int8", 2)
    assert set(found) == {chosen or "PASSIVE"}
    assert os.environ.get(loading.WAITING) == chosen
