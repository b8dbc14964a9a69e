"""Tarball, .rpm and AppImage carry the same folder, with one date and the program's version."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from avatar_app import __version__

PACKAGING = Path(__file__).parents[2] / "packaging"
DATE = 1_700_000_000


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripts import each other as they do when one of them is run."""
    monkeypatch.syspath_prepend(PACKAGING)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(DATE))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(PACKAGING) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder like a bundle: a launcher, a link, and a program that needs a system's library."""
    folder = tmp_path / "bundle"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "avatar-app").write_text('#!/bin/sh\necho started "$@"\n')
    (folder / "bin" / "avatar-app").chmod(0o755)
    (folder / "bin" / "python3").symlink_to("avatar-app")
    (folder / "lib").mkdir()
    (folder / "lib" / "program").write_bytes(Path(os.path.realpath(sys.executable)).read_bytes())
    return folder


def test_tarball_is_reproducible(tmp_path: Path, bundle: Path) -> None:
    tarball = module("tarball")
    first = tarball.build_tarball(bundle, tmp_path / "first")
    os.utime(bundle / "lib" / "program", (5, 5))
    second = tarball.build_tarball(bundle, tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()
    name = f"avatar-app-{__version__}-linux-"
    assert first.name.startswith(name)
    with tarfile.open(first) as archive:
        files = {member.name: member for member in archive}
    top = first.name.removesuffix(".tar.xz")
    launcher = files[f"{top}/bin/avatar-app"]
    assert (launcher.mode, launcher.mtime, launcher.uid) == (0o755, DATE, 0)
    assert files[f"{top}/bin/python3"].linkname == "avatar-app"
    assert all(member == top or member.startswith(f"{top}/") for member in files)


def test_rpm_requires_libraries_by_soname(tmp_path: Path, bundle: Path) -> None:
    text = module("rpm").specification(bundle, tmp_path, "zstd")
    lines = text.splitlines()
    assert f"Version: {__version__}" in lines
    assert [line for line in lines if line.startswith("Requires: libc.so.6")]
    assert [line for line in lines if line.startswith("Requires: libportaudio.so.2")]
    assert not [line for line in lines if "ld-linux" in line]
    assert "%global __os_install_post %{nil}" in lines


def test_appimage_opens_the_window_unless_given_arguments(tmp_path: Path, bundle: Path) -> None:
    import subprocess

    tree = tmp_path / "AppDir"
    module("appimage").lay_out_appdir(bundle, tree)

    def start(*words: str) -> str:
        command = [str(tree / "AppRun"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert start() == "started run"
    assert start("doctor", "two words") == "started doctor two words"
    assert (tree / ".DirIcon").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tree.glob("*.desktop")] == ["avatar-app.desktop"]


def test_appimage_accepts_only_the_pinned_runtime(tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.write_bytes(b"\x7fELF program")
    good = hashlib.sha256(b"\x7fELF program").hexdigest()
    checked = module("appimage").checked_runtime
    assert checked(runtime, good.upper()) == b"\x7fELF program"
    with pytest.raises(SystemExit, match=good):
        checked(runtime, "0" * 64)


def test_opencv_is_built_only_from_the_pinned_source(tmp_path: Path) -> None:
    opencv = module("bundling.opencv")
    pinned = PACKAGING / "requirements.txt"
    version, hashes = opencv.pinned_source(pinned)
    assert version.split(".")[0] == "4"
    assert len(hashes) > 3
    archive = tmp_path / "opencv.tar.gz"
    archive.write_bytes(b"something else")
    with pytest.raises(SystemExit, match="not the pinned source"):
        opencv.unpack_source(archive, pinned, tmp_path)


def test_built_opencv_replaces_the_wheel_and_its_libraries(tmp_path: Path) -> None:
    former = tmp_path / "cv2" / "cv2.abi3.so"
    spare = tmp_path / "opencv_python_headless.libs" / "libavcodec.so"
    for path in (former, spare, tmp_path / "cv2" / "gapi" / "__init__.py"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"large")
    built = tmp_path / "built.so"
    built.write_bytes(b"small")
    module("bundling.opencv").replace_in(tmp_path, built)
    assert former.read_bytes() == b"small"
    assert not spare.exists()
    assert not (tmp_path / "cv2" / "gapi").exists()


def test_windows_installer_is_per_user_and_contains_every_file(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import xml.etree.ElementTree as ET

    monkeypatch.syspath_prepend(PACKAGING / "windows")
    msi = module("msi")
    root = ET.fromstring(msi.source(bundle, tmp_path / "avatar-app.ico"))
    names = {"w": msi.NAMESPACE}
    product = root.find("w:Product", names)
    assert product is not None
    assert product.attrib["Version"] == __version__
    package = product.find("w:Package", names)
    assert package is not None
    assert package.attrib["InstallScope"] == "perUser"
    sources = {Path(file.attrib["Source"]).name for file in root.iter(f"{{{msi.NAMESPACE}}}File")}
    assert sources == {"avatar-app", "python3", "program"}
    components = [each.attrib["Id"] for each in root.iter(f"{{{msi.NAMESPACE}}}Component")]
    named = [each.attrib["Id"] for each in root.iter(f"{{{msi.NAMESPACE}}}ComponentRef")]
    assert sorted(components) == sorted(named)
    assert len(set(components)) == len(components)
    assert msi.source(bundle, tmp_path / "avatar-app.ico") == msi.source(
        bundle, tmp_path / "avatar-app.ico"
    )


def test_macos_application_declares_microphone_use(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import plistlib

    monkeypatch.syspath_prepend(PACKAGING / "macos")
    _, icon = module("icons").write_icons(tmp_path)
    application = module("app").lay_out(bundle, icon, tmp_path / "out")
    information = plistlib.loads((application / "Contents" / "Info.plist").read_bytes())
    assert information["CFBundleVersion"] == __version__
    assert information["NSMicrophoneUsageDescription"]
    assert (application / "Contents" / "Resources" / information["CFBundleIconFile"]).is_file()
    assert os.access(
        application / "Contents" / "MacOS" / information["CFBundleExecutable"], os.X_OK
    )
    rights = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    assert rights["com.apple.security.device.audio-input"] is True


def test_icons_have_every_required_size(tmp_path: Path) -> None:
    from PIL import IcnsImagePlugin, Image

    windows, macos = module("icons").write_icons(tmp_path)
    with Image.open(windows) as icon:
        assert {16, 32, 48, 256} <= {width for width, _ in icon.info["sizes"]}
    with macos.open("rb") as file:
        sides = {width * scale for width, _, scale in IcnsImagePlugin.IcnsFile(file).itersizes()}
    assert {32, 256, 1024} <= sides


def test_flatpak_manifest_refers_to_existing_files() -> None:
    import yaml

    (manifest,) = (PACKAGING / "flatpak").glob("*.yaml")
    described = yaml.safe_load(manifest.read_text())
    assert described["id"] == manifest.stem == module("bundling.linux_tree").COMPONENT
    program = described["modules"][-1]
    desktop = (manifest.parent / program["sources"][1]["path"]).resolve()
    commands = " ".join(program["build-commands"]).replace("$FLATPAK_ID", described["id"])
    for path in ("avatar-app.desktop", f"{described['id']}.metainfo.xml", "icons/256.png"):
        assert f"desktop/{path}" in commands
        assert (desktop / path).is_file()


def test_what_wheels_bring_is_not_run_and_programs_are(tmp_path: Path) -> None:
    modes = {"usr/bin/program": 0o755, "lib/python3.11/dist-packages/x/lib.so.6": 0o644}
    for name in modes:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
        (tmp_path / name).chmod(0o700)
    module("bundling.linux_tree").set_modes_and_dates(tmp_path)
    assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in modes} == modes
