"""Nothing is used whose license asks to be accepted before the user has accepted it."""

from __future__ import annotations

from avatar_app.models.catalog import Model
from avatar_app.models.errors import LicenseNotAccepted
from avatar_app.models.store import Store


def require_license(model: Model, store: Store) -> None:
    """Raise LicenseNotAccepted unless the user has accepted what the model's license asks for."""
    if not store.is_accepted(model):
        raise LicenseNotAccepted(
            f"{model.title} may be used only by who accepts its license: {model.license.title}.",
            f"Read it at {model.license.url} and accept it: "
            f"avatar-app models download {model.id} --accept-license {model.id}",
        )
