"""A virtual microphone: other programs hear what the avatar says, when the loudspeaker plays it.

By the sound server of Linux, PulseAudio or PipeWire: a sink that nobody hears, whose monitor is a
source called Avatar, and `pacat`, which plays into it.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import PLAYBACK_RATE, Samples

SINK, SOURCE = "avatar_call", "avatar_microphone"
TITLE = "Avatar"
"""How other programs list the microphone."""
_LATENCY_MS = 30
"""Sound that the server holds back; it gets each block so much earlier."""
_LATE = 0.15
"""Seconds; a block that comes later is left out, else the sound would lag behind the lips."""
_MOST_WAITING = 400
"""Blocks of 10 ms."""
_PATIENCE = 10.0
"""Seconds until a sound server that does not answer counts as absent."""
_DRIVERS = {"Darwin": "BlackHole", "Windows": "VB-CABLE"}

Block = tuple[Samples, float]


class VirtualMicrophone:
    """Exists from construction to `close`; `write` may be called from the device's thread."""

    def __init__(
        self,
        lost: Callable[[DeviceUnavailable], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`lost` is called once, from another thread, where the sound server ends. `clock`: that of
        `write`. Raises DeviceUnavailable with the remedy of this platform."""
        self._lost, self._clock = lost, clock
        _check_platform()
        self._modules = _create_source()
        self._player = _play_into(SINK)
        self._waiting: deque[Block] = deque(maxlen=_MOST_WAITING)
        self._filled, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="virtual microphone", daemon=True)
        self._thread.start()

    def write(self, samples: Samples, dac_at: float) -> None:
        """Let others hear mono sound at 48 kHz when it leaves the loudspeaker: its first sample at
        `dac_at`, in seconds of the clock. Only copies."""
        self._waiting.append((samples.copy(), dac_at))
        self._filled.set()

    def close(self) -> None:
        self._stopped.set()
        self._filled.set()
        self._player.kill()  # a write that waits for it ends
        self._thread.join()
        self._player.wait()
        assert self._player.stdin is not None
        with suppress(BrokenPipeError):
            self._player.stdin.close()
        _unload(self._modules)

    def _run(self) -> None:
        while self._filled.wait() and not self._stopped.is_set():
            self._filled.clear()
            try:
                self._send_waiting()
            except OSError:
                if not self._stopped.is_set():
                    self._lost(
                        DeviceUnavailable(
                            "The virtual microphone is gone.",
                            "The sound server has ended; switch it off and on again.",
                        )
                    )
                return

    def _send_waiting(self) -> None:
        pipe = self._player.stdin
        assert pipe is not None
        while self._waiting and not self._stopped.is_set():
            samples, dac_at = self._waiting.popleft()
            early = dac_at - _LATENCY_MS / 1000 - self._clock()
            if early < -_LATE:
                continue
            if early > 0 and self._stopped.wait(early):
                return
            pipe.write(samples.tobytes())
            pipe.flush()


def _check_platform() -> None:
    if platform.system() != "Linux":
        driver = _DRIVERS.get(platform.system(), "a loopback driver")
        raise DeviceUnavailable(
            "This system has no virtual microphone of its own.",
            f"Install {driver}, and choose it as the loudspeaker here and as the microphone there.",
        )
    if None in (shutil.which("pactl"), shutil.which("pacat")):
        raise DeviceUnavailable(
            "A virtual microphone needs pactl and pacat, which are not installed.",
            "Type: sudo apt install pulseaudio-utils",
        )


def _create_source() -> tuple[str, ...]:
    """Return the modules of the sound server that were loaded for it."""
    _remove_former()
    loaded: list[str] = []
    try:
        for words in (
            (
                "module-null-sink",
                f"sink_name={SINK}",
                f"rate={PLAYBACK_RATE}",
                "channels=1",
                f"sink_properties=device.description={TITLE}",
            ),
            (
                "module-remap-source",
                f"source_name={SOURCE}",
                f"master={SINK}.monitor",
                f"source_properties=device.description={TITLE}",
            ),
        ):
            loaded.append(_control("load-module", *words))
    except DeviceUnavailable:
        _unload(tuple(loaded))
        raise
    return tuple(loaded)


def _remove_former() -> None:
    """Unload what a run that was killed has left behind."""
    former = [line.split() for line in _control("list", "short", "modules").splitlines()]
    ours = {f"sink_name={SINK}", f"source_name={SOURCE}"}
    _unload(tuple(words[0] for words in former if ours & set(words)))


def _unload(modules: tuple[str, ...]) -> None:
    for module in reversed(modules):
        with suppress(DeviceUnavailable):  # the server has ended, and they with it
            _control("unload-module", module)


def _control(*words: str) -> str:
    """Return what `pactl` answers. Raises DeviceUnavailable."""
    try:
        done = subprocess.run(
            ["pactl", *words], capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip()
        raise DeviceUnavailable(
            "The sound server makes no virtual microphone.",
            f"PulseAudio or PipeWire (pipewire-pulse) must run; pactl said: {said}",
        ) from error
    return done.stdout.strip()


def _play_into(sink: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            "pacat",
            "--playback",
            "--raw",
            f"--device={sink}",
            f"--rate={PLAYBACK_RATE}",
            "--channels=1",
            "--format=float32le",
            f"--latency-msec={_LATENCY_MS}",
            f"--client-name={TITLE}",
        ],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
