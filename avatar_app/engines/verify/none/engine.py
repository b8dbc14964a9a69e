"""A verifier that checks nothing, and says so: it gives no scores."""

from __future__ import annotations

from typing import Any

from avatar_app.core.generation import Verification
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image


class Unchecked:
    """Gives no scores."""

    def configure(self) -> None:
        """There are no options."""

    def verify(self, picture: Image, text: str, job: Job[Any]) -> Verification:  # noqa: ARG002
        job.check()
        return Verification()

    def close(self) -> None:
        """Nothing to release."""
