"""The ledger keeps the latest words, and its beginning stays as it is for many turns."""

from __future__ import annotations

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.prompt import Role
from avatar_app.pipeline.output.chat_context import KEPT_MESSAGES, MOST_MESSAGES, ChatContext


def test_old_messages_go_many_at_once_and_the_user_speaks_first() -> None:
    ledger = ChatContext("You are a test.")
    ledger.add(TurnEnded(0, Outcome.FINISHED, "", "Good morning.", "Good morning."))
    beginnings = []
    for number in range(100):
        ledger.add(TurnEnded(number, Outcome.FINISHED, f"question {number}", "so", "so"))
        system, *said, now = ledger.prompt("now").messages
        assert system.text == "You are a test."
        assert KEPT_MESSAGES - 2 <= len(said) <= MOST_MESSAGES or number < KEPT_MESSAGES
        assert said[-2].text == f"question {number}"
        assert now.text == "now"
        beginnings.append(said[0])
    assert all(message.role is Role.USER for message in beginnings[MOST_MESSAGES // 2 :])
    assert len(set(beginnings)) <= 100 // ((MOST_MESSAGES - KEPT_MESSAGES) // 2) + 1
