"""The whole network, and how it speaks: some text, some sound, and so on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from avatar_app.engines.tts.vibevoice.decoder import Decoder, Tails
from avatar_app.engines.tts.vibevoice.head import DiffusionHead
from avatar_app.engines.tts.vibevoice.layers import Layers, Memory
from avatar_app.engines.tts.vibevoice.shape import Shape
from avatar_app.engines.tts.vibevoice.windows import LATENTS, windows

_SOUND, _TEXT = 0, 1
"""What the upper layers read with each input: its kind."""
_CONNECTOR_TINY = 1e-6
_ENDS = 0.5
"""Probability from which the speech is over."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A voice: what the layers remember of a recording and its text."""

    lower: Memory
    upper: Memory
    free: Memory
    """Of upper layers that read no text."""
    free_state: Any
    """Their last state, shape (1, width)."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a text is spoken."""

    guidance: float
    steps: int
    noise: Callable[[], Any]
    """Returns the noise that a latent begins as, shape (1, latent)."""
    most: int
    """Latents after which the speech ends in any case."""


class Connector(nn.Module):
    """From a latent to an input of the upper layers."""

    def __init__(self, latent: int, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(latent, width)
        self.norm = nn.RMSNorm(width, _CONNECTOR_TINY)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, latent: Any) -> Any:
        return self.linear_2(self.norm(self.linear_1(latent)))


class Ending(nn.Module):
    """Hears from a state whether the speech is over."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(width, width)
        self.linear_2 = nn.Linear(width, 1)

    def forward(self, state: Any) -> bool:
        score = self.linear_2(torch.relu(self.linear_1(state)))
        return bool(torch.sigmoid(score.float()).item() > _ENDS)


class Network(nn.Module):
    """VibeVoice-Realtime: a language model in two stacks, whose states a diffusion head turns to
    latents of sound."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.layer.width
        self.lower = Layers(shape.layer, shape.lower, words=shape.words)
        self.upper = Layers(shape.layer, shape.upper)
        self.kinds = nn.Embedding(2, width)
        self.connector = Connector(shape.latent, width)
        self.head = DiffusionHead(width, shape.latent, shape.head)
        self.decoder = Decoder(shape.latent, shape.decoder)
        self.ending = Ending(width)
        self.register_buffer("scaling", torch.tensor(1.0))
        self.register_buffer("bias", torch.tensor(0.0))
        self._longest = shape.longest

    @torch.inference_mode()
    def speak(
        self, tokens: Sequence[int], voice: Prompt, manner: Manner, check: Callable[[], None]
    ) -> Iterator[tuple[Any, bool]]:
        """Yield the samples of each latent, and whether it is the last.

        `check` is called before each layer; what it raises ends the speech.
        """
        lower, upper, free = (each.copy() for each in (voice.lower, voice.upper, voice.free))
        codes, tails = self.head.time_codes(manner.steps), Tails()
        states = voice.free_state.expand(2, -1)
        made = 0
        for window in windows(tokens):
            if window:
                read = self._read(window, lower, upper, check)
                states = torch.cat((read, states[1:]))
            for _ in range(LATENTS):
                latent = self.head.sample(states, manner.noise(), codes, manner.guidance, check)
                latent = latent.to(states.dtype)
                sound = self.decoder.stream(
                    (latent / self.scaling - self.bias)[..., None], tails, check
                )
                heard = self.connector(latent) + self.kinds.weight[_SOUND]
                pair = heard.expand(2, -1)[:, None]
                states = self.upper(pair, (upper, free), check)[:, -1]
                made += 1
                full = made >= manner.most or upper.length >= self._longest
                last = self.ending(states[:1]) or full
                yield sound.float(), last
                if last:
                    return

    def _read(
        self, window: Sequence[int], lower: Memory, upper: Memory, check: Callable[[], None]
    ) -> Any:
        """Return the state after some more text, shape (1, width)."""
        numbers = torch.tensor([window], device=self.kinds.weight.device)
        words = self.lower(self.lower.embed_tokens(numbers), (lower,), check)
        return self.upper(words + self.kinds.weight[_TEXT], (upper,), check)[:, -1]
