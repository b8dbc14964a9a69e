"""Engines that are unloaded when idle, reloaded on use, and made lighter when memory is short."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from avatar_app.core.engines import Reply, SkilledDialogue
from avatar_app.core.errors import EngineFailed, OutOfMemory
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, Transcript
from avatar_app.engines.hosting.host import Host
from avatar_app.runtime.fallback.quality_ladder import QualityLadder, Tier
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.budget import MemoryLease

Make = Callable[[Manifest, dict[str, Any]], Any]


class EvictableEngine:
    """One engine, from the first loading to `close`; its calls may come from any thread.

    Where memory runs out it takes the manifest's lighter options, one after the other, each with a
    notice; raises OutOfMemory where the lightest does not fit either. An engine in a process of its
    own starts to load at once and in the background.
    """

    def __init__(
        self,
        manifest: Manifest,
        options: dict[str, Any],
        make: Make,
        broker: MemoryBroker,
        notice: Callable[[Noticed], None],
        ladder: QualityLadder,
        *,
        stays: bool = False,
    ) -> None:
        """`ladder`: its lighter options. `stays`: always granted memory and never unloaded, as
        nothing could replace it."""
        self._manifest, self._options, self._stays = manifest, options, stays
        self._make, self._broker, self._notice = make, broker, notice
        self._ladder = ladder
        self._lease: MemoryLease | None = None
        self._engine: Any = None
        self._closed = False
        self._arriving = threading.RLock()
        self._exchanging = threading.Lock()  # never held while a process loads
        with ExitStack() as on_failure, ExitStack() as using:
            on_failure.callback(self.close)
            self._arrive(using, wait=False)
            on_failure.pop_all()

    @property
    def process_id(self) -> int | None:
        """Return the process id of the loaded engine; None if it shares the program's process."""
        engine = self._engine
        return engine.pid if isinstance(engine, Host) else None

    @property
    def options(self) -> dict[str, Any]:
        """Return the options in use."""
        return self._options

    def wait_ready(self) -> None:
        """Block until the engine is loaded; raises what its constructor raised."""
        with ExitStack() as using:
            self._arrive(using)

    def configure(self, **options: Any) -> None:
        with self._at_work() as engine:
            engine.configure(**options)
        self._options = self._options | options  # an engine that returns gets them too

    def close(self) -> None:
        with self._exchanging:
            self._closed = True
        self._leave()

    @contextmanager
    def _at_work(self) -> Iterator[Any]:
        """Yield the loaded engine; it stays loaded until the end, when its memory is measured."""
        with ExitStack() as using:
            engine = self._arrive(using)
            try:
                yield engine
            except OutOfMemory as error:
                with self._arriving:
                    hint = self._take_lighter(error)
                raise EngineFailed(error.message, hint) from error
            self._weigh(engine)

    def _arrive(self, using: ExitStack, *, wait: bool = True) -> Any:
        """Load the engine if it is not loaded, with options as light as necessary."""
        with self._arriving:
            try:
                while True:
                    try:
                        return self._load(using, wait=wait)
                    except OutOfMemory as error:
                        using.close()
                        hint = self._take_lighter(error)
                        kind = self._manifest.kind
                        self._notice(Noticed(error.message, hint, type(error), kind))
            finally:
                if self._closed:  # meanwhile
                    self._leave()

    def _load(self, using: ExitStack, *, wait: bool) -> Any:
        if self._lease is None:
            unload = None if self._stays else self._unload
            self._lease = self._broker.lease(
                self._manifest, self._options, unload, must=self._stays
            )
        using.enter_context(self._lease.use())
        engine = self._made()
        if wait and isinstance(engine, Host):
            engine.wait_ready()
        return engine

    def _made(self) -> Any:
        with self._exchanging:
            if self._closed:
                raise EngineFailed(f"{self._manifest.title} is closed.", "Start the application.")
            if self._engine is None:
                self._engine = self._make(self._manifest, self._options)
            return self._engine

    def _take_lighter(self, error: OutOfMemory) -> str:
        """Release everything and continue with the next lighter options; returns the notice. Raises
        `error` where none are left."""
        self._leave()
        before = self._manifest.checked(self._options)
        while self._ladder.level.tier is Tier.CHOSEN:
            level = self._ladder.fall(type(error))
            if level.tier is not Tier.CHOSEN:
                break
            self._options = self._options | dict(level.options)
            after = self._manifest.checked(self._options)
            if changed := [
                f"{name} {after[name]}" for name in after if after[name] != before[name]
            ]:
                return f"{self._manifest.title} continues with {', '.join(changed)}."
        raise error

    def _leave(self) -> None:
        self._unload()
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.close()

    def _unload(self) -> None:
        with self._exchanging:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _weigh(self, engine: Any) -> None:
        lease = self._lease
        if isinstance(engine, Host) and lease is not None:
            self._broker.weigh_process(lease, engine.pid)


class EvictableRecognizer(EvictableEngine):
    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        with self._at_work() as engine:
            yield from engine.transcribe(audio, turn)


class EvictableDialogue(EvictableEngine):
    skills: SkilledDialogue | None = None
    """Skills answer first what they understand reliably: a timer needs no language model."""
    prepares = True

    @property
    def hears(self) -> bool:
        """Whether it is given the user's words as sound."""
        return self._manifest.hears

    def reply(self, prompt: Prompt, turn: Turn) -> Reply:
        if self.skills is not None and self.skills.understands(prompt):
            yield from self.skills.reply(prompt, turn)
            return
        with self._at_work() as engine:
            yield from engine.reply(prompt, turn)

    def prepare(self, prompt: Prompt, turn: Turn) -> Iterator[str]:
        with self._at_work() as engine:
            if getattr(engine, "prepares", False):
                yield from engine.prepare(prompt, turn)


class EvictableSynthesizer(EvictableEngine):
    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        with self._at_work() as engine:
            yield from engine.speak(text, turn)


EVICTABLE: dict[Kind, type[EvictableEngine]] = {
    Kind.ASR: EvictableRecognizer,
    Kind.DIALOGUE: EvictableDialogue,
    Kind.TTS: EvictableSynthesizer,
}
"""Faces are excluded: they are always in use, and have a ladder of their own."""
