"""Transcribes a read consent phrase by a grammar of all phrases, at once or as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from avatar_app.core.values import Samples
from avatar_app.voices.consent_phrase import grammar

Transcriber = Callable[[Samples], str]
"""Transcribes sound at 16 kHz."""
Follower = Callable[[Iterable[Samples]], Iterator[str]]
"""Yields what was understood so far of blocks at 16 kHz; the last text counts."""

_BEAMS = {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60}
"""Wider than usual: few words are possible, so that hopeless paths cost little."""


def heard_by_grammar(samples: Samples) -> str:
    """Return the most likely of all sentences; empty where none fits."""
    decoder = _decoder()
    decoder.start_utt()
    decoder.process_raw(_pcm(samples), no_search=False, full_utt=True)
    decoder.end_utt()
    return _understood(decoder)


def followed_by_grammar(blocks: Iterable[Samples]) -> Iterator[str]:
    """A `Follower`: the beginning of the most likely sentence whenever it changes, and at the end
    that of the whole, which is surer."""
    decoder, heard, text = _decoder(), [], ""
    decoder.start_utt()
    for block in blocks:
        heard.append(block)
        decoder.process_raw(_pcm(block), no_search=False, full_utt=False)
        if (now := _understood(decoder)) != text:
            text = now
            yield text
    decoder.end_utt()
    yield heard_by_grammar(np.concatenate(heard)) if heard else ""


def _decoder() -> Any:
    import pocketsphinx

    with TemporaryDirectory(prefix="avatar-") as folder:
        path = Path(folder) / "consent.gram"
        path.write_text(grammar(), encoding="utf-8")
        return pocketsphinx.Decoder(loglevel="FATAL", lm=None, jsgf=str(path), **_BEAMS)


def _pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def _understood(decoder: Any) -> str:
    found = decoder.hyp()
    return str(found.hypstr) if found else ""
