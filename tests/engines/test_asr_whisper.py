"""The real faster-whisper, on a model in the true format that understands one sentence."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
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
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples, Word
from avatar_app.engines.asr.whisper import engine, loading
from avatar_app.engines.asr.whisper.agreement import Agreement
from avatar_app.engines.asr.whisper.belief import (
    echoes,
    ends_twice,
    repeats,
    until_repetition,
)
from avatar_app.engines.asr.whisper.decoding import Decoder, most_tokens
from avatar_app.engines.asr.whisper.earlier import EarlierSpeech
from avatar_app.engines.asr.whisper.encoding import (
    FRAMES_A_SECOND,
    LEAD,
    LONGEST,
    PADDING,
    WINDOW,
    encode,
)
from avatar_app.engines.asr.whisper.engine import STEP, WhisperRecognizer
from avatar_app.engines.asr.whisper.hypothesis import DecodingOptions, Hypothesis
from avatar_app.engines.asr.whisper.language import SpokenLanguage
from avatar_app.engines.asr.whisper.loading import translate_error
from avatar_app.engines.asr.whisper.prompting import (
    MOST_HOTWORD_TOKENS,
    MOST_PROMPT_TOKENS,
    tokens_before,
)
from avatar_app.engines.asr.whisper.segments import Segment, split, within
from avatar_app.engines.asr.whisper.sound import Sound
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

WAITING = "OMP_WAIT_POLICY"
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


class Watched(Decoder):
    """A decoder that notes what it was asked."""

    def __init__(self, recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(recognizer.decoder.model)
        self.asked: list[Any] = []
        self.final = False
        """What is asked for now."""
        self.began = False
        """Something was asked for."""
        monkeypatch.setattr(recognizer, "decoder", self)

    def decode(self, samples: Samples, options: DecodingOptions, **wanted: Any) -> Any:
        self.began = True
        seconds, self.final = len(samples) / MICROPHONE_RATE, wanted["final"]
        found = super().decode(samples, options, **wanted)
        self.asked.append(
            SimpleNamespace(
                seconds=seconds,
                final=self.final,
                dropped=found is None,
                before=options.prompt,
            )
        )
        return found


class Live(Iterator[AudioChunk]):
    """A stream that tells whether the next block is there."""

    def __init__(self, sound: Samples, is_ready: Callable[[], bool] = lambda: True) -> None:
        self._blocks, self._is_ready = blocks(sound), is_ready

    def __next__(self) -> AudioChunk:
        return next(self._blocks)

    @property
    def ready(self) -> bool:
        return self._is_ready()


def test_partial_transcripts_arrive_during_speech(recognizer):
    *partials, final = recognizer.transcribe(blocks(SPEECH, SILENCE), Turn(1))
    assert partials, "nothing was understood before the end"
    assert final.final
    assert final.text == SENTENCE
    assert final.confidence > 0.9
    assert all(SENTENCE.startswith(partial.text) for partial in partials)
    assert not any(partial.final for partial in partials)


def test_words_have_times(recognizer):
    *_, final = recognizer.transcribe(blocks(SPEECH), Turn(1))
    assert [word.text for word in final.words] == SENTENCE.split()
    assert all(one.start < one.end <= other.start for one, other in pairwise(final.words))


def test_uncertain_language_detection_falls_back_to_the_expected_language():
    spoken = SpokenLanguage("en")
    assert spoken.choose([("ja", 0.37), ("ko", 0.2), ("en", 0.16)]) == "en"
    assert spoken.choose([("ja", 0.97), ("en", 0.01)]) == "ja", "it was detected clearly"
    assert spoken.choose([("hu", 0.4), ("cs", 0.2)]) == "hu", "nothing else was detected"


def test_recognized_language_becomes_the_expected_language():
    spoken = SpokenLanguage("en")
    unsure = [("de", 0.3), ("en", 0.4)]
    assert spoken.choose(unsure) == "en"
    for _ in range(2):
        spoken.understood("de")
    assert spoken.choose(unsure) == "de"
    for _ in range(3):
        spoken.understood("en")
    assert spoken.choose(unsure) == "en", "only the latest utterances count"


def test_final_decoding_begins_within_the_pause(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    hearing = recognizer.transcribe(blocks(SPEECH, SILENCE[: MICROPHONE_RATE // 4]), Turn(1))
    *_, final = hearing
    last = watched.asked[-1]
    assert final.text == SENTENCE
    assert last.final, "the last look was the careful one"
    assert last.seconds < len(SPEECH) / MICROPHONE_RATE + 0.2, "it began within the pause"


def test_speech_after_a_pause_is_decoded_again_as_a_whole(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    pause = SILENCE[: MICROPHONE_RATE // 4]
    list(recognizer.transcribe(blocks(SPEECH, pause, SPEECH, pause), Turn(1)))
    careful = [asked.seconds for asked in watched.asked if asked.final]
    whole = (2 * len(SPEECH) + len(pause)) / MICROPHONE_RATE
    assert careful[-1] > whole - 0.25, "what was said after the pause was not heard"


def test_partial_decodings_are_at_least_one_step_apart(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    list(recognizer.transcribe(blocks(SPEECH), Turn(1)))
    assert sum(not asked.final for asked in watched.asked) >= 3
    assert all(
        later.seconds - earlier.seconds > STEP - 0.01
        for earlier, later in pairwise(watched.asked)
        if not later.final
    )


def test_text_before_a_pause_is_the_prompt_within_the_same_turn(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    list(recognizer.transcribe(blocks(SPEECH), Turn(7)))
    list(recognizer.transcribe(blocks(SPEECH), Turn(7)))
    assert watched.asked[-1].before == SENTENCE
    list(recognizer.transcribe(blocks(SPEECH), Turn(8)))
    assert watched.asked[-1].before == ""


class Timing:
    """A decoder that finds a word at the end of loud sound, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str]] = []
        """Seconds, and the text before."""

    def decode(self, samples: Samples, options: DecodingOptions, **_: Any) -> Hypothesis:
        seconds = len(samples) / MICROPHONE_RATE
        self.asked.append((seconds, options.prompt))
        if not samples[-MICROPHONE_BLOCK:].any():
            return Hypothesis()
        return Hypothesis(f"{seconds:.0f}", 0.9, (Word("word", seconds - 0.2, seconds),))


