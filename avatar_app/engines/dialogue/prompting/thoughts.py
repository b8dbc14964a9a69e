"""Removes a model's thoughts from its answer, in all known markups."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAMES = (
    r"[\w:-]{0,20}(?:think|thought|reason|reflect|deliberat|monolog|scratchpad)[\w-]{0,20}"
    r"|tool_(?:response|result)s?|function_results?|analysis|internal|cot|chain_of_thought|思考|思维|推理"
)
_OPEN, _CLOSE = "(?:[<＜]|&lt;)", "(?:[>＞]|&gt;)"
_TOKENS = r"\w{0,20}(?:think|thought|reason)\w{0,20}"
BEGIN = re.compile(
    rf"{_OPEN}\s*(?:{_NAMES})\b[^<>＜＞]{{0,80}}?{_CLOSE}"
    r"|\[(?:THINK(?:ING)?|REASONING)\]"
    r"|◁think▷"
    rf"|<\|(?!/|end){_TOKENS}\|>"
    r"|<\|channel\|>\s*(?:analysis|commentary)\b[^<]{0,60}(?:<\|constrain\|>\w*)?<\|message\|>"
    r"|<details[^<>]{0,80}>\s*<summary>[^<]{0,20}(?:think|thought|reason)[^<]{0,40}</summary>"
    r"|<unused94>",
    re.IGNORECASE,
)
"""Opening marks: DeepSeek, Qwen, Seed, MiniMax; Mistral; Kimi; Cohere, OpenThinker; gpt-oss; Open
WebUI; MedGemma."""
END = re.compile(
    rf"{_OPEN}\s*/\s*(?:{_NAMES})\s*{_CLOSE}"
    r"|\[/(?:THINK(?:ING)?|REASONING)\]"
    r"|◁/think▷"
    rf"|<\|(?:/|end){_TOKENS}\|>"
    r"|<\|channel\|>\s*final\b[^<]{0,60}<\|message\|>"
    r"|(?-i:assistantfinal(?![a-z]))"  # gpt-oss, where the server drops its marks
    r"|\.\.\.done thinking\."  # Ollama's terminal
    r"|<unused95>",
    re.IGNORECASE,
)
_FOLDED = re.compile(r"</details>", re.IGNORECASE)
"""Ends a thought that began as `<details>`."""
_ANSWER = re.compile(r"^[*#\s]{0,6}(?:final )?(?:answer|response)\s*:[*\s]*(?=[^*\s])", re.I | re.M)
"""Ends a thought that has a heading instead of a mark."""
LONGEST_MARK = 160
"""Characters."""
_MAYBE = re.compile(
    r"(?:[<＜\[◁]|&l?t?;?)[^>＞\]▷]{0,80}$|<details[^<>]{0,80}>\s*(?:<[^<]{0,80}(?:<[^<>]{0,9})?)?$|<\|channel\|>[^<]{0,60}(?:<[^<>]{0,20}>?\w*){0,2}$"
)
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
    *(f"{mark}{name}:" for name in ("thinking", "thought", "thoughts", "thought process",
                                    "reasoning") for mark in ("", "**", "### ")),
    "thinking...\n",
)  # fmt: skip
"""Typical beginnings of thoughts whose opening mark was part of the prompt."""


class Thoughts:
    """Removes thoughts from one answer."""

    def __init__(self, *, begun: bool = False, suspected: bool = False) -> None:
        """`begun`: the prompt has opened one; `suspected`: the model may have done so before."""
        self._inside, self._suspected = begun, suspected
        self._held, self._end = "", END
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
                end = self._end.search(self._held)
                if end is None:
                    self._held = self._held[-LONGEST_MARK:]
                    return
                self._held, self._inside = self._held[end.end() :].lstrip(), False
                continue
            is_held_back = self._is_held_back()
            begin, end = BEGIN.search(self._held), self._lone_end()
            if end is not None and (begin is None or end.start() < begin.start()):
                self._held = self._held[end.end() :].lstrip()
                self._suspected, self.found = False, True
                self._decided = self.unmarked = True
                continue
            if begin is not None:
                self.found = self._inside = self._decided = True
                self._end = _FOLDED if begin[0].lower().startswith("<details") else END
                yield self._held[: begin.start()]
                self._held = self._held[begin.end() :]
                continue
            if not is_held_back:
                maybe = _MAYBE.search(self._held)
                free = maybe.start() if maybe else len(self._held)
                yield self._held[:free]
                self._held = self._held[free:]
            return

    def _lone_end(self) -> re.Match[str] | None:
        """Return the end of a thought whose beginning was not marked."""
        heading = _ANSWER.search(self._held) if self._suspected else None
        return END.search(self._held) or heading

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
