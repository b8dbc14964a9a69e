"""One command lets avatars and photos move: a loop that is kept, or a film."""

from __future__ import annotations

from pathlib import Path

import pytest
from avatar_folders import ASTRONAUT
from terminal import typed

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.cli.avatars import avatars
from avatar_app.cli.studio import studio
from avatar_app.core.errors import ConfigInvalid
from avatar_app.system.paths import app_paths


def test_avatar_keeps_a_loop_gives_a_film_and_is_still_again(tmp_path: Path) -> None:
    typed(avatars, "add", ASTRONAUT, "--name", "ada")
    shown = typed(studio, "animate", "ada", "--seconds", "1").output
    assert "The avatar ada has a loop of 1.0 s by plane." in " ".join(shown.split())
    library = AvatarLibrary.of(app_paths())
    assert library.label("ada").is_clip
    film = tmp_path / "ada.gif"
    typed(studio, "animate", "ada", "--output", film)
    assert film.stat().st_size > 10_000
    assert "still again" in typed(avatars, "animate", "ada", "--still").output
    assert not library.label("ada").is_clip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((ASTRONAUT,), "Nothing is kept of the film"),
        (("ada", "--driving", "clip.mp4"), "Nothing is kept of the film"),
        (("ada", "--still", "--output", "ada.gif"), "A film cannot be held still"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[object, ...], sentence: str) -> None:
    with pytest.raises(ConfigInvalid, match=sentence):
        typed(studio, "animate", *arguments)
