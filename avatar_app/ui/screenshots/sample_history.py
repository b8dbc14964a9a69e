"""Sample conversations for screenshots of the history: a month of them, always the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.storage.history import History

Exchange = tuple[str, str, str]
"""The user's words, the written answer, and its heard part."""

_MOON = (
    "The moon is about 384 thousand kilometers away, and it drifts outwards by nearly four "
    "centimeters a year."
)
_TIDES = (
    "Its gravity pulls the sea into two bulges. As the earth turns below them, most coasts see "
    "high water twice a day."
)
_BREAD = "Half a liter of water, a kilogram of flour, twenty grams of salt, and time."


def _whole(said: str, answer: str) -> Exchange:
    return said, answer, answer


_CONVERSATIONS: tuple[tuple[float, str, bool, tuple[Exchange, ...]], ...] = (
    (
        0.1,
        "",
        False,
        (
            _whole("", "Hello, good to see you. Talk to me, or type."),
            ("Tell me about the moon", _MOON, "The moon is about 384 thousand kilometers away,"),
            _whole("Sorry, go on. Why are there tides?", _TIDES),
            _whole("And when is the next full moon?", "On Friday, shortly after four."),
        ),
    ),
    (0.3, "", False, (_whole("Set a timer for ten minutes please", "I set a timer."),)),
    (1.2, "", False, (_whole("How long does bread need in the oven?", _BREAD),)),
    (
        4,
        "Weekend in Málaga",
        True,
        (
            _whole("What should we see in two days?", "Begin with the Alcazaba, early."),
            _whole("And in the evening?", "Walk to the lighthouse while the sun goes down."),
        ),
    ),
    (6, "", False, (_whole("What is 17 % of 2,480?", "It is 421.6."),)),
    (11, "", False, (_whole("Can you quiz me on the moons of Jupiter?", "Name the largest."),)),
    (12, "", False, (_whole("Remind me to water the plants", "I will, at six."),)),
    (34, "", False, (_whole("What shall I read next?", "What did you like last?"),)),
    (41, "", False, (_whole("Explain photosynthesis to a child", "Leaves eat light."),)),
)
"""Days ago, title, whether pinned, exchanges."""


def fill_history(history: History, now: datetime | None = None) -> None:
    """Store the sample, as seen at `now`."""
    now = now or datetime.now(UTC)
    number = 0
    for days, title, pinned, exchanges in reversed(_CONVERSATIONS):
        history.begin()
        for minute, (said, written, heard) in enumerate(exchanges):
            number += 1
            outcome = Outcome.FINISHED if heard == written else Outcome.INTERRUPTED
            turn = TurnEnded(number, outcome, said, written, heard, {})
            history.add(turn, now - timedelta(days=days) + timedelta(minutes=minute))
        assert history.conversation is not None
        history.conversations.rename(history.conversation, title)
        history.conversations.pin(history.conversation, pinned=pinned)
    history.begin()
