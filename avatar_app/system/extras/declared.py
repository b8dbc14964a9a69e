"""The extras that the program declares, with what they require and roughly take of the disk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from avatar_app.core.errors import ConfigInvalid, choose_one_of

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "avatar-app"
DEVELOPMENT = frozenset({"bench", "docs", "test", "test-ray", "test-voices"})
"""Extras for people who work on the program; they belong into its own environment."""
_MEGABYTES = {
    "coqui": 1800,
    "llama": 20,
    "server": 35,
    "serve": 38,
    "mcp": 12,
    "mnn": 59,
    "openvino": 180,
    "gpu": 1,
}
_MEGABYTES |= {"camera": 1, "memory": 91, "ray": 260}
"""Measured; a new extra without a figure is offered without one."""
_SUMMARIES = {
    "camera": "the avatar as a camera of other programs, by v4l2loopback or OBS Studio",
    "coqui": "VITS and XTTS, which also speaks in cloned voices; with PyTorch",
    "gpu": "the memory of NVIDIA cards",
    "llama": "llama.cpp compiled here, for this processor or card; needs g++ and some minutes",
    "memory": "what you said is found again in other words, by a small model of meaning",
    "multimodal": "pictures and sounds as vectors for language models; with PyTorch",
    "mnn": "a faster runtime for Wav2Lip, on processors without AVX-512",
    "openvino": "a faster runtime for Wav2Lip, on processors with AVX-512",
    "mcp": "tools of other programs, by the Model Context Protocol",
    "ray": "replicas of engines on several machines, by Ray",
    "serve": "the avatar as a server, for other programs, browsers and machines",
    "server": "Ollama, LM Studio, llama-server, vLLM or hosted ones; keys in the system's keyring",
    "studio": "pictures and films from sentences, for a graphics card; with PyTorch",
    "voxtral": "a language model that hears, for a graphics card; with PyTorch",
    "vibevoice": "lively voices that begin after a few words, for a graphics card; with PyTorch",
}


@dataclass(frozen=True, slots=True)
class Extra:
    """An extra of the installed program's metadata."""

    name: str
    requirements: tuple[str, ...]
    """As pip reads them, without the condition that names the extra."""

    @property
    def packages(self) -> frozenset[str]:
        """Return the normalized names of what it requires."""
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        return frozenset(canonicalize_name(Requirement(each).name) for each in self.requirements)

    @property
    def summary(self) -> str:
        """Return what it brings, without a capital and a full stop."""
        return _SUMMARIES.get(self.name, ", ".join(sorted(self.packages)))

    @property
    def megabytes(self) -> int:
        """Return what it takes of the disk; 0 where nobody has measured it."""
        return _MEGABYTES.get(self.name, 0)


@dataclass(frozen=True, slots=True)
class DeclaredExtras:
    """All extras of the program, as one reading of its metadata found them."""

    every: Mapping[str, Extra]
    """By name; empty where the program runs without being installed."""
    offered: Mapping[str, Extra]
    """Those for users: they bring what the program itself does not require."""

    @classmethod
    def read(cls) -> DeclaredExtras:
        """Read the extras from the program's metadata."""
        from packaging.utils import canonicalize_name

        requirements = _requirements()
        own = {canonicalize_name(each.name) for each in requirements if _is_always(each)}
        every = _extras_of(requirements)
        offered = {
            name: each
            for name, each in every.items()
            if name not in DEVELOPMENT and not each.packages <= own
        }
        return cls(every, offered)

    def find(self, name: str) -> Extra:
        """Return the offered extra `name`; raises ConfigInvalid if it is unknown."""
        if name not in self.offered:
            raise ConfigInvalid(f"Unknown extra {name!r}.", choose_one_of(self.offered))
        return self.offered[name]

    def with_packages(self, packages: Iterable[str], engine: str = "") -> Extra | None:
        """Return the extra that holds all `packages`: the one that is named like the engine, or
        else the smallest."""
        from packaging.utils import canonicalize_name

        wanted = {canonicalize_name(name) for name in packages}
        fitting = [each for each in self.every.values() if wanted <= each.packages]
        return min(
            fitting, key=lambda each: (each.name != engine, len(each.packages)), default=None
        )


def _extras_of(requirements: Iterable[Requirement]) -> dict[str, Extra]:
    found: dict[str, list[str]] = {}
    for requirement in requirements:
        if (marker := requirement.marker) is None or _is_always(requirement):
            continue
        requirement.marker = None
        for name in _extras_in(str(marker)):
            if marker.evaluate({"extra": name}):
                found.setdefault(name, []).append(str(requirement))
    return {name: Extra(name, tuple(found[name])) for name in sorted(found)}


def _requirements() -> list[Requirement]:
    from packaging.requirements import Requirement

    try:
        lines = metadata.requires(DISTRIBUTION) or ()
    except metadata.PackageNotFoundError:
        lines = ()
    return [Requirement(line) for line in lines]


def _is_always(requirement: Requirement) -> bool:
    """Whether it is required without any extra."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _extras_in(marker: str) -> set[str]:
    """Return the names that a marker compares `extra` with."""
    return set(re.findall(r"""\bextra == ["']([\w-]+)["']""", marker))
