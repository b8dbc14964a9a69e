"""A cloned voice reaches engines that can clone, from the microphone to a file, while it may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from cloning import DRAWN, NAME
from spoken import HIM, STORY, spoken, written

from avatar_app.cli import main as cli
from avatar_app.cli import voices as cli_voices
from avatar_app.core.errors import DeviceUnavailable, InputInvalid
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.media.sound_reader import read_sound
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech import speech_to_text
from avatar_app.speech.text_to_speech import TTSEngine
from avatar_app.system.paths import app_paths
from avatar_app.voices import recording
from avatar_app.voices.library import CONSENT, MANIFEST, ClonedVoice, VoiceLibrary
from avatar_app.voices.recording import Listener, Notice, record

PARROT = """
name: parrot
kind: tts
entry: engine:Parrot
title: Parrot
summary: Plays a cloned voice's reference.
license: MIT
clones: {clones}
options:
  voice: {{type: text, default: "", help: Who speaks.}}
  language: {{type: text, default: en, help: What is spoken.}}
"""
ENGINE = """
from pathlib import Path
from avatar_app.media.sound_reader import read_sound
from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import SpeechChunk

class Parrot:
    def __init__(self, voice, language):
        self.configure(voice)
    def configure(self, voice, language="en"):
        self.reference = Path(voice) / "reference.wav"
    def speak(self, text, turn):
        if not self.reference.is_file():
            raise InputInvalid(f"There is no voice {self.reference.parent}.", "")
        yield SpeechChunk(read_sound(self.reference), text)
    def close(self):
        pass
"""


@pytest.fixture
def parrot() -> Callable[..., str]:
    """Makes an engine of the user's that does, or does not, take cloned voices; its name."""

    def make(*, clones: bool = True) -> str:
        folder = app_paths().engines / "tts" / "parrot"
        folder.mkdir(parents=True)
        (folder / "manifest.yaml").write_text(PARROT.format(clones=str(clones).lower()))
        (folder / "engine.py").write_text(ENGINE)
        return "parrot"

    return make


def test_a_cloned_voice_speaks_by_its_name_until_it_is_revoked(
    voice: ClonedVoice, parrot: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "hello.wav"
    with TTSEngine(EngineChoice(engine=parrot(), options={"voice": NAME})) as engine:
        written = engine.synthesize("Hello", file, sample_rate=16_000)
        assert written.seconds == pytest.approx(voice.seconds, abs=0.1)
        VoiceLibrary.of(app_paths()).revoke(NAME)
        with pytest.raises(InputInvalid, match="There is no voice"):
            engine.synthesize("Hello", file)


def test_consent_is_checked_on_every_use(
    voice: ClonedVoice, parrot: Callable[..., str], tmp_path: Path
) -> None:
    with TTSEngine(EngineChoice(engine=parrot())) as engine:
        assert engine.synthesize("Hello", tmp_path / "hello.wav", speaker=NAME).seconds > 3
        (voice.folder / CONSENT).unlink()
        with pytest.raises(InputInvalid, match="has no consent"):
            engine.synthesize("Hello", tmp_path / "hello.wav", speaker=NAME)


@pytest.mark.parametrize("stripped", [(CONSENT,), (CONSENT, MANIFEST)])
def test_folder_path_without_consent_is_refused(
    stripped: tuple[str, ...], voice: ClonedVoice, parrot: Callable[..., str], tmp_path: Path
) -> None:
    folder = voice.folder.rename(tmp_path / "taken")
    for name in stripped:
        (folder / name).unlink()
    with pytest.raises(InputInvalid, match="has no consent"):
        TTSEngine(EngineChoice(engine=parrot(), options={"voice": str(folder)}))


def test_engine_without_cloning_keeps_its_voice_names(
    voice: ClonedVoice, parrot: Callable[..., str], tmp_path: Path
) -> None:
    with (
        TTSEngine(EngineChoice(engine=parrot(clones=False), options={"voice": NAME})) as engine,
        pytest.raises(InputInvalid, match=f"There is no voice {NAME}"),
    ):
        engine.synthesize("Hello", tmp_path / "hello.wav")


def source_of(samples: Samples) -> recording.Open:
    """A microphone that hears these samples, all at once."""

    @contextmanager
    def opened(on_block: Listener, _on_notice: Notice) -> Iterator[None]:
        for at in range(0, len(samples) - MICROPHONE_BLOCK + 1, MICROPHONE_BLOCK):
            block = samples[at : at + MICROPHONE_BLOCK]
            on_block(AudioChunk(block, MICROPHONE_RATE, at), 0.0)
        yield

    return opened


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * MICROPHONE_RATE), np.float32)


def listening_job() -> Job[Samples]:
    return Job("Listening", lambda job: silence(0))


def test_microphone_recording_ends_at_a_pause() -> None:
    said = spoken(DRAWN.text)
    sound = np.concatenate([silence(1), said, silence(5)])
    heard = record(listening_job(), source_of(sound))
    seconds = len(heard) / MICROPHONE_RATE
    assert 1 + len(said) / MICROPHONE_RATE + 1.2 <= seconds <= len(said) / MICROPHONE_RATE + 3.2
    assert np.array_equal(heard, sound[: len(heard)])


