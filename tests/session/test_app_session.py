"""The application without its window: it opens, talks, remembers, and closes without a trace."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_recorder import EventRecorder
from sessions import open_session

from avatar_app.audio.microphone import Microphone
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import (
    CharacterShown,
    ClauseWritten,
    ConversationBegan,
    Failed,
    Muted,
    Noticed,
    Outcome,
    StateChanged,
    TurnEnded,
    UserSaid,
    WordsPlayed,
)
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.engines.face.illustrated.engine import IllustratedFace
from avatar_app.engines.face.portrait.avatar import load_avatar
from avatar_app.engines.face.portrait.framing import framed
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.app_session import AppSession
from avatar_app.session.avatar_choices import NewCharacter
from avatar_app.session.engine_loads import EngineLoads
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import EngineChoice
from avatar_app.storage.history import History
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths

LIGHT = {
    "face.options.width": 96,
    "face.options.height": 64,
    "face.options.fps": 10,
    "tts.options.speed": 2.0,
    "dialogue.options.talkativeness": "short",
}
ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
SOON = 30.0
"""Seconds within which something must have happened; it takes a few at most."""

USER_DIALOGUE = """
class Dialogue:
    def __init__(self, **options): ...
    def configure(self, **options): ...
    def close(self): ...
    def reply(self, prompt, turn):
"""
BROKEN = f"""{USER_DIALOGUE}
        raise RuntimeError("oops")
        yield
"""
PARROT = f"""{USER_DIALOGUE}
        yield prompt.user_text
"""
SLOW = """
import time
from pathlib import Path
class Dialogue:
    def __init__(self, **options):
        while not Path(__file__).with_name("gate").exists():
            time.sleep(0.01)
    def configure(self, **options): ...
    def close(self): ...
    def reply(self, prompt, turn):
        yield "I am here."
"""
REFUSING = """
from avatar_app.core.errors import EngineFailed
class Dialogue:
    def __init__(self, **options):
        raise EngineFailed("I do not want to.", "Choose another.")
"""
MANIFEST = """
{{name: {name}, kind: dialogue, entry: "engine:Dialogue", title: The {name} one, summary: A test.,
 license: MIT}}
"""


class RecordedSession(EventRecorder):
    """An application session whose events are recorded."""

    def __init__(self, session: AppSession) -> None:
        super().__init__()
        self.session = session
        session.subscribe(self)


Opener = Callable[..., RecordedSession]


@pytest.fixture(autouse=True)
def no_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without sound: stand-ins pass the time."""

    def missing(*_: Any) -> Any:
        raise DeviceUnavailable("There is no device.", "Plug one in.")

    for name in ("known", "present", "open"):
        monkeypatch.setattr(f"avatar_app.audio.backend.AudioBackend.{name}", missing, raising=False)
    monkeypatch.setattr("avatar_app.session.app_session.list_devices", lambda: [])


@pytest.fixture
def opened() -> Iterator[Opener]:
    recorders: list[RecordedSession] = []
    before = multiprocessing.active_children()

    def open_app(*, start: bool = True, **overrides: Any) -> RecordedSession:
        dotted = {name.replace("__", "."): value for name, value in overrides.items()}
        recorders.append(RecordedSession(open_session(LIGHT | dotted)))
        if start:
            recorders[-1].session.start()
        return recorders[-1]

    yield open_app
    for recorder in recorders:
        recorder.session.close()
    assert set(multiprocessing.active_children()) <= set(before)
    for name in [name for name in sys.modules if name.startswith("avatar_app_user_engine")]:
        del sys.modules[name]


def test_typed_turn_is_answered_played_shown_and_stored(
    opened: Opener,
) -> None:
    recorder = opened()
    recorder.session.type("hello")  # before anything is open
    ended: TurnEnded = recorder.wait(TurnEnded, lambda turn: turn.user_text)
    assert ended.typed
    assert ended.user_text == "hello"
    assert ended.heard_text == ended.avatar_text != ""
    names = [type(event) for event in recorder.events]
    assert names.index(UserSaid) < names.index(ClauseWritten) < names.index(WordsPlayed)
    assert recorder.of(StateChanged)
    assert recorder.session.wait_open()
    frame = recorder.session.frame()
    assert frame is not None
    assert frame.image.shape == (64, 96, 3)
    greeting: TurnEnded = recorder.wait(TurnEnded, lambda turn: not turn.user_text)
    assert greeting.avatar_text
    recorder.session.close()
    again = opened(start=False).session
    assert [turn.user_text for turn in again.transcript(10)] == ["hello", ""]
    with closing(Memory(app_paths().memory_file)) as memory:
        memory.episodes.keep(datetime.now(UTC), datetime.now(UTC), "tomatoes on the balcony")
    again.forget()
    assert again.transcript(10) == ()
    assert again.memories.all().episodes == ()


