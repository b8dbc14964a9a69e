"""Loops of avatars on the command line: rendered and kept, or taken away."""

from __future__ import annotations

from avatar_app.cli.console import plain_console
from avatar_app.cli.progress import run_job
from avatar_app.settings.schema import Settings

_out = plain_console()
_err = plain_console(stderr=True)


def keep_loop(name: str, seconds: float, settings: Settings, *, still: bool) -> int:
    """Give an avatar a loop by the engine of studio.animate, or take it away where it is to be
    `still`."""
    from avatar_app.avatars import library
    from avatar_app.avatars.life import take_life
    from avatar_app.render.idle import animate_avatar
    from avatar_app.runtime.registry import Registry
    from avatar_app.system.paths import app_paths

    folder = library.AvatarLibrary.of(app_paths()).folder(name)
    if still:
        take_life(folder)
        _out.print(f"The avatar {name} is still again.", soft_wrap=True)
        return 0
    choice, registry = settings.studio.animate, Registry()
    avatar = run_job(
        f"Moving {name}", _err, lambda job: animate_avatar(folder, choice, registry, job, seconds)
    )
    assert avatar.idle is not None, "it was given one"
    said = f"The avatar {name} has a loop of {avatar.idle.seconds:.1f} s by {choice.engine}."
    _out.print(said, soft_wrap=True)
    return 0
