"""What engines that run a pipeline of diffusers have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

from avatar_app.engines.diffusion.levels import AUTO, CUDA, Level, Precision, Stairs, levels_for
from avatar_app.engines.diffusion.loading import check_folder, load_pipeline, prepare_libraries

FILMS_ON_CARD = (Level(CUDA, Precision.FP16), Level(CUDA, Precision.FP16, offload=True))


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """The options that the manifests of these engines share."""

    model: str = ""
    device: str = AUTO
    threads: int = 0

    @property
    def loaded(self) -> tuple[Any, ...]:
        """Return the options that require loading again."""
        return self.model, self.device, self.threads


Options = TypeVar("Options", bound=PipelineOptions)


class PipelineEngine(Generic[Options]):
    """Loads its pipeline when it is made, and again when an option asks for it.

    The same request gives the same result on the same level. Raises ModelMissing, InputInvalid,
    DeviceUnavailable or OutOfMemory.
    """

    options: ClassVar[type[PipelineOptions]]
    patience = 1800.0
    """Seconds that a step may take without a graphics card."""

    def __init__(self, **options: Any) -> None:
        self._choices = cast("Options", self.options(**options))
        self._stairs: Stairs[Any] | None = self._loaded(self._choices)

    @property
    def level(self) -> Level:
        """Return where and how precisely it runs."""
        return self._opened().level

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        if choices.loaded != self._choices.loaded:
            self.close()
            self._stairs = self._loaded(choices)
        self._choices = choices

    def close(self) -> None:
        if self._stairs is not None:
            self._stairs.close()
        self._stairs = None

    def _loaded(self, choices: Options) -> Stairs[Any]:
        """Return the pipeline on the best level that fits."""
        raise NotImplementedError

    def _opened(self) -> Stairs[Any]:
        if self._stairs is None:
            raise RuntimeError("the engine was closed")
        return self._stairs


def climbed(
    choices: PipelineOptions,
    title: str,
    on_card: Sequence[Level],
    load: Callable[[Level], Any],
) -> Stairs[Any]:
    """Return the best level that fits for a pipeline that `load` loads."""
    import torch

    torch.set_num_threads(choices.threads or os.cpu_count() or 1)
    return Stairs(title, levels_for(choices.device, on_card), load)


def films_of(choices: PipelineOptions, title: str, pipeline: str) -> Stairs[Any]:
    """Return the pipeline for films, a class of diffusers, from the folder of the options."""
    folder = pipeline_folder(choices, title, pipeline, "video")
    import diffusers

    load = partial(load_pipeline, getattr(diffusers, pipeline), folder, title)
    return climbed(choices, title, FILMS_ON_CARD, load)


def pipeline_folder(choices: PipelineOptions, title: str, pipeline: str, kind: str) -> Path:
    """Return the folder that the options name, checked, once libraries may be imported. `kind`: as
    in the settings of the studio."""
    folder = check_folder(choices.model, title, pipeline, f"studio.{kind}.options.model")
    prepare_libraries()
    return folder
