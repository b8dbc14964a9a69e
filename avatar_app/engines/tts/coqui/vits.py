"""VITS synthesis: the network plans a phrase, and the decoder streams its sound.

The decoder is convolutional: with enough context of the plan on both sides, a chunk sounds as it
does in the whole. So speech begins early, and no layer computes for long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from TTS.config import load_config
from TTS.tts.models.vits import Vits as CoquiVits

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.tts.coqui.choices import Choices
from avatar_app.engines.tts.coqui.cloned import is_cloned
from avatar_app.engines.tts.coqui.files import speaker_file
from avatar_app.engines.tts.coqui.hifigan import reach_of
from avatar_app.engines.tts.coqui.network import settled
from avatar_app.engines.tts.coqui.pronouncing import use_packaged_espeak
from avatar_app.engines.tts.coqui.reading_aloud import (
    pronounced,
    timings_of,
    with_blanks,
    without_blanks,
)
from avatar_app.engines.tts.coqui.stopping import Brake
from avatar_app.engines.tts.speech.chunks import Spoken
from avatar_app.engines.tts.speech.phrases import LONGEST_PHRASE, Phrase
from avatar_app.engines.tts.speech.reading import read
from avatar_app.engines.tts.speech.spoken_words import silence
from avatar_app.engines.tts.speech.timing import mouth_of, words_of

_FIRST_FRAMES, _FRAMES = 32, 96
"""Frames of the plan in the first chunk and in each other: 0.4 and 1.1 s at 22,050 Hz."""


class Vits:
    """Implements `network.Network`."""

    longest = LONGEST_PHRASE

    def __init__(self, folder: Path, weights: Path, device: str) -> None:
        config = load_config(folder / "config.json")
        if config.model_args.use_d_vector_file:
            raise InputInvalid(
                f"The voice in {folder} needs vectors of its speakers, which cannot be used.",
                "Take one that numbers its speakers, as VCTK does.",
            )
        speakers = speaker_file(folder)
        for place in (config, config.model_args):
            place.speakers_file = str(speakers) if speakers else None
        config.model_args.use_speaker_encoder_as_loss = False  # in training only, as `disc`
        use_packaged_espeak()
        self._model = CoquiVits(config)
        self._model.load_checkpoint(config, str(weights), eval=True)
        self._model.disc = None  # half of the weights
        self._model.to(device)
        self._model.max_inference_len = 1  # frames whose sound `inference` makes: we make it
        self._brake = Brake(settled(self._model))
        self._hop = prod(config.model_args.upsample_rates_decoder)
        self._margin = _margin(config.model_args)
        self._usual_length = self._model.length_scale
        self._speaker: Any = None
        self._language: Any = None
        self._reads = str(config.phoneme_language or "en-us")
        self.rate = int(config.audio.sample_rate)

    def choose(self, voice: str, language: str) -> None:
        if is_cloned(voice):
            raise ConfigInvalid("VITS cannot speak in a cloned voice.", "Choose the model xtts-v2.")
        self._speaker = self._tensor(_speaker_number(self._model.speaker_manager, voice))
        self._language = self._tensor(_language_number(self._model.language_manager, language))

    def say(
        self, phrase: Phrase, spelled: Phrase, choices: Choices, turn: Turn
    ) -> Iterator[Spoken]:
        tokenizer = self._model.tokenizer
        reading = read(spelled, lambda texts, tag: pronounced(tokenizer, texts, tag), self._reads)
        numbers = tokenizer.encode(reading.phonemes)
        if not numbers:
            yield silence(phrase, self.rate)
            return
        with self._brake.held_by(turn):
            plan, durations = self._planned(numbers, choices)
        total = plan.shape[2] * self._hop
        timings = timings_of(reading, durations / durations.sum() * total / self.rate)
        whole = Spoken(
            np.zeros(total, np.float32),
            self.rate,
            words_of(phrase, reading, timings, total, self.rate),
            mouth_of(timings, total, self.rate) if tokenizer.use_phonemes else None,
        )
        yield from self._sounding(whole, plan, turn)

    def latents(self) -> None:
        """Return None: VITS has no latents."""

    def _sounding(self, whole: Spoken, plan: Any, turn: Turn) -> Iterator[Spoken]:
        """Yield a phrase in chunks: words and visemes are known from the plan, sound is
        computed."""
        frames, begin = plan.shape[2], 0
        while begin < frames:
            end = min(begin + (_FRAMES if begin else _FIRST_FRAMES), frames)
            with self._brake.held_by(turn):
                sound = self._decoded(plan, begin, end)
            first, last = begin * self._hop, end * self._hop
            ends = last + (end == frames)  # a word without sound may begin at the very end
            yield replace(whole.between(first, ends), samples=sound)
            begin = end

    @torch.inference_mode()
    def _decoded(self, plan: Any, begin: int, end: int) -> Samples:
        first, last = max(begin - self._margin, 0), min(end + self._margin, plan.shape[2])
        speaker = None if self._speaker is None else self._model.emb_g(self._speaker)[..., None]
        sound = self._model.waveform_decoder(plan[:, :, first:last], g=speaker).flatten()
        own = sound[(begin - first) * self._hop : (end - first) * self._hop]
        return np.ascontiguousarray(own.clamp(-1, 1).float().cpu().numpy(), np.float32)

    def _planned(self, numbers: list[int], choices: Choices) -> tuple[Any, Samples]:
        """Return the decoder's input, shape (1, channels, frames), and the duration of each token
        in frames."""
        tokenizer = self._model.tokenizer
        numbers = with_blanks(tokenizer, numbers)
        torch.manual_seed(choices.seed)
        self._model.length_scale = self._usual_length / choices.speed
        inputs: dict[str, Any] = dict.fromkeys(("x_lengths", "d_vectors", "durations"))
        inputs |= {"speaker_ids": self._speaker, "language_ids": self._language}
        said = self._model.inference(self._tensor(*numbers)[None], inputs)
        frames = said["durations"].flatten().float().cpu().numpy()
        frames = without_blanks(tokenizer, frames)
        return said["z"] * said["y_mask"], frames

    def _tensor(self, *numbers: int | None) -> Any:
        if None in numbers:
            return None
        return torch.tensor(numbers, device=next(self._model.parameters()).device)


def _speaker_number(manager: Any, name: str) -> int | None:
    """Return the index of a speaker, the first one without a name; None for a single-speaker
    network."""
    names = dict(manager.name_to_id) if manager is not None else {}
    if name and name not in names:
        known = sorted(names)
        raise ConfigInvalid(
            f"This voice has no speaker {name!r}.",
            f"It has {', '.join(known[:12]) or 'only one'}{', …' if len(known) > 12 else ''}.",
        )
    return names.get(name or next(iter(names), ""))


def _language_number(manager: Any, language: str) -> int | None:
    """Return the index of a language; None for a network with a single language, which is used
    then."""
    names = dict(manager.name_to_id) if manager is not None else {}
    for name, number in names.items():
        if language.lower() in (name.lower(), name.lower().partition("-")[0]):
            return int(number)
    if names:
        raise ConfigInvalid(
            f"This voice does not speak {language!r}.", f"Choose {', '.join(sorted(names))}."
        )
    return None


def _margin(network: Any) -> int:
    """Return the receptive field of the decoder beyond a chunk, in frames."""
    return reach_of(
        network.upsample_rates_decoder,
        network.upsample_kernel_sizes_decoder,
        network.resblock_kernel_sizes_decoder,
        network.resblock_dilation_sizes_decoder,
    )
