"""A slow answer: what the avatar says meanwhile, once, and what is kept of it: nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes import Gate, Scene

from avatar_app.core.events import (
    ClauseWritten,
    Noticed,
    Outcome,
    State,
    StateChanged,
    TurnEnded,
    UserSaid,
    WaitFilled,
)
from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, ToolCall, ToolResult
from avatar_app.pipeline.output.wait_filler import FILL_AFTER, NOTICE_AFTER
from avatar_app.session.fillers import filler_words
from avatar_app.settings.loading import load_settings


def words(turn: Turn) -> str:
    return f"I call {turn.doing}." if turn.doing else "Let me think."


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def scene(gate: Gate) -> Iterator[Scene]:
    """A conversation whose dialogue engine hangs until the gate is open."""
    with Scene(fillers=words) as scene:
        gate.join(scene)
        scene.wait(0.6)
        yield scene
        gate.open()


def slowly(scene: Scene, gate: Gate, *pieces: str | ToolCall) -> None:
    def reply(_text: str) -> Iterator[str | ToolCall]:
        gate.wait()
        yield from pieces

    scene.dialogue.reply_to = reply


def after_the_turn(scene: Scene, turn: TurnEnded, name: str) -> float:
    return turn.marks[name] - turn.marks["end_of_turn"]


def ended(scene: Scene) -> TurnEnded:
    scene.wait_until(lambda: bool(scene.of(TurnEnded)))
    turn: TurnEnded = scene.of(TurnEnded)[0]
    return turn


def test_slow_answer_gets_one_filler_that_is_not_stored(scene, gate) -> None:
    slowly(scene, gate, "Here it is.")
    scene.say("tell me", pause=0.6)
    scene.wait_until(lambda: bool(scene.of(UserSaid)))
    said_at = scene.clock()
    scene.wait_until(lambda: bool(scene.of(WaitFilled)))
    assert scene.clock() - said_at == pytest.approx(FILL_AFTER, abs=0.05)
    assert scene.of(ClauseWritten) == []
    scene.wait_until(lambda: scene.conversation.state is State.SPEAKING)
    scene.wait_until(lambda: scene.conversation.state is State.THINKING)
    gate.open()
    turn = ended(scene)
    assert turn.outcome is Outcome.FINISHED
    assert turn.avatar_text == turn.heard_text == "Here it is."
    assert len(scene.of(WaitFilled)) == 1
    assert after_the_turn(scene, turn, "first_sound") > FILL_AFTER + 0.5, "that of the answer"
    assert [each.text for each in scene.of(WaitFilled)] == ["Let me think."]
    assert "Let me think" not in str(scene.context.prompt("and then").messages)


def test_a_quick_answer_is_not_announced(scene, gate) -> None:
    gate.open()
    slowly(scene, gate, "Here it is.")
    scene.say("tell me")
    ended(scene)
    assert scene.of(WaitFilled) == []
    assert scene.of(Noticed) == []


def test_the_announcement_says_which_tool_is_at_work(gate) -> None:
    def call_tool(call: ToolCall) -> ToolResult:
        gate.wait()
        return ToolResult(call.name)

    with Scene(fillers=words, call_tool=call_tool) as scene:
        gate.join(scene)
        scene.wait(0.6)
        scene.dialogue.reply_to = lambda _text: [ToolCall("search"), "Found."]
        scene.say("search", pause=0.6)
        scene.wait_until(lambda: bool(scene.of(WaitFilled)))
        assert scene.of(WaitFilled)[0].text == "I call search."
        gate.open()
        assert ended(scene).heard_text == "Found."


def test_an_answer_that_comes_meanwhile_follows_without_a_cut(scene, gate) -> None:
    slowly(scene, gate, "Here it is.")
    scene.say("tell me", pause=0.6)
    scene.wait_until(lambda: scene.conversation.state is State.SPEAKING)
    gate.open()
    turn = ended(scene)
    assert turn.heard_text == "Here it is."
    states = [each.state for each in scene.of(StateChanged)]
    assert states[-2:] == [State.SPEAKING, State.IDLE]


def test_user_continuing_over_a_filler_is_answered_as_a_whole(scene, gate) -> None:
    slowly(scene, gate, "Here it is.")
    scene.say("tell me", pause=0.6)
    scene.wait_until(lambda: scene.conversation.state is State.SPEAKING)
    scene.say("about the moon", pause=0.6)
    gate.open()
    scene.wait_until(lambda: bool(scene.of(TurnEnded)))
    assert scene.of(TurnEnded)[-1].user_text == "tell me about the moon"


def test_long_waits_never_stay_silent(scene, gate) -> None:
    slowly(scene, gate, "Here it is.")
    scene.say("tell me", pause=0.6)
    scene.wait_until(lambda: bool(scene.of(WaitFilled)))
    filled_at = scene.clock()
    scene.wait_until(lambda: bool(scene.of(Noticed)))
    assert NOTICE_AFTER <= scene.clock() - filled_at <= NOTICE_AFTER + 1.5, "after its words"
    scene.wait(10)
    assert len(scene.of(Noticed)) == 1
    gate.open()
    ended(scene)


def test_the_face_thinks_within_150_ms_of_the_end_of_the_turn(scene, gate) -> None:
    slowly(scene, gate, "Here it is.")
    scene.say("tell me", pause=0.0)
    scene.wait_until(lambda: bool(scene.of(UserSaid)))
    said_at = scene.clock()
    scene.wait_until(lambda: scene.conversation.state is State.THINKING)
    scene.wait_until(lambda: scene.conversation.presenter._look is FaceState.THINKING)
    assert scene.clock() - said_at <= 0.15
    gate.open()
    ended(scene)


def test_fillers_depend_on_the_tool_and_can_be_disabled() -> None:
    settings, _ = load_settings(environ={})
    say = filler_words(settings)
    assert say is not None
    turn = Turn(3)
    assert say(turn) == "Let me think."
    turn.doing = "list_notes"
    assert say(turn) == "Let me look that up."
    turn.doing = "calculate"
    assert say(turn) == "Let me work that out."
    turn.doing = "send_letter"
    assert say(turn) == "One moment, I am working on that."
    for value in ({"waiting.fillers": False}, {"tts.options.language": "de"}):
        changed, _ = load_settings(environ={}, overrides=value)
        assert filler_words(changed) is None
