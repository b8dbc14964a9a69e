"""A data folder that 972e2c0 wrote is opened: nothing in it is lost or means another thing."""

from __future__ import annotations

import json
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keyrings import MemoryKeyring, keyring_in_use

from avatar_app.avatars.archive import import_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.events import Outcome
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, FaceState, SpeechChunk
from avatar_app.models.catalog import user_catalog
from avatar_app.models.partial_file import PartialFile
from avatar_app.models.resolve import with_model_path
from avatar_app.models.store import Presence, Store
from avatar_app.models.verify import verify
from avatar_app.performance.apply import undo
from avatar_app.render.estimate import RenderSpeed, RenderSpeeds
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import choices
from avatar_app.runtime.memory.estimate import choice_key
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.settings.renamed import RENAMED
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.settings.user_file import save_user_setting
from avatar_app.speech.text_to_speech import TTSStreamer
from avatar_app.storage.agenda import Agenda
from avatar_app.storage.history import History
from avatar_app.storage.measurements import EngineProfile, Measurements
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths
from avatar_app.tools.services import Alarm, Fact
from avatar_app.voices.cloning import read_request
from avatar_app.voices.library import VoiceLibrary, open_voice

WRITTEN = Path(__file__).parents[1] / "data" / "data-972e2c0"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
KEY = json.loads((WRITTEN / "keyring.json").read_text())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, and the user's now."""
    copy = tmp_path / "user"
    shutil.copytree(WRITTEN / "user", copy)
    monkeypatch.setenv("AVATAR_DATA_DIR", str(copy))
    return copy


