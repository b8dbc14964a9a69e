"""The slot pipeline: recipes in, clips out; engines and buffers stay for the next one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from avatar_app.core.errors import AvatarError
from avatar_app.core.home import expanded
from avatar_app.core.jobs import Job
from avatar_app.render.rendering import check_output
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import Settings
from avatar_app.storage.step_times import StepTimes
from avatar_app.studio.buffers import ClipBuffers
from avatar_app.studio.engine_cache import Create, StudioEngines
from avatar_app.studio.recipe import ClipRecipe, load_recipe, parse_recipe
from avatar_app.studio.slot import GenerationResult, StepLedger, Workshop
from avatar_app.studio.slot_run import SlotRun
from avatar_app.studio.work_folder import StepResults
from avatar_app.system.paths import AppPaths, app_paths

MOST_BYTES = 4_000_000_000
"""Of results that are kept for the next time."""


class Pipeline:
    """Makes one clip at a time; a context manager. Its buffers are allocated once, and its engines
    stay loaded as long as the memory allows.

    A script that uses one needs `if __name__ == "__main__":`, as voices run in processes of their
    own.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        paths: AppPaths | None = None,
        *,
        registry: Registry | None = None,
        broker: MemoryBroker | None = None,
        buffers: ClipBuffers | None = None,
        ledger: StepLedger | None = None,
        clock: Callable[[], float] = time.monotonic,
        create: Create = create_engine,
    ) -> None:
        """Without arguments: the user's settings and folders. `ledger`: what steps take; by default
        as measured on this machine. `clock`: seconds, for deadlines. `create` makes
        engines, by default on this machine."""
        self.paths = paths or app_paths()
        self.settings = settings or load_settings()[0]
        broker = broker or MemoryBroker.of(self.paths, self.settings.memory_limits)
        engines = StudioEngines(registry or Registry(user_paths=self.paths), broker, create)
        self._times = None if ledger is not None else StepTimes.of(self.paths)
        self._shop = Workshop(
            self.settings,
            self.paths,
            engines,
            StepResults(self.paths.cache / "studio"),
            ledger or self._times,  # type: ignore[arg-type] # one of the two is there
            buffers or ClipBuffers(),
            clock,
        )

    def generate_slot(
        self,
        recipe: ClipRecipe | dict[str, Any] | Path | str,
        slot_id: str = "",
        output: Path | str | None = None,
        job: Job[Any] | None = None,
    ) -> GenerationResult:
        """Make a clip; what goes wrong stands in the result. `recipe`: read, as a document, or a
        YAML file. `output`: the file to write; None gives frames and sound alone. `job` receives
        the progress and stops it, with JobCancelled.
        """
        name = slot_id or (recipe.name if isinstance(recipe, ClipRecipe) else "")
        try:
            checked = _recipe(recipe)
            return self.make(checked, slot_id or checked.name, output, job)
        except AvatarError as error:
            return GenerationResult(name, success=False, error_msg=str(error))

    def make(
        self,
        recipe: ClipRecipe,
        slot_id: str = "",
        output: Path | str | None = None,
        job: Job[Any] | None = None,
    ) -> GenerationResult:
        """Like `generate_slot`, but raise AvatarError where something goes wrong."""
        target = None if output is None else expanded(output)
        if target is not None:
            photo = recipe.visual.photo
            check_output(target, *([expanded(photo)] if photo else []))
        job = job or Job[Any](recipe.name, lambda _job: None)
        try:
            return SlotRun(self._shop, recipe, target, job).run(slot_id or recipe.name)
        finally:
            self._shop.results.prune(MOST_BYTES)

    @property
    def workshop(self) -> Workshop:
        """What other doors of the studio share with this pipeline."""
        return self._shop

    def close(self) -> None:
        """Close the engines."""
        self._shop.engines.close()
        if self._times is not None:
            self._times.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _recipe(given: ClipRecipe | dict[str, Any] | Path | str) -> ClipRecipe:
    if isinstance(given, ClipRecipe):
        return given
    return load_recipe(Path(given)) if isinstance(given, str | Path) else parse_recipe(given)
