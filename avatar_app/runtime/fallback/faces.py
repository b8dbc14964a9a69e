"""Load the chosen face, or the next lighter one of its ladder."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.engines.hosting.host import Host
from avatar_app.models.resolve import licence_notices
from avatar_app.runtime.engine_set import EngineSet, create_engine, fallback_choice
from avatar_app.runtime.fallback.quality_ladder import QualityLadder, QualityLevel, Tier, levels_of
from avatar_app.runtime.kinds import BUILTIN, PHOTO
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice


def make_face(rack: EngineSet, rung: QualityLevel) -> Any:
    """The chosen face as light as a rung says, loaded."""
    manifest = rack.registry.find(Kind.FACE, rack.face_choice.engine)
    options = {**rack.face_choice.options, **rung.options}
    with ExitStack() as on_failure:
        rack.lease_face(manifest, options)
        on_failure.callback(rack.end_face_lease)
        face = create_engine(rack.registry, manifest, options)
        if isinstance(face, Host):
            face.wait_ready()
        on_failure.pop_all()
    return face


def make_fallback(registry: Registry, choice: EngineChoice) -> Any:
    """The face that stands by for the chosen one; None where that is embedded itself."""
    if choice.engine in (BUILTIN[Kind.FACE], PHOTO):
        return None
    standing_by = fallback_choice(choice)
    return create_engine(
        registry, registry.find(Kind.FACE, standing_by.engine), standing_by.options
    )


def put_face(
    rack: EngineSet,
    choice: EngineChoice,
    notice: Callable[[Noticed], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """The chosen face, or the next one of its ladder that can be loaded; the user is told once."""
    rack.face_choice = choice.model_copy(update={"options": dict(choice.options)})
    try:
        manifest = rack.registry.find(Kind.FACE, choice.engine)
        rack.fallback = make_fallback(rack.registry, choice)
        rungs = levels_of(manifest, choice.options, rack.fallback is not None)
    except AvatarError:
        rungs = ()
    if rack.fallback is None:
        rack.put_or_embedded(Kind.FACE, choice, notice)
        found = rack.manifests[Kind.FACE]
        if found.name != choice.engine or not rungs:
            rack.face_choice = EngineChoice(engine=found.name)
            rungs = levels_of(found, {}, has_fallback=False)
        rack.face_ladder = QualityLadder(rungs, clock)
        return
    for told in licence_notices(choice.options, manifest):
        notice(told)
    rack.face_ladder = ladder = QualityLadder(rungs, clock)
    rack.manifests[Kind.FACE] = manifest
    first: AvatarError | None = None
    while ladder.rung.level is Tier.CHOSEN:
        try:
            rack.engines[Kind.FACE] = make_face(rack, ladder.rung)
            break
        except AvatarError as error:
            first = first or error
            ladder.fall(type(error))
    else:
        rack.engines[Kind.FACE] = rack.fallback
        name = fallback_choice(choice).engine
        rack.manifests[Kind.FACE] = rack.registry.find(Kind.FACE, name)
    if first is not None:
        notice(Noticed(first.message, f"{first.hint} {rack.meanwhile(ladder.rung.level)}"))