def test_clock_that_is_ahead_deletes_no_history(opened: Opener) -> None:
    turn = TurnEnded(1, Outcome.FINISHED, "long ago", "", "")
    with closing(History(app_paths().history_file)) as history:
        history.add(turn, datetime(2020, 3, 1, 12, tzinfo=UTC))
    session = opened().session
    assert session.wait_open()
    assert "long ago" in [turn.user_text for turn in session.transcript(10)]


def test_forgotten_words_are_not_remembered_at_the_end(opened: Opener) -> None:
    recorder = opened()
    assert recorder.session.wait_open()
    for said in ("I plant tomatoes on the balcony", "The car makes a strange noise today"):
        recorder.session.type(said)
        recorder.wait(TurnEnded, lambda turn, said=said: turn.user_text == said)
    recorder.session.forget()
    recorder.session.close()
    assert recorder.session.memories.all().episodes == ()


def test_missing_microphone_is_reported_and_the_session_continues(
    opened: Opener,
) -> None:
    recorder = opened()
    assert recorder.session.wait_open()
    recorder.wait(Noticed, lambda notice: "type" in f"{notice.message} {notice.hint}")
    devices = recorder.session.devices()
    assert (devices.microphone, devices.speaker) == (None, None)


def test_controls_reach_the_conversation(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    listened: list[str | None] = []
    monkeypatch.setattr(Microphone, "use", lambda _self, name: listened.append(name))
    recorder = opened()
    session = recorder.session
    assert session.wait_open()
    session.mute(muted=True)
    assert recorder.wait(Muted).muted
    session.set_volume(0.5)
    session.configure_voice(speed=1.5)
    session.interrupt()
    session.hold(held=True)
    session.hold(held=False)
    for character in reversed(session.characters()):
        session.use_character(character)
        recorder.wait(CharacterShown, lambda shown, name=character: shown.name == name)
        assert session.character == character
    assert len(session.characters()) >= 2
    session.settings.set("audio.microphone", "some microphone")
    session.settings.set("audio.speaker", None)
    assert listened == ["some microphone"]
    settings, notices = load_settings()
    assert notices == ()
    assert settings.audio.microphone == "some microphone"
    assert settings.face.options["character"] == session.characters()[0]
    assert not recorder.of(Failed)


def test_photo_becomes_the_current_face_and_persists(
    opened: Opener,
) -> None:
    recorder = opened()
    session = recorder.session
    job = Job[NewCharacter]("ada", lambda job: session.make_character(ASTRONAUT, job))
    made = job.run()
    assert made.name == "astronaut"
    assert any("mouth is open" in note for note in made.notes)
    session.use_character(made.name)  # before anything is open
    assert recorder.wait(CharacterShown).name == made.name
    session.type("hello")
    recorder.wait(TurnEnded, lambda turn: turn.user_text)
    frame = session.frame()
    assert frame is not None
    photo = framed(load_avatar(AvatarLibrary.of(app_paths()).folder(made.name)), 96, 64).picture
    assert np.abs(frame.image.astype(int) - photo).mean() < 10
    face = load_settings()[0].face
    assert (face.engine, face.options["avatar"]) == ("photo", "astronaut")
    assert not recorder.of(Failed)
    session.close()
    assert opened(start=False).session.character == "astronaut"


def test_engine_follows_its_setting_and_undo(
    opened: Opener,
) -> None:
    recorder = opened()
    session = recorder.session
    assert session.wait_open()
    session.settings.set("face.options.character", "theo")
    recorder.wait(CharacterShown, lambda shown: shown.name == "theo")
    assert session.character == "theo"
    session.settings.undo()
    recorder.wait(CharacterShown, lambda shown: shown.name == "mira")
    assert not recorder.of(Failed)


def test_changes_while_opening_are_applied(opened: Opener) -> None:
    recorder = opened()
    recorder.session.settings.set("face.options.character", "theo")
    recorder.wait(CharacterShown, lambda shown: shown.name == "theo")


def test_a_character_chosen_before_opening_is_announced(
    opened: Opener,
) -> None:
    recorder = opened(start=False)
    recorder.session.settings.set("face.options.character", "theo")
    recorder.session.start()
    recorder.wait(CharacterShown, lambda shown: shown.name == "theo")
    assert recorder.session.character == "theo"


def test_a_character_that_was_chosen_can_be_undone(opened: Opener) -> None:
    recorder = opened()
    session = recorder.session
    assert session.wait_open()
    session.use_character("theo")
    recorder.wait(CharacterShown, lambda shown: shown.name == "theo")
    assert session.settings.get("face.options.character") == "theo"
    session.settings.undo()
    recorder.wait(CharacterShown, lambda shown: shown.name == "mira")
    assert len(recorder.of(CharacterShown)) == 2  # what was written down was not loaded once more


def test_a_failing_echo_canceller_is_replaced_with_one_notice(
    opened: Opener, expected_warnings: list[str]
) -> None:
    expected_warnings.append("conversation failed")
    recorder = opened(audio__aec__engine="webrtc_aec3")
    assert recorder.session.wait_open()
    engine_set = recorder.session._live.engine_set
    engine_set.engines[Kind.AEC].close()
    recorder.session.type("hello")  # a quiet room asks no canceller, one in which it speaks does
    notice_shown = recorder.wait(Noticed, lambda notice: "was given up" in notice.message)
    assert notice_shown.message == "WebRTC AEC3 was given up."
    recorder.wait(TurnEnded, lambda turn: turn.user_text)
    assert engine_set.manifests[Kind.AEC].name == "none"
    assert not recorder.of(Failed)


def test_face_is_shown_before_everything_is_loaded(opened: Opener) -> None:
    """Engines in processes of their own are still loading then."""
    recorder = opened(start=False)
    session = recorder.session
    assert session.frame() is None
    session._show(IllustratedFace(width=64, height=48))
    assert session.frame().image.shape == (48, 64, 3)


def user_dialogue(name: str, code: str) -> str:
    """The name of an engine that the user added."""
    folder = app_paths().engines / "dialogue" / name
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(MANIFEST.format(name=name))
    (folder / "engine.py").write_text(code)
    return name


def test_an_engine_that_keeps_failing_is_replaced(
    opened: Opener, expected_warnings: list[str]
) -> None:
    expected_warnings += ["think failed", "think: An unexpected error occurred: oops"]
    recorder = opened(dialogue={"engine": user_dialogue("broken", BROKEN)})
    assert recorder.session.wait_open()
    for number in range(3):
        recorder.session.type(f"hello {number}")
        recorder.wait(TurnEnded, lambda turn, text=f"hello {number}": turn.user_text == text)
    assert len(recorder.of(Failed)) == 3
    recorder.wait(Noticed, lambda notice: "given up" in notice.message)
    recorder.session.type("hello")
    ended = recorder.wait(TurnEnded, lambda turn: turn.user_text == "hello")
    assert ended.heard_text


def test_engine_is_replaced_once_for_repeated_requests(
    opened: Opener,
) -> None:
    recorder = opened(dialogue={"engine": user_dialogue("broken", BROKEN)})
    assert recorder.session.wait_open()
    live = recorder.session._live
    assert live is not None
    for _ in range(3):
        live.substitute(Kind.DIALOGUE)
    recorder.wait(Noticed, lambda notice: "given up" in notice.message)
    recorder.session.close()
    assert len([n for n in recorder.of(Noticed) if "given up" in n.message]) == 1
    live.substitute(Kind.ASR)  # too late: nothing is made that nobody would close
    assert not live.engine_set.engines


def test_engine_can_be_changed_while_running_and_is_saved(
    opened: Opener,
) -> None:
    remembered = threading.Event()
    parrot = EngineChoice(engine=user_dialogue("parrot", PARROT))
    recorder = opened()
    recorder.session.settings.subscribe(lambda _change: remembered.set())
    recorder.session.use(Kind.DIALOGUE, EngineChoice(engine="nobody"))  # perhaps too early
    assert recorder.session.wait_open()
    recorder.session.use(Kind.DIALOGUE, EngineChoice(engine="nobody"))
    notice_shown = recorder.wait(Noticed, lambda notice: "nobody" in notice.message)
    assert notice_shown.hint.endswith("stays.")
    recorder.session.use(Kind.DIALOGUE, parrot)
    assert remembered.wait(SOON)
    recorder.session.type("polly")
    assert recorder.wait(TurnEnded, lambda turn: turn.user_text).heard_text == "polly"
    assert load_settings()[0].dialogue.engine == "parrot"
    assert not recorder.of(Failed)


class LoadsRecorder:
    """Waits for what is being loaded."""

    def __init__(self, loads: EngineLoads) -> None:
        self._loads, self._changed = loads, threading.Condition()
        loads.subscribe(self._notify)

    def wait(self, *settings: str) -> None:
        """Until the engines of these settings are being loaded, and no others."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._loads.settings == set(settings), SOON)

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def test_engines_that_load_are_known_until_they_are_there_or_cannot_be(opened: Opener) -> None:
    slow, refusing = user_dialogue("slow", SLOW), user_dialogue("refusing", REFUSING)
    recorder = opened()
    session = recorder.session
    assert session.wait_open()
    loads = LoadsRecorder(session.loads)
    session.use(Kind.DIALOGUE, EngineChoice(engine=slow))
    loads.wait("dialogue.engine")
    (app_paths().engines / "dialogue" / slow / "gate").touch()
    loads.wait()
    session.use(Kind.DIALOGUE, EngineChoice(engine=refusing))
    notice = recorder.wait(Noticed, lambda notice: notice.message == "I do not want to.")
    assert notice.hint.endswith("The slow one stays.")
    loads.wait()
    session.type("hello")
    assert recorder.wait_for_end("hello").heard_text == "I am here."


def test_session_works_without_writable_storage(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path / "file" / "below"))
    recorder = opened()
    recorder.session.type("hello")
    assert recorder.wait(TurnEnded, lambda turn: turn.user_text == "hello").heard_text
    recorder.session.settings.set("window.theme", "dark")
    messages = " ".join(notice.message for notice in recorder.of(Noticed))
    assert "The settings could not be saved" in messages
    assert "memory.db cannot be used" in messages


def test_errors_while_opening_are_reported(opened: Opener, expected_warnings: list[str]) -> None:
    expected_warnings.append("Unknown persona")
    recorder = opened(persona="nobody")
    failed: Failed = recorder.wait(Failed)
    assert failed.stage == "start"
    assert failed.message == "Unknown persona 'nobody'."
    assert not recorder.session.wait_open()
    recorder.session.type("hello")
    assert recorder.session.frame() is None


def test_what_nobody_expected_while_opening_is_reported_too(
    opened: Opener, expected_warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected_warnings += ["could not be opened", "start: "]

    def fail(_self: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(AppSession, "_begin", fail)
    running = opened()
    assert not running.session.wait_open()
    failed = running.wait(Failed)
    assert (failed.stage, failed.message) == (
        "start",
        "The conversation could not be opened: a bug.",
    )


def test_close_works_at_any_time(opened: Opener) -> None:
    opened(start=False).session.close()
    recorder = opened()
    recorder.session.close()  # while it opens
    recorder.session.type("hello")
    assert recorder.session.frame() is None


def test_without_history_nothing_is_stored(opened: Opener) -> None:
    recorder = opened(history__keep=False)
    recorder.session.type("hello")
    recorder.wait(TurnEnded, lambda turn: turn.user_text == "hello")
    assert recorder.session.transcript(10) == ()


def test_without_a_loudspeaker_the_answers_can_go_to_a_file(opened: Opener, tmp_path: Path) -> None:
    path = tmp_path / "answers.wav"
    recorder = opened(**{"audio.speaker": str(path)})
    recorder.session.type("what is two plus two")
    recorder.wait(TurnEnded, lambda turn: turn.user_text == "what is two plus two")
    recorder.session.close()
    written = read_sound(path)
    assert written.seconds > 0.3
    assert float(abs(written.samples).max()) > 0.1


HUNGRY = """
class Hungry:
    def __init__(self, precision):
        raise MemoryError("bad_alloc")
"""
HUNGRY_MANIFEST = """
{name: hungry, kind: dialogue, entry: "engine:Hungry", title: The hungry one, summary: Eats.,
 license: MIT, isolation: process, lighter: [{precision: half}],
 options: {precision: {type: choice, values: [full, half], default: full, help: How exact.}}}
"""


def test_engine_without_memory_gets_lighter_then_is_replaced_with_notices(
    opened: Opener,
) -> None:
    folder = app_paths().engines / "dialogue" / "hungry"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(HUNGRY_MANIFEST)
    (folder / "engine.py").write_text(HUNGRY)
    recorder = opened(dialogue={"engine": "hungry"})
    recorder.wait(Noticed, lambda notice: "takes over" in notice.hint)
    recorder.session.type("hello")
    ended = recorder.wait(TurnEnded, lambda turn: turn.user_text == "hello")
    assert ended.heard_text
    assert recorder.of(Failed) == []
    notices = [notice for notice in recorder.of(Noticed) if "memory" in notice.message]
    assert [notice.hint for notice in notices] == [
        "The hungry one continues with precision half.",
        "Basic conversation takes over.",
    ]


COUNTING = f"""{USER_DIALOGUE}
        yield f"I know {{sum(each.role != 'system' for each in prompt.messages)}} things."
"""


def said_in(recorder: RecordedSession, id: int) -> list[str]:
    turns = recorder.session.conversations.turns(id)
    return [each.turn.user_text for each in turns if each.turn.user_text]


def test_old_conversation_can_be_resumed_after_a_restart(
    opened: Opener,
) -> None:
    chosen = {"engine": user_dialogue("counting", COUNTING)}
    first = opened(dialogue=chosen)
    first.session.type("One")
    first.wait(TurnEnded, lambda turn: turn.user_text == "One")
    first.session.close()
    recorder = opened(dialogue=chosen)
    session = recorder.session
    session.type("Something else")
    recorder.wait(TurnEnded, lambda turn: turn.user_text == "Something else")
    (found,) = session.conversations.search("one")
    session.conversations.resume(found.id)
    began: ConversationBegan = recorder.wait(ConversationBegan)
    assert "One" in [turn.user_text for turn in began.turns]
    session.type("Two")
    two: TurnEnded = recorder.wait(TurnEnded, lambda turn: turn.user_text == "Two")
    known = sum(bool(turn.user_text) + bool(turn.heard_text) for turn in began.turns)
    assert two.heard_text == f"I know {known + 1} things."
    latest, *others = session.conversations.search()
    assert (latest.id, latest.title) == (found.id, "One")
    assert said_in(recorder, found.id) == ["One", "Two"]
    assert [each.title for each in others] == ["Something else"]
    session.conversations.delete(found.id)
    recorder.wait(ConversationBegan, lambda event: event.conversation is None)
    session.conversations.restore(found.id)
    recorder.wait(ConversationBegan, lambda event: "Two" in [t.user_text for t in event.turns])


def test_a_correction_replaces_the_stored_turn_and_a_repetition_is_not_stored(
    opened: Opener,
) -> None:
    recorder = opened()
    session = recorder.session
    session.type("wreck a nice beach")
    misheard: TurnEnded = recorder.wait(TurnEnded, lambda turn: turn.user_text)
    session.correct(misheard.turn_id, "what time is it")
    recorder.wait(TurnEnded, lambda turn: turn.user_text == "what time is it")
    session.say_again("This was said before.")
    again: TurnEnded = recorder.wait(TurnEnded, lambda turn: turn.repeated)
    assert again.heard_text == "This was said before."
    (found,) = session.conversations.search("what time")
    assert said_in(recorder, found.id) == ["what time is it"]
    assert session.conversations.search("before") == ()
    assert session.conversations.search("beach") == ()


CANDID = f"""{USER_DIALOGUE}
        yield prompt.system.split(",")[0] + "."
"""


def test_persona_is_applied_with_its_face_and_undone(
    opened: Opener,
) -> None:
    recorder = opened(dialogue={"engine": user_dialogue("candid", CANDID)})
    session = recorder.session
    assert session.wait_open()
    session.personas.use("professor")
    recorder.wait(CharacterShown, lambda event: event.name == "theo")
    session.type("Who is there?")
    answer: TurnEnded = recorder.wait(TurnEnded, lambda turn: turn.user_text == "Who is there?")
    assert answer.heard_text == "You are Professor Lindqvist."
    session.settings.undo()
    recorder.wait(CharacterShown, lambda event: event.name == "mira")
    session.type("And now?")
    answer = recorder.wait(TurnEnded, lambda turn: turn.user_text == "And now?")
    assert answer.heard_text == "You are Mira."
