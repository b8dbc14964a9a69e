"""Ends an answer when the model writes for other speakers or repeats itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

MARK = re.compile(
    r"<\|[^<>|\s]{2,24}\|>|</?s>|<(?:end_of_turn|start_of_turn|eos|bos|endoftext)>"
    r"|\[/?INST\]|<</?SYS>>|<｜[^<>｜]{2,24}｜>",
    re.IGNORECASE,
)
"""Special tokens of chat templates, written as text."""
_OPENING = re.compile(
    r"(?:<\|(?:begin_of_\w+|im_start|start|start_header_id|end_header_id|assistant|message|bot)\|>"
    r"|<start_of_turn>|<s>|<bos>|\[/INST\]|(?:assistant|model)(?=[<\s]|(?-i:[A-Z])))+",
    re.IGNORECASE,
)
"""Tokens before an answer; those of another speaker's turn end it."""
_OTHER_TURN = re.compile(r"(?:user|human|system)\b", re.IGNORECASE)
OTHERS = frozenset(("user", "human", "you", "system", "assistant", "ai", "instruction", "input"))
"""Names of other speakers."""
_ANYWHERE = frozenset(("User:", "Human:", "Assistant:"))
_DENSE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u9fff\uff00-\uffef"
"""Scripts without blanks between words: of Thailand and its neighbors, China and Japan."""
_TOKEN = re.compile(rf"[{_DENSE}]\s*|[^\s{_DENSE}]+(?:\s+|(?=[{_DENSE}]))|\s+|\S{{60,}}")
"""A word with the following blanks; in scripts without blanks a character; a piece of a word
without end."""
_IS_DENSE = re.compile(rf"[{_DENSE}]")
_SENTENCE = re.compile(r"[.!?…。！？]+[\"'”’)\]*_]*$")
_TITLE = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|approx|e\.g|i\.e|No)|\b[A-Z])\.$")
"""Abbreviations whose full stop does not end a sentence."""
_RUN = re.compile(r"([\w\U0001f000-\U0001faff])\1{12,}")
_LIST_NUMBER = re.compile(r"\d{1,3}[.):]\s")
_NAME = re.compile(r"You are (?:an? )?((?:[A-Z][\w'-]+ ?){1,3})")
_FENCE = "```"
_DECORATION = "*_#> \n\t"
TIMES = 3
"""Number of repetitions of a sentence, or of a few words in a row, that is not spoken."""
FEW_WORDS = 3
"""Shorter sentences may be repeated: “Yes.”"""
WORDS_ON_END = 4
"""Maximum repetitions of a single word; “no, no, no” is speech."""
CHARACTERS_ON_END = 12
"""The same for a character of a script without blanks, in which people laugh by repeating it."""
SHORTEST_PATTERN, LONGEST_PATTERN = 2, 60
"""Words, or characters of a script without blanks, of a repeated pattern."""
CHARACTERS_OF_WORD = 2
"""Average characters of a word in a script without blanks."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When an answer ends."""

    sentences: int = 0
    """Maximum sentences; 0: unlimited."""
    speaker: frozenset[str] = frozenset()
    """Names, in small letters, with which the avatar's line may begin: they are removed."""

    @classmethod
    def of(cls, system: str, sentences: int = 0) -> Limits:
        """Create limits for the avatar's name in the prompt."""
        found = _NAME.search(system)
        name = found[1].strip().lower() if found else ""
        return cls(sentences, frozenset({"assistant", "ai", "avatar", name, *name.split()} - {""}))


