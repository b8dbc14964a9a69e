"""Revises what was said: forget, hear again, correct what was misheard, go on with another."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.events import AnswerTruncated, ConversationBegan, Event, TurnWithdrawn
from avatar_app.pipeline import commands
from avatar_app.pipeline.input.user_turn import UserTurnController
from avatar_app.pipeline.output.avatar_turn import AvatarTurnController
from avatar_app.pipeline.output.chat_context import ChatContext


def revise(
    order: commands.Revision,
    attention: UserTurnController,
    delivery: AvatarTurnController,
    post: Callable[[Event], None],
) -> None:
    """Carry out an order that changes or repeats what was said. Runs on the conductor's thread."""
    if isinstance(order, commands.Truncate):
        _truncate(order, delivery, post)
        return
    if _only_prompts(order, delivery.ledger):
        delivery.read_ahead()
        return
    attention.withdraw()
    delivery.give_way()
    match order:
        case commands.SayAgain(text):
            delivery.say_again(text)
        case commands.Correct(turn_id, text):
            delivery.ledger.withdraw(turn_id)
            post(TurnWithdrawn(turn_id))
            delivery.answer_typed(text)
        case commands.BeginConversation(conversation, turns):
            delivery.ledger.resume(turns)
            delivery.read_ahead()
            post(ConversationBegan(conversation, turns))


def _only_prompts(order: commands.Revision, ledger: ChatContext) -> bool:
    """Carry out an order that changes nothing but later prompts; returns False for others."""
    match order:
        case commands.Forget():
            ledger.forget()
        case commands.BecomePersona(system, tools):
            ledger.persona = system
            ledger.tools = ledger.tools if tools is None else tools
        case commands.Remember(message):
            ledger.remember(message)
        case _:
            return False
    return True


def _truncate(
    order: commands.Truncate, delivery: AvatarTurnController, post: Callable[[Event], None]
) -> None:
    heard = delivery.playback.heard_until(order.turn_id, order.seconds)
    if heard is None:
        return
    if delivery.turn is not None and delivery.turn.id == order.turn_id:
        delivery.interrupt()
    delivery.ledger.truncate(order.turn_id, heard)
    post(AnswerTruncated(order.turn_id, heard))
    if delivery.turn is None:
        delivery.read_ahead()