@pytest.fixture
def timing(recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch) -> Timing:
    timing = Timing()
    monkeypatch.setattr(recognizer, "decoder", timing)
    return timing


def final_of(recognizer: WhisperRecognizer, seconds: int, turn: Turn, level: float = 0.1) -> Any:
    """The final transcript of a sound that is all there."""
    *_, final = recognizer.transcribe(
        Live(np.full(seconds * MICROPHONE_RATE, level, np.float32)), turn
    )
    return final


def test_short_segment_beside_a_pause_is_recognized_with_its_neighbor(recognizer, timing):
    finals = [final_of(recognizer, seconds, Turn(9)) for seconds in (4, 1, 3, 2)]
    assert [final.text for final in finals] == ["4", "5", "3", "5"]
    assert [final.replaces for final in finals] == [0, 1, 0, 1], "two long ones stay apart"
    assert timing.asked == [(4.0, ""), (5.0, ""), (3.0, "5"), (5.0, "5")]
    assert final_of(recognizer, 1, Turn(10)).text == "1", "another turn"


def test_segment_without_words_separates_its_neighbors(recognizer, timing):
    finals = [
        final_of(recognizer, seconds, Turn(12), level)
        for seconds, level in ((4, 0.1), (1, 0.0), (1, 0.1))
    ]
    assert [final.text for final in finals] == ["4", "", "6"]
    assert [final.replaces for final in finals] == [0, 0, 2]
    assert timing.asked[1:3] == [(5.0, ""), (1.0, "4")], "it is looked at alone, too"


def test_segment_after_a_failed_one_is_recognized_alone(recognizer, timing):
    final_of(recognizer, 4, Turn(11))
    cancelled = Turn(11)
    cancelled.cancel()
    with pytest.raises(TurnCancelled):
        final_of(recognizer, 4, cancelled)
    final = final_of(recognizer, 1, Turn(11))
    assert (final.text, final.replaces) == ("1", 0)


def test_segments_are_not_joined_beyond_the_window():
    second = np.zeros(MICROPHONE_RATE, np.float32)
    speech = EarlierSpeech().followed_by(np.tile(second, 11), "eleven", joined=False)
    assert speech.joined(second) is not None
    assert speech.joined(np.tile(second, 2)) is None
    longer = speech.followed_by(np.tile(second, 2), "", joined=False)
    assert (longer.context, longer.segments) == ("eleven", 0)


@pytest.mark.parametrize(
    ("room", "tail", "end"),
    [(0.0, 0.02, 15), (0.0, 0.008, 10), (0.02, 0.02, 10), (0.02, 0.05, 15)],
)
def test_fading_end_counts_as_voice_unless_the_room_is_as_loud(
    room: float, tail: float, end: int
) -> None:
    sound = Sound()
    for level in (room, 0.3, tail):
        for _ in range(5):
            block = np.full(MICROPHONE_BLOCK, level, np.float32)
            sound.add(AudioChunk(block, MICROPHONE_RATE))
    assert sound.voice_end == end * MICROPHONE_BLOCK


