"""Rule-based dialogue: understands requests by patterns, answers by skills, and calls tools."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Any

from avatar_app.core.prompt import PicturePart, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.builtin.asking import (
    Ask,
    CannotDo,
    Carry,
    Past,
    Reply,
    Skill,
    Variety,
)
from avatar_app.engines.dialogue.builtin.languages import other_language
from avatar_app.engines.dialogue.builtin.skills import (
    about,
    building,
    clock,
    collection,
    controls,
    facts,
    flow,
    games,
    listening,
    looking,
    notes,
    remarks,
    sums,
    talk,
    timers,
)
from avatar_app.engines.dialogue.builtin.spoken import clauses
from avatar_app.engines.dialogue.builtin.theme import load_themes
from avatar_app.engines.dialogue.builtin.understanding import (
    ANSWER,
    PERHAPS_MEANT,
    SURE,
    Meaning,
    Understanding,
)
from avatar_app.engines.dialogue.builtin.words import split

_THEMES = (
    about,
    building,
    clock,
    collection,
    controls,
    facts,
    flow,
    games,
    listening,
    looking,
    notes,
    remarks,
)
SKILLS: Mapping[str, Skill] = MappingProxyType(
    {
        name: skill
        for theme in (*_THEMES, sums, talk, timers)
        for name, skill in theme.SKILLS.items()
    }
)

YES, NO = "yes", "no"
_CERTAIN_THEMES = (building, clock, controls, facts, looking, notes, sums, timers)
CERTAIN_SKILLS = frozenset(
    (
        *(name for theme in _CERTAIN_THEMES for name in theme.SKILLS if name != "recall_about"),
        "repeat",
        "what_did_i_say",
        "undo",
        "flip_coin",
        "roll_die",
        "pick_number",
        "privacy",
        "grave",
    )
)
"""Skills that a language model must not replace, as it does them worse or unreliably: emergencies,
and questions about privacy."""
BRIEF = frozenset(name for name in facts.SKILLS if name.startswith(("tell_", "recall")))
"""Matches “My favorite color is blue”, but not “My favorite part is when you said that”."""
LONGEST_VALUE = 4
"""Words of a fact."""


class BuiltinDialogue:
    """Answers by rules.

    Between calls it keeps the last exchange, to interpret "yes", "another one" and "go on"; it is
    valid only while the prompt shows that exchange as the last one.
    """

    def __init__(self, name: str = "Mira", talkativeness: str = "normal") -> None:
        self._name = name
        self._brief = talkativeness == "short"
        self._themes = load_themes()
        self._understanding = Understanding(self._themes)
        self._variety = Variety(Random())
        self._past = Past()
        self._understanding.meaning("set a timer for five miles", self._past)  # fills the caches

    def configure(self, **options: Any) -> None:
        """Change `name` or `talkativeness`."""
        self._name = options.get("name", self._name)
        self._brief = options.get("talkativeness", "short" if self._brief else "") == "short"

    def close(self) -> None:
        """Clear the conversation."""
        self._past = Past()

    def understands(self, prompt: Prompt) -> bool:
        """Whether this is reliably a request to do, look up or calculate something, rather than
        talk."""
        if prompt.done or prompt.messages[-1].media:
            return False  # a result is to be answered, or a picture
        past = self._past_of(prompt)
        meaning = self._understanding.meaning(prompt.user_text, past, self._name)
        if meaning.intent == ANSWER or meaning.intent in (YES, NO):
            return past.intent in CERTAIN_SKILLS  # a skill asked the question
        talks = meaning.intent in BRIEF and any(map(_is_long, meaning.slots.values()))
        if meaning.intent == "tell_upcoming":
            talks = facts.upcoming_in(prompt.user_text) is None
        certain = meaning.intent in CERTAIN_SKILLS or (
            meaning.intent in remarks.SKILLS and remarks.is_unasked(prompt)
        )
        return certain and meaning.score >= SURE and not talks

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        """Yield the answer clause by clause."""
        turn.check()
        if prompt.done:
            yield prompt.done
            return
        past = self._past_of(prompt)
        meaning = self._understanding.meaning(prompt.user_text, past, self._name)
        ask = self._ask(prompt, meaning, past)
        written: list[str] = []
        next_past = Past(intent=ask.intent, slots=ask.slots)
        try:
            carry = yield from self._spoken(self._skill(ask)(ask), turn, written)
            next_past = replace(next_past, carry=carry or Carry())
        except CannotDo as problem:
            next_past = past  # a failed request cannot be followed up
            yield from self._spoken(_regrets(ask, str(problem)), turn, written)
        finally:
            text = "".join(written).strip()
            self._past = replace(next_past, user_text=prompt.user_text, written=text)

    def _past_of(self, prompt: Prompt) -> Past:
        return self._past if _continues(prompt, self._past) else Past()

    def _ask(self, prompt: Prompt, meaning: Meaning, past: Past) -> Ask:
        return Ask(
            intent=meaning.intent,
            text=prompt.user_text.strip(),
            slots=meaning.slots,
            prompt=prompt,
            past=past,
            phrases=self._themes.phrases,
            variety=self._variety,
            name=self._name,
            brief=self._brief,
        )

    def _skill(self, ask: Ask) -> Skill:
        words = split(ask.text)
        if any(isinstance(part, PicturePart) for part in ask.prompt.messages[-1].media):
            return looking.blind
        if ask.intent == ANSWER and ask.past.carry.answer:
            return ask.past.carry.answer
        if not words:
            return _silence
        if ask.intent == PERHAPS_MEANT:
            return self._perhaps
        if ask.intent == "another":
            return SKILLS[ask.past.carry.topic]
        if ask.intent in remarks.ANSWERS and remarks.asks_unasked(ask.prompt):
            return remarks.answered
        if SKILLS[ask.intent] in (listening.unknown, listening.reflect) and other_language(words):
            return _other_language
        return SKILLS[ask.intent]

    def _perhaps(self, ask: Ask) -> Reply:
        match = ask.slots["match"]
        yield ask.say("perhaps", title=self._understanding.title(match.intent))
        return Carry(yes=SKILLS[match.intent], no=_perhaps_not, values=match.slots)

    def _spoken(self, reply: Reply, turn: Turn, written: list[str]) -> Reply:
        """Yield the reply in clauses; `written` collects them."""
        answer: ToolResult | None = None
        while True:
            turn.check()
            try:
                piece = reply.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = None
            if isinstance(piece, ToolCall):
                answer = yield piece
                continue
            for clause in clauses(piece):
                turn.check()
                written.append(clause)
                yield clause


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value.split()) > LONGEST_VALUE


def _continues(prompt: Prompt, past: Past) -> bool:
    """Whether the last exchange of the prompt is the remembered one."""
    earlier = [message for message in prompt.messages[:-1] if message.role is Role.USER]
    return bool(earlier) and earlier[-1].text == past.user_text


def _regrets(ask: Ask, reason: str) -> Reply:
    yield ask.say("cannot", reason=reason)
    return None


def _silence(ask: Ask) -> Reply:
    yield ask.say("silence")
    return ask.past.carry


def _other_language(ask: Ask) -> Reply:
    yield ask.say("other_language", language=other_language(split(ask.text)))
    return None


def _perhaps_not(ask: Ask) -> Reply:
    yield ask.say("perhaps_not")
    return None
