"""What makes an engine, also in another process: its options name files in place of models."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.resolve import with_model_path
from avatar_app.runtime.registry import Registry
from avatar_app.runtime.speech_cache.cached_voice import with_cache
from avatar_app.system.packages import install_command
from avatar_app.system.paths import AppPaths
from avatar_app.voices.resolve import keep_latents, with_open_voice

PROMPT_CACHE = "prompt_cache"
"""The engines' option for a folder in which what was read of prompts is kept."""


def engine_factory(
    registry: Registry, manifest: Manifest, options: dict[str, Any], *, remembers: bool = True
) -> Callable[[], Any]:
    """What makes the engine in another process: it pickles. `remembers`: a voice may keep frequent
    sentences on disk."""
    if missing := registry.missing_packages(manifest):
        raise ConfigInvalid(
            f"{manifest.title} needs {', '.join(missing)}, which is not installed.",
            f"Type: {install_command(missing, manifest.name)}",
        )
    known = resolve_options(options, manifest, registry.paths)
    chosen = (registry.origin, manifest.kind, manifest.name, known)
    return partial(_make_in_child, *chosen, remembers=remembers)


def resolve_options(
    options: dict[str, Any], manifest: Manifest, places: AppPaths
) -> dict[str, Any]:
    """All options, checked; models, avatars and voices that were chosen by name are files now."""
    known = _with_folders(manifest.checked(options), manifest, places)
    return with_model_path(_with_cache_folder(known, places), manifest, places)


def _with_cache_folder(options: dict[str, Any], places: AppPaths) -> dict[str, Any]:
    """Engines that keep what can be made again are told where."""
    if options.get(PROMPT_CACHE) != "":
        return options
    return options | {PROMPT_CACHE: str(places.cache / "prompts")}


def _with_folders(options: dict[str, Any], manifest: Manifest, places: AppPaths) -> dict[str, Any]:
    """An avatar or cloned voice may be chosen by its name; engines are told its folder."""
    options = with_open_voice(options, manifest, places)
    name = options.get("avatar", "")
    if not name or Path(name).expanduser().is_dir():
        return options
    return options | {"avatar": str(AvatarLibrary.of(places).folder(name))}


def _make_in_child(
    origin: tuple[Path, Path, AppPaths],
    kind: Kind,
    name: str,
    options: dict[str, Any],
    *,
    remembers: bool,
) -> Any:
    registry = Registry(*origin)
    manifest = registry.find(kind, name)
    engine = registry.load_class(manifest)(**options)
    if kind is not Kind.TTS:
        return engine
    keep_latents(engine, options, registry.paths)
    return with_cache(engine, manifest, options, registry.paths) if remembers else engine
