"""GlowTTS and Tacotron 2 synthesis: the network plans a spectrogram, HiFi-GAN streams its sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from TTS.config import load_config
from TTS.tts.models.glow_tts import GlowTTS
from TTS.tts.models.tacotron2 import Tacotron2

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.tts.coqui.choices import Choices
from avatar_app.engines.tts.coqui.files import vocoder_of
from avatar_app.engines.tts.coqui.hifigan import Vocoder
from avatar_app.engines.tts.coqui.mel_scale import MelScale
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

_FEWEST_STEPS, _STEPS_A_SIGN = 40, 20
"""Steps after which Tacotron is cut off: it may miss the end of a phrase and go on for ever."""


class SpectrogramVoice:
    """Implements `network.Network`, for GlowTTS (Kim et al., 2020), which tells the durations of
    phonemes, and Tacotron 2 (Shen et al., 2018), whose attention does."""

    longest = LONGEST_PHRASE

    def __init__(self, folder: Path, weights: Path, device: str) -> None:
        config = load_config(folder / "config.json")
        if config.use_speaker_embedding or config.use_d_vector_file:
            raise InputInvalid(
                f"The voice in {folder} has several speakers, which cannot be used.",
                "Take one with a single speaker, such as those of LJSpeech.",
            )
        self._scale = MelScale.of(config.audio, folder)
        config.audio.stats_path = None  # it would be unpickled
        use_packaged_espeak()
        self._has_durations = config.model == "glow_tts"
        model = (GlowTTS if self._has_durations else Tacotron2)(config)
        model.load_checkpoint(config, str(weights), eval=True)
        self._brake = Brake(settled(model))
        self._model = model.to(device)
        self._tokenizer = model.tokenizer
        self._vocoder = Vocoder(vocoder_of(folder), device)
        if not self._scale.fits(self._vocoder.scale):
            raise InputInvalid(
                f"The statistics (scale_stats.npy) of {folder.name} or its vocoder are missing.",
                "Download both again.",
            )
        self._spoken_rate = int(config.audio.sample_rate)
        self._reads = str(config.phoneme_language or "en-us")
        self.rate = self._vocoder.rate

    def choose(self, voice: str, language: str) -> None:
        del language  # it has one
        if voice:
            raise ConfigInvalid(f"This voice has no speaker {voice!r}.", "It has only one.")

    def say(
        self, phrase: Phrase, spelled: Phrase, choices: Choices, turn: Turn
    ) -> Iterator[Spoken]:
        reading = read(
            spelled, lambda texts, tag: pronounced(self._tokenizer, texts, tag), self._reads
        )
        numbers = self._tokenizer.encode(reading.phonemes)
        if not numbers:
            yield silence(phrase, self.rate)
            return
        torch.manual_seed(choices.seed)
        with self._brake.held_by(turn):
            frames, durations = self._planned(with_blanks(self._tokenizer, numbers), choices.speed)
        total = frames.shape[2] * self._vocoder.hop
        shares = without_blanks(self._tokenizer, durations)
        timings = timings_of(reading, shares / max(shares.sum(), 1e-6) * total / self.rate)
        whole = Spoken(
            np.zeros(total, np.float32),
            self.rate,
            words_of(phrase, reading, timings, total, self.rate),
            mouth_of(timings, total, self.rate) if self._tokenizer.use_phonemes else None,
        )
        yield from self._vocoder.sounding(whole, frames, turn)

    def latents(self) -> None:
        """Return None: these networks have no latents."""

    @torch.inference_mode()
    def _planned(self, numbers: list[int], speed: float) -> tuple[Any, Samples]:
        """Return the vocoder's input, shape (1, bands, frames), and the frames of each number."""
        device = next(self._model.parameters()).device
        given = torch.tensor([numbers], device=device)
        inputs = {"x_lengths": torch.tensor([len(numbers)], device=device)}
        inputs |= dict.fromkeys(("d_vectors", "speaker_ids"))
        if not self._has_durations:
            most = _FEWEST_STEPS + _STEPS_A_SIGN * len(numbers)
            self._model.decoder.max_decoder_steps = most
            inputs = {}
        said = self._model.inference(given, inputs)
        attention = said["alignments"][0].float().cpu().numpy()
        if not self._has_durations:  # which number each step looks at most
            looked = attention.argmax(axis=1)
            attention = np.eye(len(numbers), dtype=np.float32)[looked]
        mel = said["model_outputs"][0].T.float().cpu().numpy()
        scaled = self._scale.to(self._vocoder.scale, mel)
        return self._paced(scaled, speed).to(device), attention.sum(axis=0)

    def _paced(self, mel: Samples, speed: float) -> Any:
        """Return frames as fast as they are to be spoken, for the vocoder's rate."""
        frames = torch.from_numpy(np.ascontiguousarray(mel, np.float32))[None]
        factor = self.rate / self._spoken_rate / speed
        if factor == 1:
            return frames
        return torch.nn.functional.interpolate(frames, scale_factor=factor, mode="linear")
