"""A loaded VibeVoice: turns passages into sound with words, in any of its voices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avatar_app.core.out_of_memory import as_out_of_memory
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.checkpoints.reading import Published, read_renamed_weights
from avatar_app.engines.tts.speech.chunks import Spoken
from avatar_app.engines.tts.speech.phrases import Phrase
from avatar_app.engines.tts.speech.spoken_words import SpokenWords, silence
from avatar_app.engines.tts.vibevoice.choices import Choices
from avatar_app.engines.tts.vibevoice.files import read_tokenizer, weights_of
from avatar_app.engines.tts.vibevoice.keys import name_of
from avatar_app.engines.tts.vibevoice.layers import Memory
from avatar_app.engines.tts.vibevoice.network import Manner, Network, Prompt
from avatar_app.engines.tts.vibevoice.prompts import Remembered, choose_voice, read_prompt
from avatar_app.engines.tts.vibevoice.shape import HINT, Shape, read_shape
from avatar_app.engines.tts.vibevoice.windows import RATE, most_latents

_QUOTES = str.maketrans("’‘“”", "''\"\"")
"""The network knows straight ones."""


class Speaker:
    """A network, its tokenizer and its voices."""

    def __init__(self, folder: Path, device: str) -> None:
        """Raises ModelMissing, InputInvalid, OutOfMemory."""
        self._folder, self._shape = folder, read_shape(folder)
        self._tokenizer = read_tokenizer(folder)
        self._type = torch.bfloat16 if device == "cuda" else torch.float32
        self._device = device
        self._network = _loaded(folder, self._shape, device, self._type)
        self._voices: dict[tuple[Path, int], Prompt] = {}
        self._prompt: Prompt | None = None

    def choose(self, voice: str) -> str:
        """Change the voice for the next `say`, and return its name. Raises ConfigInvalid,
        InputInvalid."""
        path = choose_voice(self._folder, voice)
        key = path, path.stat().st_mtime_ns
        if key not in self._voices:
            read = read_prompt(path, self._shape)
            self._voices[key] = Prompt(
                self._memory(read.lower),
                self._memory(read.upper),
                self._memory(read.free),
                self._tensor(read.free_state),
            )
        self._prompt = self._voices[key]
        return path.stem

    def say(
        self, passage: Phrase, spelled: Phrase, choices: Choices, turn: Turn
    ) -> Iterator[Spoken]:
        """Yield a passage latent by latent, 133 ms each; `spelled` is its spoken form. Raises
        TurnCancelled before any layer."""
        text = " ".join(spelled.spoken.translate(_QUOTES).split())
        if not text:
            yield silence(passage, RATE)
            return
        assert self._prompt is not None
        tokens = self._tokenizer.encode(text + "\n", add_special_tokens=False).ids
        manner = Manner(
            choices.guidance, choices.steps, self._noise(choices.seed), most_latents(len(tokens))
        )
        words = SpokenWords(passage, spelled, RATE)
        with as_out_of_memory(f"the voice {self._folder.name}"):
            for sound, last in self._network.speak(tokens, self._prompt, manner, turn.check):
                samples = np.ascontiguousarray(np.clip(sound.cpu().numpy(), -1, 1), np.float32)
                yield Spoken(samples, RATE, words.until(len(samples), last=last), None)

    def _noise(self, seed: int) -> Any:
        """Return what draws the noise of each latent, the same on any device."""
        source = torch.Generator().manual_seed(seed)

        def draw() -> Any:
            return torch.randn(1, self._shape.latent, generator=source).to(self._device)

        return draw

    def _memory(self, read: Remembered) -> Memory:
        return Memory(*([self._tensor(each) for each in part] for part in (read.keys, read.values)))

    def _tensor(self, values: Samples) -> Any:
        return torch.from_numpy(values).to(self._device, self._type)


def _loaded(folder: Path, shape: Shape, device: str, kind: Any) -> Network:
    with torch.device("meta"):
        network = Network(shape)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    published = Published(
        title="VibeVoice",
        network="VibeVoice-Realtime",
        where=HINT,
        which="The 1.5B and 7B models of VibeVoice do not fit; take VibeVoice-Realtime-0.5B.",
        shapes=shapes,
    )
    weights = read_renamed_weights(weights_of(folder), published, name_of)
    with as_out_of_memory(f"the voice {folder.name}"):
        state = {key: torch.from_numpy(weights[key]).to(device, kind) for key in shapes}
        network.load_state_dict(state, assign=True)
    network.eval().requires_grad_(requires_grad=False)
    return network
