"""A/V sync: the lag between mouth and voice, in the written film and on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.bench.faces import BenchFace, face_by_name, with_face
from avatar_app.bench.loud_lips import loud_lips
from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.telling import STORY
from avatar_app.core.events import Noticed
from avatar_app.core.values import BLOCK_SECONDS
from avatar_app.pipeline import commands
from avatar_app.session.offline.conversation import offline_conversation
from avatar_app.session.offline.demo import film_saying
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

TARGET_MS = 45.0
TEXT = f"{STORY} {STORY}"
"""Some 45 seconds."""
SMALL = (320, 180)
"""Width and height at which the pictures are compared."""
MOUTH_SHARE = 0.06
"""Share of the compared pixels that move most with the speech: the lips."""
WINDOW, STEP = 4.0, 0.5
"""Length of the stretches in which the lag is measured, and their distance, in seconds."""
REACH = 0.3
"""Maximum lag in seconds."""
FINE = 1000
"""Sample rate of the comparison in Hz."""
UNHURRIED = 0.5
"""Real seconds that ten milliseconds of a conversation may take."""
ALIKE = 0.5
"""Correlation below which a stretch is not used."""

Curve = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    """A decoded film, reduced to what is compared."""

    pictures: np.ndarray[Any, np.dtype[np.uint8]]
    """Gray, shape (n, height, width)."""
    fps: float
    sound: Curve
    rate: int


def measure(settings: Settings, paths: AppPaths, *, quick: bool, face: str | None = None) -> Report:
    """Measure the written film, pixels against samples, and the screen, by the presenter's own
    record.

    With `face` the machine's speed does not matter (the bench realtime measures it), and Wav2Lip
    gets weights that open the mouth by the loudness at the picture's own time: where its window
    begins in the published schedule.
    """
    pace = BLOCK_SECONDS if face is None else UNHURRIED
    if face is not None:
        chosen = face_by_name(face)
        state = loud_lips() if chosen is BenchFace.WAV2LIP else None
        settings = with_face(settings, paths, chosen, state)
    report = Report()
    path = paths.videos / "skew.mp4"
    parts = show_steps("skew, part", ("the film", "what was shown"))
    next(parts)
    notices = film_saying(settings, paths, STORY if quick else TEXT, path, pace)
    report.add("notices", len(notices), "", most=0)  # otherwise another face would be measured
    lags = lags_ms(_read(path))
    offset = float(np.median(lags)) if lags else None
    report.add("film_offset", offset, "ms")
    distances = [abs(lag) for lag in lags]
    report.add_percentiles("film_skew", distances, "ms", p50=None, p99=TARGET_MS)
    report.series["film_lag [ms]"] = lags
    report.add("film_stretches", len(lags), "", least=20 if quick else 50)
    next(parts)
    _add_shown(report, settings, paths, quick=quick, pace=pace)
    return report


def lags_ms(film: _Film) -> list[float]:
    """Return the milliseconds by which the mouth lags the voice, one for each usable stretch."""
    opening = _opening(film.pictures)
    seconds = min(len(opening) / film.fps, len(film.sound) / film.rate)
    time = np.arange(round(seconds * FINE)) / FINE
    # By the time stamps: a picture counts from the moment at which it appears.
    mouth = np.interp(time, np.arange(len(opening)) / film.fps, opening)
    voice = np.interp(time, *_envelope(film.sound, film.rate, 1 / film.fps))
    found = []
    for start in range(0, len(time) - round(WINDOW * FINE), round(STEP * FINE)):
        lag, alike = _lag(mouth, voice, start)
        if alike >= ALIKE:
            found.append(lag * 1000 / FINE)
    return found


def _opening(pictures: np.ndarray[Any, np.dtype[np.uint8]]) -> Curve:
    """Return how far the mouth is open in each picture: its pixels' distance from the
    closed mouth."""
    height, width = pictures.shape[1:]
    middle = pictures[:, height // 2 : height * 9 // 10, width // 3 : width * 2 // 3]
    flat = middle.reshape(len(pictures), -1).astype(np.float32)
    quick = np.abs(np.diff(flat, axis=0)).mean(axis=0)  # the lips move fast, the head slowly
    lips = flat[:, quick >= np.quantile(quick, 1 - MOUTH_SHARE)]
    return np.asarray(np.abs(lips - np.median(lips[:3], axis=0)).mean(axis=1), np.float64)


def _envelope(sound: Curve, rate: int, width: float) -> tuple[Curve, Curve]:
    """Return times and level of the voice, as smooth as the mouth is."""
    hop = rate // 200
    count = len(sound) // hop
    power = np.square(sound[: count * hop]).reshape(count, hop).mean(axis=1)
    level = np.sqrt(np.maximum(power, 1e-10)) ** 0.5
    wide = max(1, round(2 * width * rate / hop))
    smooth = np.convolve(level, np.hanning(wide + 2)[1:-1] / (wide / 2), mode="same")
    return (np.arange(count) + 0.5) * hop / rate, smooth


def _lag(mouth: Curve, voice: Curve, start: int) -> tuple[float, float]:
    """Return the samples by which the mouth lags in one stretch, and the correlation then."""
    reach, length = round(REACH * FINE), round(WINDOW * FINE)
    first = start + reach
    piece = voice[first : start + length - reach]
    shifts = range(-reach, reach + 1, 5)
    alike = [
        float(np.corrcoef(piece, mouth[first + shift : first + shift + len(piece)])[0, 1])
        for shift in shifts
    ]
    best = int(np.nanargmax(alike)) if np.isfinite(alike).any() else 0
    return float(shifts[best]), alike[best] if np.isfinite(alike[best]) else 0.0


def _read(path: Path) -> _Film:
    """Decode a film; times begin at zero in both of its streams."""
    import av
    import cv2

    pictures, pieces = [], []
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        fps, rate = float(video.average_rate or 1), int(audio.rate)
        for frame in container.decode(video, audio):
            if isinstance(frame, av.VideoFrame):
                gray = frame.to_ndarray(format="gray")
                pictures.append(cv2.resize(gray, SMALL, interpolation=cv2.INTER_AREA))
            elif isinstance(frame, av.AudioFrame):
                pieces.append(frame.to_ndarray()[0])
    sound = np.concatenate(pieces).astype(np.float64)
    return _Film(np.stack(pictures).astype(np.uint8), fps, sound, rate)


def _add_shown(
    report: Report, settings: Settings, paths: AppPaths, *, quick: bool, pace: float
) -> None:
    """Add the presenter's record of the pictures shown with the sound played at that moment."""
    with offline_conversation(settings, paths, _unnoticed, pace, output_latency=0.06) as offline:
        offline.conversation.send(commands.Announce(STORY[:120] if quick else STORY))
        for _ in offline.devices.pass_time(60.0):
            if offline.ended:
                break
        pictures = [turn.pictures for turn in offline.ended]
    report.add("shown_skew_p99", pictures[0].skew_p99_ms if pictures else None, "ms", TARGET_MS)
    shown, dropped = (pictures[0].chosen, pictures[0].dropped) if pictures else (0, 0)
    report.add("pictures_shown", shown, "", least=60)
    drawn = shown + dropped
    report.add("pictures_dropped", 100 * dropped / drawn if drawn else None, "%", most=5)


def _unnoticed(_notice: Noticed) -> None:
    """Ignore notices."""
