"""Audio tokens become frames whatever the model writes, and windows sound as the whole does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from avatar_app.bench.scripted.orpheus import customs_of
from avatar_app.bench.scripted.snac import write_snac
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.tts.orpheus.frames import (
    CODES,
    PLACES,
    Frame,
    frames_of,
    place_and_code,
    until_loop,
)
from avatar_app.engines.tts.orpheus.snac import CONTEXT, FRAME, Decoder

FRAMES = st.lists(st.tuples(*[st.integers(0, CODES - 1)] * PLACES), max_size=8)


def test_codes_are_counted_as_in_the_design() -> None:
    """The code of the i-th sound is N − 10 − (i mod 7)·4096, where 0 is kept and 4096 refused."""
    for index in range(14):
        for code in (0, 1, 4095):
            assert place_and_code(10 + index % 7 * 4096 + code) == (index % 7, code)
    assert place_and_code(9) is None
    assert place_and_code(10 + 7 * 4096) is None
    assert list(frames_of([10 + 4096, *customs_of([range(1, 7)])])) == []


@given(FRAMES)
def test_every_frame_that_is_written_comes_out(frames: list[Frame]) -> None:
    assert list(frames_of(customs_of(frames))) == frames


@given(FRAMES, st.integers(0, 60), st.sampled_from(["lost", "twice", "text", "out of place"]))
def test_after_a_wrong_token_the_next_frames_are_right(
    frames: list[Frame], at: int, fault: str
) -> None:
    customs = customs_of(frames)
    at = min(at, max(len(customs) - 1, 0))
    wrong = {"lost": [], "twice": customs[at : at + 1] * 2, "text": [-5]}
    customs[at : at + 1] = wrong.get(fault, [10 + 3 * 4096 + 7])
    found = list(frames_of(customs))
    hit = at // PLACES
    assert found[:hit] == frames[:hit]
    kept = frames[hit + 1 :]
    assert found[len(found) - len(kept) :] == kept
    assert all(frame in frames or fault == "out of place" for frame in found), "no invented sound"


def test_a_loop_is_ended_after_two_seconds_and_speech_is_not() -> None:
    one, other, third = ((code,) * 7 for code in (1, 2, 3))
    assert len(list(until_loop([one] * 100))) == 24
    assert len(list(until_loop([one, other, third] * 100))) == 24 + 2
    rng = np.random.default_rng(1)
    varied = [tuple(int(code) for code in rng.integers(0, 4096, 7)) for _ in range(300)]
    assert list(until_loop(varied)) == varied
    pauses = [*varied[:9], *[one] * 20, *varied[9:]]
    assert list(until_loop(pauses)) == pauses


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snac(tmp_path_factory.mktemp("snac") / "decoder.onnx")


@pytest.fixture(scope="module")
def decoder(graph: Path) -> Decoder:
    return Decoder(graph, threads=1)


def random_frames(count: int) -> list[Frame]:
    rng = np.random.default_rng(count)
    return [tuple(int(code) for code in rng.integers(0, CODES, PLACES)) for _ in range(count)]


@pytest.mark.parametrize("window", [4, 5, 9, 16])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7, 8, 10, 11, 12, 27])
def test_a_stream_equals_the_whole(decoder: Decoder, count: int, window: int) -> None:
    frames = random_frames(count)
    pieces = list(decoder.stream(iter(frames), window, Turn(1)))
    whole = decoder.decode(frames, Turn(1)) if frames else np.zeros(0, np.float32)
    heard = np.concatenate([np.zeros(0, np.float32), *pieces])
    assert len(heard) == count * FRAME
    np.testing.assert_allclose(heard, whole, atol=1e-4)
    assert all(len(piece) >= window * FRAME for piece in pieces[:-1])


def test_less_context_would_be_heard(decoder: Decoder) -> None:
    """The network that the tests use is as far-sighted as the true one."""
    frames = random_frames(12)
    changed = [*frames[:6], random_frames(1)[0], *frames[7:]]
    before, after = (decoder.decode(each, Turn(1)) for each in (frames, changed))
    moved = np.flatnonzero(np.abs(before - after) > 1e-6) // FRAME
    assert 6 - CONTEXT <= moved.min() < 6 - 1
    assert 6 + 1 < moved.max() <= 6 + CONTEXT


def test_noise_that_an_export_adds_is_left_out(graph: Path, tmp_path: Path) -> None:
    model = onnx.load(str(graph))
    end = model.graph.node[-1]
    noise = helper.make_node("RandomNormalLike", [end.input[0]], ["noise"], scale=0.1)
    added = helper.make_node("Add", [end.input[0], "noise"], ["audio"])
    model.graph.node.remove(model.graph.node[-1])
    model.graph.node.extend([noise, added])
    onnx.save(model, str(tmp_path / "noisy.onnx"))
    noisy, frames = Decoder(tmp_path / "noisy.onnx", 1), random_frames(4)
    expected = Decoder(graph, 1).decode(frames, Turn(1))
    np.testing.assert_allclose(noisy.decode(frames, Turn(1)), expected, atol=1e-6)


def test_a_cancelled_turn_ends_the_graph(decoder: Decoder) -> None:
    turn = Turn(1)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        decoder.decode(random_frames(4), turn)


def codes(frames: Sequence[Frame], places: Sequence[int]) -> list[int]:
    return [frame[place] for frame in frames for place in places]


def test_codes_go_to_the_books_in_their_order(decoder: Decoder) -> None:
    """A frame a b c d e f g: a | b e | c d f g."""
    taken: list[list[int]] = []
    frames = [tuple(range(at, at + 7)) for at in (10, 20)]
    session = decoder._session

    class Watched:
        def run(self, names, inputs, options):
            taken.extend(value.ravel().tolist() for value in inputs.values())
            return session.run(names, inputs, options)

    decoder._session = Watched()
    try:
        decoder.decode(frames, Turn(1))
    finally:
        decoder._session = session
    assert taken == [codes(frames, (0,)), codes(frames, (1, 4)), codes(frames, (2, 3, 5, 6))]
