"""License checks: models whose license must be accepted are unusable until the user does so."""

from __future__ import annotations

from avatar_app.models.catalog import Model
from avatar_app.models.errors import LicenseNotAccepted
from avatar_app.models.store import Store


def require_license(model: Model, store: Store) -> None:
    """Raise LicenseNotAccepted unless the user has accepted the model's license or it needs no
    acceptance."""
    if not store.is_accepted(model):
        raise LicenseNotAccepted(
            f"{model.title} requires that you accept its license: {model.license.title}.",
            f"Read it at {model.license.url} and accept it: "
            f"avatar-app models download {model.id} --accept-license {model.id}",
        )
