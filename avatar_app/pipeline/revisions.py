"""Revises what was said: forget, hear again, correct what was misheard, go on with another."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.events import AnswerTruncated, ConversationBegan, Event, TurnWithdrawn
from avatar_app.core.whole_text import whole_text
from avatar_app.pipeline import commands
from avatar_app.pipeline.input.user_turn import UserTurnController
from avatar_app.pipeline.output.avatar_turn import AvatarTurnController
from avatar_app.pipeline.output.chat_context import ChatContext


def revise(
    command: commands.Revision,
    user_turn: UserTurnController,
    avatar_turn: AvatarTurnController,
    post: Callable[[Event], None],
) -> None:
    """Change or repeat what was said. Runs on the conversation thread."""
    if isinstance(command, commands.Truncate):
        _truncate(command, avatar_turn, post)
        return
    if _only_prompts(command, avatar_turn.context):
        avatar_turn.read_ahead()
        return
    user_turn.withdraw()
    if isinstance(command, commands.Decide):
        answer = avatar_turn.responses.consent.clicked(command.request_id, agreed=command.agreed)
        if answer is not None:
            avatar_turn.answer_typed(answer.said, answer)
        return
    avatar_turn.give_way()
    match command:
        case commands.SayAgain(text):
            avatar_turn.say_again(text)
        case commands.Correct(turn_id, text):
            avatar_turn.context.withdraw(turn_id)
            post(TurnWithdrawn(turn_id))
            avatar_turn.answer_typed(whole_text(text))
        case commands.BeginConversation(conversation, turns):
            avatar_turn.context.resume(turns)
            avatar_turn.read_ahead()
            post(ConversationBegan(conversation, turns))


def _only_prompts(command: commands.Revision, context: ChatContext) -> bool:
    """Carry out a command that changes nothing but later prompts; returns False for others."""
    match command:
        case commands.Forget():
            context.forget()
        case commands.BecomePersona(system, tools):
            context.persona = system
            context.tools = context.tools if tools is None else tools
        case commands.OfferTools(tools):
            context.tools = tools
        case commands.Remember(message):
            context.remember(message)
        case _:
            return False
    return True


def _truncate(
    command: commands.Truncate, avatar_turn: AvatarTurnController, post: Callable[[Event], None]
) -> None:
    heard = avatar_turn.playback.heard_until(command.turn_id, command.seconds)
    if heard is None:
        return
    if avatar_turn.turn is not None and avatar_turn.turn.id == command.turn_id:
        avatar_turn.interrupt()
    avatar_turn.context.truncate(command.turn_id, heard)
    post(AnswerTruncated(command.turn_id, heard))
    if avatar_turn.turn is None:
        avatar_turn.read_ahead()
