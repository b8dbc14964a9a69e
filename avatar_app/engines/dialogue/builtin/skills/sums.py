"""Skill: calculation and conversion."""

from __future__ import annotations

from avatar_app.engines.dialogue.builtin import spoken
from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill
from avatar_app.engines.dialogue.builtin.slots import spoken_unit

_SIGNS = {
    "sum": "+",
    "product": "*",
    "difference": "-",
    "quotient": "/",
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
}


def calculate(ask: Ask) -> Reply:
    result = yield from ask.use("calculate", expression=ask.slots["expression"])
    yield ask.say("result", result=spoken.number(result))
    return Carry(values={"result": result})


def calculate_more(ask: Ask) -> Reply:
    last = ask.past.carry.values.get("result", 0)
    expression = f"({last}) {ask.slots['operation']}"
    result = yield from ask.use("calculate", expression=expression)
    yield ask.say("result", result=spoken.number(result))
    return Carry(values={"result": result})


def sum_of(ask: Ask) -> Reply:
    first, second = ask.slots["number"], ask.slots["other"]
    words = ask.text.lower().split()
    sign = next((_SIGNS[word] for word in words if word in _SIGNS), "+")
    if "subtract" in words and "from" in words:
        first, second = second, first
    result = yield from ask.use("calculate", expression=f"({first}) {sign} ({second})")
    yield ask.say("result", result=spoken.number(result))
    return Carry(values={"result": result}, topic="calculate")


def convert(ask: Ask) -> Reply:
    slots = {**ask.past.carry.values, **ask.slots} if ask.intent == "convert_more" else ask.slots
    amount, unit, target = slots["number"], slots["unit"], slots["target"]
    result = yield from ask.use("convert_units", value=amount, from_unit=unit, to_unit=target)
    said = ask.say(
        "converted",
        amount=spoken.number(amount).capitalize(),
        unit=spoken_unit(unit, amount),
        result=spoken.number(result),
        target=spoken_unit(target, result),
    )
    yield said
    return Carry(values={"number": amount, "unit": unit, "target": target})


def convert_money(ask: Ask) -> Reply:
    yield ask.say("no_rates")
    return None


SKILLS: dict[str, Skill] = {
    "calculate": calculate,
    "calculate_more": calculate_more,
    "sum_of": sum_of,
    "convert": convert,
    "convert_more": convert,
    "convert_money": convert_money,
}
