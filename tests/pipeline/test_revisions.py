"""The user hears an answer again, corrects what was misheard, and resumes old conversations."""

from __future__ import annotations

from dataclasses import replace

from fakes import Scene

from avatar_app.core.events import (
    AnswerRepeated,
    ClauseWritten,
    ConversationBegan,
    Outcome,
    TurnEnded,
    TurnWithdrawn,
    UserSaid,
)
from avatar_app.pipeline import commands
from avatar_app.pipeline.output.chat_context import ChatContext

EARLIER = (
    TurnEnded(1, Outcome.FINISHED, "my cat is called Ada", "A fine name.", "A fine name."),
    TurnEnded(2, Outcome.INTERRUPTED, "tell me a story", "Once upon a time.", "Once upon"),
)


def ended(scene: Scene, count: int) -> list[TurnEnded]:
    """The turns that are over, when there are so many."""
    scene.wait_until(lambda: len(scene.of(TurnEnded)) >= count)
    return scene.of(TurnEnded)


def prompt_texts(scene: Scene) -> list[str]:
    """What the next answer knows."""
    return [message.text for message in scene.context.prompt("now").messages[1:]]


def test_replaying_an_answer_leaves_the_history_unchanged() -> None:
    with Scene() as scene:
        scene.send(commands.TextTyped("hello"))
        (first,) = ended(scene, 1)
        before = prompt_texts(scene)
        scene.send(commands.SayAgain(first.heard_text))
        again = ended(scene, 2)[-1]
        assert (again.repeated, again.user_text) == (True, "")
        assert again.heard_text == first.heard_text
        assert [event.turn_id for event in scene.of(AnswerRepeated)] == [again.turn_id]
        assert any(event.turn_id == again.turn_id for event in scene.of(ClauseWritten))
        assert prompt_texts(scene) == before


def test_repeating_an_answer_interrupts_the_current_one() -> None:
    with Scene() as scene:
        scene.send(commands.TextTyped("hello"))
        scene.wait_until(lambda: bool(scene.of(ClauseWritten)))
        scene.send(commands.SayAgain("This was said before."))
        first, again = ended(scene, 2)
        assert first.outcome is Outcome.INTERRUPTED
        assert (again.heard_text, again.outcome) == ("This was said before.", Outcome.FINISHED)


def test_unheard_announcement_follows_a_repeated_answer() -> None:
    with Scene() as scene:
        scene.conversation.send(commands.Announce("The tea is ready."))
        scene.send(commands.SayAgain("This was said before."))
        texts = [turn.heard_text for turn in ended(scene, 2) if turn.heard_text]
        assert texts == ["This was said before.", "The tea is ready."]


def test_typed_turn_interrupts_a_repeated_answer() -> None:
    with Scene() as scene:
        scene.send(commands.SayAgain("This was said before."))
        scene.send(commands.TextTyped("hello"))
        scene.wait_until(lambda: any(turn.user_text for turn in scene.of(TurnEnded)))
        scene.wait(1.0)
        (answered,) = [turn for turn in scene.of(TurnEnded) if not turn.repeated]
        assert answered.user_text == "hello"
        assert answered.heard_text


def test_a_corrected_turn_is_answered_again() -> None:
    with Scene() as scene:
        scene.send(commands.TextTyped("my name is Jo"))
        scene.send(commands.TextTyped("wreck a nice beach"))
        scene.wait_until(lambda: any(t.outcome is Outcome.FINISHED for t in scene.of(TurnEnded)))
        misheard = scene.of(TurnEnded)[-1]
        count = len(scene.of(TurnEnded))
        scene.send(commands.Correct(misheard.turn_id, "recognize speech"))
        corrected = ended(scene, count + 1)[-1]
        assert corrected.user_text == "recognize speech"
        assert [event.turn_id for event in scene.of(TurnWithdrawn)] == [misheard.turn_id]
        assert scene.of(UserSaid)[-1].text == "recognize speech"
        assert "wreck a nice beach" not in prompt_texts(scene)
        assert prompt_texts(scene)[0] == "my name is Jo"


def test_a_turn_can_be_corrected_while_it_is_answered() -> None:
    with Scene() as scene:
        scene.send(commands.TextTyped("wreck a nice beach"))
        scene.wait_until(lambda: bool(scene.of(ClauseWritten)))
        (said,) = scene.of(UserSaid)
        scene.send(commands.Correct(said.turn_id, "recognize speech"))
        turns = ended(scene, 2)
        assert [turn.outcome for turn in turns] == [Outcome.INTERRUPTED, Outcome.FINISHED]
        assert [event.turn_id for event in scene.of(TurnWithdrawn)] == [said.turn_id]
        assert "wreck a nice beach" not in prompt_texts(scene)


def test_resumed_conversation_is_in_the_next_prompt() -> None:
    with Scene() as scene:
        scene.send(commands.TextTyped("something else"))
        ended(scene, 1)
        scene.send(commands.BeginConversation(7, EARLIER))
        assert scene.of(ConversationBegan) == [ConversationBegan(7, EARLIER)]
        texts = ["my cat is called Ada", "A fine name.", "tell me a story", "Once upon", "now"]
        assert prompt_texts(scene) == texts
        assert scene.context.so_far().messages[-1].interrupted
        scene.send(commands.BeginConversation())
        assert prompt_texts(scene) == ["now"]


def test_a_correction_leaves_turns_of_an_earlier_run_alone() -> None:
    """Their numbers are those of another run."""
    context = ChatContext()
    context.resume(EARLIER)
    context.add(replace(EARLIER[1], user_text="misheard"))
    context.withdraw(EARLIER[1].turn_id)
    texts = [message.text for message in context.prompt("").messages]
    assert texts == ["my cat is called Ada", "A fine name.", "tell me a story", "Once upon", ""]


def test_changed_persona_applies_from_the_next_answer() -> None:
    with Scene() as scene:
        scene.send(commands.TextTyped("hello"))
        scene.send(commands.BecomePersona("You are curt."))
        assert len(ended(scene, 1)) == 1
        assert scene.context.so_far().system == "You are curt."
        assert prompt_texts(scene)[0] == "hello"
