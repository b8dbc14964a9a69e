"""What is kept is counted, deleted, brought back, and gone for good only when it is finished."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_app.core.errors import ConfigInvalid
from avatar_app.session.stored_data import DELETED, StoredItem, StoredKind, UserStoredData
from avatar_app.system.paths import AppPaths, app_paths


@pytest.fixture
def paths() -> AppPaths:
    """The folders of somebody who has used the program."""
    paths = app_paths()
    files = {
        paths.history_file: 3000,
        paths.history_file.with_name("history.db-wal"): 500,
        paths.memory_file: 200,
        paths.agenda_file: 20,
        paths.tool_log_file: 15,
        paths.data / "measurements.db": 100,
        paths.data / "avatars" / "ada" / "portrait.png": 40,
        paths.data / "voices" / "me" / "reference.wav": 70,
        paths.data / "voices" / "revoked.json": 9,
        paths.pages / "clock" / "site" / "index.html": 25,
        paths.models / "kokoro" / "model.onnx": 900,
        paths.cache / "prompts" / "state": 60,
        paths.logs / "avatar.log": 30,
        paths.settings_file: 12,
    }
    for path, size in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return paths


def item(stored: UserStoredData, kind: StoredKind) -> StoredItem:
    return next(each for each in stored.items() if each.kind is kind)


def files_of(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_sizes_include_all_files(paths: AppPaths) -> None:
    sizes = {each.kind: each.size for each in UserStoredData(paths, {}).items()}
    assert sizes == {
        StoredKind.HISTORY: 3500,
        StoredKind.MEMORY: 200,
        StoredKind.AGENDA: 20,
        StoredKind.CALLS: 15,
        StoredKind.MEASUREMENTS: 100,
        StoredKind.VOICES: 70,
        StoredKind.AVATARS: 40,
        StoredKind.PAGES: 25,
        StoredKind.MODELS: 900,
        StoredKind.CACHE: 60,
        StoredKind.LOGS: 30,
        StoredKind.SETTINGS: 12,
    }


@pytest.mark.parametrize(
    "kind", [StoredKind.VOICES, StoredKind.PAGES, StoredKind.MODELS, StoredKind.LOGS]
)
def test_deleted_files_are_moved_aside_and_restored(paths: AppPaths, kind: StoredKind) -> None:
    stored, before = UserStoredData(paths, {}), files_of(paths.data)
    deletion = stored.delete(kind)
    assert item(stored, kind).size == 0
    assert not item(stored, kind).deletable
    deletion.undo()
    assert files_of(paths.data) == before


def test_finished_deletion_is_permanent_except_revoked_consents(paths: AppPaths) -> None:
    stored = UserStoredData(paths, {})
    stored.delete(StoredKind.VOICES).finish()
    assert files_of(paths.data / "voices") == {"revoked.json": 9}
    assert list((paths.data / DELETED).iterdir()) == []
    stored.delete(StoredKind.CACHE)  # and then the program ended
    UserStoredData(paths, {}).purge()
    assert not (paths.data / DELETED).exists()
    assert files_of(paths.cache) == {}


def test_undo_keeps_newer_files_and_what_was_deleted(paths: AppPaths) -> None:
    stored = UserStoredData(paths, {})
    deletion = stored.delete(StoredKind.LOGS)
    (paths.logs / "avatar.log").write_bytes(b"new")
    deletion.undo()
    assert (paths.logs / "avatar.log").read_bytes() == b"new"
    assert files_of(paths.logs) == {"avatar.log": 3, "avatar-2.log": 30}


@pytest.mark.parametrize("folder", ["avatars/ada", "voices/me", "pages/clock"])
def test_undo_restores_beside_what_took_the_name(paths: AppPaths, folder: str) -> None:
    kind, name = folder.split("/")
    before = files_of(paths.data / folder)
    stored = UserStoredData(paths, {})
    deletion = stored.delete(StoredKind(kind))
    (paths.data / folder).mkdir()
    (paths.data / folder / "new").write_bytes(b"n")
    deletion.undo()
    assert files_of(paths.data / folder) == {"new": 1}
    assert files_of(paths.data / kind / f"{name}-2") == before
    assert not list((paths.data / DELETED).iterdir())


@pytest.mark.parametrize("name", ["cache/prompts", "models/kokoro"])
def test_undo_completes_folders_that_were_begun_again(paths: AppPaths, name: str) -> None:
    before = files_of(paths.data / name)
    (former,) = before
    stored = UserStoredData(paths, {})
    deletion = stored.delete(StoredKind(name.split("/")[0]))
    (paths.data / name).mkdir(parents=True)
    (paths.data / name / "newer").write_bytes(b"n")
    deletion.undo()
    assert files_of(paths.data / name) == before | {"newer": 1}
    deletion = stored.delete(StoredKind(name.split("/")[0]))
    (paths.data / name).mkdir(parents=True)
    (paths.data / name / former).write_bytes(b"again")
    deletion.undo()
    assert files_of(paths.data / name) == {former: 5, "newer": 1}


def test_what_is_noted_about_models_is_not_deleted_with_them(paths: AppPaths) -> None:
    for name in ("licences.json", "pins.json", "kokoro.lock", "catalog.yaml"):
        (paths.models / name).write_bytes(b"{}")
    stored = UserStoredData(paths, {})
    assert item(stored, StoredKind.MODELS).size == 900
    stored.delete(StoredKind.MODELS).finish()
    assert len(files_of(paths.models)) == 4
    assert not item(stored, StoredKind.MODELS).deletable


def test_undo_that_fails_loses_nothing_and_can_be_repeated(paths: AppPaths) -> None:
    before = files_of(paths.data)
    deletion = UserStoredData(paths, {}).delete(StoredKind.AVATARS)
    (paths.data / "avatars").rmdir()
    (paths.data / "avatars").write_text("in the way")
    with pytest.raises(ConfigInvalid, match="ada cannot be brought back") as raised:
        deletion.undo()
    assert DELETED in raised.value.hint
    (paths.data / "avatars").unlink()
    deletion.undo()
    assert files_of(paths.data) == before


def test_purge_deletes_what_a_killed_process_left_unfinished(paths: AppPaths) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    left = paths.data / "voices" / f".pid{ended.pid}.x.partial"
    in_use = paths.data / "avatars" / f".pid{os.getpid()}.x.partial"
    for folder in (left, in_use):
        folder.mkdir()
        (folder / "reference.wav").write_bytes(b"x")
    UserStoredData(paths, {}).purge()
    assert not left.exists()
    assert in_use.exists()


def test_open_databases_are_emptied_when_deletion_finishes(paths: AppPaths) -> None:
    erased: list[str] = []
    stored = UserStoredData(paths, {StoredKind.HISTORY: lambda: erased.append("history")})
    stored.delete(StoredKind.HISTORY).undo()
    assert erased == []
    deletion = stored.delete(StoredKind.HISTORY)
    deletion.finish()
    deletion.finish()
    assert erased == ["history"]
    undone = stored.delete(StoredKind.HISTORY)
    undone.undo()
    undone.finish()
    assert erased == ["history"]
    assert paths.history_file.exists()


def test_unmovable_folder_loses_nothing(paths: AppPaths) -> None:
    before = files_of(paths.models)
    (paths.data / DELETED).write_text("in the way")
    with pytest.raises(ConfigInvalid, match="cannot take what is deleted"):
        UserStoredData(paths, {}).delete(StoredKind.MODELS)
    assert files_of(paths.models) == before


def test_deleting_without_data_does_nothing(paths: AppPaths) -> None:
    stored = UserStoredData(app_paths(), {})
    for kind in StoredKind:
        if kind is not StoredKind.SETTINGS:
            stored.delete(kind).finish()
    assert stored.connections() == ()
    assert {each.size for each in stored.items()} <= {0, 12}