class Ending:
    """Follows one answer, word by word."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._names = OTHERS | limits.speaker
        self._text = ""  # a word that is not complete yet
        self._line: list[str] | None = []  # the line's first words, while they may be a name
        self._held: list[str] = []  # words of a sentence that may be one too many
        self._words: list[str] = []
        self._sentence: list[str] = []
        self._times: Counter[str] = Counter()
        self._sentences = 0
        self._list_number = False
        self._fenced = False
        self.over = False

    def taken(self, piece: str) -> str:
        """Return the speakable text after `piece` was written; once the answer is over, nothing
        more."""
        self._text += piece
        return "".join(self._complete())

    def rest(self) -> str:
        """Return the rest at the end of the answer."""
        text, self._text = self._text, ""
        ready = self._said(text) if not self.over else []
        if not self.over:
            ready += [*self._held, *(self._line or ())]
            self._held, self._line = [], []
        return "".join(ready)

    def _complete(self) -> Iterator[str]:
        while not self.over and (token := _TOKEN.match(self._text)):
            self._text = self._text[token.end() :]
            yield from self._said(token[0])
        self.over = self.over or bool(_RUN.search(self._text))

    def _said(self, token: str) -> list[str]:
        """Return the speakable text after `token`."""
        if token.startswith(_FENCE):
            self._fenced = not self._fenced
        if not self._words and MARK.match(token) and (opening := _OPENING.match(token)):
            token = token[opening.end() :]
            self.over = bool(_OTHER_TURN.match(token))
        if self.over or not (self._words or self._fenced or token.strip()):
            return []
        if _RUN.search(token) or (token.strip() in _ANYWHERE and self._words):
            self.over = True
            return []
        if mark := MARK.search(token):
            ready = self._taken(self._line or []) + self._taken([token[: mark.start()]])
            self.over = True
            return ready
        if self._fenced and self._line is not None:  # programs name their values: “user: …”
            token, self._line = "".join((*self._line, token)), None
        line = self._line
        ready = self._taken([token]) if line is None else self._begin_line(line, token)
        if "\n" in token and not self.over:
            ready, self._line = ready + self._taken(self._line or []), []
        return ready

    def _begin_line(self, line: list[str], token: str) -> list[str]:
        """Handle the beginning of a line: “Mira: Hello” is said without the name, “User: Hello” is
        not said at all."""
        line.append(token)
        text = "".join(line).strip(_DECORATION).lower()
        name = text.removesuffix(":").strip(_DECORATION)
        if text.endswith(":") and name in self._names:
            self._line = []
            self.over = bool(self._words) or name not in self._limits.speaker
            return []
        if not text or any(f"{each} ".startswith(f"{text} ") for each in self._names):
            return []
        self._line = None
        return self._taken(line)

    def _taken(self, tokens: list[str]) -> list[str]:
        """Return the speakable words of a text without names; a repeated sentence is held back."""
        ready: list[str] = []
        for token in tokens:
            if self.over:
                break
            self._held.append(token)
            self._count(token)
            if not self.over and not self._list_number and not self._said_often_so_far():
                ready, self._held = ready + self._held, []
            self.over = self.over or 0 < self._limits.sentences <= self._sentences
        return ready

    def _said_often_so_far(self) -> bool:
        begun = " ".join(self._sentence)
        return bool(begun) and any(
            times >= TIMES - 1 and sentence.startswith(begun)
            for sentence, times in self._times.items()
        )

    def _count(self, token: str) -> None:
        if self._fenced:
            return  # programs repeat themselves
        self._list_number = not self._sentence and bool(_LIST_NUMBER.match(token))
        word = _word(token)
        if word:
            self._words.append(word)
        if word and not self._list_number:
            self._sentence.append(word)
        if self._repeats():
            self.over = True
        elif self._sentence and _ends_sentence(token):
            self._end_sentence()
            self._sentences += 1
        elif self._sentence and "\n" in token:
            self._end_sentence()

    def _end_sentence(self) -> None:
        sentence, long = " ".join(self._sentence), _weight(self._sentence) >= FEW_WORDS
        self._sentence = []
        if long and self._times[sentence] >= TIMES - 1:
            self.over = True
        self._times[sentence] += long

    def _repeats(self) -> bool:
        """Whether the last words repeat a few words again and again."""
        words = self._words
        if not words:
            return False
        dense = bool(_IS_DENSE.match(words[-1]))
        run = CHARACTERS_ON_END if dense else WORDS_ON_END
        if len(words) >= run and len(set(words[-run:])) == 1:
            return True
        shortest = SHORTEST_PATTERN * (CHARACTERS_OF_WORD if dense else 1)
        return any(
            len(words) >= TIMES * size
            and words[-size:] == words[-2 * size : -size] == words[-3 * size : -2 * size]
            and len(set(words[-size:])) > 1
            for size in range(shortest, LONGEST_PATTERN + 1)
        )


def _word(token: str) -> str:
    """Return what counts as a word of a token: its letters, or an emoji."""
    letters = "".join(filter(str.isalnum, token)).lower()
    return letters or "".join(each for each in token if each >= "\U0001f000")


def _weight(words: list[str]) -> float:
    """Return the number of words, of which some may be single characters."""
    return sum(1 / CHARACTERS_OF_WORD if _IS_DENSE.match(each) else 1 for each in words)


def _ends_sentence(token: str) -> bool:
    written = token.rstrip()
    return "\n\n" in token or bool(_SENTENCE.search(written) and not _TITLE.search(written))
