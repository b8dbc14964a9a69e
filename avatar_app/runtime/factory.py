"""Creates engines, also in another process: resolves options to model and avatar files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.home import expanded
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.resolve import OPTION, with_installed_model, with_model_path
from avatar_app.runtime.plain_voice import without_emotion_tags
from avatar_app.runtime.processor_shares import with_threads
from avatar_app.runtime.registry import Registry
from avatar_app.runtime.speech_cache.cached_voice import with_cache
from avatar_app.system.network_guard import join_guard, publish_access
from avatar_app.system.packages import install_command
from avatar_app.system.paths import AppPaths
from avatar_app.voices.resolve import keep_latents, with_open_voice

PROMPT_CACHE = "prompt_cache"
"""The engines' option for a folder in which processed prompts are cached."""


def engine_factory(
    registry: Registry, manifest: Manifest, options: dict[str, Any], *, remembers: bool = True
) -> Callable[[], Any]:
    """Return a picklable factory for the engine. `remembers`: a voice may cache frequent sentences
    on disk."""
    if missing := registry.missing_packages(manifest):
        raise ConfigInvalid(
            f"{manifest.title} needs {', '.join(missing)}, which is not installed.",
            f"Type: {install_command(missing, manifest.name)}",
        )
    known = resolve_options(options, manifest, registry.paths)
    publish_access()
    chosen = (registry.origin, manifest.kind, manifest.name, known)
    return partial(_make_in_child, *chosen, remembers=remembers)


def resolve_options(options: dict[str, Any], manifest: Manifest, paths: AppPaths) -> dict[str, Any]:
    """Return all options, checked, with the names of models, avatars and voices replaced by
    files."""
    known = _with_folders(manifest.checked(options), manifest, paths)
    if not options.get(OPTION):
        known = with_installed_model(known, manifest, paths)
    known = with_threads(known, manifest.kind)
    return with_model_path(_with_cache_folder(known, paths), manifest, paths)


def _with_cache_folder(options: dict[str, Any], paths: AppPaths) -> dict[str, Any]:
    """Add the cache folder for engines that use one."""
    if options.get(PROMPT_CACHE) != "":
        return options
    return options | {PROMPT_CACHE: str(paths.cache / "prompts")}


def _with_folders(options: dict[str, Any], manifest: Manifest, paths: AppPaths) -> dict[str, Any]:
    """Replace names of avatars and cloned voices by their folders."""
    options = with_open_voice(options, manifest, paths)
    name = options.get("avatar", "")
    if not name or expanded(name).is_dir():
        return options
    return options | {"avatar": str(AvatarLibrary.of(paths).folder(name))}


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
    join_guard(manifest.title, needs_network=manifest.needs.network)
    engine = registry.load_class(manifest)(**options)
    if kind is not Kind.TTS:
        return engine
    keep_latents(engine, options, registry.paths)
    voice = with_cache(engine, manifest, options, registry.paths) if remembers else engine
    return without_emotion_tags(voice, manifest)
