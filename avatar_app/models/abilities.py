"""What the avatar can do with a model: the groups in which models are shown."""

from __future__ import annotations

from enum import StrEnum

from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import Model


class Ability(StrEnum):
    """In the order of a conversation."""

    HEARING = "hearing"
    TURN_END = "turn end"
    BRAIN = "brain"
    VOICE = "voice"
    LIPS = "lips"
    PHOTOS = "photos"
    FILMS = "films"
    STUDIO = "studio"
    OTHER = "other"


DETECTOR = "detector"
"""The engine of models that find faces in photos, in the catalog."""
_OF_KIND = {
    Kind.ASR: Ability.HEARING,
    Kind.VAD: Ability.TURN_END,
    Kind.WAKE: Ability.HEARING,
    Kind.DIALOGUE: Ability.BRAIN,
    Kind.TTS: Ability.VOICE,
    Kind.FACE: Ability.LIPS,
    Kind.ENHANCE: Ability.FILMS,
    Kind.IMAGE: Ability.STUDIO,
    Kind.VIDEO: Ability.STUDIO,
    Kind.ANIMATE: Ability.STUDIO,
    Kind.VERIFY: Ability.STUDIO,
    Kind.RENDERER: Ability.STUDIO,
}


def ability_of(model: Model) -> Ability:
    """The ability that a model of the catalog improves."""
    if model.engine == DETECTOR:
        return Ability.PHOTOS
    return _OF_KIND.get(model.kind, Ability.OTHER)
