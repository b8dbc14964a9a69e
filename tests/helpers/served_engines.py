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
            for _ in range(int((*text.split(), "1", "1")[1])):
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
FLAT = '''
import numpy as np
from avatar_app.core.values import AudioChunk, SpeechChunk, Word

RATE = 24000

class Flat:
    """Speaks each word as 0.2 s of a level that its letters make; "flood" for ten minutes."""

    def __init__(self, **options):
        self.options = options

    def configure(self, **options):
        self.options |= options

    def speak(self, text, turn):
        for word in text.split():
            turn.check()
            count = RATE * (600 if word.startswith("flood") else 1) // 5
            level = 0.1 + sum(map(ord, word)) % 97 / 200
            samples = np.full(count, level, np.float32)
            yield SpeechChunk(AudioChunk(samples, RATE), word, (Word(word, 0.0, count / RATE),))

    def close(self):
        pass
'''
MOUTH = '''
import numpy as np
from avatar_app.core.values import VideoFrame

class Mouth:
    """A gray picture whose lower half is as bright as the speech is loud."""

    fps = 25.0

    def __init__(self, **options):
        pass

    def configure(self, **options):
        pass

    def perform(self, speech, turn, after=None):
        index, seconds = 0, 0.0
        for chunk in speech:
            loud = int(255 * abs(chunk.audio.samples).max())
            seconds += chunk.audio.seconds
            while index / self.fps < seconds:
                turn.check()
                yield VideoFrame(self.picture(loud if index % 4 < 2 else 0), index / self.fps)
                index += 1

    def rest(self, look, after=None):
        return VideoFrame(self.picture(0), (after.at if after else 0.0) + 1.0)

    def picture(self, loud):
        image = np.full((180, 320, 3), 128, np.uint8)
        image[90:] = loud
        return image

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
VOICE = """
rate: 24000
options:
  voice: {type: choice, values: [f2, m1, m3], default: f2, help: Voice.}
  speed: {type: number, min: 0.5, max: 2.0, default: 1.0, help: Speed.}
"""
LIGHT: dict[str, Any] = {
    "dialogue.engine": "mirror", "asr.engine": "deaf", "tts.engine": "flat", "vad.engine": "webrtc",
    "face.engine": "mouth",
}  # fmt: skip


def add_light_engines() -> None:
    """Add them to the user's folder; LIGHT chooses them."""
    engines = (
        ("dialogue", "mirror", MIRROR),
        ("asr", "deaf", DEAF),
        ("tts", "flat", FLAT),
        ("face", "mouth", MOUTH),
    )
    for kind, name, code in engines:
        folder = app_paths().engines / kind / name
        folder.mkdir(parents=True)
        manifest = _MANIFEST.format(name=name, kind=kind, entry=name.capitalize())
        manifest += VOICE if kind == "tts" else ""
        (folder / "manifest.yaml").write_text(manifest)
        (folder / "engine.py").write_text(code)
