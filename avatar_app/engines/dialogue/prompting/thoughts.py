"""Thoughts are no answer: what a model writes for itself is left out, however it is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAMES = "(?:seed:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad)"
BEGIN = re.compile(
    rf"<\s*{_NAMES}\b[^<>]{{0,80}}>"
    r"|\[(?:THINK(?:ING)?|REASONING)\]"
    r"|◁think▷"
    r"|<\|(?:START_THINKING|begin_of_thought|think(?:ing)?)\|>"
    r"|<\|channel\|>\s*(?:analysis|commentary)\b[^<]{0,60}(?:<\|constrain\|>\w*)?<\|message\|>"
    r"|<unused94>",
    re.IGNORECASE,
)
"""DeepSeek, Qwen, Seed; Mistral; Kimi; Cohere, OpenThinker; gpt-oss; Gemma of medicine."""
END = re.compile(
    rf"<\s*/\s*{_NAMES}\s*>"
    r"|\[/(?:THINK(?:ING)?|REASONING)\]"
    r"|◁/think▷"
    r"|<\|(?:END_THINKING|end_of_thought|/think(?:ing)?)\|>"
    r"|<\|channel\|>\s*final\b[^<]{0,60}<\|message\|>"
    r"|(?-i:assistantfinal(?![a-z]))"  # gpt-oss, where the server drops its marks
    r"|<unused95>",
    re.IGNORECASE,
)
LONGEST_MARK = 160
"""Characters."""
_MAYBE = re.compile(r"[<\[◁][^>\]▷]{0,80}$|<\|channel\|>[^<]{0,60}(?:<[^<>]{0,20}>?\w*){0,2}$")
"""The end of a text that may be the beginning of a mark."""
_MUSINGS = ("the user ", "the human ", "we need to ", "i need to respond", "i should respond")
_BEGINNINGS = (
    *(f"analysis{each}" for each in (*_MUSINGS, "user ", "just ")),
    *(f"{so}{each}" for each in _MUSINGS for so in ("", "okay, ", "okay, so ", "ok, ", "hmm, ")),
    "alright, the user ",
    "so the user ",
    "okay, let me ",
    "okay, let's ",
    "we are asked ",
    "let me think",
    "the question asks",
)
"""How those begin whose mark stood in the prompt already: nobody talks so to a person."""


class Thoughts:
    """Takes thoughts out of one answer."""

    def __init__(self, *, begun: bool = False, suspected: bool = False) -> None:
        """`begun`: the prompt has begun one; `suspected`: the model has done so before, perhaps."""
        self._inside, self._suspected = begun, suspected
        self._held = ""
        self._decided = begun or suspected
        self.found = begun
        """Whether there was any."""
        self.unmarked = False
        """Whether one ended whose beginning was not written: the prompt must have begun it."""

    @property
    def unfinished(self) -> bool:
        return self._inside

    def without(self, pieces: Iterator[str]) -> Iterator[str]:
        """The answer as it comes; "" where only thoughts did."""
        for piece in pieces:
            self._held += piece
            yield "".join(self._free())
        if not self._inside:
            yield self._held

    def _free(self) -> Iterator[str]:
        """What is certainly no thought."""
        while True:
            if self._inside:
                end = END.search(self._held)
                if end is None:
                    self._held = self._held[-LONGEST_MARK:]
                    return
                self._held, self._inside = self._held[end.end() :].lstrip(), False
                continue
            begin, end = BEGIN.search(self._held), END.search(self._held)
            if end is not None and (begin is None or end.start() < begin.start()):
                self._held = self._held[end.end() :].lstrip()
                self._suspected, self.found = False, True
                self._decided = self.unmarked = True
                continue
            if begin is not None:
                self.found = self._inside = self._decided = True
                yield self._held[: begin.start()]
                self._held = self._held[begin.end() :]
                continue
            if not self._is_held_back():
                maybe = _MAYBE.search(self._held)
                free = maybe.start() if maybe else len(self._held)
                yield self._held[:free]
                self._held = self._held[free:]
            return

    def _is_held_back(self) -> bool:
        """Does the answer begin like a thought? Then its end must be waited for."""
        if not self._decided:
            text = self._held.lstrip().lower()
            if any(each.startswith(text) for each in _BEGINNINGS):
                return True
            self._suspected = text.startswith(_BEGINNINGS)
            self._decided = True
        return self._suspected


def thought_begun(prompt: str) -> bool:
    """Does a prompt end inside a thought?"""
    begins, ends = list(BEGIN.finditer(prompt)), list(END.finditer(prompt))
    return bool(begins) and (not ends or ends[-1].start() < begins[-1].start())
