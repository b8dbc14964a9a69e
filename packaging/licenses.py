"""Lists the license of every package of the default set: what a distribution must name."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from bundling.native import read_table
from bundling.stated import stated_license

from avatar_app.models.catalog import read_catalog
from avatar_app.system.paths import shipped

PINNED = Path(__file__).with_name("requirements.txt")
CONTAINED = (
    ("espeak-ng", "espeakng-loader", "GPL-3.0-or-later"),
    ("FFmpeg, with x264, x265 and opencore-amr", "av", "GPL-3.0-or-later"),
    ("FFmpeg", "opencv-python-headless", "LGPL-2.1-or-later"),
    ("libheif, libde265", "pillow-heif", "LGPL-3.0-or-later"),
    ("x265", "pillow-heif", "GPL-2.0-or-later"),
    ("PortAudio", "sounddevice (Windows and macOS)", "MIT"),
    ("libsndfile", "soundfile", "LGPL-2.1-or-later"),
    ("libsoxr", "soxr", "LGPL-2.1-or-later"),
    ("Qt 6", "PySide6-Essentials", "LGPL-3.0-only"),
    ("Skia", "skia-python", "BSD-3-Clause"),
    ("WebRTC", "livekit, webrtcvad-wheels", "BSD-3-Clause"),
    ("CMUSphinx and its US English model", "pocketsphinx", "BSD-2-Clause"),
    ("Silero VAD", "avatar_app/engines/vad/silero", "MIT"),
    (
        "MediaPipe face detector and face mesh",
        "avatar_app/engines/face_detection/networks",
        "Apache-2.0",
    ),
    ("Resemblyzer speaker encoder", "avatar_app/voices/networks", "Apache-2.0"),
    ("Inter (typeface)", "assets/fonts/inter", "OFL-1.1"),
)
"""Libraries that travel inside packages or this repository: name, where, SPDX license."""
PREFACE = """# Software of others that avatar_app is distributed with

avatar_app itself is GPL-3.0-or-later (see LICENSE). It needs the packages below and, when it is
distributed as an installer, contains them. Written by `make licenses`; do not edit.
"""
MODELS = """
## Models that the user may fetch

None of them is distributed with avatar_app; each is fetched when the user asks for it. A license
with conditions is shown then, and the model is used only after the user has accepted it.
"""


def main() -> None:
    """Write the report to the file named on the command line."""
    Path(sys.argv[1]).write_text(report(), encoding="utf-8")


def report() -> str:
    """The report, in Markdown."""
    packages = [_described(metadata.distribution(name)) for name in sorted(needed_packages())]
    return "\n".join(
        [
            PREFACE,
            "## Python packages\n",
            *_table(("package", "license", "home"), packages),
            "\n## Libraries and data inside them\n",
            *_table(("what", "inside", "license"), CONTAINED),
            "\n## Compiled libraries inside them\n",
            *_table(("library", "license"), ((each.name, each.license) for each in read_table())),
            MODELS,
            *_table(("model", "license", "text", "conditions"), fetched_models()),
            "",
        ]
    )


def fetched_models() -> list[tuple[str, str, str, str]]:
    """The models of the catalog: name, license, where its text is, what it asks."""
    rows = []
    for model in read_catalog(shipped("models") / "catalog.yaml").models:
        license = model.license
        conditions = ["non-commercial use only"] if license.non_commercial else []
        conditions += ["to be accepted"] if license.must_accept else []
        rows.append((model.id, license.id, license.url, ", ".join(conditions)))
    return rows


def needed_packages() -> set[str]:
    """Return the packages that installers carry, as far as they are installed here."""
    text = PINNED.read_text(encoding="utf-8")
    return {name for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE) if _is_installed(name)}


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:  # needed on other systems only
        return False
    return True


def _described(package: metadata.Distribution) -> tuple[str, str, str]:
    fields = package.metadata
    return fields["Name"], stated_license(fields) or "not stated in the package", _home(fields)


def _home(fields: metadata.PackageMetadata) -> str:
    links = dict(line.split(", ", 1) for line in fields.get_all("Project-URL") or [])
    for label in ("Homepage", "homepage", "Home", "Source", "Repository"):
        if label in links:
            return links[label]
    return fields.get("Home-page") or f"https://pypi.org/project/{fields['Name']}/"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
