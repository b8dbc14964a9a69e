"""The command line's `tools` lists what the avatar can do, and what it did."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime

from terminal import typed

from avatar_app.cli.tools import tools
from avatar_app.core.values import Permission, ToolCall, ToolEffect, ToolResult
from avatar_app.storage.tool_log import ToolLog
from avatar_app.system.paths import app_paths
from avatar_app.tools.box import BUILT_IN


def invoke(*arguments: object) -> str:
    return " ".join(typed(tools, *arguments).output.split())


def test_all_tools_are_listed_with_their_class() -> None:
    listed = invoke("list")
    assert all(function.__name__ in listed for function in BUILT_IN)
    assert "delete_all_notes outward Delete all notes" in listed
    assert "add_note reversible" in listed


def test_the_log_is_shown_exported_and_deleted() -> None:
    assert "No tool was used yet." in invoke("log")
    with closing(ToolLog(app_paths().tool_log_file)) as log:
        call = ToolCall("delete_all_notes", {}, Permission.SAID)
        at = datetime(2026, 5, 4, 12, tzinfo=UTC)
        log.add(call, ToolEffect.OUTWARD, ToolResult(3), at)
        log.add(ToolCall("add_note", {"text": "[x]"}), ToolEffect.REVERSIBLE, ToolResult(), at)
    listed = invoke("log")
    assert "delete_all_notes you said yes 3" in listed
    assert '{"text": "[x]"}' in listed
    (newest,) = json.loads(typed(tools, "log", "--json", "--most", 1).output)
    assert (newest["tool"], newest["class"], newest["consent"]) == ("add_note", "reversible", "")
    invoke("clear")
    assert "No tool was used yet." in invoke("log")
