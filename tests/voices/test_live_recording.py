"""A recording and a sentence are judged while they are heard, and as when they are over."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloning import DRAWN
from scripted_microphone import ScriptedMicrophone
from spoken import STORY, spoken

from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.values import MICROPHONE_RATE
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.speech_to_text import follower_for
from avatar_app.voices.consent import ConsentRefused, Refusal
from avatar_app.voices.consent_phrase import compare
from avatar_app.voices.consent_reading import followed_by_grammar, heard_by_grammar
from avatar_app.voices.likeness import likeness_of
from avatar_app.voices.live_recording import (
    ReadAloud,
    ReadingSoFar,
    RecordingSoFar,
    record_until,
)
from avatar_app.voices.reference import CheckName


def job() -> Job[None]:
    return Job("Listening", lambda _job: None)


def test_a_recording_ends_when_the_user_is_done() -> None:
    microphone, seen = ScriptedMicrophone(), list[RecordingSoFar]()
    microphone.says = spoken(STORY)
    seconds = len(microphone.says) / MICROPHONE_RATE

    def done() -> bool:
        return bool(seen) and bool(seen[-1].checks) and seen[-1].checks[0].figure >= seconds

    sound = record_until(job(), microphone, done, seen.append)
    assert seconds <= len(sound) / MICROPHONE_RATE < seconds + 1
    lengths = [now.checks[0].figure for now in seen if now.checks]
    assert lengths == sorted(lengths)
    assert max(now.level for now in seen) > -30
    names = [check.name for check in seen[-1].checks]
    assert names == [name for name in CheckName if name is not CheckName.ONE_SPEAKER]
    assert all(check.passed for check in seen[-1].checks)
    assert not seen[len(seen) // 4].checks[0].passed  # it was too short


def test_recording_ends_at_the_longest_reference_length() -> None:
    microphone = ScriptedMicrophone()
    microphone.says = spoken(STORY).repeat(8)
    sound = record_until(job(), microphone, lambda: False, lambda _now: None)
    assert len(sound) == 30 * MICROPHONE_RATE


def test_a_recording_is_cancelled() -> None:
    cancelled = job()
    with pytest.raises(JobCancelled):
        record_until(cancelled, ScriptedMicrophone(), lambda: False, lambda _: cancelled.cancel())


def test_words_are_highlighted_as_they_are_read() -> None:
    microphone, seen = ScriptedMicrophone(), list[ReadingSoFar]()
    microphone.says = spoken(DRAWN.text)
    reading = ReadAloud(microphone, followed_by_grammar, DRAWN, seen.append)
    sound = reading.record(job())
    assert compare(DRAWN, reading.read(sound)).is_the_sentence
    assert reading.read(sound) == heard_by_grammar(sound)
    counts = [len(now.words) for now in seen]
    assert counts == sorted(counts)
    assert len(set(counts)) > 8
    assert counts[-1] >= len(DRAWN.text.split()) - 1


def test_chosen_recognizer_follows_the_reading() -> None:
    assert follower_for(EngineChoice(engine="pocketsphinx"), Registry()) is followed_by_grammar


def test_hosted_recognizer_follows_the_reading_and_can_be_cancelled(
    tmp_path: Path,
) -> None:
    model = str(write_whisper(tmp_path, "I allow a copy"))
    options = {"model": model, "compute": "float32", "threads": 1, "language": "en"}
    follow = follower_for(EngineChoice(engine="whisper", options=options), Registry())
    microphone = ScriptedMicrophone()
    microphone.says = spoken(DRAWN.text)
    reading = ReadAloud(microphone, follow, DRAWN, lambda _now: None)
    assert reading.read(reading.record(job())) == "I allow a copy"
    cancelled = job()
    reading = ReadAloud(microphone, follow, DRAWN, lambda _now: cancelled.cancel())
    with pytest.raises(JobCancelled):
        reading.record(cancelled)
    microphone.missing = True
    with pytest.raises(DeviceUnavailable, match="No microphone was found"):
        reading.record(job())


def test_a_refusal_keeps_its_reason_between_processes() -> None:
    import pickle

    refused = ConsentRefused(Refusal.MISREAD, "It differs.", "Again.", "I allow nothing")
    copy = pickle.loads(pickle.dumps(refused))
    assert (copy.reason, copy.message, copy.hint, copy.heard) == (
        Refusal.MISREAD,
        "It differs.",
        "Again.",
        "I allow nothing",
    )


def test_likeness_is_high_for_one_voice_and_low_for_two() -> None:
    hers, again = spoken(STORY), spoken(DRAWN.text)
    assert likeness_of(hers, again).is_same_person
    assert not likeness_of(hers, spoken(STORY, "m3")).is_same_person
