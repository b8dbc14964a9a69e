"""Build the RPM package from a bundle, for Fedora, openSUSE and their kin; needs rpmbuild.

    python packaging/rpm.py build/bundle dist/

What it requires are names of libraries, which every distribution with RPM understands.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from bundling.dependencies import missing_libraries
from bundling.linux_tree import lay_out, set_modes_and_dates, version

LOADED_BY_NAME = ("libportaudio.so.2", "libEGL.so.1", "libGL.so.1", "libpulse.so.0")
"""Libraries that are opened at run time, which no file names as needed."""
SPEC = """%global __os_install_post %{{nil}}
%global debug_package %{{nil}}
%global _build_id_links none
%global _buildhost reproducible
%global source_date_epoch_from_changelog 0
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%define _binary_payload {payload}

Name: avatar-app
Version: {version}
Release: 1
Summary: Talk with a face, privately, on your own machine
License: GPL-3.0-or-later
URL: https://github.com/avatar-app/avatar_app
AutoReqProv: no
{requires}

%description
A desktop application in which you talk with an animated portrait. It hears you, thinks, answers by
voice and moves its lips to it, and you can interrupt it like a person. Everything runs on this
machine; nothing is sent anywhere.

%install
mkdir -p %{{buildroot}}
cp -a {root}/usr %{{buildroot}}/

%files
/usr/bin/avatar-app
/usr/lib/avatar-app
/usr/share/applications/avatar-app.desktop
/usr/share/doc/avatar-app
/usr/share/icons/hicolor/*/apps/avatar-app.png
/usr/share/man/man1/avatar-app.1.gz
/usr/share/metainfo/*.metainfo.xml
/usr/share/mime/packages/avatar-app.xml
"""
PAYLOADS = {"zstd": "w15.zstdio", "none": "w0.gzdio"}


def main() -> None:
    """Build the package that the command line asks for and print its name and size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, help="folder that bundle.py has written")
    parser.add_argument("target", type=Path, help="folder for the package")
    parser.add_argument("--compression", choices=PAYLOADS, default="zstd")
    options = parser.parse_args()
    package = build_package(options.bundle, options.target, options.compression)
    print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")  # noqa: T201


def build_package(bundle: Path, target: Path, compression: str = "zstd") -> Path:
    """Build the RPM package of a bundle in the folder `target`; returns it."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.resolve()) as folder:
        place = Path(folder)
        lay_out(bundle, place / "root")
        set_modes_and_dates(place / "root")
        spec = place / "avatar-app.spec"
        spec.write_text(specification(bundle, place / "root", compression), encoding="utf-8")
        command = ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {place / 'build'}"]
        subprocess.run([*command, str(spec)], check=True)
        built = next((place / "build" / "RPMS").rglob("*.rpm"))
        return Path(shutil.move(built, target / built.name))


def specification(bundle: Path, root: Path, compression: str) -> str:
    """Return the spec file: what the package requires and contains."""
    wide = "()(64bit)" if platform.architecture()[0] == "64bit" else ""
    libraries = sorted(missing_libraries(bundle) | {*LOADED_BY_NAME})
    requires = "\n".join(f"Requires: {name}{wide}" for name in libraries if _is_library(name))
    return SPEC.format(
        version=version(), requires=requires, root=root, payload=PAYLOADS[compression]
    )


def _is_library(name: str) -> bool:
    """Tell whether a needed name is a library, not the loader itself, which RPM names otherwise."""
    return not name.startswith("ld-linux")


if __name__ == "__main__":
    main()
