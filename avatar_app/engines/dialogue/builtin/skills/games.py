"""Skill: games: riddles, guess the number, coins and dice."""

from __future__ import annotations

from rapidfuzz import fuzz, process

from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill
from avatar_app.engines.dialogue.builtin.slots import Spans
from avatar_app.engines.dialogue.builtin.spoken import counted, number
from avatar_app.engines.dialogue.builtin.words import split

_GIVES_UP = (
    "give up", "i give up", "i do not know", "tell me", "no idea", "i don't know", "stop",
    "what is it", "never mind", "enough", "the answer", "tell me the answer", "stop it", "no",
)  # fmt: skip
_LIKE = 85
"""Percent similarity from which a guess counts as the answer."""
GUESSES = tuple(str(number) for number in range(1, 101))


def riddle(ask: Ask) -> Reply:
    question, answers, solution = ask.variety.pick("riddles", ask.phrases["riddles"]).split(" | ")
    yield question
    values = {"answers": answers.split(", "), "solution": solution}
    return Carry(answer=_riddle_answer, values=values, topic="riddle")


def _riddle_answer(ask: Ask) -> Reply:
    said, solution = ask.slots["text"].lower(), ask.slots["solution"]
    right = any(
        fuzz.partial_ratio(answer, said) >= _LIKE if len(answer) > 3 else answer in said.split()
        for answer in ask.slots["answers"]
    )
    if right:
        yield ask.say("riddle_right", solution=solution)
    elif _gives_up(said):
        yield ask.say("riddle_solution", solution=solution)
    elif "second" in ask.slots:
        yield ask.say("riddle_wrong", solution=solution)
    else:
        yield ask.say("riddle_hint")
        return Carry(answer=_riddle_answer, values={**ask.slots, "second": True}, topic="riddle")
    return Carry(topic="riddle")


def guess_number(ask: Ask) -> Reply:
    secret = int(ask.variety.pick("secret", list(GUESSES)))
    yield ask.say("guess_start")
    return Carry(answer=_guess, values={"secret": secret, "tries": 0}, topic="guess_number")


def _guess(ask: Ask) -> Reply:
    secret, tries = ask.slots["secret"], ask.slots["tries"]
    guesses = Spans(split(ask.slots["text"])).of("number")
    guess = next((value for _, value in guesses.values()), None)
    if guess == secret:
        yield ask.say("guess_right", number=secret, tries=_tries(tries + 1))
        return Carry(topic="guess_number")
    if guess is None and (_gives_up(ask.slots["text"].lower()) or ask.slots.get("lost")):
        yield ask.say("guess_over", number=secret)
        return Carry(topic="guess_number")
    key = "guess_what" if guess is None else "guess_higher" if guess < secret else "guess_lower"
    yield ask.say(key)
    values = {"secret": secret, "tries": tries + (guess is not None), "lost": guess is None}
    return Carry(answer=_guess, values=values, topic="guess_number")


def play(ask: Ask) -> Reply:
    yield ask.say("play")
    return Carry(answer=_choose)


def _choose(ask: Ask) -> Reply:
    wants_number = any(word in ask.slots["text"].lower() for word in ("number", "guess", "second"))
    return (yield from (guess_number if wants_number else riddle)(ask))


def flip_coin(ask: Ask) -> Reply:
    yield ask.variety.chance(ask.phrases["coin"])
    return None


def roll_die(ask: Ask) -> Reply:
    yield ask.variety.chance(ask.phrases["die"])
    return None


def pick_number(ask: Ask) -> Reply:
    low, high = sorted((int(ask.slots.get("low", 1)), int(ask.slots.get("high", 100))))
    yield ask.say("picked", number=number(ask.variety.between(low, high)))
    return None


def knock(ask: Ask) -> Reply:
    yield ask.say("knock")
    return Carry(answer=_knock_who)


def _knock_who(ask: Ask) -> Reply:
    yield ask.say("knock_who", who=ask.slots["text"])
    return Carry(answer=_knock_end)


def _knock_end(ask: Ask) -> Reply:
    yield ask.say("knock_end")
    return None


def spell(ask: Ask) -> Reply:
    letters = [letter.upper() for letter in ask.slots["text"] if letter.isalnum()]
    yield ask.say("spelled", letters=", ".join(letters))
    return None


def _tries(count: int) -> str:
    return "one guess" if count == 1 else f"{counted(count, 'guess').removesuffix('s')}es"


def _gives_up(said: str) -> bool:
    return process.extractOne(said, _GIVES_UP, scorer=fuzz.ratio, score_cutoff=_LIKE) is not None


SKILLS: dict[str, Skill] = {
    "riddle": riddle,
    "guess_number": guess_number,
    "play": play,
    "flip_coin": flip_coin,
    "roll_die": roll_die,
    "pick_number": pick_number,
    "knock": knock,
    "spell": spell,
}
