"""Skill: has a small web page planned and built, shows it, stops and goes on."""

from __future__ import annotations

from avatar_app.core.values import ToolCall
from avatar_app.engines.dialogue.builtin import spoken
from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill


def build_page(ask: Ask) -> Reply:
    plan = yield from ask.use("plan_page", request=ask.text)
    steps = " ".join(f"{step.rstrip('.')}." for step in plan["steps"])
    yield ask.say("page_plan", steps=steps, time=spoken.counted(plan["minutes"], "minute"))
    yield from ask.use("build_page")  # the pipeline asks for consent
    return None


def build_page_openly(ask: Ask) -> Reply:
    yield ask.say("page_what")
    return Carry(answer=build_page)


def show_page(ask: Ask) -> Reply:
    yield from ask.use("show_page")
    yield ask.say("page_shown")
    return None


def stop_building(ask: Ask) -> Reply:
    yield from ask.use("stop_building")
    yield ask.say("building_stopped")
    return None


def resume_building(ask: Ask) -> Reply:
    yield from ask.use("resume_building")
    yield ask.say("building_resumed")
    return None


def stop(ask: Ask) -> Reply:
    """Stop what is being built; where nothing is, the interruption itself was meant."""
    stopped = (yield ToolCall("stop_building")) if ask.offers("stop_building") else None
    is_building = stopped is not None and not stopped.error
    yield ask.say("building_stopped" if is_building else "hush")
    return None


SKILLS: dict[str, Skill] = {
    "build_page": build_page,
    "build_page_openly": build_page_openly,
    "show_page": show_page,
    "stop_building": stop_building,
    "resume_building": resume_building,
    "stop": stop,
}
