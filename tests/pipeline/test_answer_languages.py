"""An answer in the language that was spoken: the model is asked for it, another voice speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from fakes import RecordingDialogue, RecordingRecognizer, Scene, SlowFace

from avatar_app.bench.scripted.engines import FlatVoice, LevelDetector, PassThrough
from avatar_app.core.engines import SpeechSynthesizer
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Transcript
from avatar_app.pipeline.commands import TextTyped
from avatar_app.pipeline.conversation import Engines


@dataclass
class KnowsLanguage(RecordingRecognizer):
    """Reports one language with every final text."""

    language: str = "de"

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        for transcript in super().transcribe(audio, turn):
            yield replace(transcript, language=self.language) if transcript.final else transcript


class NotingVoice(FlatVoice):
    """Keeps what it said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def speak(self, text, turn):
        self.said.append(text)
        yield from super().speak(text, turn)


class OneOther:
    """Asks for German, and has a voice for it."""

    def __init__(self) -> None:
        self.german = NotingVoice()

    def asked(self, prompt: Prompt, language: str) -> Prompt:
        if language != "de":
            return prompt
        last = prompt.messages[-1]
        return Prompt((*prompt.messages[:-1], Message(Role.USER, f"{last.text} (German)")))

    def voice(self, language: str) -> SpeechSynthesizer | None:
        return self.german if language == "de" else None


@pytest.fixture
def scene() -> Iterator[tuple[Scene, OneOther, NotingVoice]]:
    languages, plain = OneOther(), NotingVoice()
    recognizer, dialogue = KnowsLanguage(), RecordingDialogue()
    engines = Engines(
        PassThrough(),
        LevelDetector(),
        recognizer,
        dialogue,
        plain,
        SlowFace(),
        languages=languages,
    )
    with Scene(engines=engines) as scene:
        scene.recognizer, scene.dialogue = recognizer, dialogue
        yield scene, languages, plain


def test_answer_uses_the_recognized_language(scene):
    scene, languages, plain = scene
    scene.say("guten Tag", pause=3.0)
    scene.wait_until(lambda: bool(languages.german.said))
    assert scene.dialogue.prompts[-1].user_text == "guten Tag (German)"
    assert plain.said == []


def test_disabled_setting_leaves_prompt_and_voice_unchanged(scene):
    scene, languages, plain = scene
    scene.recognizer.language = "en"
    scene.say("good day", pause=3.0)
    scene.wait_until(lambda: bool(plain.said))
    assert scene.dialogue.prompts[-1].user_text == "good day"
    assert languages.german.said == []


def test_typed_turn_has_no_language(scene):
    scene, languages, plain = scene
    scene.send(TextTyped("guten Tag"))
    scene.wait_until(lambda: bool(plain.said))
    assert languages.german.said == []
