"""The log of tools: what was done, with whose consent; bounded, and deleted on request."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from avatar_app.core.values import Permission, PermissionRequest, ToolCall, ToolEffect, ToolResult
from avatar_app.storage import tool_log
from avatar_app.storage.tool_log import ASKED, LONGEST, ToolLog

AT = datetime(2026, 5, 4, 14, 30, tzinfo=UTC)


def test_calls_are_kept_newest_first_with_consent_and_outcome(tmp_path: Path) -> None:
    path = tmp_path / "tools.db"
    call = ToolCall("send", {"to": "Anna"})
    with closing(ToolLog(path)) as log:
        log.add(call, ToolEffect.OUTWARD, ToolResult(asks=PermissionRequest(call, "send")), AT)
        agreed = ToolCall("send", {"to": "Anna"}, Permission.SAID)
        log.add(agreed, ToolEffect.OUTWARD, ToolResult(error="It is full."), AT)
    with closing(ToolLog(path)) as log:
        later, earlier = log.latest()
        assert (later.outcome, later.failed, later.consent) == (
            "It is full.",
            True,
            Permission.SAID,
        )
        assert (earlier.outcome, earlier.failed, earlier.consent) == (ASKED, False, Permission.NONE)
        assert later.arguments == '{"to": "Anna"}'
        assert later.at == AT
        log.clear()
        assert log.latest() == []


def test_the_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_log, "MOST", 5)
    with closing(ToolLog(tmp_path / "tools.db")) as log:
        for number in range(9):
            huge = ToolResult("x" * 100_000)
            log.add(ToolCall(f"tool_{number}"), ToolEffect.READ, huge, AT)
        kept = log.latest(100)
    assert [call.tool for call in kept] == [f"tool_{number}" for number in (8, 7, 6, 5, 4)]
    assert max(len(call.outcome) for call in kept) <= LONGEST
