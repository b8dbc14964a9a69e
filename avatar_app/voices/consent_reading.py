"""Transcribes a read consent phrase: by a grammar of all phrases, or by any recognizer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from avatar_app.core.values import Samples
from avatar_app.voices.consent_phrase import grammar

Transcriber = Callable[[Samples], str]
"""Transcribes sound at 16 kHz."""

_BEAMS = {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60}
"""Wider than usual: few words are possible, so that hopeless paths cost little."""


def heard_by_grammar(samples: Samples) -> str:
    """Return the most likely of all sentences; empty where none fits."""
    import pocketsphinx

    with TemporaryDirectory(prefix="avatar-") as folder:
        path = Path(folder) / "consent.gram"
        path.write_text(grammar(), encoding="utf-8")
        decoder = pocketsphinx.Decoder(loglevel="FATAL", lm=None, jsgf=str(path), **_BEAMS)
    decoder.start_utt()
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    decoder.process_raw(pcm, no_search=False, full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return str(found.hypstr) if found else ""
