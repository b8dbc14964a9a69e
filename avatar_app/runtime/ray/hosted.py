"""Engines of any kind in actors of Ray: the protocol of hosted engines, carried by Ray.

What the engine sends goes through the object store of its machine, so pictures are copied once.
"""

from __future__ import annotations

import os
import pickle
import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from avatar_app.core.errors import OutOfMemory
from avatar_app.core.manifest import Manifest
from avatar_app.engines.hosting.child import serve_engine
from avatar_app.engines.hosting.hosted import HOSTED
from avatar_app.engines.hosting.process import Line, Running
from avatar_app.engines.hosting.share import ProcessShare
from avatar_app.runtime.factory import engine_factory
from avatar_app.runtime.ray.cluster import joined_cluster
from avatar_app.runtime.registry import Registry

_MB = 1_000_000
_CORES = 0.1
"""Of the cluster, kept for an engine beside its memory, so that it is placed where one is free."""
_GROUPS = {"serve": 1, "put": 1}
"""Methods that run beside each other, each group in the order of its calls."""


class HostActor:
    """Serves one engine."""

    def __init__(self) -> None:
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def pid(self) -> tuple[str, int]:
        """Return the machine's and the process's number."""
        return os.uname().nodename if hasattr(os, "uname") else "", os.getpid()

    def put(self, message: bytes) -> None:
        """Take a message of the host."""
        self._inbox.put(pickle.loads(message))

    def serve(self, factory: Callable[[], Any], attributes: tuple[str, ...]) -> Iterator[Any]:
        """Yield what the engine has to say, until it is closed."""
        threading.Thread(target=self._run, args=(factory, attributes), daemon=True).start()
        while (message := self._outbox.get()) is not None:
            yield message

    def send(self, message: Any, /) -> None:
        """See `hosting.child.Pipe`."""
        self._outbox.put(message)

    def recv(self) -> Any:
        """See `hosting.child.Pipe`."""
        return self._inbox.get()

    def _run(self, factory: Callable[[], Any], attributes: tuple[str, ...]) -> None:
        try:
            serve_engine(self, factory, attributes)
        finally:
            self._outbox.put(None)


class _Actor:
    """The host's end: a `Line` and a `Running`."""

    exitcode = None

    def __init__(self, ray: Any, actor: Any, messages: Iterator[Any]) -> None:
        self._ray, self._actor, self._messages = ray, actor, messages
        self._is_alive, self._pid = True, 0

    @property
    def pid(self) -> int:
        """0 for one on another machine, or one that is not placed yet."""
        return self._pid

    def send_bytes(self, message: Any, /) -> None:
        self._actor.put.options(concurrency_group="put").remote(bytes(message))

    def recv(self) -> Any:
        try:
            message = self._ray.get(next(self._messages))
            if not self._pid:
                where, pid = self._ray.get(self._actor.pid.remote())
                self._pid = pid if where == os.uname().nodename else 0
        except (StopIteration, self._ray.exceptions.RayError) as error:
            self._is_alive = False
            raise EOFError from error
        return message

    def close(self) -> None:
        self.kill()

    def is_alive(self) -> bool:
        return self._is_alive

    def kill(self) -> None:
        self._is_alive = False
        self._ray.kill(self._actor)

    def join(self, timeout: float | None = None) -> None:
        """It has ended when its messages have."""


def start_in_ray(
    resources: dict[str, float],
    factory: Callable[[], Any],
    attributes: tuple[str, ...],
    title: str,
    share: ProcessShare,
) -> tuple[Line, Running]:
    """Start an actor: a `hosting.process.Start`, after `resources`."""
    del title, share  # Ray shares its machines
    ray = joined_cluster()
    made = ray.remote(concurrency_groups=_GROUPS, **resources)(HostActor).remote()
    serve = made.serve.options(concurrency_group="serve", num_returns="streaming")
    actor = _Actor(ray, made, serve.remote(factory, attributes))
    return actor, actor


def resources_of(manifest: Manifest) -> dict[str, float]:
    """Return what an engine's actor needs of a machine, by its manifest: memory, and a graphics
    card where the cluster has one. Raises OutOfMemory where no machine has so much."""
    ray = joined_cluster()
    needs = manifest.needs
    machines = [each["Resources"] for each in ray.nodes() if each["Alive"]]
    needed: dict[str, float] = {"num_cpus": _CORES, "memory": float(needs.ram_mb * _MB)}
    if needs.vram_mb and any(machine.get("GPU") for machine in machines):
        needed["num_gpus"] = 1.0
    most = max((machine.get("memory", 0.0) for machine in machines), default=0.0)
    if needed["memory"] > most:
        raise OutOfMemory(
            f"{manifest.title} needs {needs.ram_mb / 1000:.1f} GB of memory, and the cluster's "
            f"largest machine gives {most / 1e9:.1f}.",
            "Add a larger machine to the cluster, or choose a smaller engine.",
        )
    return needed


def create_engine_in_ray(registry: Registry, manifest: Manifest, options: dict[str, Any]) -> Any:
    """Create an engine of any kind in an actor, behind its kind's protocol."""
    return HOSTED[manifest.kind](
        engine_factory(registry, manifest, options),
        manifest.title,
        start=partial(start_in_ray, resources_of(manifest)),
    )