@pytest.fixture(params=["in the keyring", "in a file"])
def signed(folder: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """The key of the cloned voices is where the user had it."""
    ((service, key),) = KEY.items()
    backend = MemoryKeyring()
    if request.param == "in the keyring":
        backend.passwords[service, str(folder)] = key
    else:
        (folder / "voices.key").write_bytes(bytes.fromhex(key))
    with keyring_in_use(backend):
        yield


def settings_of(path: Path) -> Settings:
    settings, notices = load_settings(user_file=path, environ={})
    assert all("is now called" in notice.message for notice in notices)
    return settings


def test_settings_under_former_names_are_read_with_one_notice(folder: Path) -> None:
    settings, notices = load_settings(environ={})
    said = [notice.message for notice in notices]
    for former, present in RENAMED.items():
        (sentence,) = [each for each in said if f" {former} is now called {present} " in each]
        assert str(folder / "config.yaml") in sentence
    assert sum("embedded is now called builtin" in each for each in said) == 2
    assert sum("of espeak is now called" in each for each in said) == 3
    assert len(said) == len(RENAMED) + 2 + 3
    assert settings.audio.aec == EngineChoice(engine="none")
    assert settings.vad == EngineChoice(engine="webrtc", options={"aggressiveness": 2})
    newer = {"sure_endpointing_delay", "right_before", "follow_up"}
    assert settings.turn_detection.model_dump(exclude=newer) == {
        "duck_after": 0.03,
        "pause_after": 0.06,
        "min_speech": 0.09,
        "prefix_padding": 0.4,
        "preemptive_generation_delay": 0.35,
        "min_endpointing_delay": 0.8,
        "max_endpointing_delay": 1.9,
        "max_utterance": 45.0,
        "backchannels": ("mm-hm", "aha", "genau"),
    }
    assert settings.face_enhancement == EngineChoice(engine="gfpgan", options={"strength": 0.6})
    assert (settings.memory_limits.soft, settings.memory_limits.hard) == (0.8, 0.9)


def test_former_settings_keep_their_meaning(folder: Path) -> None:
    settings = settings_of(folder / "config.yaml")
    standard, high = settings.render.standard, settings.render.high
    assert (standard.face_detection_batch, standard.lip_batch) == (2, 16)
    assert (standard.x264_preset, standard.width, standard.fps) == ("fast", 1280, 25)
    assert (high.face_detection_batch, high.lip_batch, high.x264_preset) == (3, 32, "medium")
    assert (settings.render.quality, high.fps, high.width) == ("high", 25, 1920)
    assert (settings.avatars.detector, settings.avatars.detector_batch) == ("builtin", 5)
    assert settings.dialogue == EngineChoice(engine="builtin", options={"talkativeness": "short"})
    spoken = {"language": "en-gb", "voice": "f3", "expressiveness": 1.4}
    assert settings.tts == EngineChoice(engine="espeak", options=spoken)
    lively = {"character": "theo", "expressiveness": 0.75}
    assert settings.face == EngineChoice(engine="illustrated", options=lively)
    assert (settings.persona, settings.history.days) == ("professor", 30)
    assert settings.window.geometry == "AdnQywADAAAA"


def test_former_engine_names_choose_existing_engines(folder: Path) -> None:
    registry = Registry()
    for kind, choice in choices(settings_of(folder / "config.yaml")).items():
        registry.find(kind, choice.engine).checked(choice.options)


def test_applied_plan_can_be_undone(folder: Path) -> None:
    undo(folder / "config.yaml")
    lively = {"voice": "bf_emma", "expressiveness": 1.3}
    assert settings_of(folder / "config.yaml").tts == EngineChoice(engine="kokoro", options=lively)


def test_saving_preserves_former_names_and_comments(folder: Path) -> None:
    save_user_setting("memory_limits.soft", 0.7)
    save_user_setting("tts.options.voice", "m1")
    save_user_setting("dialogue.engine", "builtin")
    settings = settings_of(folder / "config.yaml")
    assert (settings.memory_limits.soft, settings.memory_limits.hard) == (0.7, 0.9)
    spoken = {"language": "en-gb", "voice": "m1", "expressiveness": 1.4}
    assert settings.tts == EngineChoice(engine="espeak", options=spoken)
    text = (folder / "config.yaml").read_text()
    for line in (WRITTEN / "by-hand" / "config.yaml").read_text().splitlines():
        if "#" in line:
            assert line.partition("#")[2] in text


def test_history_is_read_and_continued(folder: Path) -> None:
    history = History(app_paths().history_file)
    finished, typed, interrupted = history.recent(10)
    assert [turn.outcome for turn in (finished, typed)] == [Outcome.FINISHED] * 2
    assert finished.marks["first_sound"] == 2.8
    assert (finished.pictures.shown, finished.pictures.stand_in) == (60, 3)
    assert (typed.typed, typed.user_text) == (True, "remember that my sister is called Ada")
    assert interrupted.outcome is Outcome.INTERRUPTED
    assert interrupted.heard_text == "Once upon a time there was"
    assert interrupted.avatar_text.startswith(interrupted.heard_text)
    assert (interrupted.at, interrupted.pictures.still) == (NOON.replace(minute=2), 4)
    (found,) = history.conversations.search("GRÜSSE")
    assert found.hits == 1
    history.add(typed, NOON)
    assert len(history.recent(10)) == 4
    history.close()


def test_notes_and_facts_are_remembered() -> None:
    memory = Memory(app_paths().memory_file)
    assert memory.facts() == [Fact("user", "name", "Jo"), Fact("sister", "name", "Ada")]
    first, second = memory.notes()
    assert (first.text, first.written) == ("buy bread", NOON)
    assert second.text == "call the harbour master"
    assert memory.notice == ""
    memory.close()


def test_elapsed_timers_are_announced_and_reminders_wait(folder: Path) -> None:
    fired: list[str] = []
    agenda = Agenda(folder / "agenda.db", fired.append, clock=lambda: NOON.replace(hour=14))
    (reminder,) = agenda.appointments(Alarm.REMINDER)
    assert (reminder.text, reminder.due.year) == ("water the plants", 2099)
    agenda.fire_due()
    assert fired == ["While you were away, your tea timer ended, at 12:00 PM."]
    agenda.close()


def test_measurements_of_renamed_engines_are_migrated() -> None:
    measurements = Measurements.of(app_paths())
    nothing, whisper = choice_key({}), choice_key({"model": "whisper-small", "device": "cpu"})
    trial = EngineProfile(5.5, first_output_ms=9.0)
    assert measurements.trials(Kind.DIALOGUE, "builtin") == {nothing: trial}
    assert measurements.trials(Kind.DIALOGUE, "embedded") == {}
    assert measurements.trial(Kind.ASR, "whisper", whisper) == EngineProfile(
        700, 0, 484, 310, 0.4, 80
    )
    times = {each.engine: each for each in measurements.engines()}
    assert set(times) == {"builtin", "kokoro"}
    assert (times["builtin"].times.count, times["kokoro"].model) == (3, "kokoro-v1.0")
    assert measurements.speed("a processor | 8 | x86_64 | 2.0.0") == 123.5
    measurements.close()


def test_current_measurement_wins_over_a_migrated_one(folder: Path) -> None:
    """As where a user went back to 972e2c0 for a while, with a file of a version in between."""
    with sqlite3.connect(folder / "measurements.db") as connection:
        connection.execute(
            "INSERT INTO trials SELECT kind, 'builtin', choice, at, 4.5, vram_mb, model_mb,"
            " first_output_ms, realtime_factor, cancel_ms FROM trials WHERE engine = 'embedded'"
        )
    connection.close()
    measurements = Measurements.of(app_paths())
    (trial,) = measurements.trials(Kind.DIALOGUE, "builtin").values()
    assert trial.ram_mb == 4.5
    measurements.close()


def test_avatar_and_its_export_are_read() -> None:
    library = AvatarLibrary.of(app_paths())
    (avatar,), notices = library.entries()
    assert (avatar.name, avatar.portrait.shape, notices) == ("eileen", (240, 240, 3), ())
    copy = import_avatar(WRITTEN / "eileen.avatar", "again", library)
    assert np.array_equal(copy.mesh, avatar.mesh)
    assert np.array_equal(copy.portrait, avatar.portrait)
    assert copy.created == avatar.created


def test_avatar_animates() -> None:
    registry = Registry()
    folder = AvatarLibrary.of(app_paths()).folder("eileen")
    size = {"width": 96, "height": 96}
    manifest = registry.find(Kind.FACE, "photo")
    face = create_engine(registry, manifest, {"avatar": str(folder), **size})
    sound = np.sin(np.arange(8000) / 5).astype(np.float32) / 2
    assert face.rest(FaceState.IDLE, None).image.shape == (96, 96, 3)
    frames = list(face.perform(iter([SpeechChunk(AudioChunk(sound, 16_000))]), Turn(0)))
    assert len(frames) > 10
    face.close()


@pytest.mark.usefixtures("signed")
def test_the_cloned_voice_opens_with_its_consent() -> None:
    library = VoiceLibrary.of(app_paths())
    assert library.names() == ("ada", "bob")
    voice = open_voice(library.folder("ada"), app_paths())
    assert (voice.name, voice.seconds) == ("ada", 4.175)
    assert voice.created == NOON.isoformat()
    assert voice.latents is not None
    assert voice.reference.name == "reference.wav"


@pytest.mark.usefixtures("signed")
def test_revoked_consent_stays_revoked() -> None:
    with pytest.raises(InputInvalid, match="revoked"):
        open_voice(VoiceLibrary.of(app_paths()).folder("bob"), app_paths())


@pytest.mark.usefixtures("signed")
def test_modified_consent_is_still_refused(folder: Path) -> None:
    path = folder / "voices" / "ada" / "consent.json"
    path.write_text(path.read_text().replace('"distance": 0', '"distance": 1'))
    with pytest.raises(InputInvalid, match="signature"):
        open_voice(path.parent, app_paths())


@pytest.mark.usefixtures("signed")
def test_drawn_consent_sentence_can_still_be_used() -> None:
    asked = read_request("carl", app_paths(), lambda: NOON.replace(minute=9))
    assert asked.sentence.text.startswith("I allow a copy of my voice.")
    with pytest.raises(InputInvalid, match="expired"):
        read_request("carl", app_paths(), lambda: NOON.replace(minute=11))


def test_voice_without_its_key_is_refused_and_kept(folder: Path) -> None:
    with keyring_in_use(MemoryKeyring()), pytest.raises(ConfigInvalid, match="keyring"):
        open_voice(folder / "voices" / "ada", app_paths())
    assert (folder / "voices" / "ada" / "consent.json").is_file()


def test_models_pins_licenses_and_partial_downloads_are_kept(folder: Path) -> None:
    store = Store.of(app_paths())
    catalog = user_catalog(store.root)
    whole, begun = catalog.find("harbour-tiny"), catalog.find("harbour-large")
    assert store.presence(whole) is Presence.INSTALLED
    assert store.is_accepted(whole)
    assert (
        store.expected_hash(whole, whole.files[0]) == store.files_of(whole)["harbour.gguf"].sha256
    )
    assert not store.tell_once("harbour-tiny: harbour.gguf")
    checked = Job("", lambda job: verify(job, whole, store)).run()
    assert [each.flaw for each in checked] == [""]
    llama = Registry().find(Kind.DIALOGUE, "llama")
    path = with_model_path({"model": "harbour-tiny"}, llama, app_paths())["model"]
    assert Path(path) == folder / "models" / "harbour-tiny" / "harbour.gguf"
    assert (store.presence(begun), store.installed_bytes(begun)) == (Presence.PARTLY, 300)
    part = PartialFile.of(store.folder(begun) / "large.gguf")
    assert (part.url, part.validator) == ("https://example.org/large.gguf", '"etag-1"')
    segments = [(each.start, each.at, each.end) for each in part.segments]
    assert (part.total, segments) == (1000, [(0, 300, 500), (500, 500, 1000)])


def test_render_speeds_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: "harbour")
    kind = ("wav2lip+none", "1280x720", "cpu", "batch 2", "veryfast")
    assert RenderSpeeds(app_paths()).of(*kind) == RenderSpeed(2.5, 0.25, 0.0625, 250)


def test_user_engines_work_under_their_manifest_names() -> None:
    registry = Registry()
    assert registry.notices == []
    halved = registry.find(Kind.AEC, "halved")
    engine: Any = create_engine(registry, halved, {})
    block = AudioChunk(np.ones(160, np.float32), 16_000)
    assert engine.clean(block, 0.0).samples[0] == 0.5
    engine.close()
    chosen = {"tts.engine": "chimes", "tts.options.emphasis": 2, "tts.options.speaker": "high"}
    settings, notices = load_settings(user_file=Path("nowhere"), environ={}, overrides=chosen)
    assert notices == ()
    with TTSStreamer(settings.tts, registry) as voice:
        low = list(voice.synthesize_stream("one two", speaker="low", language="de"))
        high = list(voice.synthesize_stream("one two"))
        assert voice.list_speakers() == ("low", "high")
    assert [chunk.text for chunk in high] == ["one", "two"]
    assert _pitch(high[0].audio) == pytest.approx(2 * _pitch(low[0].audio), rel=0.05)


def _pitch(chunk: AudioChunk) -> float:
    """Hz, by the zeros."""
    return float(np.count_nonzero(np.diff(np.signbit(chunk.samples)))) / 2 / chunk.seconds
