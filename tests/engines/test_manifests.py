"""One contract for every engine that comes with the program: what its manifest says is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_app.core.engines import Engine
from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.manifest import Isolation, Kind, Manifest, Option, OptionType
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    PLAYBACK_BLOCK,
    PLAYBACK_RATE,
    AudioChunk,
    FaceState,
    SpeechChunk,
    ToolCall,
    ToolResult,
    Viseme,
)
from avatar_app.core.values import MouthShape as Mouth
from avatar_app.engines.hosting.host import Host
from avatar_app.engines.hosting.hosted import HOSTED
from avatar_app.media.blocks import blocks_of
from avatar_app.media.sound_reader import read_sound
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.runtime.registry import Registry

ALL = Registry(user=Path("no user's engines")).all()
SERVED = {"openai", "realtime"}
"""What another program answers for."""
BROUGHT = {
    "clip",
    "live_portrait",
    "flux",
    "svd",
    "modelscope",
    "student",
    "whole_head",
    "musetalk",
    "voxtral_torch",
}
"""What needs files that the catalog does not have: the user brings them, or has them made."""
MANIFESTS = tuple(
    manifest
    for manifest in ALL
    if not manifest.needs.models and manifest.name not in SERVED | BROUGHT
)
"""What works with nothing fetched or started; others keep the contract in their own tests."""
APART = {
    "coqui-tts", "torch", "diffusers", "transformers", "accelerate", "sentencepiece",
    "mistral-common",
}  # fmt: skip
"""What only `make test-voices` installs; tests/coqui and its neighbors look at it."""
MOST_VALUES = 6
"""Of a choice with a hundred values, the first, the last, and some between are tried."""

each = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda m: f"{m.kind}-{m.name}")


def of(kind: Kind) -> Any:
    chosen = [manifest for manifest in MANIFESTS if manifest.kind is kind]
    return pytest.mark.parametrize("manifest", chosen, ids=lambda m: m.name)


@pytest.fixture(scope="module")
def engine_of() -> Iterator[Callable[[Manifest], Any]]:
    """Each engine is loaded once; those that come with a thread, before the first test."""
    engines: dict[Manifest, Any] = {}

    def get(manifest: Manifest) -> Any:
        if manifest not in engines:
            engines[manifest] = create_engine(Registry(), manifest, small(manifest))
        return engines[manifest]

    for manifest in MANIFESTS:
        if manifest.isolation is Isolation.PROCESS:
            get(manifest)
    yield get
    for engine in engines.values():
        engine.close()


def small(manifest: Manifest) -> dict[str, Any]:
    """Pictures are small in tests."""
    sizes = {"width": 192, "height": 108}
    return {option.name: sizes[option.name] for option in manifest.options if option.name in sizes}


def values_of(option: Option) -> list[Any]:
    """What a user may set it to."""
    match option.type:
        case OptionType.CHOICE:
            step = max(len(option.values) // MOST_VALUES, 1)
            return [*option.values[::step], option.values[-1]]
        case OptionType.BOOLEAN:
            return [True, False]
        case OptionType.TEXT:
            return ["Mira", "", "ä ö"]
        case _:
            bounds = [bound for bound in (option.min, option.max) if bound is not None]
            whole = option.type is OptionType.INTEGER
            return [int(bound) if whole else float(bound) for bound in bounds]


@pytest.mark.parametrize("manifest", ALL, ids=lambda m: f"{m.kind}-{m.name}")
def test_manifest_is_complete_and_its_packages_are_installed(manifest: Manifest) -> None:
    assert manifest.title.strip()
    assert manifest.license.strip()
    assert manifest.summary.endswith(".")
    assert set(Registry().missing_packages(manifest)) <= APART
    assert all(option.help.endswith(".") for option in manifest.options)
    assert all(isinstance(language, str) for language in manifest.languages), "no is false in YAML"
    assert manifest.isolation is Isolation.THREAD or manifest.kind in HOSTED


@each
def test_engine_implements_its_protocol(
    manifest: Manifest, engine_of: Callable[[Manifest], Any]
) -> None:
    engine = engine_of(manifest)
    assert isinstance(engine, Engine)
    assert isinstance(engine, Host) == (manifest.isolation is Isolation.PROCESS)


@each
def test_every_value_offered_by_the_manifest_is_accepted(
    manifest: Manifest, engine_of: Callable[[Manifest], Any]
) -> None:
    engine = engine_of(manifest)
    engine.configure(**{**manifest.checked(manifest.defaults()), **small(manifest)})
    for option in manifest.options:
        if option.name in small(manifest):
            continue
        for value in values_of(option):
            error = refusal(engine, option, value)
            assert error is None or (option.type is OptionType.TEXT and error.hint)
        engine.configure(**{option.name: option.check(option.default)})


def refusal(engine: Any, option: Option, value: Any) -> AvatarError | None:
    """A text may name something that is not there."""
    try:
        engine.configure(**{option.name: option.check(value)})
    except AvatarError as error:
        return error
    return None


@each
def test_unknown_option_is_refused(manifest: Manifest) -> None:
    with pytest.raises(ConfigInvalid):
        manifest.checked({"nonsense": 1})
    for option in manifest.options:
        if option.max is not None:
            with pytest.raises(ConfigInvalid):
                option.check(option.max + 1)


@of(Kind.FACE)
@pytest.mark.parametrize(("width", "height"), [(64, 64), (640, 360)])
def test_face_contract_frames_have_the_requested_size(
    manifest: Manifest, width: int, height: int
) -> None:
    face = create_engine(Registry(), manifest, {"width": width, "height": height})
    assert face.rest(FaceState.IDLE).image.shape == (height, width, 3)
    face.close()


@of(Kind.VAD)
def test_vad_contract_speech_scores_higher_than_noise(
    manifest: Manifest, engine_of: Callable[[Manifest], Any]
) -> None:
    detector = engine_of(manifest)
    speech = read_sound(Path(__file__).parents[1] / "data/goforward.wav").samples
    noise = np.random.default_rng(1).normal(0, 0.001, 16000).astype(np.float32)
    quiet = [detector.probability(block) for block in blocks_of(noise)]
    heard = [detector.probability(block) for block in blocks_of(speech)]
    assert len(quiet) == 100
    assert all(0 <= probability <= 1 for probability in quiet + heard)
    assert np.mean(np.array(quiet) > 0.5) < 0.2
    assert np.mean(np.array(heard) > 0.5) > 0.3


@of(Kind.TURN)
def test_turn_detector_contract(manifest: Manifest, engine_of: Callable[[Manifest], Any]) -> None:
    detector = engine_of(manifest)
    for seconds in (0.01, 2.0, 8.0):
        silence = np.zeros(round(seconds * MICROPHONE_RATE), np.float32)
        assert 0 <= detector.probability(AudioChunk(silence, MICROPHONE_RATE)) <= 1


@of(Kind.AEC)
def test_aec_contract(manifest: Manifest, engine_of: Callable[[Manifest], Any]) -> None:
    canceller = engine_of(manifest)
    for number in range(10):
        played = AudioChunk(np.zeros(PLAYBACK_BLOCK, np.float32), PLAYBACK_RATE, number * 480)
        canceller.played(played)
        heard = AudioChunk(np.full(160, 0.1, np.float32), MICROPHONE_RATE, number * 160)
        clean = canceller.clean(heard, 0.05)
        assert clean.samples.shape == (MICROPHONE_BLOCK,)
        assert clean.samples.dtype == np.float32
        assert (clean.rate, clean.start) == (MICROPHONE_RATE, heard.start)
        assert np.isfinite(clean.samples).all()


@of(Kind.ASR)
def test_asr_contract(manifest: Manifest, engine_of: Callable[[Manifest], Any]) -> None:
    recognizer = engine_of(manifest)
    silence = np.zeros(MICROPHONE_RATE, np.float32)
    transcripts = list(recognizer.transcribe(blocks_of(silence), Turn(1)))
    assert [transcript.final for transcript in transcripts[:-1]] == [False] * (len(transcripts) - 1)
    assert transcripts[-1].final
    assert list(recognizer.transcribe(iter(()), Turn(2)))[-1].final
    speech = read_sound(Path(__file__).parents[1] / "data/goforward.wav").samples
    transcripts = list(recognizer.transcribe(blocks_of(speech), Turn(3)))
    assert "forward" in transcripts[-1].text
    assert all(t.confidence is None or 0 <= t.confidence <= 1 for t in transcripts)


@of(Kind.DIALOGUE)
def test_dialogue_contract(manifest: Manifest, engine_of: Callable[[Manifest], Any]) -> None:
    dialogue = engine_of(manifest)
    for text in ("hello", "", "?!", "word " * 500, "what time is it", "日本語"):
        reply = dialogue.reply(Prompt((Message(Role.USER, text),)), Turn(1))
        written, answer = "", None
        while True:
            try:
                piece = reply.send(answer)
            except StopIteration:
                break
            answer = ToolResult(error="It cannot be done.") if isinstance(piece, ToolCall) else None
            written += piece if isinstance(piece, str) else ""
        assert written.strip()


@of(Kind.TTS)
@pytest.mark.parametrize("text", ["Hello there.", "It is 3.50, or so — isn't it?", "…", "1,000"])
def test_tts_contract(manifest: Manifest, engine_of: Callable[[Manifest], Any], text: str) -> None:
    voice = engine_of(manifest)
    chunks = list(voice.speak(text, Turn(1)))
    assert [word.text for chunk in chunks for word in chunk.words] == text.split()
    assert " ".join(chunk.text for chunk in chunks if chunk.text) == " ".join(text.split())
    for chunk in chunks:
        assert chunk.audio.rate == manifest.rate
        assert chunk.audio.samples.dtype == np.float32
        assert np.abs(chunk.audio.samples).max(initial=0) <= 1
        times = [viseme.at for viseme in chunk.visemes]
        assert times == sorted(times)
        assert all(0 <= at <= chunk.audio.seconds + 1e-6 for at in times)
        starts = [word.start for word in chunk.words]
        assert starts == sorted(starts)
        assert all(word.start <= word.end for word in chunk.words)
    assert sum(chunk.audio.seconds for chunk in chunks) > 0


def spoken(count: int = 3) -> Iterator[SpeechChunk]:
    for index in range(count):
        tone = 0.3 * np.sin(np.arange(PLAYBACK_RATE // 5) * 0.03)
        audio = AudioChunk(tone.astype(np.float32), PLAYBACK_RATE, index * PLAYBACK_RATE // 5)
        yield SpeechChunk(audio, "ah", (), (Viseme(Mouth.AA, 0.0), Viseme(Mouth.SIL, 0.15)))


@of(Kind.FACE)
def test_face_contract(manifest: Manifest, engine_of: Callable[[Manifest], Any]) -> None:
    face = engine_of(manifest)
    before = face.rest(FaceState.IDLE)
    for look in FaceState:
        before = face.rest(look, before)
        assert before.image.dtype == np.uint8
    frames = list(face.perform(spoken(), Turn(1), before))
    assert {frame.image.shape for frame in frames} == {before.image.shape}
    assert [frame.at for frame in frames] == pytest.approx(
        [index / face.fps for index in range(len(frames))]
    )
    assert frames[-1].at >= 0.6 - 2 / face.fps
    assert any(not np.array_equal(frames[0].image, frame.image) for frame in frames)
    face.rest(FaceState.IDLE, frames[-1])
    assert len(list(face.perform(iter(()), Turn(2)))) <= 1


@each
def test_cancelled_turn_ends_every_engine(
    manifest: Manifest, engine_of: Callable[[Manifest], Any]
) -> None:
    engine = engine_of(manifest)
    turn = Turn(1)

    def cancelled(items: Iterator[Any]) -> Iterator[Any]:
        for index, item in enumerate(items):
            if index == 2:
                turn.cancel()
            turn.check()
            yield item

    text = "One two three. " * 100
    prompt = Prompt((Message(Role.USER, "tell me a story"),))
    noise = np.random.default_rng(1).normal(0, 0.1, 160_000).astype(np.float32)
    started: dict[Kind, Callable[[], Iterator[Any]]] = {
        Kind.ASR: lambda: engine.transcribe(cancelled(blocks_of(noise)), turn),
        Kind.TTS: lambda: engine.speak(text, turn),
        Kind.FACE: lambda: engine.perform(cancelled(spoken(1000)), turn),
        Kind.DIALOGUE: lambda: engine.reply(prompt, turn),
    }
    if manifest.kind not in started:
        assert manifest.promises.cancels_within_ms is None  # it works in blocks of 10 ms
        return
    outputs = started[manifest.kind]()
    if manifest.kind in (Kind.TTS, Kind.DIALOGUE):
        next(outputs)
        turn.cancel()
    assert take_until_cancelled(outputs) <= 20
    assert manifest.promises.cancels_within_ms is not None


def take_until_cancelled(outputs: Iterator[Any]) -> int:
    """How many outputs came."""
    count = 0
    try:
        for _ in outputs:
            count += 1
    except TurnCancelled:
        return count
    return count


def test_every_kind_has_a_builtin_engine() -> None:
    names = {(manifest.kind, manifest.name) for manifest in MANIFESTS}
    assert set(BUILTIN) == set(Kind)
    assert set(BUILTIN.items()) <= names
