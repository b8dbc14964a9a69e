"""Checks with two CLIP models whether a picture shows what a text says; both have to agree.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.generation import Score, Verification
from avatar_app.core.home import expanded
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.verify.clip.model import ClipModel

FOLDERS = {"b32": "ViT-B/32", "l14": "ViT-L/14"}
"""The folders of the two models, and what they are called."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    model: str = ""
    threshold_b32: float = 0.22
    threshold_l14: float = 0.17
    device: str = "cpu"
    threads: int = 2

    @property
    def networks(self) -> tuple[str, str, int]:
        """Return the options that take seconds to change."""
        return self.model, self.device, self.threads

    def threshold(self, folder: str) -> float:
        return self.threshold_b32 if folder == "b32" else self.threshold_l14


class ClipVerifier:
    """A `core.generators.Verifier`.

    Raises ModelMissing where files are missing, InputInvalid where one is damaged or another
    network's, DeviceUnavailable and OutOfMemory where it cannot be computed.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._models = _load(self._choices)

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        if choices.networks != self._choices.networks:
            self._models = {}  # four networks at once might not fit
            self._models = _load(choices)
        self._choices = choices

    def close(self) -> None:
        self._models = {}

    def verify(self, picture: Image, text: str, job: Job[Any]) -> Verification:
        scores: list[Score] = []
        embedding: tuple[float, ...] = ()
        for index, (folder, model) in enumerate(self._models.items()):
            job.report(index / len(self._models), "Checking")
            seen = model.picture(picture)
            embedding = embedding or tuple(float(each) for each in seen)
            if text.strip():
                job.check()
                similarity = float(seen @ model.text(text))
                threshold = self._choices.threshold(folder)
                scores.append(Score(FOLDERS[folder], similarity, threshold))
        return Verification(tuple(scores), embedding)


def _load(choices: _Choices) -> dict[str, ClipModel]:
    root = expanded(choices.model)
    if not choices.model or not root.is_dir():
        raise ModelMissing(
            f"The models of CLIP are not in {choices.model or 'any folder'}.",
            "Export both to ONNX, or download them, and name their folder with "
            "studio.verify.options.model; the documentation of the studio says how.",
        )
    return {
        folder: ClipModel(root / folder, title, choices.device, choices.threads)
        for folder, title in FOLDERS.items()
    }
