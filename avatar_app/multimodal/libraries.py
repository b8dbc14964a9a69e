"""The libraries of embedding injection: are they installed, and do they keep off the network?"""

from __future__ import annotations

from importlib.util import find_spec

from avatar_app.core.errors import ModelMissing
from avatar_app.engines.diffusion.loading import prepare_libraries

NEEDED = ("torch", "transformers")
INSTALL = "avatar-app extras add multimodal"


def prepare() -> None:
    """Forbid Hugging Face's libraries to ask servers; call it before they are imported. Raises
    ModelMissing where one is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ModelMissing(
            f"Embedding injection needs {' and '.join(missing)}, which is not installed.",
            f"Type: {INSTALL}",
        )
    prepare_libraries()
