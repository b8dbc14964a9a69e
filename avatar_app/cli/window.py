"""Opens the window for the `run` command, or hands over to the one that is already open."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from avatar_app.cli.console import plain_console
from avatar_app.cli.network import guard_network
from avatar_app.cli.notices import print_warning
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.home import expanded
from avatar_app.system.instance_channel import OpenRequest, Reply
from avatar_app.system.paths import DATA_DIR_VARIABLE, app_paths
from avatar_app.system.single_instance import claim_instance

_out = plain_console()
_err = plain_console(stderr=True)


def use_data_folder(folder: Path | None) -> None:
    """Keep all data in `folder`, for this process and its engines; None changes nothing. Raises
    ConfigInvalid where it is no folder."""
    if folder is None:
        return
    absolute = expanded(folder).absolute()
    if absolute.exists() and not absolute.is_dir():
        raise ConfigInvalid(f"{folder} is not a folder.", "Choose another one: --data-dir FOLDER.")
    os.environ[DATA_DIR_VARIABLE] = str(absolute)
    guard_network()


def check_file(file: Path | None, *, has_window: bool) -> Path | None:
    """Return the absolute path of the file to open. Raises InputInvalid where it cannot be."""
    if file is None:
        return None
    if not file.is_file():
        raise InputInvalid(f"The file {file} does not exist.", "Check its name and folder.")
    if not has_window:
        raise InputInvalid(
            f"The file {file} needs a window, and no display was found.",
            f"Add it without one: avatar-app avatars add {file}",
        )
    return file.absolute()


def open_window(file: Path | None, assignments: list[str] | None) -> int:
    """Show the window until the user closes it; the window of another instance if one is open."""
    request = OpenRequest(file, os.environ.get("XDG_ACTIVATION_TOKEN", ""))
    instance = claim_instance(app_paths().data, request)
    if isinstance(instance, Reply):
        _out.print(_sentence(instance, file), soft_wrap=True)
        if assignments:
            print_warning(_err, "--set changes nothing there: it holds from a start on.")
        return 0
    with instance:
        from avatar_app.session.app_session import AppSession
        from avatar_app.session.network_watch import watch_network
        from avatar_app.settings.changed import changed_settings
        from avatar_app.settings.loading import parse_overrides
        from avatar_app.settings.store import SettingsStore
        from avatar_app.system.crash_reports import FOLDER, CrashReports
        from avatar_app.system.logs import log_to_file
        from avatar_app.ui.app import run_window

        paths = app_paths()
        store = SettingsStore(paths.settings_file, overrides=parse_overrides(assignments or []))
        log_to_file(paths.logs, store.settings.log.level)
        watch_network(store, paths)
        crashes = CrashReports(paths.logs / FOLDER, partial(changed_settings, store))
        crashes.watch()
        try:
            return run_window(AppSession(store, paths), instance, file, crashes)
        finally:
            crashes.stop()


def _sentence(reply: Reply, file: Path | None) -> str:
    opened = f" and opens {file.name}" if file else ""
    if reply is Reply.QUEUED:
        return f"Avatar is starting already: its window appears in a moment{opened}."
    return f"Avatar runs already: its window comes to the front{opened}."
