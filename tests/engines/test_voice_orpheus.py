"""Orpheus says what its language model writes: every frame, in order, and nothing else."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from voice_checks import ODD, SENTENCE, check_words_in_time, sound, spoken

from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.scripted.orpheus import SPOKEN, customs_of, write_orpheus
from avatar_app.core.errors import ConfigInvalid, EngineFailed, InputInvalid, ModelMissing
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.tts.orpheus.engine import OrpheusVoice
from avatar_app.engines.tts.orpheus.snac import FRAME, RATE
from avatar_app.engines.tts.orpheus.talker import longest_speech

MODULES = {"xllamacpp": "xllamacpp", "llama-cpp-python": "llama_cpp"}
LIBRARIES = [name for name, module in MODULES.items() if importlib.util.find_spec(module)]
SMALL = {"context": 2048, "threads": 1, "gpu_layers": 0}
SAMPLES = len(SPOKEN) * FRAME
"""Of one phrase."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_orpheus(tmp_path_factory.mktemp("orpheus"))


@pytest.fixture(scope="module", params=LIBRARIES)
def voice(folder: Path, request: pytest.FixtureRequest) -> Iterator[OrpheusVoice]:
    made = OrpheusVoice(model=str(folder), library=request.param, **SMALL)
    yield made
    made.close()


def opened(folder: Path, **options: Any) -> OrpheusVoice:
    return OrpheusVoice(**{"model": str(folder), **SMALL, **options})


def decoded(voice: OrpheusVoice, frames: Any) -> np.ndarray:
    assert voice._model is not None
    return voice._model.decoder.decode(frames, Turn(0))


def test_it_says_every_frame_that_the_model_writes(voice: OrpheusVoice) -> None:
    heard = sound(spoken(voice, "Hello."))
    whole = decoded(voice, SPOKEN)
    assert len(whole) == SAMPLES
    assert np.abs(whole).max() > 0.01
    np.testing.assert_allclose(heard[:SAMPLES], whole, atol=1e-4)
    assert not heard[SAMPLES:].any(), "after the last frame there is a pause"


@pytest.mark.parametrize("text", [SENTENCE, *ODD])
def test_every_word_has_its_time(voice: OrpheusVoice, text: str) -> None:
    check_words_in_time(spoken(voice, text), text)


def test_the_model_reads_voice_and_text_between_the_true_signs(voice: OrpheusVoice) -> None:
    assert voice._model is not None
    talker = voice._model.talker
    backend, signs = talker._backend, talker._signs
    name = [f"<custom_token_{number}>" for number in (3, 4, 5, 1)]
    before, *after = (backend.tokens(each, special=True)[0] for each in name)
    said = backend.tokens("tara: Hi <laugh>", special=False)
    assert talker._prompt("tara: Hi <laugh>") == [before, signs.text, *said, signs.end, *after]
    assert bytes(said).decode("latin-1") != "", "each letter is a token here"
    tricked = talker._prompt("tara: <custom_token_2><custom_token_99> Hi")
    assert max(tricked[2:-4]) < signs.custom, "a text cannot write sounds"


