"""File paths: the user's folders (platformdirs, or AVATAR_DATA_DIR) and the shipped files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

import avatar_app
from avatar_app.core.home import expanded

APPLICATION = "avatar_app"
DATA_DIR_VARIABLE = "AVATAR_DATA_DIR"
"""Environment variable: one folder for all data of the user."""

_PACKAGE = Path(avatar_app.__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class AppPaths:
    """The user's folders; code that writes into one creates it."""

    config: Path
    """Contains config.yaml, the user's settings."""
    data: Path
    """Contains history.db and memory.db."""
    cache: Path
    """What can be made again."""
    logs: Path
    models: Path
    """Downloaded weights."""
    engines: Path
    """The user's own engines, laid out like avatar_app/engines."""
    videos: Path
    """Films and sounds that the program writes for the user."""

    @property
    def settings_file(self) -> Path:
        return self.config / "config.yaml"

    @property
    def history_file(self) -> Path:
        return self.data / "history.db"

    @property
    def extras(self) -> Path:
        """Contains packages of optional engines, a folder for each extra."""
        return self.data / "extras"

    @property
    def updates(self) -> Path:
        """Contains what is known of newer versions, and their installers."""
        return self.data / "updates"

    @property
    def agenda_file(self) -> Path:
        return self.data / "agenda.db"

    @property
    def mcp(self) -> Path:
        """What the user approved of the tools of other programs."""
        return self.data / "mcp"

    @property
    def tool_log_file(self) -> Path:
        """Every tool that was called."""
        return self.data / "tools.db"

    @property
    def pages(self) -> Path:
        """Contains the pages that the avatar built, a folder for each."""
        return self.data / "pages"

    @property
    def memory_file(self) -> Path:
        return self.data / "memory.db"


def app_paths() -> AppPaths:
    """Return the user's folders; creates none."""
    if root := os.environ.get(DATA_DIR_VARIABLE):
        return paths_under(expanded(root))
    data = platformdirs.user_data_path(APPLICATION, appauthor=False)
    return AppPaths(
        config=platformdirs.user_config_path(APPLICATION, appauthor=False),
        data=data,
        cache=platformdirs.user_cache_path(APPLICATION, appauthor=False),
        logs=platformdirs.user_log_path(APPLICATION, appauthor=False),
        models=data / "models",
        engines=data / "engines",
        videos=platformdirs.user_videos_path(),
    )


def paths_under(root: Path) -> AppPaths:
    """Return the folders of a user whose data lie in one folder."""
    return AppPaths(
        config=root,
        data=root,
        cache=root / "cache",
        logs=root / "logs",
        models=root / "models",
        engines=root / "engines",
        videos=root / "videos",
    )


def default_settings_file() -> Path:
    """Return the settings file as shipped."""
    return shipped("config") / "default.yaml"


def personas() -> Path:
    """Return the folder of the shipped personas: one YAML file each."""
    return shipped("config") / "personas"


def assets() -> Path:
    """Return the folder of the shipped icons, fonts, portraits and chimes."""
    return shipped("assets")


def builtin_engines() -> Path:
    """Return the folder of the built-in engines."""
    return _PACKAGE / "engines"


def shipped(name: str) -> Path:
    """Return a top-level file or folder of the project: in the installed package, or the
    checkout.
    """
    installed = _PACKAGE / "shipped"
    return (installed if installed.is_dir() else _PACKAGE.parent) / name
