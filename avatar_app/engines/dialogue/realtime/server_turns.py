"""Turns that the server's own detection ends: which response answers all that was said."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

OWN = "own"
"""The value of the option `turn_detection` by which the avatar decides; others are types of the
protocol."""
QUIET = 1.0
"""Seconds of silence after a turn, by which a server hears that it has ended."""
NOTICED_WITHIN = 3.0
"""Seconds after which a server is taken not to have heard a voice."""
_TOLERANCE_MS = 500.0
"""By which the ends of a voice may differ."""
_STARTED, _STOPPED = "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"


class TurnWatch:
    """Follows one turn of the user through the server's detection, which may take its parts for
    several."""

    def __init__(self, voice_end_ms: float) -> None:
        """`voice_end_ms`: when the voice ends, in all sound that the server was sent."""
        self._voice_end_ms, self._until = voice_end_ms, time.monotonic() + NOTICED_WITHIN
        self._is_noticed, self._speaks, self._heard_ms = False, False, 0.0
        self._partial = ""
        """The response to a part of the turn."""

    def take(self, event: Mapping[str, Any]) -> None:
        """Take an event of the server."""
        if event["type"] == _STARTED:
            self._is_noticed = self._speaks = True
        elif event["type"] == _STOPPED:
            end = event.get("audio_end_ms")
            self._heard_ms = end if isinstance(end, int | float) else self._voice_end_ms
            self._speaks = False

    def takes(self, response_id: str) -> bool:
        """Whether a new response answers the whole turn."""
        heard = self._heard_ms >= self._voice_end_ms - _TOLERANCE_MS
        if not self._is_noticed or (heard and not self._speaks):
            return True
        self._partial = response_id
        return False

    def is_over_with(self, response: Mapping[str, Any]) -> bool:
        """Whether the response that has ended answered a part, and no other one is to come, as it
        would if the user's going on had stopped this one."""
        is_partial = bool(self._partial) and str(response.get("id")) == self._partial
        return is_partial and response.get("status") == "completed" and not self._speaks

    @property
    def is_unheard(self) -> bool:
        """Whether the server hears no voice where the avatar did."""
        return not self._is_noticed and time.monotonic() > self._until
