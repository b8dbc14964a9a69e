"""Lay the application folder for macOS around a bundle: Avatar.app, to be signed by sign.sh.

    python packaging/macos/app.py build/bundle build/icons/avatar-app.icns build/

Not run on a Mac so far.
"""

from __future__ import annotations

import plistlib
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bundling.linux_tree import COMPONENT, version

START = """#!/bin/sh
# Opens the window with the interpreter inside the application.
here=$(cd "$(dirname "$0")/.." && pwd)
exec "$here/Resources/avatar-app/bin/python3" -I -m avatar_app run "$@"
"""
MICROPHONE = "Avatar hears what you say to it. Sound stays here unless you choose otherwise."


def main() -> None:
    """Lay out the application that the command line asks for."""
    bundle, icon, target = map(Path, sys.argv[1:4])
    lay_out(bundle, icon, target)


def lay_out(bundle: Path, icon: Path, target: Path) -> Path:
    """Write Avatar.app with a bundle into the folder `target`; returns it."""
    application = target / "Avatar.app"
    contents = application / "Contents"
    resources, programs = contents / "Resources", contents / "MacOS"
    shutil.rmtree(application, ignore_errors=True)
    shutil.copytree(bundle, resources / "avatar-app", symlinks=True)
    shutil.copy(icon, resources / "avatar-app.icns")
    programs.mkdir()
    (programs / "avatar-app").write_text(START, encoding="utf-8")
    (programs / "avatar-app").chmod(0o755)
    (contents / "Info.plist").write_bytes(plistlib.dumps(description()))
    return application


def description() -> dict[str, object]:
    """Return what Info.plist says: name, version, icon, and why the microphone is used."""
    return {
        "CFBundleIdentifier": COMPONENT.replace("_", "-"),
        "CFBundleName": "Avatar",
        "CFBundleDisplayName": "Avatar",
        "CFBundleExecutable": "avatar-app",
        "CFBundleIconFile": "avatar-app.icns",
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": version(),
        "CFBundleVersion": version(),
        "LSMinimumSystemVersion": "13.0",
        "LSApplicationCategoryType": "public.app-category.utilities",
        "NSHighResolutionCapable": True,
        "NSMicrophoneUsageDescription": MICROPHONE,
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "Avatar",
                "CFBundleTypeExtensions": ["avatar"],
                "CFBundleTypeRole": "Viewer",
            }
        ],
    }


if __name__ == "__main__":
    main()
