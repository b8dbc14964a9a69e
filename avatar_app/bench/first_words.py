"""First words: time to the first word of a language model, in the first and in later turns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.engines.hosting.host import Host
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.personas import read_persona
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

ENGINE, MODEL = "llama", "smollm2-135m"
"""Used where the settings choose no local language model."""
MOST_MS = 400.0
FACTS = "What the user has told you about themselves: name: Anna; sister's name: Eva."
QUESTIONS = (
    "Hello, how are you today?",
    "What should I cook tonight?",
    "Tell me about the sea.",
    "Why is the sky blue?",
    "I am a bit sad today.",
    "Do you like music?",
)


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure from the user's text to the first word, with the earlier context processed in idle
    time, as in a conversation. The second start reuses the processed persona. Raises ModelMissing
    where neither the chosen model nor SmolLM2 is installed."""
    report = Report()
    asked = QUESTIONS[:3] if quick else QUESTIONS
    for start in show_steps("start", ("first", "second")):
        with _model(settings, paths) as dialogue:
            conversation = _Conversation(dialogue, read_persona(settings.persona).system)
            report.add(f"{start}_start_read_ahead", conversation.read_ahead(), "ms")
            waits = [conversation.ask(text) for text in asked]
        report.add(f"{start}_start_first_turn", waits[0], "ms", most=MOST_MS)
        name = f"{start}_start_later_turns"
        report.add_percentiles(name, waits[1:], "ms", p50=MOST_MS, p95=None)
    return report


class _Conversation:
    """A simulated conversation of several questions."""

    def __init__(self, dialogue: Any, persona: str) -> None:
        self._dialogue = dialogue
        self._said = [Message(Role.SYSTEM, persona), Message(Role.SYSTEM, FACTS)]

    def read_ahead(self) -> float:
        """Prepare the next prompt; returns milliseconds."""
        began = time.perf_counter()
        list(self._dialogue.prepare(Prompt(tuple(self._said)), Turn(0)))
        return (time.perf_counter() - began) * 1000

    def ask(self, text: str) -> float:
        """Ask a question; returns milliseconds until the first word."""
        self._said.append(Message(Role.USER, text))
        began, first, answer = time.perf_counter(), None, ""
        for piece in self._dialogue.reply(Prompt(tuple(self._said)), Turn(0)):
            if piece and first is None:
                first = time.perf_counter()
            answer += str(piece)
        self._said.append(Message(Role.AVATAR, answer))
        self.read_ahead()
        return ((first or time.perf_counter()) - began) * 1000


@contextmanager
def _model(settings: Settings, paths: AppPaths) -> Iterator[Any]:
    """Load the model of the settings, or the smallest one, in a process of its own."""
    registry, chosen = Registry(), settings.dialogue
    options = dict(chosen.options) if chosen.engine == ENGINE else {"model": MODEL}
    options["prompt_cache"] = str(paths.cache / "prompts")
    engine = create_engine(registry, registry.find(Kind.DIALOGUE, ENGINE), options)
    try:
        if isinstance(engine, Host):
            engine.wait_ready()
        yield engine
    finally:
        engine.close()
