"""Exports a stored conversation: as text, as subtitles, or spoken again as sound or film."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import PLAYBACK_RATE, AudioChunk
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.storage.conversation_text import ExportFormat, Speakers, conversation_text
from avatar_app.storage.conversations import ConversationStore, ConversationSummary
from avatar_app.storage.stored_turns import StoredTurn
from avatar_app.system.files import replace_file
from avatar_app.system.paths import AppPaths

SPEAKING = 0.3
"""Share of the work on a film that speaking takes, roughly."""
USER_VOICE = {"voice": "plain", "speed": 0.9}
OTHER_USER_VOICE = {"voice": "m3", "speed": 0.9}
"""Where the avatar itself has the plain voice."""
_LONGEST_NAME = 60


class ConversationExporter:
    """Writes conversations into files; what fails or is cancelled leaves none behind."""

    def __init__(self, store: ConversationStore, paths: AppPaths) -> None:
        self._store, self._paths = store, paths

    def export(
        self,
        id: int,
        path: Path,
        format: ExportFormat,
        speakers: Speakers,
        settings: Settings,
        job: Job[Path],
    ) -> Path:
        """Write a conversation; sound and films take their time: `job` reports progress and can
        cancel them. Raises AvatarErrors where it is not stored or the file cannot be written,
        and
        JobCancelled."""
        summary = self._store.find(id)
        turns = self._store.all_turns(id)
        if format not in (ExportFormat.SOUND, ExportFormat.FILM):
            text = conversation_text(summary, turns, format, speakers)
            replace_file(path, text.encode("utf-8"))
            return path
        turn = Turn(0)
        try:
            job.when_cancelled(turn.cancel)
            self._speak(turns, path, format, speakers, settings, job, turn)
        except TurnCancelled as error:
            raise JobCancelled(job.title) from error
        return path

    def _speak(
        self,
        turns: tuple[StoredTurn, ...],
        path: Path,
        format: ExportFormat,
        speakers: Speakers,
        settings: Settings,
        job: Job[Path],
        turn: Turn,
    ) -> None:
        from avatar_app.media.sound_writer import SoundFormat, write_speech
        from avatar_app.render.job import RenderJob, RenderRequest

        share = SPEAKING if format is ExportFormat.FILM else 1.0
        sound = _spoken(turns, speakers, settings.tts, turn, lambda done: job.report(share * done))
        if format is ExportFormat.SOUND:
            chunks = (AudioChunk(take.sides[0], PLAYBACK_RATE) for take in sound.takes())
            write_speech(chunks, path, SoundFormat.MP3, PLAYBACK_RATE)
            return
        profile = settings.render.profile(settings.render.quality)
        with RenderJob(settings, profile, self._paths, RenderRequest(path, sound=sound)) as film:
            rest = (1 - share) / 100
            film.film(turn, lambda percent, _left: job.report(share + rest * percent))


def suggested_name(summary: ConversationSummary, format: ExportFormat) -> str:
    """A file name made of day and title."""
    words = re.sub(r"[^\w\-]+", "-", summary.title)[:_LONGEST_NAME].strip("-")
    return f"{summary.began.astimezone():%Y-%m-%d} {words or 'conversation'}.{format}"


def format_named(name: str) -> ExportFormat:
    """The format of that name or ending. Raises InputInvalid."""
    wanted = {"markdown": "md", "text": "txt", "webvtt": "vtt"}.get(name.lower(), name.lower())
    if wanted not in set(ExportFormat):
        raise InputInvalid(f"Unknown format {name!r}.", f"Choose one of {', '.join(ExportFormat)}.")
    return ExportFormat(wanted)


def _spoken(
    turns: tuple[StoredTurn, ...],
    speakers: Speakers,
    voice: EngineChoice,
    turn: Turn,
    tell: Any,
) -> Any:
    """What was said and heard, in the voice of the settings and the user's stand-in."""
    from avatar_app.render.spoken_conversation import SpokenConversation, SpokenLine
    from avatar_app.runtime.engine_set import create_engine
    from avatar_app.runtime.registry import Registry

    lines = []
    for each in (stored.turn for stored in turns):
        lines.append(SpokenLine(each.user_text, speakers.user, by_avatar=False))
        lines.append(SpokenLine(each.heard_text, speakers.avatar, by_avatar=True))
    registry = Registry()
    avatar = create_engine(registry, registry.find(Kind.TTS, voice.engine), voice.options)
    try:
        user = create_engine(registry, registry.find(Kind.TTS, "espeak"), _user_voice(voice))
        try:
            said = [line for line in lines if line.text]
            return SpokenConversation(said, avatar, user, turn, tell)
        finally:
            user.close()
    finally:
        avatar.close()


def _user_voice(avatar: EngineChoice) -> dict[str, Any]:
    """Of the built-in engine, and not the avatar's own."""
    alike = avatar.engine == "espeak" and avatar.options.get("voice") == USER_VOICE["voice"]
    return dict(OTHER_USER_VOICE if alike else USER_VOICE)