def test_longer_recordings_may_contain_pauses() -> None:
    said = spoken(STORY)
    sound = np.concatenate([said, silence(2), said, silence(5)])
    both = record(listening_job(), source_of(sound), least=len(said) / MICROPHONE_RATE * 1.3)
    assert len(both) > 2 * len(said)
    assert len(record(listening_job(), source_of(sound))) < 1.5 * len(said)


def test_a_recording_without_speech_is_reported() -> None:
    with pytest.raises(InputInvalid, match="within 30 seconds"):
        record(listening_job(), source_of(silence(31)))


def test_missing_microphone_is_reported() -> None:
    @contextmanager
    def unplugged(_on_block: Listener, on_notice: Notice) -> Iterator[None]:
        on_notice("No microphone was found.", "You can type.")
        yield

    with pytest.raises(DeviceUnavailable, match="No microphone was found"):
        record(listening_job(), unplugged)


def test_recording_can_be_cancelled() -> None:
    job = listening_job()
    job.cancel()
    with pytest.raises(JobCancelled):
        record(job, source_of(silence(5)))


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    no_keyring: None,
    always_drawn: None,
) -> Run:
    """Runs `avatar-app voices …`, to which everybody reads DRAWN; its status, output and errors."""
    monkeypatch.setattr(speech_to_text, "transcriber_for", lambda *_: lambda _: DRAWN.text)
    for console in (cli.err, cli_voices._out, cli_voices._err):
        monkeypatch.setattr(console, "_width", 200)

    def run_line(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["avatar-app", "voices", *map(str, words)])
        returned = cli.run_command_line()
        captured = capsys.readouterr()
        return returned, captured.out, captured.err

    return run_line


def test_voice_is_created_listed_and_revoked_by_command(run: Run, tmp_path: Path) -> None:
    reference = written(tmp_path / "story.wav", spoken(STORY))
    returned, output, _ = run("clone", reference, "--name", NAME)
    assert returned == 0
    assert output.count("✓") == 6
    assert DRAWN.text in output
    assert f"voices clone {reference} --name ada --consent RECORDING" in output
    his = written(tmp_path / "his.wav", spoken(DRAWN.text, HIM))
    returned, _, errors = run("clone", reference, "--name", NAME, "--consent", his)
    assert returned == 1
    assert "read by another voice" in errors
    hers = written(tmp_path / "hers.wav", spoken(DRAWN.text))
    returned, output, _ = run("clone", reference, "--name", NAME, "--consent", hers)
    assert returned == 0
    assert "--engine coqui --voice ada" in output
    assert NAME in run("list")[1]
    assert "was revoked" in run("revoke", NAME)[1]
    assert "You have no voices yet" in run("list")[1]


def test_reference_and_consent_are_recorded_without_a_file(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter([spoken(STORY), spoken(DRAWN.text)])
    monkeypatch.setattr(
        recording,
        "open_microphone",
        lambda _device: source_of(np.concatenate([next(said), silence(3)])),
    )
    returned, output, errors = run("clone", "--name", NAME, "--record")
    assert (returned, errors) == (0, "")
    assert output.index("about ten seconds") < output.index(DRAWN.text)
    assert VoiceLibrary.of(app_paths()).names() == (NAME,)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("clone", "--name", NAME), "No recording given"),
        (("clone", "x.wav", "--name", NAME, "--record", "--consent", "y.wav"), "exclude"),
        (("clone", "x.wav", "--name", NAME), "x.wav does not exist"),
        (("clone", "x.wav", "--name", "Ada"), "x.wav does not exist"),
        (("clone", "x.wav", "--name", "../ada"), "cannot be called '../ada'"),
        (("revoke", NAME), "Unknown cloned voice"),
    ],
)
def test_invalid_recordings_are_reported(run: Run, words: tuple[str, ...], sentence: str) -> None:
    returned, _, errors = run(*words)
    assert returned == 1
    assert sentence in errors


def test_a_voice_without_consent_is_listed_with_what_is_wrong(run: Run, voice: ClonedVoice) -> None:
    (voice.folder / CONSENT).unlink()
    returned, output, errors = run("list")
    assert (returned, output) == (0, "")
    assert "The voice ada has no consent of its speaker." in errors


def test_options_of_the_named_engine_are_used(
    monkeypatch: pytest.MonkeyPatch, voice: ClonedVoice, parrot: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "hello.wav"
    words = ["speak", "Hello", "--output", file, "--engine", parrot()]
    chosen = ["--set", f"tts.options.voice={NAME}", "--rate", MICROPHONE_RATE]
    monkeypatch.setattr("sys.argv", ["avatar-app", *map(str, [*words, *chosen])])
    assert cli.run_command_line() == 0
    assert len(read_sound(file).samples) == pytest.approx(voice.seconds * MICROPHONE_RATE, rel=0.02)
