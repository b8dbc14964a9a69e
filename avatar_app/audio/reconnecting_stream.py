"""A stream that survives its device: replaces a dead one, and returns when the device is back."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass

from avatar_app.audio.backend import AudioBackend
from avatar_app.audio.clock import Clock
from avatar_app.audio.devices import Device, Direction, candidates, matching
from avatar_app.audio.null_devices import NullDevice, OnNotice
from avatar_app.audio.stream import CallbackFactory, Stream
from avatar_app.core.errors import DeviceUnavailable

LOOK_SECONDS = 0.1
"""Interval of checking that the stream is alive."""
SEARCH_SECONDS = 2.0
"""Interval of searching a missing device."""
LONGEST_SEARCH_SECONDS = 10.0
"""Unsuccessful searches become rarer, down to this interval."""
STEADY_SECONDS = 10.0
"""A second loss within this time waits for the next search, to avoid a flood of notices."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamRole:
    """The direction of a stream and its texts for the user."""

    direction: Direction
    noun: str
    without: str
    """What still works without such a device."""


class ReconnectingStream:
    """Keeps one stream alive on the wanted device, the default one or, with neither, a null
    device.

    One writer: `begin`, then `look` on its own thread.
    """

    def __init__(
        self,
        role: StreamRole,
        wanted: str | None,
        plug: CallbackFactory,
        stand_in: NullDevice,
        on_notice: OnNotice,
        card: AudioBackend,
        clock: Clock,
    ) -> None:
        self.line: Stream | None = None
        self._role = role
        self._wanted = wanted
        self._plug = plug
        self._stand_in = stand_in
        self._on_notice = on_notice
        self._card, self._clock = card, clock
        self._ordered = self._stopping = False
        self.needed = True  # whether blocks are wanted; `wake` changes it at once
        self.wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._last = ""  # the name of the device last in use
        self._problem: DeviceUnavailable | None = None  # why the best device could not be opened
        self._next_search = clock.now()
        self._lost_at = float("-inf")
        self._patience = SEARCH_SECONDS

    def start(self) -> None:
        """Connect, at worst to the null device, and start watching."""
        if self._thread is not None:
            return
        self._stopping = False
        self.begin()
        self._thread = threading.Thread(target=self._run, name=self._role.noun, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread is None:
            return
        self._stopping = True
        self.wake.set()
        self._thread.join()
        self._thread = None
        self._drop_line()
        self._stand_in.close()

    def use(self, wanted: str | None) -> None:
        """Change to another device, soon."""
        self._wanted = wanted
        self._ordered = True
        self.wake.set()

    def look(self) -> None:
        """Check the stream: is it alive, is it the wanted one, is a better one back?"""
        line = self.line
        (line or self._stand_in).need(needed=self.needed)
        if self._ordered:
            self._ordered = False
            self._drop_line()
            self.begin()
        elif line is not None and line.recalled:
            self._reopen()
        elif line is not None and not line.alive:
            self._lose(line)
        elif not self._content() and self._clock.now() >= self._next_search:
            self._search()

    def _run(self) -> None:
        while not self._stopping:
            self.wake.wait(self._patience_to_look())
            self.wake.clear()
            if not self._stopping:
                self.look()

    def _patience_to_look(self) -> float:
        """A stand-in gives no signs of life."""
        if self.line is not None:
            return LOOK_SECONDS
        return max(LOOK_SECONDS, self._next_search - self._clock.now())

    def begin(self) -> None:
        """Make the first connection, or one that was requested."""
        self._patience = SEARCH_SECONDS
        try:
            known = self._card.known()
            self._take(
                known if _offer(known, self._wanted, self._role.direction) else self._card.present()
            )
        except DeviceUnavailable as problem:
            self._await_device()
            self._on_notice(problem.message, problem.hint)
            return
        if not self._content():
            self._on_notice(self._missing(), _goes_on(self._role, self.line))

    def _lose(self, line: Stream) -> None:
        """Replace a dead stream: at once by the null device, then by the best device left."""
        again = self._clock.now() - self._lost_at < STEADY_SECONDS
        self._lost_at = self._clock.now()
        self._patience = LONGEST_SEARCH_SECONDS if again else SEARCH_SECONDS
        self._drop_line()
        self._await_device()
        if not again:
            self._connect_to_present()
        self._report_lost(line.device.name)

    def _reopen(self) -> None:
        """Reopen after a refresh, which ended every stream: silently, if the device still
        exists."""
        before, content = self._last, self._content()
        self._drop_line()
        self._connect(_devices(self._card))
        if self._content() and not content:
            self._tell_back()
        elif self.line is None or self._last != before:
            self._report_lost(before)

    def _search(self) -> None:
        """Search the wanted device, or without one any device."""
        self._await_next_search()
        before = self.line.device if self.line is not None else None
        devices = _devices(self._card, present=True)
        best = candidates(devices, self._wanted, self._role.direction)[:1]
        if not best or best == [before]:
            return
        self._drop_line()
        self._take(devices)
        if self.line is not None and self.line.device != before:
            self._patience = SEARCH_SECONDS
            self._tell_back()

    def _report_lost(self, name: str) -> None:
        self._on_notice(f"The {self._role.noun} {name} is gone.", _goes_on(self._role, self.line))

    def _tell_back(self) -> None:
        self._on_notice(
            f"The {self._role.noun} {self._last} is back.", "The conversation continues with it."
        )

    def _connect_to_present(self) -> None:
        devices = _devices(self._card, present=True)
        if candidates(devices, self._wanted, self._role.direction):
            self._take(devices)

    def _take(self, devices: list[Device]) -> None:
        """Open the best device available now, which PortAudio may not know yet."""
        if _devices(self._card) != devices:
            with contextlib.suppress(DeviceUnavailable):  # opening reports why
                self._card.refresh()
        self._connect(devices)

    def _connect(self, devices: list[Device]) -> None:
        """Open the first of the candidates that can be opened, else keep the null device."""
        self._problem = None
        for device in candidates(devices, self._wanted, self._role.direction):
            self._stand_in.close()
            try:
                self.line = self._card.open(device, self._role.direction, self._plug)
            except DeviceUnavailable as problem:
                log.info("%s", problem)
                self._problem = self._problem or problem
                continue
            self._last = device.name
            return
        self._await_device()

    def _await_device(self) -> None:
        self._next_search = self._clock.now() + self._patience
        self._stand_in.start()

    def _await_next_search(self) -> None:
        self._patience = min(2 * self._patience, LONGEST_SEARCH_SECONDS)
        self._next_search = self._clock.now() + self._patience

    def _drop_line(self) -> None:
        if self.line is not None:
            self.line.close()
            self.line = None

    def _content(self) -> bool:
        """Whether the stream is the requested one, so that no search is needed."""
        line = self.line
        return line is not None and _offer([line.device], self._wanted, self._role.direction)

    def _missing(self) -> str:
        if self._problem is not None:
            return self._problem.message
        if self._wanted and self.line is not None:
            return f"The {self._role.noun} {self._wanted} is not connected."
        return f"No {self._role.noun} was found."


def _devices(card: AudioBackend, *, present: bool = False) -> list[Device]:
    try:
        return card.present() if present else card.known()
    except DeviceUnavailable as problem:
        log.debug("No devices: %s", problem)
        return []


def _offer(devices: list[Device], wanted: str | None, direction: Direction) -> bool:
    """Whether the requested device is among these."""
    if not wanted:
        return bool(candidates(devices, None, direction))
    return matching(devices, wanted, direction) is not None


def _goes_on(role: StreamRole, line: Stream | None) -> str:
    if line is None:
        return f"{role.without} It is used as soon as one is plugged in."
    return f"The conversation continues with {line.device.name}."