@pytest.mark.parametrize("seconds", [18, 40])
def test_long_speech_after_a_long_one_is_recognized(recognizer, seconds):
    recognizer.configure(prompt="ten meters " * 200, hotwords="go forward " * 200)
    speech = np.concatenate([SPEECH] * 8)[: seconds * MICROPHONE_RATE]
    *_, final = recognizer.transcribe(iter([AudioChunk(speech, MICROPHONE_RATE)]), Turn(1))
    recognizer.configure(prompt="", hotwords="")
    assert final.text.startswith(SENTENCE)


def test_prompt_and_hotwords_leave_room_for_the_text(recognizer):
    options = DecodingOptions(prompt="go forward " * 200, hotwords="ten meters " * 200)
    before = tokens_before(recognizer.decoder.model, options)
    assert len(before) == MOST_HOTWORD_TOKENS + MOST_PROMPT_TOKENS
    assert len(before) + most_tokens(LONGEST) + 5 < 448
    assert len(set(before[:MOST_HOTWORD_TOKENS]) & set(before[MOST_HOTWORD_TOKENS:])) == 0


def test_encoder_processes_only_the_length_of_the_sound(recognizer):
    model = recognizer.decoder.model
    for seconds in (1, 5):
        encoded = encode(model, SPEECH[: seconds * MICROPHONE_RATE])
        frames = round((LEAD + seconds + PADDING) * FRAMES_A_SECOND)
        assert encoded.output.shape[1] == frames // 2
        assert encoded.seconds == pytest.approx(LEAD + seconds)
    assert encode(model, SPEECH, WINDOW).output.shape[1] == WINDOW * FRAMES_A_SECOND // 2


