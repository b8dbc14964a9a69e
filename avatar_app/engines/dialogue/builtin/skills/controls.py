"""Skill: controls of the application."""

from __future__ import annotations

from typing import Any

from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill


def _calls(tool: str, phrase: str, **arguments: Any) -> Skill:
    """Create a skill that calls one tool and says one thing."""

    def skill(ask: Ask) -> Reply:
        yield from ask.use(tool, **arguments)
        yield ask.say(phrase)
        return None

    return skill


def hush(ask: Ask) -> Reply:
    """Say nothing: the interruption itself made the avatar quiet."""
    yield ask.say("hush")
    return None


def close_window(ask: Ask) -> Reply:
    yield ask.say("sure_to_close")
    return Carry(yes=_calls("control_window", "closing", control="close"), no=_stay)


def _stay(ask: Ask) -> Reply:
    yield ask.say("staying")
    return None


SKILLS: dict[str, Skill] = {
    "speak_slower": _calls("change_speaking_speed", "slower", change="slower"),
    "speak_faster": _calls("change_speaking_speed", "faster", change="faster"),
    "speak_normally": _calls("change_speaking_speed", "normal_speed", change="normal"),
    "louder": _calls("change_volume", "louder", change="louder"),
    "quieter": _calls("change_volume", "quieter", change="quieter"),
    "full_volume": _calls("change_volume", "full_volume", change="full"),
    "hush": hush,
    "sleep": _calls("mute_microphone", "sleep"),
    "show_transcript": _calls("control_window", "transcript_shown", control="show transcript"),
    "hide_transcript": _calls("control_window", "transcript_hidden", control="hide transcript"),
    "show_settings": _calls("control_window", "settings_shown", control="show settings"),
    "dark": _calls("control_window", "darkened", control="use dark theme"),
    "light": _calls("control_window", "lightened", control="use light theme"),
    "full_screen": _calls("control_window", "screen_filled", control="full screen"),
    "close_window": close_window,
}
