"""Pools of native libraries sleep while they wait, unless the environment says otherwise."""

from __future__ import annotations

import os

import pytest

from avatar_app.core.thread_pools import PASSIVE, sleeping_pools


def test_libraries_loaded_inside_do_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PASSIVE:
        monkeypatch.delenv(name, raising=False)
    with sleeping_pools():
        assert {name: os.environ[name] for name in PASSIVE} == dict(PASSIVE)
    assert not PASSIVE.keys() & os.environ.keys()


def test_existing_environment_variables_are_preserved(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PASSIVE:
        monkeypatch.setenv(name, "mine")
    with sleeping_pools():
        assert {os.environ[name] for name in PASSIVE} == {"mine"}
    assert {os.environ[name] for name in PASSIVE} == {"mine"}
