"""Makes one recording many: other throats, rooms, microphones, noises.

The sound itself is played faster or slower and put into rooms (`varied`, once); all else is done
anew in each epoch on mel columns (`disturbed`), where it costs next to nothing.
"""

from __future__ import annotations

import math

import numpy as np
import soxr
import torch
from make_speech import RATE, Spoken
from scipy.signal import fftconvolve
from torch import Tensor

from avatar_app.engines.face.acting.spectrum import (
    BANDS,
    DEPTH,
    FORGET,
    LOUD_ENOUGH,
    OFFSET,
    QUIETEST,
    SPREAD,
)

QUIET = math.log(QUIETEST)


def varied(spoken: Spoken, rng: np.random.Generator) -> Spoken:
    """Throat, pitch and rate changed by −15 to 18 %, half of them in a room; −20 dBFS."""
    speed = float(np.exp(rng.uniform(-0.16, 0.165)))
    sound = soxr.resample(spoken.samples.astype(np.float32), RATE * speed, RATE, quality="MQ")
    if rng.random() < 0.4:
        sound = fftconvolve(sound, _room(rng))[: len(sound)]
    loud = np.abs(sound) > 0.02 * np.abs(sound).max()
    sound *= 0.1 / max(float(np.sqrt(np.mean(sound[loud] ** 2))), 1e-6)
    track = [(at / speed, shape) for at, shape in spoken.track]
    return Spoken(spoken.speaker, sound.astype(np.float32), track)


def _room(rng: np.random.Generator) -> np.ndarray:
    """Direct sound, then noise that dies away in 0.1 to 0.5 s."""
    seconds = rng.uniform(0.1, 0.5)
    at = np.arange(round(seconds * RATE)) / RATE
    tail = rng.standard_normal(len(at)) * 10 ** (-3 * at / seconds)
    tail[: round(rng.uniform(0.002, 0.02) * RATE)] = 0
    tail *= 10 ** (rng.uniform(-18, 0) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def disturbed(mel: Tensor, classes: Tensor, colour: float) -> Tensor:
    """Columns (batch, n, BANDS) of logarithms of power, as another microphone hears them.

    `colour`: how much microphones differ, 1 for 4 dB (one standard deviation).
    """
    batch = len(mel)
    mel = _warped(mel)
    gain = torch.empty(batch, 1, 1).uniform_(-2.8, 2.3) + _curve(batch, colour)
    mel = mel + gain
    cut = torch.randint(22, BANDS, (batch, 1, 1))
    dull = (torch.rand(batch, 1, 1) < 0.2) & (torch.arange(BANDS) >= cut)
    mel = torch.where(dull, mel - 8, mel)
    speech = torch.where(classes > 0, torch.logsumexp(mel, 2), torch.tensor(-1e3)).amax(1)
    ratio = torch.empty(batch).uniform_(1.5, 14.0)  # 6 to 60 dB under the loudest
    level = torch.where(speech > -1e2, speech - ratio, torch.empty(batch).uniform_(-18, -7))
    noise = _hiss(batch, mel.shape[1], colour) + level[:, None, None] - math.log(BANDS)
    clean = torch.rand(batch, 1, 1) < 0.25
    noise = torch.where(clean, torch.full_like(noise, QUIET), noise)
    return torch.logaddexp(torch.logaddexp(mel, noise), torch.tensor(QUIET))


def masked(levelled: Tensor, often: float, moments: bool) -> Tensor:
    """SpecAugment (Park et al. 2019): a stripe of bands flattened in a share of the sounds, and
    up to 30 ms hidden in each if `moments`."""
    levelled = levelled.clone()
    for row in levelled:
        if torch.rand(()) < often:
            first, width = int(torch.randint(0, BANDS - 6, ())), int(torch.randint(1, 6, ()))
            row[:, first : first + width] = row[:, first : first + width].mean()
        if moments:
            first = int(torch.randint(0, len(row) - 8, ()))
            row[first : first + int(torch.randint(1, 4, ()))] = 0.0
    return levelled


def levelled(mel: Tensor) -> Tensor:
    """What `Levelling` does, for a batch of sounds from their beginnings."""
    forgotten = FORGET * torch.arange(1, mel.shape[1] + 1)
    loudest = torch.cummax(torch.logsumexp(mel, 2) + forgotten, 1).values - forgotten
    relative = torch.exp(mel - loudest.clamp(min=LOUD_ENOUGH)[:, :, None])
    return torch.log(relative + DEPTH) / SPREAD + OFFSET


def _warped(mel: Tensor) -> Tensor:
    """Bands moved by up to ±7 %: a longer or shorter throat at the same rate of speech."""
    factor = torch.empty(len(mel), 1).uniform_(0.93, 1.07)
    place = (torch.arange(BANDS) * factor).clamp(0, BANDS - 1)
    low = place.floor().long().clamp(max=BANDS - 2)
    part = (place - low)[:, None, :]
    index = low[:, None, :].expand(mel.shape)
    return mel.gather(2, index) * (1 - part) + mel.gather(2, index + 1) * part


def _curve(batch: int, strength: float) -> Tensor:
    """A microphone's colour: smooth over the bands."""
    points = torch.randn(batch, 1, 6) * strength
    return torch.nn.functional.interpolate(points, BANDS, mode="linear", align_corners=True)


def _hiss(batch: int, columns: int, colour: float) -> Tensor:
    """Noise of any colour: its power in a window varies as that of real noise does."""
    grain = torch.distributions.Gamma(2.0, 2.0).sample((batch, columns, BANDS)).clamp(min=1e-3)
    tilt = torch.linspace(1, -1, BANDS) * torch.empty(batch, 1, 1).uniform_(-1.0, 2.0)
    return grain.log() + tilt + _curve(batch, colour)
