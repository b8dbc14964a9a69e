"""Pools of native libraries sleep while they wait, unless the environment says otherwise."""

from __future__ import annotations

import os

import pytest

from avatar_app.core.thread_pools import PASSIVE, sleeping_pools


def test_what_is_loaded_inside_sleeps_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PASSIVE:
        monkeypatch.delenv(name, raising=False)
    with sleeping_pools():
        assert {name: os.environ[name] for name in PASSIVE} == dict(PASSIVE)
    assert not PASSIVE.keys() & os.environ.keys()


def test_what_the_environment_says_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PASSIVE:
        monkeypatch.setenv(name, "mine")
    with sleeping_pools():
        assert {os.environ[name] for name in PASSIVE} == {"mine"}
    assert {os.environ[name] for name in PASSIVE} == {"mine"}
