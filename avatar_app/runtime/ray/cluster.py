"""Ray itself: started on this machine, or joined where an environment names a cluster."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from avatar_app.core.errors import ConfigInvalid, ModelMissing

NAMESPACE = "avatar"
STORE_BYTES = 200_000_000
"""Of shared memory, in a cluster that is started here."""
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0", "RAY_worker_niceness": "0"}
"""Ray reports its use to its makers unless this forbids it, and its workers give way to everybody:
on a busy machine a voice would not even load."""


def joined_cluster(address: str = "") -> Any:
    """Return the package, connected to the cluster at `address` or that of the environment variable
    RAY_ADDRESS, or to one of this machine alone, which ends with the thread that called this first.
    Takes seconds. Raises ModelMissing where it is not installed, ConfigInvalid where no cluster
    answers."""
    if find_spec("ray") is None:
        raise ModelMissing(
            "Replicas on Ray need ray, which is not installed.",
            "Type: avatar-app extras add ray",
        )
    os.environ.update(_QUIET)
    import ray

    if not ray.is_initialized():
        known = address or os.environ.get("RAY_ADDRESS", "")
        own: dict[str, Any] = {"address": known} if known else {"object_store_memory": STORE_BYTES}
        try:
            ray.init(
                namespace=NAMESPACE,
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
                **own,
            )
        except (ConnectionError, ValueError) as error:
            raise ConfigInvalid(
                f"No cluster of Ray answers at {known}.",
                "Start one with  ray start --head  and give its address, or choose local.",
            ) from error
    return ray


def leave_cluster() -> None:
    """Disconnect; a cluster that was started here ends."""
    if find_spec("ray") is not None:
        import ray

        if ray.is_initialized():
            ray.shutdown()
