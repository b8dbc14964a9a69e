"""Nothing is used whose licence asks to be accepted before the user has accepted it."""

from __future__ import annotations

from avatar_app.models.catalog import Model
from avatar_app.models.errors import LicenceNotAccepted
from avatar_app.models.store import Store


def require_licence(model: Model, store: Store) -> None:
    """Raise LicenceNotAccepted unless the user has accepted what the model's licence asks for."""
    if not store.is_accepted(model):
        raise LicenceNotAccepted(
            f"{model.title} may be used only by who accepts its licence: {model.licence.title}.",
            f"Read it at {model.licence.url} and accept it: "
            f"avatar-app models download {model.id} --accept-license {model.id}",
        )
