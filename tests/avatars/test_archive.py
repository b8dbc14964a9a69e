"""One .avatar file carries an avatar elsewhere; a hostile one does nothing but fail."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from avatar_app.avatars.archive import export_avatar, import_avatar
from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.engines.face.portrait.avatar import (
    FEATURES,
    FILES,
    GROUPS,
    MANIFEST,
    PORTRAIT,
    Avatar,
    load_avatar,
)

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
NO_FACE = {name: [[100.0, 100.0]] * count for name, count in GROUPS.items()}


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = AvatarLibrary(tmp_path_factory.mktemp("parcel"))
    Job[Avatar]("making", lambda job: make_avatar(ASTRONAUT, "ada", job, library)).run()
    return library.folder("ada")


@pytest.fixture
def library(tmp_path: Path) -> AvatarLibrary:
    return AvatarLibrary(tmp_path / "avatars")


def test_avatar_is_exported_and_imported_as_one_file(
    ada: Path, library: AvatarLibrary, tmp_path: Path
) -> None:
    export_avatar(ada, tmp_path / "ada.avatar")
    avatar = import_avatar(tmp_path / "ada.avatar", "guest", library)
    assert avatar.name == "guest"
    assert library.names() == ("guest",)
    assert avatar.landmarks.keys() == load_avatar(ada).landmarks.keys()
    assert (library.folder("guest") / PORTRAIT).read_bytes() == (ada / PORTRAIT).read_bytes()


def packed(ada: Path, target: Path, **changed: bytes) -> Path:
    """A zip of the avatar's files with `changed` content, by the file's stem."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as parcel:
        for name in FILES:
            parcel.writestr(name, changed.get(Path(name).stem, (ada / name).read_bytes()))
    return target


def edited(ada: Path, **entries: object) -> bytes:
    return json.dumps(json.loads((ada / MANIFEST).read_bytes()) | entries).encode()


def with_entry(ada: Path, target: Path, name: str) -> Path:
    with zipfile.ZipFile(packed(ada, target), "a") as parcel:
        parcel.writestr(name, b"outside")
    return target


