"""What pyproject.toml cannot say: folders beside the package travel inside it when it is built."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("config", "assets", "models/catalog.yaml")
"""Files and folders of the checkout that the program reads; see avatar_app/system/paths.py."""


class BuildWithShipped(build_py):
    """Copy SHIPPED to avatar_app/shipped/ in the build; an editable install reads the checkout."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for name in SHIPPED:
                _copy(Path(name), Path(self.build_lib) / "avatar_app" / "shipped" / name)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


setup(cmdclass={"build_py": BuildWithShipped})
