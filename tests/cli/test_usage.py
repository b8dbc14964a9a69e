"""Options of the whole command line."""

from __future__ import annotations

import sys

import pytest

from avatar_app import __version__
from avatar_app.cli.main import run_command_line


def test_the_version_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["avatar-app", "--version"])
    assert run_command_line() == 0
    assert __version__ in capsys.readouterr().out