def without_check_sum(ada: Path, target: Path) -> Path:
    content = bytearray(packed(ada, target).read_bytes())
    content[len(content) // 2] ^= 0xFF
    target.write_bytes(content)
    return target


def cut_off(ada: Path, target: Path) -> Path:
    content = packed(ada, target).read_bytes()
    target.write_bytes(content[: len(content) // 2])
    return target


def no_zip(_: Path, target: Path) -> Path:
    target.write_bytes(b"no zip at all")
    return target


HOSTILE: dict[str, Callable[[Path, Path], Path]] = {
    "climbs out": lambda ada, target: with_entry(ada, target, "../../outside"),
    "absolute": lambda ada, target: with_entry(ada, target, "/tmp/outside"),
    "another file": lambda ada, target: with_entry(ada, target, "engine.py"),
    "bomb": lambda ada, target: packed(ada, target, features=bytes(140_000_000)),
    "portrait is a text": lambda ada, target: packed(ada, target, portrait=b"text"),
    "loop not described": lambda ada, target: packed(ada, target, avatar=edited(ada, version=2)),
    "no face": lambda ada, target: packed(ada, target, avatar=edited(ada, landmarks=NO_FACE)),
    "manifest is a text": lambda ada, target: packed(ada, target, avatar=b"text"),
    "wrong check sum": without_check_sum,
    "cut off": cut_off,
    "no zip": no_zip,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archive_leaves_no_files(
    ada: Path, library: AvatarLibrary, tmp_path: Path, kind: str
) -> None:
    source = HOSTILE[kind](ada, tmp_path / "x.avatar")
    with pytest.raises(InputInvalid) as raised:
        import_avatar(source, "guest", library)
    assert raised.value.hint
    assert str(source) in raised.value.message
    assert ".partial" not in raised.value.message
    assert list(library.root.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["avatars", "x.avatar"]


@pytest.mark.parametrize("existing", [True, False])
def test_a_file_that_cannot_be_read_is_reported(
    library: AvatarLibrary, tmp_path: Path, *, existing: bool
) -> None:
    source = tmp_path / "x.avatar"
    if existing:
        source.mkdir()
    with pytest.raises(InputInvalid) as raised:
        import_avatar(source, "guest", library)
    reason = "Is a directory" if existing else "No such file or directory"
    assert raised.value.message == f"The file {source} cannot be read: {reason}."


def test_messages_do_not_reveal_program_folders(
    ada: Path, library: AvatarLibrary, tmp_path: Path
) -> None:
    source = HOSTILE["loop not described"](ada, tmp_path / "x.avatar")
    with pytest.raises(InputInvalid) as raised:
        import_avatar(source, "guest", library)
    reason = "The avatar file avatar.json is damaged: its idle loop is not described."
    assert raised.value.message == f"The file {source} cannot be used. {reason}"


def test_unprintable_texts_are_refused(ada: Path, library: AvatarLibrary, tmp_path: Path) -> None:
    bad = ["\ud800 \x1b[31mred"] * 30_000
    manifest = edited(ada, **{"notes": bad, "licence": "\ud800", "other": "\ud800"})
    avatar = import_avatar(packed(ada, tmp_path / "x.avatar", avatar=manifest), "guest", library)
    assert set(avatar.notes) == {"[31mred"}
    written = (library.folder("guest") / MANIFEST).read_text()
    assert written.count("red") == len(avatar.notes) < 20


def test_an_archive_that_grows_too_large_leaves_no_file(
    ada: Path, library: AvatarLibrary, tmp_path: Path
) -> None:
    manifest = edited(ada, other=[0] * 250_000)
    with pytest.raises(InputInvalid, match=r"cannot be used\. .* far too large"):
        import_avatar(packed(ada, tmp_path / "x.avatar", avatar=manifest), "guest", library)
    assert library.names() == ()


def test_decompression_bomb_is_not_written_to_disk(
    ada: Path, library: AvatarLibrary, tmp_path: Path
) -> None:
    source = HOSTILE["bomb"](ada, tmp_path / "x.avatar")
    assert source.stat().st_size < 2_000_000
    with pytest.raises(InputInvalid, match="extracts to far too much"):
        import_avatar(source, "guest", library)


def test_a_file_twice_in_a_zip_is_refused(
    ada: Path, library: AvatarLibrary, tmp_path: Path
) -> None:
    source = tmp_path / "x.avatar"
    with pytest.warns(UserWarning, match="Duplicate name"):
        with_entry(ada, source, MANIFEST)
    with pytest.raises(InputInvalid, match="other files"):
        import_avatar(source, "guest", library)


def test_a_damaged_avatar_is_not_exported(
    ada: Path, library: AvatarLibrary, tmp_path: Path
) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes(b"" if name == FEATURES else (ada / name).read_bytes())
    with pytest.raises(InputInvalid):
        export_avatar(folder, tmp_path / "y.avatar")
    assert not (tmp_path / "y.avatar").exists()


def test_exported_avatar_keeps_its_title(ada: Path, library: AvatarLibrary, tmp_path: Path) -> None:
    export_avatar(ada, tmp_path / "ada.avatar")
    import_avatar(tmp_path / "ada.avatar", "eileen", library)
    assert library.rename("eileen", "Zoë O'Brien") == "zoe-obrien"
    export_avatar(library.folder("zoe-obrien"), tmp_path / "zoe.avatar")
    import_avatar(tmp_path / "zoe.avatar", "zoe-obrien-2", library)
    import_avatar(tmp_path / "zoe.avatar", "friend", library)
    assert library.label("zoe-obrien-2").title == "Zoë O'Brien"
    assert library.label("friend").title == ""
