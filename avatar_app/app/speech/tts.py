"""Former path of `avatar_app.api.TTSEngine` and `TTSStreamer`, kept for one release."""

from __future__ import annotations

import warnings

from avatar_app.api import TTSEngine, TTSStreamer

__all__ = ["TTSEngine", "TTSStreamer"]

warnings.warn("Import TTSEngine from avatar_app.api.", DeprecationWarning, stacklevel=2)
