"""A listener who heard less than was played: later answers know only what was heard."""

from __future__ import annotations

from fakes import Scene

from avatar_app.core.events import AnswerTruncated, Outcome, TurnEnded
from avatar_app.core.prompt import Message, Role, ToolDescription
from avatar_app.pipeline import commands
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions

LONG = "one two three four five six seven eight nine ten"


def answering(scene: Scene) -> int:
    """Begin an answer of ten words of 0.2 s each; return the number of its turn."""
    scene.dialogue.reply_to = lambda _text: [LONG]
    scene.send(commands.TextTyped("count"))
    scene.wait_until(lambda: scene.conversation.playback.now().seconds > 1.1)
    turn = scene.conversation.playback.now().turn
    assert turn is not None
    return turn.id


def remembered(scene: Scene) -> list[str]:
    return [each.text for each in scene.context.so_far().messages if each.role is Role.AVATAR]


def test_an_answer_that_still_sounds_ends_at_the_heard_word() -> None:
    with Scene() as scene:
        turn = answering(scene)
        scene.send(commands.Truncate(turn, 0.65))
        (ended,) = scene.of(TurnEnded)
        assert ended.outcome is Outcome.INTERRUPTED
        assert scene.of(AnswerTruncated) == [AnswerTruncated(turn, "one two three")]
        assert remembered(scene) == ["one two three"]
        scene.send(commands.TextTyped("go on"))
        scene.wait_until(lambda: len(scene.dialogue.prompts) == 2)
        spoken = scene.dialogue.prompts[-1].messages[-2]
        assert (spoken.text, spoken.interrupted) == ("one two three", True)


def test_an_answer_that_is_over_is_shortened_and_others_are_left_alone() -> None:
    with Scene() as scene:
        turn = answering(scene)
        scene.wait_until(lambda: len(scene.of(TurnEnded)) == 1)
        scene.dialogue.reply_to = lambda _text: ["Fine."]
        scene.send(commands.TextTyped("thanks"))
        scene.wait_until(lambda: len(scene.of(TurnEnded)) == 2)
        scene.send(commands.Truncate(turn, 0.35))
        assert remembered(scene) == ["one two", "Fine."]
        scene.send(commands.Truncate(turn, 0.0))
        assert remembered(scene) == ["Fine."]
        scene.send(commands.Truncate(99, 1.0))
        assert remembered(scene) == ["Fine."]


def test_no_more_is_heard_than_was_played() -> None:
    with Scene() as scene:
        turn = answering(scene)
        scene.send(commands.Truncate(turn, 60.0))
        (text,) = remembered(scene)
        assert LONG.startswith(text)
        assert text != LONG


def test_what_was_said_elsewhere_and_new_tools_are_in_the_next_prompt() -> None:
    with Scene() as scene:
        tool = ToolDescription("weather", "", {"type": "object"})
        scene.send(commands.BecomePersona("You are somebody else.", (tool,)))
        scene.send(commands.Remember(Message(Role.USER, "My name is Ada.")))
        scene.send(commands.TextTyped("who am I"))
        scene.wait_until(lambda: bool(scene.dialogue.prompts))
        (prompt,) = scene.dialogue.prompts
        assert prompt.system == "You are somebody else."
        assert [each.text for each in prompt.messages[1:]] == ["My name is Ada.", "who am I"]
        assert prompt.tools == (tool,)


def test_other_delays_of_turn_detection_are_used_from_then_on() -> None:
    with Scene() as scene:
        slow = TurnDetectionOptions(
            sure_endpointing_delay=2.0, min_endpointing_delay=2.0, max_endpointing_delay=2.0
        )
        scene.send(commands.DetectTurns(slow))
        scene.say("hello", pause=1.5)
        assert not scene.of(TurnEnded)
        assert scene.conversation.state == "listening"
        scene.wait(0.8)
        assert scene.conversation.state != "listening"
