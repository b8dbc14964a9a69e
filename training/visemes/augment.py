"""Makes one recording many: other throats, rooms, microphones, noises; all of it lightly.

The sound itself is played faster or slower and put into rooms (`varied`, once); all else is done
anew in each step on mel columns (`disturbed`), where it costs next to nothing. Heavy disturbance
made the small network worse for every voice that sounds like a person.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import soxr
import torch
from make_speech import RATE, Spoken
from scipy.signal import fftconvolve
from torch import Tensor

from avatar_app.engines.face.animation.spectrum import (
    BANDS,
    DEPTH,
    FORGET,
    LOUD_ENOUGH,
    OFFSET,
    QUIETEST,
    SPREAD,
)

QUIET = math.log(QUIETEST)
_ROOMS = 0.12
"""Share of the sounds that are put into a room."""


@dataclass(frozen=True)
class Disturbance:
    """How much throats and microphones differ."""

    longest: float
    """Share by which a throat is made longer at most: its bands move down."""
    shortest: float
    """Share by which one is made shorter: most synthesizers are men, most people are not."""
    color: float
    """Of the microphones; 1 for 4 dB (one standard deviation)."""
    stripes: float
    """Share of sounds in which some bands are hidden."""


def varied(spoken: Spoken, rng: np.random.Generator, fastest: float) -> Spoken:
    """Throat, pitch and rate changed together, by exp(−0.1) to exp(`fastest`); at −20 dBFS."""
    speed = float(np.exp(rng.uniform(-0.1, fastest)))
    sound = soxr.resample(spoken.samples.astype(np.float32), RATE * speed, RATE, quality="MQ")
    if rng.random() < _ROOMS:
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


def disturbed(mel: Tensor, classes: Tensor, much: Disturbance) -> Tensor:
    """Columns (batch, n, BANDS) of logarithms of power, as another microphone hears them.

    Six of ten sounds have noise, 22 to 70 dB under the loudest moment; all without speech have.
    """
    batch = len(mel)
    mel = _warped(mel, much)
    mel = mel + torch.empty(batch, 1, 1).uniform_(-2.8, 2.3) + _curve(batch, much.color)
    speech = torch.where(classes > 0, torch.logsumexp(mel, 2), torch.tensor(-1e3)).amax(1)
    spoken = speech > -1e2
    under = speech - torch.empty(batch).uniform_(5.0, 16.0)
    level = torch.where(spoken, under, torch.empty(batch).uniform_(-18, -7))
    noise = _hiss(batch, mel.shape[1]) + level[:, None, None] - math.log(BANDS)
    clean = (torch.rand(batch) < 0.4) & spoken
    noise = torch.where(clean[:, None, None], torch.full_like(noise, QUIET), noise)
    return torch.logaddexp(mel, noise)


def masked(levelled: Tensor, often: float) -> Tensor:
    """SpecAugment (Park et al. 2019): a stripe of bands flattened in a share of the sounds."""
    levelled = levelled.clone()
    for row in levelled:
        if torch.rand(()) < often:
            first, width = int(torch.randint(0, BANDS - 6, ())), int(torch.randint(1, 6, ()))
            row[:, first : first + width] = row[:, first : first + width].mean()
    return levelled


def levelled(mel: Tensor) -> Tensor:
    """What `Levelling` does, for a batch of sounds from their beginnings."""
    forgotten = FORGET * torch.arange(1, mel.shape[1] + 1)
    loudest = torch.cummax(torch.logsumexp(mel, 2) + forgotten, 1).values - forgotten
    relative = torch.exp(mel - loudest.clamp(min=LOUD_ENOUGH)[:, :, None])
    return torch.log(relative + DEPTH) / SPREAD + OFFSET


def _warped(mel: Tensor, much: Disturbance) -> Tensor:
    """Bands moved: a longer or shorter throat at the same rate of speech."""
    factor = torch.empty(len(mel), 1).uniform_(1 - much.shortest, 1 + much.longest)
    place = (torch.arange(BANDS) * factor).clamp(0, BANDS - 1)
    low = place.floor().long().clamp(max=BANDS - 2)
    part = (place - low)[:, None, :]
    index = low[:, None, :].expand(mel.shape)
    return mel.gather(2, index) * (1 - part) + mel.gather(2, index + 1) * part


def _curve(batch: int, strength: float) -> Tensor:
    """A microphone's color: smooth over the bands."""
    points = torch.randn(batch, 1, 6) * strength
    return torch.nn.functional.interpolate(points, BANDS, mode="linear", align_corners=True)


def _hiss(batch: int, columns: int) -> Tensor:
    """Noise of any color: its power in a window varies as that of real noise does."""
    grain = torch.distributions.Gamma(2.0, 2.0).sample((batch, columns, BANDS)).clamp(min=1e-3)
    tilt = torch.linspace(1, -1, BANDS) * torch.empty(batch, 1, 1).uniform_(-1.0, 2.0)
    return grain.log() + tilt + _curve(batch, 0.5)
