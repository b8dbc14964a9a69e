"""Former path of `avatar_app.api.Wav2LipTalkingHead`, kept for one release."""

from __future__ import annotations

import warnings

from avatar_app.api import Wav2LipTalkingHead

__all__ = ["Wav2LipTalkingHead"]

warnings.warn("Import Wav2LipTalkingHead from avatar_app.api.", DeprecationWarning, stacklevel=2)
