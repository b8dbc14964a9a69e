"""Removes a model's thoughts from its answer, in all known markups."""

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
"""Opening marks: DeepSeek, Qwen, Seed; Mistral; Kimi; Cohere, OpenThinker; gpt-oss; MedGemma."""
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
"""Typical beginnings of thoughts whose opening mark was part of the prompt."""


class Thoughts:
    """Removes thoughts from one answer."""

    def __init__(self, *, begun: bool = False, suspected: bool = False) -> None:
        """`begun`: the prompt has opened one; `suspected`: the model may have done so before."""
        self._inside, self._suspected = begun, suspected
        self._held = ""
        self._decided = begun or suspected
        self.found = begun
        """Whether there was any."""
        self.unmarked = False
        """Whether one ended without an opening mark, so that the prompt must have opened it."""

    @property
    def unfinished(self) -> bool:
        return self._inside

    def without(self, pieces: Iterator[str]) -> Iterator[str]:
        """Yield the answer as it arrives; "" for thoughts."""
        for piece in pieces:
            self._held += piece
            yield "".join(self._free())
        if not self._inside:
            yield self._held

    def _free(self) -> Iterator[str]:
        """Return what is certainly not a thought."""
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
        """Whether the answer begins like a thought, so that its end must be awaited."""
        if not self._decided:
            text = self._held.lstrip().lower()
            if any(each.startswith(text) for each in _BEGINNINGS):
                return True
            self._suspected = text.startswith(_BEGINNINGS)
            self._decided = True
        return self._suspected


def thought_begun(prompt: str) -> bool:
    """Whether a prompt ends inside a thought."""
    begins, ends = list(BEGIN.finditer(prompt)), list(END.finditer(prompt))
    return bool(begins) and (not ends or ends[-1].start() < begins[-1].start())
