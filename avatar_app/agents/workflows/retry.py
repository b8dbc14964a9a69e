"""How often, and after which pauses, a step that failed is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from avatar_app.core.errors import AvatarError, EngineFailed


class Backoff(StrEnum):
    """How the pauses grow."""

    EXPONENTIAL = "exponential"  # twice the last one
    FIXED = "fixed"
    LINEAR = "linear"  # the first one more each time


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """Errors that are not in `retry_on` end the step at once."""

    max_attempts: int = 3
    strategy: Backoff = Backoff.EXPONENTIAL
    base_delay: float = 1.0
    """Seconds before the second attempt."""
    max_delay: float = 30.0
    """Seconds."""
    retry_on: tuple[type[AvatarError], ...] = (EngineFailed,)

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after so many failures, from 1."""
        factor = {
            Backoff.EXPONENTIAL: 2.0 ** (failures - 1),
            Backoff.FIXED: 1.0,
            Backoff.LINEAR: float(failures),
        }[self.strategy]
        return min(self.base_delay * factor, self.max_delay)

    def tries_again(self, error: AvatarError, failures: int) -> bool:
        """Whether a step is tried again after this error."""
        return failures < self.max_attempts and isinstance(error, self.retry_on)
