"""A simulated user with Kokoro's voice, if its model is installed."""

from __future__ import annotations

from avatar_app.core.errors import ModelMissing
from avatar_app.models.resolve import installed_path
from avatar_app.session.offline.simulated_user import UserVoice
from avatar_app.system.paths import AppPaths

MODELS = ("kokoro-v1.0", "kokoro-v1.0-int8")


class HumanVoice(UserVoice):
    """Context manager. ModelMissing where no model of Kokoro is here."""

    def __init__(self, paths: AppPaths) -> None:
        files = [installed_path(name, paths) for name in MODELS]
        installed = [path for path in files if path is not None]
        if not installed:
            raise ModelMissing(
                "Kokoro is not on this machine.", f"Type: avatar-app models download {MODELS[1]}"
            )
        super().__init__("kokoro", {"model": str(installed[0])})
