"""Engines of a test's user that load at once, for servers: they say what they were asked."""

from __future__ import annotations

from typing import Any

from avatar_app.system.paths import app_paths

MIRROR = '''
from avatar_app.core.prompt import Role
from avatar_app.core.values import ToolCall

NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()

class Mirror:
    """Counts, recalls what it said last, calls the client's function, or repeats."""

    def __init__(self):
        self.closed = False

    def configure(self):
        pass

    def reply(self, prompt, turn):
        turn.check()
        text = prompt.user_text
        if text.startswith("count"):
            for _ in range(int(text.partition(" ")[2] or 1)):
                yield " ".join(NUMBERS) + ". "
        elif text.startswith("recall"):
            said = [each.text for each in prompt.messages if each.role is Role.AVATAR]
            yield f"I said: {said[-1] if said else 'nothing'}."
        elif text.startswith("instructions"):
            yield prompt.system
        elif text.startswith("weather"):
            result = yield ToolCall("weather", {"city": "Rome"})
            yield f"It is {result.value or result.error}."
        else:
            yield f"You said {text}."

    def close(self):
        self.closed = True
'''
DEAF = '''
from avatar_app.core.values import Transcript

class Deaf:
    """Understands that something was said, and how long it was."""

    def __init__(self):
        pass

    def configure(self, **options):
        pass

    def transcribe(self, audio, turn):
        loud = 0
        for block in audio:
            turn.check()
            loud += int(abs(block.samples).mean() > 0.01)
            if loud == 20:
                yield Transcript("something")
        yield Transcript("something loud" if loud >= 20 else "", final=True)

    def close(self):
        pass
'''
_MANIFEST = """
name: {name}
kind: {kind}
entry: engine:{entry}
title: The {name} engine
summary: For tests.
license: MIT
languages: [en]
"""
LIGHT: dict[str, Any] = {"dialogue.engine": "mirror", "asr.engine": "deaf", "vad.engine": "webrtc"}


def add_light_engines() -> None:
    """Add both to the user's folder; LIGHT chooses them."""
    for kind, name, code in (("dialogue", "mirror", MIRROR), ("asr", "deaf", DEAF)):
        folder = app_paths().engines / kind / name
        folder.mkdir(parents=True)
        manifest = _MANIFEST.format(name=name, kind=kind, entry=name.capitalize())
        (folder / "manifest.yaml").write_text(manifest)
        (folder / "engine.py").write_text(code)
