"""The exchanger puts other engines in while a conversation goes on; faces are the climber's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Event, Noticed
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.turn import Turn
from avatar_app.models.resolve import licence_notices
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Conversation
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.stage import Stage
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.settings.schema import EngineChoice

FREE_WITHIN = 300.0
"""Seconds after which an engine that was exchanged and still works counts as hung."""
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


@dataclass(frozen=True, slots=True, eq=False)
class _SwitchRequest:
    kind: Kind
    choice: EngineChoice
    used: Callable[[], None]
    failing: Any = None
    """The engine that cannot be used; None where the user wants another one."""
    reason: str = ""
    """Why it cannot; empty where the user was told."""


class EngineSwitcher:
    """Loads one engine after the other in a thread; it works from the next turn on, and the former
    one is closed when it is free. May be called from any thread."""

    def __init__(
        self, rack: EngineSet, conversation: Conversation, post: Callable[[Event], None]
    ) -> None:
        self._rack, self._conversation, self._post = rack, conversation, post
        self._working = Turn(id=0)
        self._loader: Stage[_SwitchRequest, None] = Stage(
            "exchanger", self._exchange, conversation.activity, _nothing, _used, self._not_loaded
        )

    def use(self, kind: Kind, choice: EngineChoice, used: Callable[[], None]) -> None:
        """Use another engine, and call `used`; one that cannot be had leaves all as it is, and the
        user is told."""
        self._loader.submit(self._working, _SwitchRequest(kind, choice, used))

    def substitute(self, kind: Kind, reason: str = "") -> None:
        """Put the embedded engine of a kind in the place of one that cannot be used. `reason`: why,
        if the user was not told."""
        failing = self._rack.engines.get(kind)
        wish = _SwitchRequest(
            kind, EngineChoice(engine=BUILTIN[kind]), lambda: None, failing, reason
        )
        self._loader.submit(self._working, wish)

    def close(self) -> None:
        """Load nothing more. The current turn must be over, so that nobody waits for its end."""
        self._working.cancel()
        self._loader.close()

    def _exchange(self, wish: _SwitchRequest, turn: Turn) -> Iterator[None]:
        rack, kind = self._rack, wish.kind
        former, was = rack.engines[kind], rack.manifests[kind]
        if wish.failing is not None and (wish.failing is not former or was.name == BUILTIN[kind]):
            return  # it was replaced before, or nothing simpler is left
        manifest = rack.registry.find(kind, wish.choice.engine)
        for told in licence_notices(wish.choice.options, manifest):
            self._post(told)
        with ExitStack() as on_failure:
            on_failure.callback(self._put_back, kind, former, was)
            engine = rack.put(kind, wish.choice)
            if isinstance(engine, LoadsInBackground):
                engine.wait_ready()
            turn.check()
            on_failure.pop_all()
        if wish.failing is not None:
            substitute = f"{manifest.title} goes on in its place."
            self._post(Noticed(wish.reason or f"{was.title} was given up.", substitute))
        switch(self._conversation, commands.SwitchEngine(kind, engine), (former,), FREE_WITHIN)
        yield

    def _put_back(self, kind: Kind, former: Any, was: Manifest) -> None:
        rack = self._rack
        failed, rack.engines[kind], rack.manifests[kind] = rack.engines[kind], former, was
        if failed is not former:
            failed.close()

    def _not_loaded(
        self, wish: _SwitchRequest, _turn: Turn, _stage: str, error: AvatarError
    ) -> None:
        log.info("%s could not be had: %s", wish.choice.engine, error)
        self._post(notice_of_staying(self._rack, wish.kind, error))


def _nothing(*_: object) -> None:
    """What the loader yields is of no interest."""


def _used(wish: _SwitchRequest, _turn: Turn) -> None:
    wish.used()
