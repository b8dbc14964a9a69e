"""Loads the chosen face, or the next lighter level of its ladder that works."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.turn import Turn
from avatar_app.engines.hosting.host import Host
from avatar_app.models.resolve import license_notices
from avatar_app.runtime.engine_set import EngineSet, create_engine, fallback_choice
from avatar_app.runtime.fallback.quality_ladder import (
    QualityLadder,
    QualityLevel,
    Tier,
    build_levels,
)
from avatar_app.runtime.kinds import BUILTIN, PHOTO
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice

SHARED = ("avatar", "width", "height", "fps", "expressiveness")
"""Options that mean the same for each face of an avatar."""


def make_face(engine_set: EngineSet, level: QualityLevel) -> Any:
    """Create and load the chosen face with a level's options, or the one that the level names."""
    manifest = manifest_of(engine_set, level)
    options = options_of(engine_set, level, manifest)
    with ExitStack() as on_failure:
        engine_set.lease_face(manifest, options)
        on_failure.callback(engine_set.end_face_lease)
        face = create_engine(engine_set.registry, manifest, options)
        if isinstance(face, Host):
            face.wait_ready()
        on_failure.pop_all()
    return face


def manifest_of(engine_set: EngineSet, level: QualityLevel) -> Manifest:
    """Return the manifest of a level's face."""
    name = level.engine or engine_set.face_choice.engine
    return engine_set.registry.find(Kind.FACE, name)


def options_of(engine_set: EngineSet, level: QualityLevel, manifest: Manifest) -> dict[str, Any]:
    """Return the options of a level's face; another one than the chosen face shows the same avatar
    in the same size."""
    chosen = engine_set.face_choice.options
    if level.engine:
        known = {option.name for option in manifest.options}
        chosen = {name: chosen[name] for name in SHARED if name in chosen and name in known}
    return {**chosen, **level.options}


def make_fallback(registry: Registry, choice: EngineChoice) -> Any:
    """Create the standby face for the chosen one; None where that one is built in."""
    if choice.engine in (BUILTIN[Kind.FACE], PHOTO):
        return None
    standing_by = fallback_choice(choice)
    return create_engine(
        registry, registry.find(Kind.FACE, standing_by.engine), standing_by.options
    )


def put_face(
    engine_set: EngineSet, choice: EngineChoice, notice: Callable[[Noticed], None]
) -> None:
    """Load the chosen face, or the next level of its ladder that can be loaded; notifies the user
    once."""
    choice = choice.model_copy(update={"options": dict(choice.options)})
    try:
        ladder = prepare_face(engine_set, choice)
    except AvatarError:
        ladder = None
    if ladder is None or engine_set.fallback is None:
        engine_set.put_or_builtin(Kind.FACE, choice, notice)
        return
    _tell_license(engine_set, ladder.level, notice)
    first: AvatarError | None = None
    while ladder.level.tier is Tier.CHOSEN:
        try:
            engine_set.engines[Kind.FACE] = make_face(engine_set, ladder.level)
            engine_set.manifests[Kind.FACE] = manifest_of(engine_set, ladder.level)
            break
        except AvatarError as error:
            first = first or error
            ladder.fall(type(error))
    else:
        engine_set.engines[Kind.FACE] = engine_set.fallback
        name = fallback_choice(choice).engine
        engine_set.manifests[Kind.FACE] = engine_set.registry.find(Kind.FACE, name)
    if ladder.level.engine:
        _tell_license(engine_set, ladder.level, notice)
    if first is not None:
        notice(
            Noticed(
                first.message,
                f"{first.hint} {engine_set.meanwhile(ladder.level)}",
                type(first),
                Kind.FACE,
            )
        )


def _tell_license(
    engine_set: EngineSet, level: QualityLevel, notice: Callable[[Noticed], None]
) -> None:
    manifest = manifest_of(engine_set, level)
    options = options_of(engine_set, level, manifest)
    for license_notice in license_notices(options, manifest, engine_set.registry.paths):
        notice(license_notice)


def prepare_face(engine_set: EngineSet, choice: EngineChoice) -> QualityLadder:
    """Load the standby for a chosen face; returns it with the ladder of both."""
    manifest = engine_set.registry.find(Kind.FACE, choice.engine)
    engine_set.fallback = make_fallback(engine_set.registry, choice)
    levels = build_levels(manifest, choice.options, has_fallback=engine_set.fallback is not None)
    ladder = QualityLadder(levels, engine_set.clock)
    engine_set.choices[Kind.FACE], engine_set.ladders[Kind.FACE] = choice, ladder
    engine_set.manifests[Kind.FACE] = manifest
    return ladder


def another_face(engine_set: EngineSet, choice: EngineChoice, turn: Turn) -> EngineSet:
    """Load another face at full quality with its standby and ladder; closed again if the turn is
    cancelled meanwhile."""
    other = EngineSet(
        engine_set.registry,
        broker=engine_set.broker,
        notice=engine_set.notice,
        clock=engine_set.clock,
    )
    with ExitStack() as on_failure:
        on_failure.callback(other.close)
        choice = choice.model_copy(update={"options": dict(choice.options)})
        ladder = prepare_face(other, choice)
        other.engines[Kind.FACE] = make_face(other, ladder.level)
        turn.check()
        on_failure.pop_all()
    return other
