"""Mixes channels to mono, also where they are in opposite phase."""

from __future__ import annotations

import numpy as np

from avatar_app.core.values import Samples

CANCELED = 0.02
"""Share of the loudest channel's power below which the mix has canceled itself out. Of unrelated
channels half is left, of stereo speech more."""


def downmix(samples: Samples) -> Samples:
    """Return float32, shape (frames,), for samples of shape (frames, channels): their mean. Where
    one channel is the other inverted, as wrong wiring and some built-in microphones have it, the
    mean would be silence: then the loudest channel.
    """
    mixed: Samples = samples.mean(axis=1, dtype=np.float32)
    if samples.shape[1] < 2 or not len(samples):
        return mixed
    powers = np.square(samples).mean(axis=0)
    loudest = int((powers >= 0.9 * powers.max()).argmax())  # the first of equal ones
    if float(np.square(mixed).mean()) >= CANCELED * float(powers[loudest]):
        return mixed
    quiet = powers < CANCELED * powers[loudest]
    alone = samples.shape[1] > 2 and int(quiet.sum()) == samples.shape[1] - 1
    return mixed if alone else np.ascontiguousarray(samples[:, loudest], np.float32)
