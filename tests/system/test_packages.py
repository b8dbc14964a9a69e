"""The command that installs missing packages: an extra where one holds them, or else pip's."""

from __future__ import annotations

import shlex
import sys

import pytest

from avatar_app.system import packages
from avatar_app.system.extras import declared
from avatar_app.system.packages import install_command


@pytest.fixture(autouse=True)
def extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's own metadata, however old its installation here is."""
    lines = [
        "numpy>=1.26",
        'MNN>=3.2; python_version < "3.15"',
        'openai>=1.60; extra == "server"',
        'coqui-tts[codec,cpu]>=0.28; extra == "coqui"',
        "pedalboard>=0.9; extra == 'coqui'",
        'torch>=2.6; extra == "coqui"',
        'Kokoro_Onnx>=0.6; python_version < "3.14" and extra == "kokoro"',
        'pedalboard>=0.9; extra == "kokoro"',
        'gguf>=0.10; extra == "bench"',
    ]
    monkeypatch.setattr(declared.metadata, "requires", lambda _: lines)


@pytest.mark.parametrize(
    ("packages", "engine", "extra"),
    [
        (("coqui-tts", "pedalboard"), "coqui", "coqui"),
        (("kokoro-onnx",), "kokoro", "kokoro"),
        (("pedalboard",), "coqui", "coqui"),
        (("pedalboard",), "", "kokoro"),
        (("openai",), "openai", "server"),
    ],
)
def test_extra_containing_all_packages_is_named(
    packages: tuple[str, ...], engine: str, extra: str
) -> None:
    assert install_command(packages, engine) == f"avatar-app extras add {extra}"


@pytest.mark.parametrize(
    ("packages", "what"),
    [
        (("no-such-thing", "openai"), ["no-such-thing", "openai"]),
        (("numpy",), ["numpy"]),
        (("gguf",), ["avatar-app[bench]"]),
    ],
)
def test_packages_outside_extras_use_pip(packages: tuple[str, ...], what: list[str]) -> None:
    words = shlex.split(install_command(packages))
    assert words == [sys.executable, "-m", "pip", "install", *what]


def test_without_metadata_the_packages_themselves_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(_: str) -> None:
        raise declared.metadata.PackageNotFoundError

    monkeypatch.setattr(declared.metadata, "requires", absent)
    assert install_command(["openai"]).endswith("install openai")


def test_environment_without_pip_uses_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    words = shlex.split(install_command(["numpy"]))
    assert words == ["uv", "pip", "install", "--python", sys.executable, "numpy"]
