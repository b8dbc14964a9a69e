"""XTTS synthesis: many languages and speakers, streamed while a phrase is computed."""

from __future__ import annotations

import hashlib
import logging
import pickle
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from TTS.config import load_config
from TTS.tts.models import xtts as coqui

from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.core.home import expanded
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.tts.coqui.choices import Choices
from avatar_app.engines.tts.coqui.cloned import (
    REFERENCE,
    is_cloned,
    pack_latents,
    read_cached,
    read_reference,
)
from avatar_app.engines.tts.coqui.east_asian import spell_east_asian
from avatar_app.engines.tts.coqui.files import weights_of
from avatar_app.engines.tts.coqui.network import settled
from avatar_app.engines.tts.coqui.speakers import LATENTS, read_speakers
from avatar_app.engines.tts.coqui.stopping import Brake
from avatar_app.engines.tts.speech.chunks import Spoken
from avatar_app.engines.tts.speech.phrases import LONGEST_PHRASE, Phrase
from avatar_app.engines.tts.speech.spoken_words import SpokenWords, silence

_REFERENCE_RATE = 22_050
"""Sample rate of reference recordings in XTTS."""
_HELD_BACK = 0.1
"""Seconds of sound withheld from each chunk: which one is the last is not known in advance, and all
words must begin before its end."""
_READERS = {"zh": "pypinyin", "ja": "cutlet"}
"""Packages that convert a language's words to phonemes."""


class Xtts:
    """Implements `network.Network`."""

    def __init__(self, folder: Path, device: str) -> None:
        transformers = logging.getLogger("transformers")
        transformers.setLevel(logging.ERROR)  # it warns of tokens that XTTS never uses
        config = load_config(folder / "config.json")
        self._model = coqui.Xtts(config)
        self._model._load_checkpoint = _weights  # noqa: SLF001 theirs rewrites older files in place
        self._model.load_checkpoint(
            config,
            checkpoint_dir=folder,
            checkpoint_path=weights_of(folder),
            speaker_file_path=folder / "none",  # they are read below
            eval=True,
        )
        self._model.to(device)
        self._brake = Brake(settled(self._model))
        self._speakers = read_speakers(folder)
        self._cloned: dict[tuple[str, int], Mapping[str, Any]] = {}
        self._unkept: bytes | None = None
        self._speaker: Mapping[str, Any] = {}
        self._language = "en"
        self.rate = int(config.audio.output_sample_rate)

    @property
    def longest(self) -> int:
        """Return the number of characters that XTTS can synthesize at once in the current
        language."""
        limit = self._model.tokenizer.char_limits.get(self._language.partition("-")[0])
        return min(limit or LONGEST_PHRASE, LONGEST_PHRASE)

    def choose(self, voice: str, language: str) -> None:
        languages = {str(name).partition("-")[0] for name in self._model.config.languages}
        if language.partition("-")[0] not in languages:
            raise ConfigInvalid(
                f"XTTS does not speak {language!r}.", f"Choose {', '.join(sorted(languages))}."
            )
        reader = _READERS.get(language.lower().partition("-")[0])
        if reader is not None and find_spec(reader) is None:
            raise ModelMissing(
                f"XTTS needs {reader} to read {language!r}.", f"Type: pip install {reader}"
            )
        self._unkept = None
        self._speaker = self._heard(Path(voice)) if is_cloned(voice) else self._known(voice)
        self._language = language.lower()

    def say(
        self, phrase: Phrase, spelled: Phrase, choices: Choices, turn: Turn
    ) -> Iterator[Spoken]:
        spelled = spell_east_asian(spelled, self._language)
        if not (text := " ".join(spelled.spoken.split())):
            yield silence(phrase, self.rate)
            return
        words = SpokenWords(phrase, spelled, round(self.rate / choices.speed))
        held, pending = round(_HELD_BACK * self.rate), np.zeros(0, np.float32)
        for piece in self._stream(text, choices, turn):
            pending = np.concatenate([pending, piece])
            if len(pending) > held:
                yield self._spoken(pending[:-held], words)
                pending = pending[-held:]
        yield self._spoken(pending, words, last=True)

    def latents(self) -> bytes | None:
        return self._unkept

    def _spoken(self, samples: Samples, words: SpokenWords, *, last: bool = False) -> Spoken:
        return Spoken(samples, self.rate, words.until(len(samples), last=last), None)

    def _stream(self, text: str, choices: Choices, turn: Turn) -> Iterator[Samples]:
        torch.manual_seed(choices.seed)
        stream = self._model.inference_stream(
            text,
            "zh-cn" if self._language.startswith("zh") else self._language,
            *(self._speaker[name] for name in LATENTS),
            temperature=choices.temperature,
            top_k=choices.top_k,
            top_p=choices.top_p,
            speed=choices.speed,
        )
        while True:
            with self._brake.held_by(turn):
                piece = next(stream, None)
            if piece is None:
                return
            samples = piece.flatten().float().cpu().numpy()
            yield np.ascontiguousarray(np.clip(samples, -1, 1), np.float32)

    def _known(self, voice: str) -> Mapping[str, Any]:
        if Path(voice).is_absolute():
            raise InputInvalid(
                f"The cloned voice {Path(voice).name} is no longer there.", "Choose another voice."
            )
        known = sorted(self._speakers)
        name = voice or next(iter(known), "")
        if name not in self._speakers:
            raise ConfigInvalid(
                f"XTTS has no speaker {name!r}.",
                f"It has {', '.join(known[:12]) or 'none'}{', …' if len(known) > 12 else ''}.",
            )
        return self._speakers[name]

    def _heard(self, folder: Path) -> Mapping[str, Any]:
        """Return the LATENTS of a cloned voice: cached ones, or those computed from its
        reference."""
        folder = expanded(folder)
        recorded = (
            (folder / REFERENCE).stat().st_mtime_ns
        )  # the name may belong to another object by now
        if (known := self._cloned.get((str(folder), recorded))) is not None:
            return known
        model = self._fingerprint()
        found = read_cached(folder, model)
        if found is None:
            found = self._computed(read_reference(folder, _REFERENCE_RATE))
            self._unkept = pack_latents(found, model)
        self._cloned[str(folder), recorded] = found
        return found

    def _computed(self, reference: Samples) -> Mapping[str, Any]:
        config = self._model.config
        sound = torch.from_numpy(reference[: _REFERENCE_RATE * config.max_ref_len])[None]
        manner = self._model.get_gpt_cond_latents(
            sound, _REFERENCE_RATE, config.gpt_cond_len, config.gpt_cond_chunk_len
        )
        likeness = self._model.get_speaker_embedding(sound, _REFERENCE_RATE)
        return dict(zip(LATENTS, (manner, likeness), strict=True))

    def _fingerprint(self) -> str:
        """Return a hash of the small weights, which differs between trainings and is read
        quickly."""
        digest = hashlib.sha256()
        for name, values in self._model.state_dict().items():
            if values.ndim <= 1:
                digest.update(name.encode() + values.float().cpu().numpy().tobytes())
        return digest.hexdigest()


def _weights(path: Path) -> Any:
    """Load the weights of a file, also of the original release, without running code in it."""
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        with coqui._legacy_safe_globals():  # noqa: SLF001 the few classes of its configuration
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    return loaded["model"]
