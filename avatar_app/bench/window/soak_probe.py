"""Soak probe, a program: uses the window like a person for some minutes of real time and prints
what it took. Argument: minutes.

Each round asks by voice and by typing, interrupts a story, opens a page, rests, and hides the
window; then memory, threads and files of all processes are read.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from avatar_app.audio.null_devices import SilentMicrophone
from avatar_app.bench.process_family import read_family
from avatar_app.bench.window.idle_probe import SETTLING, STORY, Paints, ThreadMeter
from avatar_app.bench.window.probed_window import ASLEEP, ProbedWindow
from avatar_app.core.events import Event, Failed, State, UserSaid
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.session.live_devices import LiveDevices
from avatar_app.session.offline.simulated_user import (
    INTERRUPTIONS,
    PHRASES,
    UserVoice,
    in_room,
    silence,
)
from avatar_app.system.paths import AppPaths, app_paths
from avatar_app.ui.pages.index import PAGES

TYPED = 3
"""Questions a round."""
MEASURED = 10.0
"""Seconds of each state for which processor time is counted."""
LISTENED = (1.0, 6.0)
"""Seconds of a story after which it is interrupted, at random."""
ANSWERED = 20.0
"""Seconds that are waited for the end of an answer."""


class SpeakingMicrophone(SilentMicrophone):
    """Delivers silence, and what is said into it."""

    def __init__(self, devices: LiveDevices) -> None:
        super().__init__(devices.hear, quiet_power=devices.quiet_power)
        self._said: deque[Samples] = deque()

    def say(self, samples: Samples) -> None:
        count = len(samples) // MICROPHONE_BLOCK
        self._said.extend(samples[: count * MICROPHONE_BLOCK].reshape(count, MICROPHONE_BLOCK))

    def together(self) -> int:
        return 1 if self._said else super().together()

    def beat(self, at: float, blocks: int) -> None:
        if blocks > 1 or not self._said:
            super().beat(at, blocks)
            return
        self._on_block(AudioChunk(self._said.popleft(), MICROPHONE_RATE, self._start), at)
        self._start += MICROPHONE_BLOCK


class SoakProbe(ProbedWindow):
    """A window that is used all the time."""

    def __init__(self, paths: AppPaths) -> None:
        super().__init__(paths)
        self._paints = Paints()
        self._spoken, self._failed = 0, list[str]()
        self._shares: dict[str, list[float]] = {"rest": [], "hidden": [], "speaking": []}
        self.session.subscribe(self._note)
        self._rng = np.random.default_rng(19)
        with UserVoice() as voice:
            self._questions = itertools.cycle([voice.say(text).samples for text in PHRASES])
            self._stops = itertools.cycle([voice.say(text).samples for text in INTERRUPTIONS])
        self._typed, self._pages = itertools.cycle(PHRASES), itertools.cycle(PAGES)

    def run(self, minutes: float) -> dict[str, Any]:
        """Return the readings after each round."""
        began, read, at = time.monotonic(), list[Any](), list[float]()
        self.open()
        with self._microphone() as microphone:
            while not at or at[-1] < minutes:
                self._round(microphone)
                read.append(dataclasses.astuple(read_family()))
                at.append((time.monotonic() - began) / 60)
        self.window.close()
        counts = {"turns": self.ended, "interrupted": self.interrupted, "spoken": self._spoken}
        return {"minutes": at, "read": read, "failed": self._failed} | counts | self._shares

    def _microphone(self) -> SpeakingMicrophone:
        """In place of the session's own."""
        devices = self.session.live_devices()
        assert devices is not None
        devices.microphone.close()
        return SpeakingMicrophone(devices)

    def _round(self, microphone: SpeakingMicrophone) -> None:
        microphone.say(self._in_room(self._questions))
        self._hear_answer()
        for _ in range(TYPED):
            self.session.type(next(self._typed))
            self._hear_answer()
        self._interrupt_story(microphone)
        self._look_at_page()
        self.pass_time(ASLEEP)
        self._measure("rest")
        self.window.showMinimized()
        self.pass_time(SETTLING)
        self._measure("hidden")
        self.window.showNormal()
        self.pass_time(SETTLING)

    def _interrupt_story(self, microphone: SpeakingMicrophone) -> None:
        self.session.type(STORY)
        self.wait_for(lambda: self.state is State.SPEAKING)
        self._measure("speaking")
        self.pass_time(float(self._rng.uniform(*LISTENED)))
        if self._rng.random() < 0.5:
            self.window.escape()
        else:
            microphone.say(self._in_room(self._stops))
        self._hear_answer()

    def _look_at_page(self) -> None:
        """Open the next one, and change from dark to light or back."""
        self.window.pages.open(next(self._pages).id)
        self.window.look.toggle_theme()
        self.pass_time(SETTLING)
        self.window.pages.close()

    def _hear_answer(self) -> None:
        """Wait for the next end of a turn, and until nobody speaks."""
        ended = self.ended
        self.wait_for(lambda: self.ended > ended, ANSWERED)
        self.wait_for(lambda: self.state is State.IDLE, ANSWERED)

    def _measure(self, state: str) -> None:
        meter, ended = ThreadMeter(self._paints), self.ended
        self.wait_for(lambda: self.ended > ended, MEASURED)
        self._shares[state].append(sum(meter.read()["threads"].values()))

    def _in_room(self, sayings: Iterator[Samples]) -> Samples:
        return in_room(np.concatenate([silence(0.5), next(sayings), silence(1.5)]), self._rng)

    def _note(self, event: Event) -> None:
        match event:
            case UserSaid(typed=False):
                self._spoken += 1
            case Failed():
                self._failed.append(event.message)


def main() -> None:
    """Print the measurements as one line of JSON."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.stdout.write(json.dumps(SoakProbe(app_paths()).run(float(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    from avatar_app.system.process import prepare_process

    prepare_process()
    main()
