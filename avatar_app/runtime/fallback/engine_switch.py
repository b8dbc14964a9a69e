"""Put another engine into a conversation that goes on, and close the former one when it is free."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Conversation
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.runtime.engine_set import EngineSet

TAKEN_WITHIN = 5.0
"""Seconds in which a conversation takes an engine; one that was closed never does."""

log = logging.getLogger(__name__)


@runtime_checkable
class LoadsInBackground(Protocol):
    """An engine in a process of its own, or what stands for one."""

    def wait_ready(self) -> None:
        """Block until it is loaded; raises what its constructor raised."""


def close_when_idle(engine: Any, occupancy: EngineUsage, seconds: float) -> bool:
    """Close an engine once nobody works with it. Whoever still does after `seconds` hangs, and it
    is left alone: False. (A process of its own would have been ended by then.)"""
    is_free = occupancy.wait_free(engine, seconds)
    if is_free:
        engine.close()
    else:
        log.info("%s hangs and is left alone", type(engine).__name__)
    return is_free


def switch(
    conversation: Conversation, use: commands.SwitchEngine, former: Iterable[Any], seconds: float
) -> None:
    """Put an engine in; returns when `former` are closed: their work goes on to its end, or for
    `seconds`."""
    taken = threading.Event()

    def tell() -> None:
        use.taken()
        taken.set()

    conversation.order(replace(use, taken=tell))
    if taken.wait(TAKEN_WITHIN):
        for engine in former:
            close_when_idle(engine, conversation.occupancy, seconds)


def notice_of_staying(rack: EngineSet, kind: Kind, error: AvatarError) -> Noticed:
    """What the user is told when another engine cannot be had."""
    return Noticed(error.message, f"{error.hint} {rack.manifests[kind].title} stays.")