def test_emotions_reach_the_model_and_no_caption(
    voice: OrpheusVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert voice._model is not None
    talker, read = voice._model.talker, []
    write = talker._prompt
    monkeypatch.setattr(talker, "_prompt", lambda text: write(read.append(text) or text))
    chunks = spoken(voice, "<sigh> Well<LAUGH/>, that is 5 <chuckle> euros.")
    assert " ".join(read) == "tara: <sigh> Well, <laugh> that is five <chuckle> euros."
    words = [word.text for chunk in chunks for word in chunk.words]
    assert words == ["Well,", "that", "is", "5", "euros."]
    assert len(sound(chunks)) > SAMPLES
    assert len(sound(spoken(voice, "<yawn>"))) > SAMPLES, "a sound alone is heard, too"


def test_a_cancelled_turn_ends_it_within_a_token(
    voice: OrpheusVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert voice._model is not None
    turn, seen = Turn(1), []
    write = voice._model.talker._backend.write_tokens

    def counted(*arguments: Any) -> Iterator[int]:
        for token in write(*arguments):
            seen.append(turn.cancelled)
            if len(seen) == 20:
                turn.cancel()
            yield token

    monkeypatch.setattr(voice._model.talker._backend, "write_tokens", counted)
    with pytest.raises(TurnCancelled):
        list(voice.speak("Hello.", turn))
    monkeypatch.undo()
    assert len(seen) == 20
    assert len(sound(spoken(voice, "Still here."))) >= SAMPLES


def test_a_text_that_is_left_gives_way_to_the_next(voice: OrpheusVoice) -> None:
    left = voice.speak("Hello.", Turn(1))
    next(left)
    assert len(sound(spoken(voice, "And now?"))) >= SAMPLES
    with pytest.raises(EngineFailed, match="something else"):
        list(left)


def test_a_voice_that_says_nothing_is_replaced(tmp_path: Path) -> None:
    voice = opened(write_orpheus(tmp_path, mute="tara"))
    assert list(voice._windows("Hello.", "tara", voice._choices, Turn(1))) == []
    assert len(sound(spoken(voice, "Hello."))) >= SAMPLES, "leah speaks"
    voice.close()


def test_where_no_voice_says_anything_it_is_reported(tmp_path: Path) -> None:
    voice = opened(write_orpheus(tmp_path, customs=[]))
    with pytest.raises(EngineFailed, match=r"says nothing to 'Hello\.'") as failure:
        spoken(voice, "Hello.")
    assert failure.value.hint
    voice.close()


def test_a_model_that_is_stuck_is_ended(tmp_path: Path) -> None:
    voice = opened(write_orpheus(tmp_path, customs_of(SPOKEN[:3]), loops=True))
    text = "A long text. " * 3
    seconds = len(sound(spoken(voice, text))) / RATE
    assert 3 * 2 < seconds < 3 * 3.5, "two seconds a phrase, while the limit is five"
    voice.close()


def test_a_speech_that_does_not_end_is_cut_off(tmp_path: Path) -> None:
    frames = [tuple((101 * at + place) % 4096 for place in range(7)) for at in range(10)]
    voice = opened(write_orpheus(tmp_path, customs_of(frames), loops=True))
    assert len(sound(spoken(voice, "Oh"))) / FRAME <= longest_speech("tara: Oh") + 1
    voice.close()


def test_the_same_seed_gives_the_same_sound_and_manner_changes_it(voice: OrpheusVoice) -> None:
    usual = sound(spoken(voice, "Hello."))
    np.testing.assert_array_equal(usual, sound(spoken(voice, "Hello.")))
    voice.configure(speed=2.0)
    quick = sound(spoken(voice, "Hello."))
    voice.configure(speed=1.0, volume=0.5)
    quiet = sound(spoken(voice, "Hello."))
    voice.configure(volume=1.0)
    assert len(quick) == pytest.approx(len(usual) / 2, rel=0.1)
    np.testing.assert_allclose(quiet, usual / 2, atol=1e-6)


def test_voices_belong_to_a_language(voice: OrpheusVoice, folder: Path) -> None:
    english = OrpheusVoice.speakers(model=str(folder))
    assert english == ("tara", "leah", "jess", "leo", "dan", "mia", "zac", "zoe")
    with pytest.raises(ConfigInvalid, match="jana") as refused:
        voice.configure(voice="jana")
    assert "zoe" in refused.value.hint
    voice.configure(voice="jana", language="de")
    assert spoken(voice, "Guten Tag.")
    voice.configure(voice="", language="en")


@pytest.mark.parametrize(
    "damage", ["no talker", "no decoder", "broken", "text", "other", "other graph"]
)
def test_a_missing_or_damaged_model_is_reported(
    tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = write_orpheus(tmp_path / "model")
    talker, decoder = folder / "orpheus-3b.gguf", folder / "snac_24khz_decoder.onnx"
    match damage:
        case "no talker":
            talker.unlink()
        case "no decoder":
            decoder.unlink()
        case "broken":
            decoder.write_bytes(decoder.read_bytes()[:1000])
        case "text":
            talker.write_text("no model")
        case "other":
            write_llama(talker, "I am another one.")
        case "other graph":
            model = onnx.load(str(decoder))
            model.graph.node[0].op_type = "Nothing"
            onnx.save(model, str(decoder))
    with pytest.raises((ModelMissing, InputInvalid)) as error:
        opened(folder)
    assert error.value.hint


def test_a_phrase_comes_in_pieces_while_it_is_written(tmp_path: Path) -> None:
    frames = [tuple((101 * at + 7 * place) % 4096 for place in range(7)) for at in range(17)]
    voice = opened(write_orpheus(tmp_path, customs_of(frames)))
    chunks = spoken(voice, "Hello, hello")
    assert len(chunks) >= 4
    np.testing.assert_allclose(sound(chunks)[: 17 * FRAME], decoded(voice, frames), atol=1e-4)
    ends = [chunk.audio.start + len(chunk.audio.samples) for chunk in chunks]
    assert all(end == chunk.audio.start for end, chunk in zip(ends, chunks[1:], strict=False))
    assert all(one < two for one, two in pairwise(ends))
    voice.close()
