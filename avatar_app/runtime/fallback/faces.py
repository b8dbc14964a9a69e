"""Loads the chosen face, or the next lighter level of its ladder that works."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
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


def make_face(rack: EngineSet, level: QualityLevel) -> Any:
    """Create and load the chosen face with a level's options."""
    manifest = rack.registry.find(Kind.FACE, rack.face_choice.engine)
    options = {**rack.face_choice.options, **level.options}
    with ExitStack() as on_failure:
        rack.lease_face(manifest, options)
        on_failure.callback(rack.end_face_lease)
        face = create_engine(rack.registry, manifest, options)
        if isinstance(face, Host):
            face.wait_ready()
        on_failure.pop_all()
    return face


def make_fallback(registry: Registry, choice: EngineChoice) -> Any:
    """Create the standby face for the chosen one; None where that one is built in."""
    if choice.engine in (BUILTIN[Kind.FACE], PHOTO):
        return None
    standing_by = fallback_choice(choice)
    return create_engine(
        registry, registry.find(Kind.FACE, standing_by.engine), standing_by.options
    )


def put_face(rack: EngineSet, choice: EngineChoice, notice: Callable[[Noticed], None]) -> None:
    """Load the chosen face, or the next level of its ladder that can be loaded; notifies the user
    once."""
    choice = choice.model_copy(update={"options": dict(choice.options)})
    try:
        ladder = prepare_face(rack, choice)
    except AvatarError:
        ladder = None
    if ladder is None or rack.fallback is None:
        rack.put_or_builtin(Kind.FACE, choice, notice)
        return
    manifest = rack.manifests[Kind.FACE]
    for license_notice in license_notices(choice.options, manifest, rack.registry.paths):
        notice(license_notice)
    first: AvatarError | None = None
    while ladder.level.tier is Tier.CHOSEN:
        try:
            rack.engines[Kind.FACE] = make_face(rack, ladder.level)
            break
        except AvatarError as error:
            first = first or error
            ladder.fall(type(error))
    else:
        rack.engines[Kind.FACE] = rack.fallback
        name = fallback_choice(choice).engine
        rack.manifests[Kind.FACE] = rack.registry.find(Kind.FACE, name)
    if first is not None:
        notice(
            Noticed(
                first.message,
                f"{first.hint} {rack.meanwhile(ladder.level.tier)}",
                type(first),
                Kind.FACE,
            )
        )


def prepare_face(rack: EngineSet, choice: EngineChoice) -> QualityLadder:
    """Load the standby for a chosen face; returns it with the ladder of both."""
    manifest = rack.registry.find(Kind.FACE, choice.engine)
    rack.fallback = make_fallback(rack.registry, choice)
    levels = build_levels(manifest, choice.options, has_fallback=rack.fallback is not None)
    ladder = QualityLadder(levels, rack.clock)
    rack.choices[Kind.FACE], rack.ladders[Kind.FACE] = choice, ladder
    rack.manifests[Kind.FACE] = manifest
    return ladder


def another_face(rack: EngineSet, choice: EngineChoice, turn: Turn) -> EngineSet:
    """Load another face at full quality with its standby and ladder; closed again if the turn is
    cancelled meanwhile."""
    other = EngineSet(rack.registry, lender=rack.lender, notice=rack.notice, clock=rack.clock)
    with ExitStack() as on_failure:
        on_failure.callback(other.close)
        choice = choice.model_copy(update={"options": dict(choice.options)})
        ladder = prepare_face(other, choice)
        other.engines[Kind.FACE] = make_face(other, ladder.level)
        turn.check()
        on_failure.pop_all()
    return other
