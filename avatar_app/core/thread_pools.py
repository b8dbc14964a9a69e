"""Thread pools of native libraries sleep while they wait; those that spin starve the others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

PASSIVE: Mapping[str, str] = MappingProxyType({"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"})
"""What OpenMP reads when it is loaded: GNU's and LLVM's, and Intel's."""


@contextmanager
def sleeping_pools() -> Iterator[None]:
    """OpenMP's threads sleep while they wait, in libraries that are loaded inside, unless the
    environment says otherwise already.

    Measured on two cores: with five other programs at work the first word of a language model came
    after 12.3 s where they spun, and after 1.7 s where they slept; a partial text of 20 ms took 400
    now and then. With the processor to themselves both are as fast.
    """
    added = [name for name in PASSIVE if name not in os.environ]
    os.environ.update({name: PASSIVE[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
