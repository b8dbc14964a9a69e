"""A scripted conversation without devices: checks that speech is heard, answered, spoken
and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rapidfuzz import fuzz

from avatar_app.core.events import Noticed, UserStarted
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.session.offline.conversation import OfflineConversation, offline_conversation
from avatar_app.session.offline.simulated_user import UserVoice, trim_silence
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

LONGEST = 30.0
"""Maximum seconds of the whole exchange."""
SIMILAR = 60
"""Similarity in percent from which the phrase counts as understood."""
LATE_MS = 1500.0
"""Milliseconds of waiting for an answer after which a machine is too slow for a conversation."""
AUDIBLE = 0.01

Finding = tuple[bool, str, str]
"""(ok, one line, remedy)."""


def hold_conversation(settings: Settings, paths: AppPaths, phrase: str) -> Iterator[Finding]:
    """Let another voice say `phrase` to the microphone; each step of the answer is a finding."""
    notices: list[Noticed] = []
    with TemporaryDirectory(prefix="avatar-doctor-") as folder:
        temporary = replace(paths, data=Path(folder))  # nothing of it is stored
        with UserVoice() as user:
            voice = trim_silence(user.say(phrase).samples)
        with offline_conversation(settings, temporary, notices.append) as offline:
            end, loudest = _talk(offline, voice)
    for notice in (*notices, *offline.notices):
        yield False, notice.message, notice.hint
    yield from _heard(offline, phrase)
    yield from _answered(offline, end, loudest)


def _talk(offline: OfflineConversation, voice: Samples) -> tuple[float, float]:
    """Run the exchange; returns the second at which the user ended, and the answer's peak
    sample."""
    list(offline.devices.pass_time(0.5))
    end = offline.clock() + len(voice) / MICROPHONE_RATE
    loudest = 0.0
    for moment in offline.devices.pass_time(LONGEST, voice):
        loudest = max(loudest, float(np.abs(moment.played).max()))
        if offline.ended:
            break
    return end, loudest


def _heard(offline: OfflineConversation, phrase: str) -> Iterator[Finding]:
    started = any(isinstance(event, UserStarted) for _, event in offline.events)
    yield (
        started,
        "Conversation: a voice is heard" if started else "Conversation: a voice is not heard",
        "" if started else "Choose another voice detector, or raise the microphone's volume.",
    )
    text = offline.ended[0].user_text if offline.ended else ""
    understood = fuzz.ratio(text.lower(), phrase.lower().strip("?.")) >= SIMILAR
    yield (
        understood,
        f"Conversation: “{phrase}” is understood as “{text}”",
        "" if understood else "Choose another recognizer.",
    )


def _answered(offline: OfflineConversation, end: float, loudest: float) -> Iterator[Finding]:
    if not offline.ended:
        yield False, "Conversation: no answer came", "Check the log; choose other engines."
        return
    turn = offline.ended[0]
    written = bool(turn.avatar_text)
    yield (
        written,
        f"Conversation: the answer is “{turn.avatar_text}”",
        "" if written else "Choose another dialogue engine.",
    )
    sounded = loudest > AUDIBLE and "first_sound" in turn.marks
    late = (turn.marks.get("first_sound", end) - end) * 1000
    yield (
        sounded and late <= LATE_MS,
        f"Conversation: it is spoken {late:.0f} ms after the question"
        if sounded
        else "Conversation: nothing is spoken",
        "" if sounded and late <= LATE_MS else "Close other programs, or choose another voice.",
    )
    pictures = turn.pictures
    drawn = pictures.shown > 0 and pictures.dropped <= pictures.shown // 10
    yield (
        drawn,
        f"Conversation: {pictures.shown} pictures are shown, {pictures.dropped} are too late",
        "" if drawn else "Choose a smaller picture: face.options.width and height.",
    )
