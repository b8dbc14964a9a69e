"""Rereading: how much of a prompt a language model processes again in the next turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn

PERSONA = "You are Mira, and you talk with somebody who has time. " * 40
"""About as long as a persona and the descriptions of its tools."""
MOST_PERCENT = 20.0


def measure_rereading(report: Report, dialogue: Any, rounds: int) -> None:
    """Measure prompts of a first and of a second turn, in conversations that begin differently, so
    that earlier ones do not help."""
    tokens, seconds = [], []
    for number in show_steps("second turn, round", range(rounds)):
        said = [Message(Role.SYSTEM, f"{number}. {PERSONA}"), Message(Role.USER, "Good morning.")]
        answer, first = _asked(dialogue, said)
        said += [Message(Role.AVATAR, answer), Message(Role.USER, "And then?")]
        _, second = _asked(dialogue, said)
        tokens.append(100 * second.tokens / first.tokens)
        seconds.append(100 * second.seconds / first.seconds)
    report.add("reread_tokens", float(np.median(tokens)), "%", most=MOST_PERCENT)
    report.add("reread_time", float(np.median(seconds)), "%", most=MOST_PERCENT)


def _asked(dialogue: Any, said: list[Message]) -> tuple[str, Any]:
    """Return the answer, and what was processed before it began."""
    answer = "".join(dialogue.reply(Prompt(tuple(said)), Turn(1)))
    return answer, dialogue.evaluated()
