"""The profiles low, medium and high: preferred engines of each, and the one for a machine."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from avatar_app.core.manifest import Kind
from avatar_app.system.hardware import Hardware
from avatar_app.system.paths import shipped

GB = 1024.0


class Profile(StrEnum):
    """How much of the machine to use."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


class Candidate(BaseModel):
    """A preferred engine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str
    options: dict[str, Any] = {}
    gflops: float = Field(0.0, ge=0)
    """Processor speed (see Hardware.gflops) needed in real time without a card."""


Candidates = dict[Kind, list[Candidate]]


def read_profiles() -> dict[Profile, Candidates]:
    """Read each profile's preferences by kind, the best first."""
    document = yaml.safe_load((shipped("config") / "profiles.yaml").read_text(encoding="utf-8"))
    return {
        Profile(name): {
            Kind(kind): [Candidate(**each) for each in wishes] for kind, wishes in by.items()
        }
        for name, by in document.items()
    }


def required_gflops(kind: Kind, engine: str, model: str) -> float | None:
    """Return the processor speed (see Hardware.gflops) that a model needs to run in real time;
    None if no profile says."""
    candidates = (each for by_kind in read_profiles().values() for each in by_kind.get(kind, ()))
    found = [
        each.gflops
        for each in candidates
        if each.engine == engine and each.options.get("model") == model
    ]
    return max(found, default=None)


def suitable_profile(hardware: Hardware) -> Profile:
    """Return the profile that suits a machine."""
    card_mb = hardware.card.total_mb if hardware.card else 0.0
    quick = hardware.cores >= 8 and hardware.gflops >= 500
    if hardware.ram_mb >= 15 * GB and (card_mb >= 7.5 * GB or (quick and hardware.gflops >= 1400)):
        return Profile.HIGH
    if hardware.ram_mb >= 7.5 * GB and (card_mb >= 3.5 * GB or hardware.gflops >= 110):
        return Profile.MEDIUM
    return Profile.LOW
