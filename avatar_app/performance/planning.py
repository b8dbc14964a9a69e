"""Creates and measures a plan for this machine, for the command line and the window."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import AvatarError
from avatar_app.engines.hosting.hosted import HOSTED
from avatar_app.models.catalog import user_catalog
from avatar_app.models.store import Store
from avatar_app.performance.planner import Plan, Planner
from avatar_app.performance.profiles import Profile
from avatar_app.performance.profiling import profile_engine
from avatar_app.runtime.memory.estimate import choice_key, model_mb
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import Settings
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import Cards, look_at_hardware, nvml
from avatar_app.system.paths import AppPaths

Status = Callable[[str], AbstractContextManager[object]]
"""Shows the current step while it runs."""


def plan_for(
    profile: Profile, settings: Settings, paths: AppPaths, status: Status, *, measure: bool = False
) -> tuple[Plan, tuple[AvatarError, ...]]:
    """Return which engines fit this machine, and why measuring some of them failed.

    `measure`: measure the machine again, and the engines of the plan: a minute or more.
    """
    errors: list[AvatarError] = []
    with closing(Measurements.of(paths)) as measurements:
        with status("Measuring how fast this machine computes; once, for ten seconds …"):
            planner = create_planner(settings, paths, measurements, refresh=measure)
        plan = planner.plan(profile)
        if measure:
            errors = _measure(plan, planner, measurements, status)
            plan = planner.plan(profile)
    return plan, tuple(errors)


def create_planner(
    settings: Settings, paths: AppPaths, measurements: Measurements, *, refresh: bool = False
) -> Planner:
    """Create a planner for this machine and its installed models and avatars."""
    store = Store.of(paths)
    return Planner(
        look_at_hardware(measurements, Cards(nvml()), refresh=refresh),
        Registry(user_paths=paths),
        store,
        user_catalog(store.root),
        measurements,
        settings.memory_limits,
        AvatarLibrary.of(paths).names(),
    )


def _measure(
    plan: Plan, planner: Planner, measurements: Measurements, status: Status
) -> list[AvatarError]:
    errors = []
    for row in plan.taken:
        if row.kind not in HOSTED:
            continue  # it is small
        manifest = planner.registry.find(row.kind, row.engine)
        options = manifest.checked(row.options)
        size = model_mb(options.get("model", ""), manifest, planner.store, planner.catalog)
        with status(f"Measuring {manifest.title} …"):
            try:
                trial = profile_engine(planner.registry, manifest, row.options, size, Cards(nvml()))
            except AvatarError as error:
                errors.append(error)
                continue
        measurements.keep_trial(row.kind, row.engine, choice_key(options), trial)
    return errors
