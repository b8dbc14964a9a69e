"""Plays recordings into a conversation as its microphone, films it and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.events import Noticed, Outcome, TurnEnded
from avatar_app.core.values import BLOCK_SECONDS, MICROPHONE_RATE, PLAYBACK_RATE, Samples
from avatar_app.media.resample import Resampler
from avatar_app.media.sound_reader import read_sound
from avatar_app.media.video_writer import VideoWriter
from avatar_app.performance.latency import store_turns
from avatar_app.pipeline import commands
from avatar_app.session.offline.conversation import (
    OfflineConversation,
    offline_conversation,
    voice_end,
)
from avatar_app.session.offline.devices import Tick, block_of
from avatar_app.settings.schema import Settings
from avatar_app.system.machine import describe_machine, describe_versions
from avatar_app.system.paths import AppPaths

LEAD_IN = 0.6
"""Seconds of silence before the first recording."""
BETWEEN = 0.8
"""Seconds between the end of an answer and the next recording."""
LONGEST_ANSWER = 90.0
"""Seconds after which the next recording is played, whatever the avatar says."""
UNANSWERED = 4.0
"""Seconds without any activity after which no answer is expected any more."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A recording, or a typed text, that entered the conversation."""

    source: str
    at: float
    """Seconds of the simulated clock at which it began."""
    voice_end: float
    """Seconds of the simulated clock at which its voice ended."""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """The user's contribution: a recording to play or a text to type."""

    source: str
    samples: Samples | None = None
    """float32 at 16 kHz; None: `source` is typed."""


def read_lines(paths: list[Path]) -> list[ReportLine]:
    """Read recordings as lines; raises InputInvalid for one that cannot be read."""
    return [ReportLine(path.name, read_sound(path, MICROPHONE_RATE).samples) for path in paths]