def test_partial_decoding_is_dropped_for_the_final_one(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    sound = Live(SPEECH, lambda: watched.began)
    transcripts = list(recognizer.transcribe(sound, Turn(1)))
    assert [transcript.text for transcript in transcripts] == [SENTENCE]
    partial, final = watched.asked
    assert partial.dropped
    assert not partial.final
    assert final.final
    assert not final.dropped


def test_no_partial_decoding_begins_after_the_voice_ended(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    transcripts = list(recognizer.transcribe(Live(SPEECH), Turn(1)))
    assert [transcript.text for transcript in transcripts] == [SENTENCE]
    assert [asked.final for asked in watched.asked] == [True]


def test_final_decoding_is_dropped_when_speech_continues(recognizer, monkeypatch):
    watched = Watched(recognizer, monkeypatch)
    pause = SILENCE[: MICROPHONE_RATE // 5]
    sound = Live(np.concatenate([SPEECH, pause, SPEECH]), lambda: watched.final)
    *_, final = recognizer.transcribe(sound, Turn(1))
    assert final.text == SENTENCE
    *_, dropped, last = watched.asked
    assert (dropped.final, dropped.dropped) == (True, True)
    assert (last.final, last.dropped) == (True, False)


def test_turn_can_be_cancelled_during_decoding(recognizer):
    turn = Turn(1)

    def cancelled() -> bool:
        turn.cancel()
        return True

    with pytest.raises(TurnCancelled):
        list(recognizer.transcribe(Live(SPEECH, cancelled), turn))


def test_silence_and_noise_yield_no_words(recognizer):
    noise = np.random.default_rng(3).normal(0, 0.03, 2 * MICROPHONE_RATE).astype(np.float32)
    for sound in (SILENCE, noise, SILENCE[:100]):
        transcripts = list(recognizer.transcribe(blocks(sound), Turn(1)))
        assert [transcript.text for transcript in transcripts] == [""]
        assert transcripts[-1].final


def test_uncertain_text_on_likely_silence_is_dropped(tmp_path):
    unsure = write_whisper(tmp_path / "model", SENTENCE, silent=True, sure=1.0)
    made = WhisperRecognizer(model=str(unsure), threads=1, compute="float32")
    *_, final = made.transcribe(blocks(SPEECH), Turn(1))
    made.close()
    assert final.text == ""


def test_cancelled_turn_ends_at_the_next_block(recognizer):
    turn = Turn(1)
    hearing = recognizer.transcribe(blocks(SPEECH), turn)
    next(hearing)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(hearing)


def test_speech_during_a_model_switch_waits_for_the_new_model(model, monkeypatch):
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


def test_whisper_works_in_its_own_process(model):
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


def test_missing_or_damaged_model_is_reported(model, tmp_path):
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
def test_library_errors_are_translated(said, kind):
    assert isinstance(translate_error(RuntimeError(said), Path("model")), kind)


def test_words_are_confirmed_when_two_hypotheses_agree():
    agreement = Agreement()
    assert not agreement.add(["And", "so", "my"])
    assert agreement.add(["And", "so,", "my", "fellow"])
    assert agreement.agreed == ["And", "so,", "my"]
    assert not agreement.add(["And", "so,", "my", "yellow", "American"])
    assert agreement.add(["And", "so,", "my", "yellow", "Americans"])
    assert agreement.agreed == ["And", "so,", "my", "yellow"]


def test_extra_leading_word_does_not_duplicate_confirmed_words():
    agreement = Agreement()
    agreement.add(["And", "so", "my"])
    agreement.add(["And", "so", "my", "fellow"])
    for _ in range(2):
        assert not agreement.add(["Well", "and", "so", "my", "fellow"])
    assert not agreement.add(["And"])
    assert agreement.agreed == ["And", "so", "my"]


def test_repetition_loops_are_detected_and_cut():
    assert repeats("thank you you you you")
    assert repeats("that take no account, that take no account, that take no account, that take")
    assert not repeats("no no no, that is very very good")
    assert not repeats("one zero zero zero one")
    said = ["What", "did", "it", "cost", "cost", "cost", "Cost", "cost"]
    assert until_repetition(said) == ["What", "did", "it", "cost"]
    assert until_repetition(said[:6]) == said[:6]


def test_restarted_sentence_is_cut():
    sentence = "And Mr. Dashwood had then leisure to consider what might be in his power to do."
    twice = f"{sentence} Mr. Dashwood had then leisure to consider what might be in his"
    assert repeats(twice)
    assert until_repetition(twice.split()) == sentence.split()
    asked = "ask not what your country can do for you, ask what you can do for your country"
    assert not repeats(asked)
    assert until_repetition(asked.split()) == asked.split()
    assert not repeats("I want to go home. I want to go home.")  # five words


def test_text_ending_twice_is_doubted():
    assert ends_twice("Well, good luck with that. Well, good luck with that.")
    assert ends_twice("and the answer is, ten of clubs ten of clubs")
    assert not ends_twice("ask what you can do for you, ask what you can do for your country")
    assert not ends_twice("five five")


def test_repeated_prompt_words_are_recognized_as_echo():
    before = "And Mr. Dashwood had then leisure to consider what might be in his power to do."
    assert echoes("And Mr. Dashwood had then leisure to consider what", before)
    assert echoes("Then leisure to consider to consider how much", before)
    assert not echoes("to do so, and then he had to go", before)
    assert not echoes("set a timer", "")


def test_segment_beginning_after_the_sound_is_dropped():
    tokenizer = SimpleNamespace(timestamp_begin=1000, decode=lambda ids: f" {len(ids)} words")
    tokens = [1000, 1, 2, 1050, 1050, 3, 1100, 1100, 4, 5, 1190]
    segments = split(tokens, tokenizer)
    assert [(each.start, each.end, each.tokens) for each in segments] == [
        (0.0, 1.0, (1, 2)),
        (1.0, 2.0, (3,)),
        (2.0, pytest.approx(3.8), (4, 5)),
    ]
    assert within(segments, 2.05) == segments[:2]
    assert within(segments, 4.0) == segments
    assert split([1, 2], tokenizer) == (Segment(0.0, 0.0, (1, 2), " 2 words"),)


@pytest.mark.parametrize("chosen", [None, "ACTIVE"])
def test_waiting_threads_sleep_unless_the_user_chose_otherwise(
    chosen: str | None, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(WAITING, raising=False)
    if chosen:
        monkeypatch.setenv(WAITING, chosen)
    found: list[str | None] = []

    class Library(ModuleType):
        @property
        def WhisperModel(self) -> Any:
            found.append(os.environ.get(WAITING))
            return lambda *_, **__: None

    monkeypatch.setitem(sys.modules, "faster_whisper", Library("faster_whisper"))
    loading.load(model, "cpu", "int8", 2)
    assert set(found) == {chosen or "PASSIVE"}
    assert os.environ.get(WAITING) == chosen


def test_card_without_cublas_is_left_to_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctranslate2

    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(loading, "CUBLAS", "libnowhere.so.12")
    assert loading._device("auto") == "cpu"
    assert loading._device("cuda") == "cuda"
    (present,) = Path(ctranslate2.__file__).parents[1].glob("ctranslate2.libs/libgomp-*")
    monkeypatch.setattr(loading, "CUBLAS", str(present))
    assert loading._device("auto") == "cuda"
