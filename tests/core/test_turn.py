"""A turn is cancelled for all who work for it."""

from __future__ import annotations

from avatar_app.core.turn import Turn


def test_all_listeners_hear_of_the_end_where_one_raises(expected_warnings: list[str]) -> None:
    expected_warnings.append("a callback failed")
    heard: list[str] = []

    def fail() -> None:
        raise OSError("the connection is gone")

    turn = Turn(1)
    turn.when_cancelled(fail)
    turn.when_cancelled(lambda: heard.append("playback"))
    turn.cancel()
    assert heard == ["playback"]
    assert turn.cancelled
