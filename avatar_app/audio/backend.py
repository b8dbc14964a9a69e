"""The PortAudio backend: lists devices, opens streams, and refreshes when devices change.

PortAudio is one per process and detects devices only when it is initialized, which requires that no
stream is open. So all streams are opened here, and a refresh recalls the open ones first: their
owners open them again.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Protocol

from avatar_app.audio.clock import MonotonicClock
from avatar_app.audio.devices import Device, Direction
from avatar_app.audio.stream import CallbackFactory, Stream
from avatar_app.core.errors import DeviceUnavailable

LOOK_SECONDS = 10.0
"""Timeout for detecting the devices in a separate process."""

log = logging.getLogger(__name__)


class AudioBackend(Protocol):
    """What a reconnecting stream needs of the sound card."""

    def known(self) -> list[Device]:
        """Return the devices as of the last refresh. Raises DeviceUnavailable."""
        ...

    def present(self) -> list[Device]:
        """Return the devices as they are now. Raises DeviceUnavailable."""
        ...

    def refresh(self) -> None:
        """Make `known` equal to `present`; open streams are recalled."""
        ...

    def open(self, device: Device, direction: Direction, plug: CallbackFactory) -> Stream:
        """Open a running stream. Raises DeviceUnavailable."""
        ...


class PortAudioBackend:
    """The process's one PortAudio instance."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lines: list[Stream] = []
        self._stuck = False

    def known(self) -> list[Device]:
        with self._lock, _answering(_library()) as library:
            return [device for _, device in _enumerate(library)]

    def present(self) -> list[Device]:
        with self._lock:
            if not any(line.alive for line in self._lines):
                self.refresh()
                return self.known()
        return _look_from_outside() or self.known()

    def refresh(self) -> None:
        with self._lock, _answering(_library()) as library:
            self._recall_lines()
            if self._stuck:  # Pa_Terminate would wait forever for the stuck stream
                return
            # sounddevice offers no other way to detect devices again
            if library._initialized:  # noqa: SLF001 - not so where the last refresh failed
                library._terminate()  # noqa: SLF001
            library._initialize()  # noqa: SLF001

    def open(self, device: Device, direction: Direction, plug: CallbackFactory) -> Stream:
        with self._lock, _answering(_library()) as library:
            indices = [index for index, known in _enumerate(library) if known == device]
            if not indices:
                raise DeviceUnavailable(f"{device.name} is no longer connected.", "Plug it in.")
            line = Stream(library, indices[0], device, direction, plug, MonotonicClock())
            self._lines = [other for other in self._lines if not other.closed] + [line]
            return line

    def _recall_lines(self) -> None:
        for line in self._lines:
            line.recall()
            self._stuck = self._stuck or line.stuck
        self._lines = []


BACKEND = PortAudioBackend()
"""PortAudio's state is per process, so this is too."""


def list_devices() -> list[Device]:
    """Return the devices that are connected now. Raises DeviceUnavailable where PortAudio is
    missing."""
    return BACKEND.present()


def _library() -> ModuleType:
    try:
        import sounddevice
    except OSError as problem:
        raise DeviceUnavailable(
            "Sound needs the PortAudio library, which is missing.",
            "Install libportaudio2 (on Debian or Ubuntu: sudo apt install libportaudio2).",
        ) from problem
    except Exception as problem:
        # The class cannot be imported: the import of its module is what failed.
        if type(problem).__name__ != "PortAudioError":
            raise
        raise _silent_system() from problem
    module: ModuleType = sounddevice
    return module


@contextmanager
def _answering(library: Any) -> Iterator[Any]:
    """Tolerate a sound system that is unavailable for a while (a sound server that restarts)."""
    try:
        yield library
    except library.PortAudioError as problem:
        raise _silent_system() from problem


def _silent_system() -> DeviceUnavailable:
    return DeviceUnavailable(
        "The sound system does not respond.",
        "The application retries; if that does not help, restart the computer.",
    )


def _enumerate(library: Any) -> list[tuple[int, Device]]:
    """Yield every device with PortAudio's index, which is valid until the next refresh."""
    hosts = library.query_hostapis()
    main = hosts[library.default.hostapi] if hosts else {}
    found = []
    for entry in library.query_devices():
        device = Device(
            name=entry["name"],
            host=hosts[entry["hostapi"]]["name"],
            inputs=entry["max_input_channels"],
            outputs=entry["max_output_channels"],
            default_input=entry["index"] == main.get("default_input_device"),
            default_output=entry["index"] == main.get("default_output_device"),
        )
        found.append((entry["index"], device))
    return found


def _look_from_outside() -> list[Device]:
    """Return the devices as a fresh process sees them, without disturbing this one's streams."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell_devices, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    with ours:
        found = _received(ours)
    process.kill()  # PortAudio can hang where a device vanishes while it is queried
    process.join()
    process.close()
    return found


def _received(pipe: Connection) -> list[Device]:
    try:
        return list(pipe.recv()) if pipe.poll(LOOK_SECONDS) else []
    except EOFError:
        log.info("The detection of devices ended without an answer.")
        return []


def _tell_devices(pipe: Connection) -> None:
    pipe.send([device for _, device in _enumerate(_library())])
    pipe.close()
