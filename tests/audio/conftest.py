"""Tests of streams run on a private sound server."""

from __future__ import annotations

from virtual_audio import _sound_server, virtual_audio

__all__ = ["_sound_server", "virtual_audio"]
