"""The mood of what is said: by words of six languages, by sounds, from clause to clause."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import Scene

from avatar_app.core.emotions import without_emotions
from avatar_app.core.values import AudioChunk, Mood, SpeechChunk
from avatar_app.pipeline import commands
from avatar_app.pipeline.output.moods import MoodTrack, mood_of, with_moods

SILENCE = AudioChunk(np.zeros(160, np.float32), 16_000)


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("Hello, good to see you.", Mood.JOY),
        ("That is wonderful news!", Mood.JOY),
        ("I'm so sorry to hear that.", Mood.CONCERN),
        ("Unfortunately, the train was late.", Mood.CONCERN),
        ("Wow, that is unbelievable!", Mood.SURPRISE),
        ("Really? When did it happen?", Mood.SURPRISE),
        ("Das tut mir leid.", Mood.CONCERN),
        ("Herzlichen Glückwunsch zum Geburtstag!", Mood.JOY),
        ("Das ist ja unglaublich.", Mood.SURPRISE),
        ("Lo siento mucho.", Mood.CONCERN),
        ("Je suis ravie de te voir.", Mood.JOY),
        ("太好了，恭喜你。", Mood.JOY),
        ("很抱歉听到这个消息。", Mood.CONCERN),
        ("مبروك على النجاح", Mood.JOY),
        ("Ha <laugh> there you are.", Mood.JOY),
        ("Well <sigh> so it is.", Mood.CONCERN),
        ("I am sorry, that was great fun.", Mood.JOY),  # more words speak for it
        ("Sorry, that's great.", Mood.CONCERN),  # as many: no smile at something sad
        ("It is ten past four.", Mood.NEUTRAL),
        ("The capital of France is Paris.", Mood.NEUTRAL),
        ("That was not fun.", Mood.NEUTRAL),
        ("Ich bin nicht sehr glücklich.", Mood.NEUTRAL),
        ("我不高兴。", Mood.NEUTRAL),
        ("Chilling sorrel", Mood.NEUTRAL),  # “hi” and “sorr…” are other words
        ("", Mood.NEUTRAL),
    ],
)
def test_words_tell_the_mood(text: str, mood: Mood) -> None:
    assert mood_of(text) is mood


def test_a_mood_lasts_to_the_end_of_its_sentence() -> None:
    track = MoodTrack()
    clauses = ("I am sorry,", "the train", "was late.", "It comes at four.", "Great!")
    moods = [track.next(clause) for clause in clauses]
    assert moods == [Mood.CONCERN] * 3 + [Mood.NEUTRAL, Mood.JOY]


def test_the_face_is_given_the_mood_of_each_clause() -> None:
    seen: list[SpeechChunk] = []
    with Scene() as scene:
        face = scene.engines.face
        perform = face.perform

        def watched(speech, turn, after=None):  # type: ignore[no-untyped-def]
            def noted():  # type: ignore[no-untyped-def]
                for chunk in speech:
                    seen.append(chunk)
                    yield chunk

            return perform(noted(), turn, after)

        scene.dialogue.reply_to = lambda _text: ["I am sorry about that. ", "It is four o'clock."]
        face.perform = watched  # type: ignore[method-assign]
        scene.send(commands.TextTyped("hello"))
        scene.wait(4.0)
    moods = {chunk.text: chunk.mood for chunk in seen}
    assert moods["sorry"] is moods["that."] is Mood.CONCERN
    assert moods["four"] is Mood.NEUTRAL


def test_a_whole_text_is_spoken_in_the_moods_of_its_sentences() -> None:
    text = "I am sorry. It is ten past four! Great <laugh> news, 3.5 times."
    chunks = [SpeechChunk(SILENCE, word) for word in without_emotions(text).split()]
    moods = [chunk.mood for chunk in with_moods(chunks, text)]
    assert moods == [Mood.CONCERN] * 3 + [Mood.NEUTRAL] * 5 + [Mood.JOY] * 4
    assert [chunk.mood for chunk in with_moods(chunks[:1], "")] == [Mood.NEUTRAL]
