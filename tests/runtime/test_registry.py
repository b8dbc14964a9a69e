"""Engines are found by their manifests; a user's overrides, and a broken one harms nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.core.errors import ConfigInvalid, EngineFailed, ModelMissing
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry
from avatar_app.system import paths

pytestmark = pytest.mark.usefixtures("user_engines_forgotten")

MANIFEST = """
name: {name}
kind: {kind}
entry: {entry}
title: A test engine
summary: It is for tests.
license: MIT
needs: {{packages: [{packages}]}}
"""


@pytest.fixture
def user_folder() -> Path:
    return paths.app_paths().engines


def write_engine(
    root: Path,
    name: str,
    files: dict[str, str],
    kind: str = "tts",
    entry: str = "engine:Engine",
    packages: str = "",
) -> Path:
    folder = root / kind / name
    folder.mkdir(parents=True)
    manifest = MANIFEST.format(name=name, kind=kind, entry=entry, packages=packages)
    for file, text in {"manifest.yaml": manifest, **files}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    return folder


def test_every_builtin_engine_is_found_in_its_folder_and_can_be_loaded() -> None:
    registry = Registry()
    assert registry.all()
    assert registry.notices == []
    large = {"torch", "coqui-tts"}
    apart = {each for each in registry.all() if large & {*each.needs.packages}}
    for manifest in set(registry.all()) - apart:  # they need PyTorch: `make test-voices` does
        engine = registry.load_class(manifest)
        assert engine.__module__.startswith(f"avatar_app.engines.{manifest.kind}.{manifest.name}.")
        assert registry.is_builtin(manifest)


def test_engines_are_listed_by_kind() -> None:
    registry = Registry()
    names = [manifest.name for manifest in registry.all(Kind.VAD)]
    assert names == sorted(names)
    assert registry.find(Kind.VAD, names[0]).kind is Kind.VAD


def test_folders_without_a_manifest_are_skipped(tmp_path: Path) -> None:
    write_engine(tmp_path, "one", {"engine.py": "class Engine: ..."})
    (tmp_path / "tts" / "unfinished").mkdir()
    (tmp_path / "tts" / "__init__.py").touch()
    assert [manifest.name for manifest in Registry(tmp_path).all()] == ["one"]


def test_unknown_engine_suggests_the_closest_name(tmp_path: Path) -> None:
    write_engine(tmp_path, "kokoro", {})
    write_engine(tmp_path, "espeak", {})
    with pytest.raises(ConfigInvalid, match="'kokorro'") as caught:
        Registry(tmp_path).find(Kind.TTS, "kokorro")
    assert caught.value.hint == "Did you mean kokoro?"
    with pytest.raises(ConfigInvalid) as caught:
        Registry(tmp_path).find(Kind.TTS, "zzz")
    assert caught.value.hint == "Choose espeak or kokoro."
    with pytest.raises(ConfigInvalid) as caught:
        Registry(tmp_path).find(Kind.FACE, "kokoro")
    assert caught.value.hint == ""


def test_user_engine_overrides_the_builtin_of_the_same_name(
    tmp_path: Path, user_folder: Path
) -> None:
    write_engine(tmp_path, "voice", {"engine.py": "class Engine: mine = False"})
    write_engine(user_folder, "voice", {"engine.py": "class Engine: mine = True"})
    registry = Registry(tmp_path)
    (manifest,) = registry.all()
    assert registry.load_class(manifest).mine
    assert not registry.is_builtin(manifest)
    assert registry.folder(manifest) == user_folder / "tts" / "voice"


def test_files_of_a_user_engine_can_import_each_other(user_folder: Path) -> None:
    write_engine(
        user_folder,
        "mine",
        {
            "__init__.py": "LOUD = 11",
            "engine.py": (
                "from avatar_app.core.errors import AvatarError\n"
                "from . import LOUD\nfrom .parts.pitch import PITCH\n"
                "class Engine:\n    tone = PITCH * LOUD\n"
            ),
            "parts/pitch.py": "from ..base import BASE\nPITCH = 2 * BASE",
            "base.py": "BASE = 50",
        },
    )
    registry = Registry()
    assert registry.load_class(registry.find(Kind.TTS, "mine")).tone == 1100


def test_user_engines_of_same_name_but_other_kind_are_separate(user_folder: Path) -> None:
    for kind in ("tts", "asr"):
        write_engine(user_folder, "mine", {"engine.py": f"class Engine: kind = '{kind}'"}, kind)
    registry = Registry()
    for kind in (Kind.TTS, Kind.ASR):
        assert registry.load_class(registry.find(kind, "mine")).kind == kind


def test_load_class_reloads_an_engine_from_another_folder(tmp_path: Path) -> None:
    for number in (1, 2):
        root = tmp_path / str(number)
        write_engine(root, "mine", {"engine.py": f"class Engine: number = {number}"})
        registry = Registry(user=root)
        assert registry.load_class(registry.find(Kind.TTS, "mine")).number == number


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("name: mine\nkind: ]\n", "line 2 cannot be read"),
        ("", "not a manifest"),
        ("- a\n", "not a manifest"),
        (MANIFEST.format(name="mine", kind="tts", entry="", packages=""), "entry"),
        (MANIFEST.format(name="mine", kind="smell", entry="a:B", packages=""), "smell"),
        (MANIFEST.format(name="other", kind="tts", entry="a:B", packages=""), "wrong folder"),
        ("name: mine\nkind: tts\n", "entry"),
        (MANIFEST.format(name="mine", kind="tts", entry="a:B", packages="") + "x: 1", "'x'"),
        (MANIFEST.format(name="mine", kind="tts", entry="a:B", packages="") + "options: 3", ""),
        ("\xff", ""),
    ],
)
def test_broken_user_manifest_is_reported_and_skipped(
    user_folder: Path, manifest: str, reason: str
) -> None:
    folder = write_engine(user_folder, "mine", {})
    (folder / "manifest.yaml").write_bytes(manifest.encode("latin-1"))
    registry = Registry()
    (notice,) = registry.notices
    assert str(folder / "manifest.yaml") in notice.message
    assert reason in notice.message
    assert notice.hint.endswith("It is left out.")
    assert registry.all() == Registry(user=user_folder / "nowhere").all()


def test_missing_packages_are_named_before_anything_is_imported(user_folder: Path) -> None:
    write_engine(
        user_folder, "mine", {"engine.py": "raise SystemExit"}, packages="numpy, no-such-thing"
    )
    registry = Registry()
    manifest = registry.find(Kind.TTS, "mine")
    assert registry.missing_packages(manifest) == ("no-such-thing",)
    with pytest.raises(ModelMissing, match="needs no-such-thing") as caught:
        registry.load_class(manifest)
    assert "pip install no-such-thing" in caught.value.hint


@pytest.mark.parametrize(
    ("files", "entry"),
    [
        ({}, "engine:Engine"),
        ({"engine.py": "import no_such_module"}, "engine:Engine"),
        ({"engine.py": "class Other: ..."}, "engine:Engine"),
        ({"engine.py": "def broken(:"}, "engine:Engine"),
        ({"engine.py": "Engine = 3"}, "engine:Engine"),
    ],
)
def test_an_engine_that_cannot_be_imported_is_explained(
    user_folder: Path, files: dict[str, str], entry: str
) -> None:
    write_engine(user_folder, "mine", files, entry=entry)
    registry = Registry()
    with pytest.raises(EngineFailed, match="test engine") as caught:
        registry.load_class(registry.find(Kind.TTS, "mine"))
    assert caught.value.hint
