"""Puts vectors into a hidden layer of a language model, and leaves no trace when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from avatar_app.core.errors import ConfigInvalid


def decoder_layers(model: nn.Module) -> nn.ModuleList:
    """Return the layers of a transformers' language model, whatever its family calls them."""
    count = model.config.get_text_config(decoder=True).num_hidden_layers
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return module
    raise ConfigInvalid(f"{type(model).__name__} has no list of {count} layers.")


class HiddenInjection:
    """While it is entered, the chosen layers give out other states at some positions.

    PyTorch's forward hooks do it: no weight and no buffer changes, so the model computes bit for
    bit what it did before as soon as it is left, also by an error. It follows a generation with a
    cache: positions are counted over the calls of each layer.
    """

    def __init__(
        self,
        model: nn.Module,
        embeddings: torch.Tensor,
        start: int,
        layers: Sequence[int],
        blend: float = 1.0,
    ) -> None:
        """`embeddings`: (n, t, width), for the positions from `start`. `layers`: behind which, from
        0; negative ones count from the end. `blend`: 1 replaces the states, less mixes them in.
        Raises ConfigInvalid."""
        all_layers = decoder_layers(model)
        if wrong := [each for each in layers if not -len(all_layers) <= each < len(all_layers)]:
            raise ConfigInvalid(
                f"There is no layer {wrong[0]}.", f"This model has {len(all_layers)}, from 0."
            )
        if not layers:
            raise ConfigInvalid("No layer is named.", f"Name some of {len(all_layers)}, from 0.")
        if not 0 <= blend <= 1:
            raise ConfigInvalid(f"What is mixed in is a share from 0 to 1, not {blend}.")
        self._layers = [all_layers[each] for each in layers]
        self._embeddings, self._start, self._blend = embeddings, start, blend
        self._hooks = ExitStack()

    def __enter__(self) -> HiddenInjection:
        for layer in self._layers:
            self._hooks.callback(layer.register_forward_hook(self._hook()).remove)
        return self

    def __exit__(self, *_error: object) -> None:
        self._hooks.close()

    def _hook(self) -> Callable[..., Any]:
        """Return a hook for one layer; it counts the positions that came by."""
        passed = 0

        def change(_layer: nn.Module, _given: Any, output: Any) -> Any:
            nonlocal passed
            states = output[0] if isinstance(output, tuple) else output
            offset = self._start - passed
            passed += states.shape[1]
            changed = self._changed(states, offset)
            return (changed, *output[1:]) if isinstance(output, tuple) else changed

        return change

    def _changed(self, states: torch.Tensor, offset: int) -> torch.Tensor:
        """Return the states with the vectors from position `offset` of them on, as far as they
        lie within."""
        first, last = max(offset, 0), min(offset + self._embeddings.shape[1], states.shape[1])
        if first >= last:
            return states
        given = self._embeddings[:, first - offset : last - offset].to(states)
        mixed = torch.lerp(states[:, first:last], given.expand(len(states), -1, -1), self._blend)
        return torch.cat((states[:, :first], mixed, states[:, last:]), dim=1)
