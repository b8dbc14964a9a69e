"""Switches engines during a conversation and closes the previous one once it is idle."""

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
"""Seconds within which a conversation accepts an engine; a closed one never does."""

log = logging.getLogger(__name__)


@runtime_checkable
class LoadsInBackground(Protocol):
    """An engine that loads in the background, for example in a process of its own."""

    def wait_ready(self) -> None:
        """Block until it is loaded; raises what its constructor raised."""


def close_when_idle(engine: Any, engine_usage: EngineUsage, seconds: float) -> bool:
    """Close an engine once nothing uses it. If it is still in use after `seconds` it hangs, and is
    abandoned: returns False. (A process of its own would have been killed by then.)"""
    is_free = engine_usage.wait_free(engine, seconds)
    if is_free:
        engine.close()
    else:
        log.info("%s hangs and is abandoned", type(engine).__name__)
    return is_free


def switch(
    conversation: Conversation, use: commands.SwitchEngine, former: Iterable[Any], seconds: float
) -> None:
    """Switch to an engine; returns when `former` are closed: after their work ends, or after
    `seconds`."""
    taken = threading.Event()

    def tell() -> None:
        use.taken()
        taken.set()

    conversation.send(replace(use, taken=tell))
    if taken.wait(TAKEN_WITHIN):
        for engine in former:
            close_when_idle(engine, conversation.engine_usage, seconds)


def notice_of_staying(engine_set: EngineSet, kind: Kind, error: AvatarError) -> Noticed:
    """Return the notice for the user that an engine cannot be used and the current one stays."""
    stays = f"{error.hint} {engine_set.manifests[kind].title} stays."
    return Noticed(error.message, stays, type(error), kind)
