"""Stops a PyTorch network between two layers once its turn is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from avatar_app.core.turn import Turn


class Brake:
    """Checks a turn before each layer of a network, which takes some 10 ms at most."""

    def __init__(self, network: Any) -> None:
        self._turn: Turn | None = None
        for layer in network.modules():
            layer.register_forward_pre_hook(self._look)

    @contextmanager
    def held_by(self, turn: Turn) -> Iterator[None]:
        """Abort computations inside with TurnCancelled as soon as `turn` is cancelled."""
        self._turn = turn
        try:
            yield
        finally:
            self._turn = None

    def _look(self, _layer: Any, _inputs: Any) -> None:
        if self._turn is not None:
            self._turn.check()
