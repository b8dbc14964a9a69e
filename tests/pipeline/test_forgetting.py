"""What was deleted, or said while muted, is really gone from the running conversation."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import Scene

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.builtin.engine import BuiltinDialogue
from avatar_app.pipeline import commands
from avatar_app.pipeline.output.chat_context import ChatContext

PRIVATE, MEANT = 0.3, 0.05


def test_after_forgetting_the_next_prompt_knows_nothing() -> None:
    with Scene() as scene:
        scene.send(commands.TextTyped("my secret"))
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        assert any("my secret" in message.text for message in scene.context.prompt("").messages)
        scene.send(commands.Forget())
        texts = [message.text for message in scene.context.prompt("now").messages]
        assert texts == ["You are a test.", "now"]


@pytest.mark.parametrize("forgotten", [False, True])
def test_builtin_dialogue_forgets_with_the_chat_context(*, forgotten: bool) -> None:
    dialogue, context = BuiltinDialogue(), ChatContext()

    def say(text: str) -> str:
        """What the dialogue took the text for."""
        pieces = list(dialogue.reply(context.prompt(text), Turn(1)))
        answer = "".join(piece for piece in pieces if isinstance(piece, str))
        context.add(TurnEnded(1, Outcome.FINISHED, text, answer, answer))
        return dialogue._past.intent

    say("tell me a riddle")
    if forgotten:
        context.forget()
    assert say("i give up") == ("unknown" if forgotten else "answer")


def test_push_to_talk_while_muted_uses_no_earlier_sound() -> None:
    def hear(scene: Scene, blocks: int, level: float) -> None:
        for _ in range(blocks):
            scene.devices.step(np.full(160, level, np.float32))

    with Scene() as scene:
        scene.send(commands.Mute(muted=True))
        for _ in range(2):
            hear(scene, 40, PRIVATE)
            scene.conversation.send(commands.PushToTalk(held=True))
            hear(scene, 30, MEANT)
            scene.conversation.send(commands.PushToTalk(held=False))
        hear(scene, 5, PRIVATE)
        assert len(scene.recognizer.heard) == 2
        for heard in scene.recognizer.heard:
            assert np.abs(heard).max() == pytest.approx(MEANT)
