"""A private sound card without hardware: PulseAudio with null sinks, for tests of real streams.

PortAudio reaches it through ALSA's pulse plugin. Needs the Debian packages pulseaudio,
pulseaudio-utils, libasound2-plugins and libportaudio2; without them the tests fail and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

RATE = 48_000
SPEAKER = "speaker"  # the sink that the application plays to
MICFEED = "micfeed"  # the sink whose sound is the application's microphone
MICROPHONE = "virtmic"
PATIENCE_SECONDS = 20.0

NEEDED = ("pulseaudio", "pactl", "pacat", "parec")

ALSA_CONFIG = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
"""
HEADSET_CONFIG = "pcm.headset { type pulse }\n"
DAEMON_CONFIG = """\
default-sample-format = s16le
default-sample-rate = 48000
default-sample-channels = 1
default-fragments = 4
default-fragment-size-msec = 10
resample-method = speex-float-3
"""


class VirtualAudio:
    """One PulseAudio daemon with its own socket in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self._feeders: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "PULSE_RUNTIME_PATH": str(folder / "pulse"),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_STATE_PATH": str(folder / "state"),
            "PULSE_SERVER": f"unix:{folder}/native.sock",
            "PULSE_COOKIE": str(folder / "cookie"),
            "PULSE_CONFIG": str(folder / "daemon.conf"),
            "PULSE_LATENCY_MSEC": "40",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        for name in ("pulse", "state"):
            (folder / name).mkdir(mode=0o700)
        self.plug_headset()
        (folder / "daemon.conf").write_text(DAEMON_CONFIG)

    def start(self) -> None:
        self._server = self._spawn(
            "pulseaudio",
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
            "--disallow-exit=no",
            "--log-target=stderr",
            "--log-level=notice",
            f"-Lmodule-null-sink sink_name={SPEAKER} rate={RATE} channels=1",
            f"-Lmodule-null-sink sink_name={MICFEED} rate={RATE} channels=1",
            f"-Lmodule-remap-source source_name={MICROPHONE} master={MICFEED}.monitor",
            # Last: who can connect finds the sinks.
            f"-Lmodule-native-protocol-unix auth-anonymous=1 socket={self.folder}/native.sock",
        )
        wait_until(self._answers, "the sound server answers")
        # Null sinks that nobody plays to tick every two seconds; silence keeps them ticking.
        self._feeders = [self._feed_silence(sink) for sink in (SPEAKER, MICFEED)]
        self.control("set-default-sink", SPEAKER)
        self.control("set-default-source", MICROPHONE)
        for source in (f"{SPEAKER}.monitor", MICROPHONE):
            self._await_ticking(source)

    def kill(self) -> None:
        """As if every sound card were unplugged at once."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        for feeder in self._feeders:
            feeder.kill()
            feeder.wait()
        self._server, self._feeders = None, []

    def plug_headset(self) -> None:
        """A second device, called headset, is there; it leads to the same sinks."""
        (self.folder / "asound.conf").write_text(ALSA_CONFIG + HEADSET_CONFIG)

    def unplug_headset(self) -> None:
        (self.folder / "asound.conf").write_text(ALSA_CONFIG)

    def control(self, *words: str) -> str:
        """`pactl` with these words."""
        done = subprocess.run(
            ["pactl", *words], env=self._environ(), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def speak(self, samples: np.ndarray, rate: int) -> None:
        """Speaks into the microphone; returns when all has been said."""
        player = self._spawn(
            "pacat", "--playback", *_raw(MICFEED, rate, 200), stdin=subprocess.PIPE
        )
        player.communicate(samples.astype(np.float32).tobytes(), timeout=300)

    def recording(self, rate: int = RATE, source: str = f"{SPEAKER}.monitor") -> Recording:
        """Records what leaves the loudspeaker, or what a microphone hears, until it is stopped."""
        return Recording(
            self._spawn("parec", *_raw(source, rate), stdout=subprocess.PIPE, bufsize=0)
        )

    def _answers(self) -> bool:
        done = subprocess.run(["pactl", "info"], env=self._environ(), capture_output=True)
        return done.returncode == 0

    def _feed_silence(self, sink: str) -> subprocess.Popen[bytes]:
        return self._spawn("pacat", "--playback", *_raw(sink, RATE), "/dev/zero")

    def _await_ticking(self, source: str) -> None:
        recorder = self._spawn("parec", *_raw(source, RATE), stdout=subprocess.PIPE)
        recorder.stdout.read(RATE // 10 * 4)
        recorder.kill()
        recorder.communicate()

    def _environ(self) -> dict[str, str]:
        return os.environ | self.environment

    def _spawn(self, *words: str, **pipes: int) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(words, env=self._environ(), stderr=log, **pipes)


class Recording:
    """What a recorder has heard so far; a context manager that ends it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pieces: list[bytes] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def samples(self) -> np.ndarray:
        whole = b"".join(self._pieces)
        return np.frombuffer(whole[: len(whole) // 4 * 4], np.float32)

    def __enter__(self) -> Recording:
        wait_until(lambda: len(self.samples) > 0, "the recorder records")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._thread.join()
        self._process.wait()
        self._process.stdout.close()

    def _read(self) -> None:
        while piece := self._process.stdout.read(4096):
            self._pieces.append(piece)


def wait_until(
    happened: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS
) -> None:
    """Waits for something outside the process; fails with its name where it never comes."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if happened():
            return
        pause.wait(0.02)
    pytest.fail(f"waited {seconds:g} s in vain until {what}")


def likeness(sound: np.ndarray, heard: np.ndarray) -> float:
    """The largest normalized cross-correlation of `sound` with any equally long part of `heard`."""
    if len(heard) < len(sound):
        return 0.0
    size = 1 << (len(sound) + len(heard)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sound, size))
    products = np.fft.irfft(spectrum, size)[: len(heard) - len(sound) + 1]
    energies = np.cumsum(np.concatenate([[0.0], heard.astype(np.float64) ** 2]))
    parts = energies[len(sound) :] - energies[: -len(sound)]
    norms = np.sqrt(np.maximum(parts, 1e-9) * np.sum(sound.astype(np.float64) ** 2))
    return float(np.max(products / norms))


def arrives(sound: np.ndarray, transmit: Callable[[], np.ndarray], attempts: int = 30) -> bool:
    """Whether each part of `sound` comes through whole in one of some attempts: a busy machine
    drops or stretches another part each time, broken code the same ones always."""
    parts = np.array_split(sound, 12)
    best = np.zeros(len(parts))
    for _ in range(attempts):
        heard = transmit()
        best = np.maximum(best, [likeness(part, heard) for part in parts])
        if best.min() > 0.9:
            return True
    return False


def _raw(device: str, rate: int, latency_ms: int = 10) -> list[str]:
    return [
        "--raw",
        f"--device={device}",
        f"--rate={rate}",
        "--channels=1",
        "--format=float32le",
        f"--latency-msec={latency_ms}",
    ]


def _check_packages() -> None:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.fail(
            f"{', '.join(missing)} not found: apt-get install --no-install-recommends "
            "pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
        )


@pytest.fixture(scope="session")
def _sound_server() -> Iterator[VirtualAudio]:
    _check_packages()
    # Short: the path of a Unix socket holds 107 characters.
    with tempfile.TemporaryDirectory(prefix="va-") as folder:
        audio = VirtualAudio(Path(folder))
        try:
            audio.start()
            yield audio
        finally:
            audio.kill()


@pytest.fixture
def virtual_audio(
    _sound_server: VirtualAudio, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VirtualAudio]:
    """The running virtual sound card, which PortAudio knows during this test only."""
    from avatar_app.audio.backend import BACKEND

    if not _sound_server._answers():
        _sound_server.kill()
        _sound_server.start()
    _sound_server.plug_headset()
    with monkeypatch.context() as context:
        for name, value in _sound_server.environment.items():
            context.setenv(name, value)
        BACKEND.refresh()
        yield _sound_server
    BACKEND.refresh()