class RecordingPlayer:
    """Drives an offline conversation through a list of lines."""

    def __init__(
        self,
        offline: OfflineConversation,
        film: VideoWriter | None,
        progress: Callable[[str], None],
    ) -> None:
        self._offline, self._film, self._progress = offline, film, progress
        self._fps = offline.conversation.presenter.fps  # kept for the film, even if faces change
        self._upsampler = Resampler(MICROPHONE_RATE, PLAYBACK_RATE)
        self._shown: Any = None
        self._pictures = 0
        self.said: list[Said] = []

    def run(self, lines: list[ReportLine], barge_in_at: float | None) -> None:
        """Say each line when the answer to the one before is over; or with `barge_in_at`, that many
        seconds after it began to play."""
        self._pass(LEAD_IN)
        for index, line in enumerate(lines):
            self._progress(line.source)
            answered = len(self._offline.ended)
            self._say(line)
            last = index == len(lines) - 1
            self._listen(answered, None if last else barge_in_at)
        self._pass(BETWEEN)

    def run_until_silent(self, tail: float) -> None:
        """Run until everything announced has been said, and `tail` seconds more."""
        while not self._offline.ended and self._offline.clock() < LONGEST_ANSWER:
            self._step()
        self._pass(tail)

    def _say(self, line: ReportLine) -> None:
        clock = self._offline.clock
        if line.samples is None:
            self.said.append(Said(line.source, clock(), clock()))
            self._offline.conversation.send(commands.TextTyped(line.source))
            return
        end = clock() + voice_end(line.samples, MICROPHONE_RATE)
        self.said.append(Said(line.source, clock(), end))
        for index in range(-(-len(line.samples) // 160)):
            self._step(block_of(line.samples, index))

    def _listen(self, answered: int, barge_in_at: float | None) -> None:
        """Run until the answer is over and a moment has passed, or it is time to barge in."""
        offline = self._offline
        begun = offline.clock()
        sounding, quiet = 0.0, 0.0
        while offline.clock() - begun < LONGEST_ANSWER:
            self._step()
            idle = offline.conversation.state == "idle"
            quiet = quiet + BLOCK_SECONDS if idle else 0.0
            sounding += BLOCK_SECONDS * (offline.conversation.state == "speaking")
            if barge_in_at is not None and sounding >= barge_in_at:
                return
            if quiet >= (BETWEEN if len(offline.ended) > answered else UNANSWERED):
                return

    def _pass(self, seconds: float) -> None:
        for _ in range(round(seconds / BLOCK_SECONDS)):
            self._step()

    def _step(self, microphone: Samples | None = None) -> None:
        moment = self._offline.devices.step(microphone)
        if self._film is not None:
            self._record(self._film, moment, microphone)

    def _record(self, film: VideoWriter, moment: Tick, microphone: Samples | None) -> None:
        heard = np.zeros(160, np.float32) if microphone is None else microphone
        user = self._upsampler.process(heard)
        count = min(len(user), len(moment.played))
        avatar = moment.played.copy()
        avatar[:count] += user[:count]
        film.add_sound(avatar)
        if moment.frame is not None:
            self._shown = moment.frame.image
        if self._shown is not None and moment.at * self._fps + 1e-6 >= self._pictures:
            self._pictures += 1
            film.add_picture(self._shown)


def play_recordings(
    settings: Settings,
    paths: AppPaths,
    lines: list[ReportLine],
    output: Path | None,
    barge_in_at: float | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Run a conversation in simulated time and film it into `output`. Returns the report."""
    notices: list[Noticed] = []
    with ExitStack() as stack:
        offline = stack.enter_context(offline_conversation(settings, paths, notices.append))
        fps = offline.conversation.presenter.fps
        film: VideoWriter | None = None
        if output is not None:
            film = VideoWriter(output, fps, labeled=settings.render.label)
            stack.enter_context(film)
        player = RecordingPlayer(offline, film, progress)
        player.run(lines, barge_in_at)
        engines = {kind.value: made.name for kind, made in offline.engine_set.manifests.items()}
        store_turns(paths, settings.history, offline.ended, offline.engine_set.used())
        turns = list(_turn_reports(offline.ended, player.said))
        events = [*notices, *offline.notices]
    return {
        "turns": turns,
        "engines": engines,
        "notices": [f"{each.message} {each.hint}".strip() for each in events],
        "versions": describe_versions(),
        "machine": describe_machine(),
    }


def _turn_reports(ended: list[TurnEnded], said: list[Said]) -> Iterator[dict[str, Any]]:
    for turn in ended:
        true_end = _true_end(turn, said)
        after = {
            name: round((turn.marks[name] - true_end) * 1000, 1) if name in turn.marks else None
            for name in ("end_of_turn", "text", "first_token", "first_sound", "first_frame")
        }
        yield {
            "user_text": turn.user_text,
            "avatar_text": turn.avatar_text,
            "heard_text": turn.heard_text,
            "interrupted": turn.outcome is Outcome.INTERRUPTED,
            "outcome": turn.outcome.value,
            "typed": turn.typed,
            **after,
            "frames_shown": turn.pictures.shown,
            "frames_by": {
                cast: getattr(turn.pictures, cast) for cast in ("chosen", "stand_in", "still")
            },
            "frames_dropped": turn.pictures.dropped,
            "skew_ms": {
                "p50": round(turn.pictures.skew_p50_ms, 2),
                "p99": round(turn.pictures.skew_p99_ms, 2),
            },
        }


def _true_end(turn: TurnEnded, said: list[Said]) -> float:
    """Return when the user really stopped: the voice's end in the recording whose end this turn
    followed. A turn that ended in the middle of a recording counts from where turn detection heard
    silence."""
    end_of_turn = turn.marks.get("end_of_turn", 0.0)
    before = [line.voice_end for line in said if line.voice_end <= end_of_turn]
    heard = turn.marks.get("user_stopped", end_of_turn)
    if before and abs(before[-1] - heard) < 1.0:
        return before[-1]
    return heard
