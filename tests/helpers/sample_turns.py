"""Turns as a conversation reports them."""

from __future__ import annotations

MARKS = {
    "user_stopped": 10.0,
    "text": 10.4,
    "end_of_turn": 10.6,
    "first_token": 10.7,
    "first_clause": 10.9,
    "first_speech": 11.2,
    "first_frame": 11.3,
    "first_sound": 11.25,
}
"""Moments of a turn, in seconds of the clock: the user stopped speaking at 10."""
