"""Revises what was said: forget, hear again, correct what was misheard, go on with another."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.events import ConversationBegan, Event, TurnWithdrawn
from avatar_app.pipeline import commands
from avatar_app.pipeline.input.user_turn import UserTurnController
from avatar_app.pipeline.output.avatar_turn import AvatarTurnController


def revise(
    order: commands.Revision,
    attention: UserTurnController,
    delivery: AvatarTurnController,
    post: Callable[[Event], None],
) -> None:
    """Carry out an order that changes or repeats what was said. Runs on the conductor's thread."""
    if isinstance(order, commands.Forget | commands.BecomePersona):
        if isinstance(order, commands.BecomePersona):
            delivery.ledger.persona = order.system
        else:
            delivery.ledger.forget()
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
