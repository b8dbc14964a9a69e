"""Teaches in a process of its own, so that the window stays quick and memory returns at the end."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from avatar_app.avatars.teaching.course import Course, teach
from avatar_app.avatars.teaching.head_course import HeadCourse, teach_head
from avatar_app.avatars.teaching.live_portrait import LivePortraitTeacher
from avatar_app.avatars.teaching.wav2lip import Wav2LipTeacher
from avatar_app.core.errors import AvatarError, EngineDied, InputInvalid
from avatar_app.core.jobs import Job, Progress
from avatar_app.engines.face.portrait.avatar import HEAD, STUDENT, load_avatar
from avatar_app.engines.face.student.weights import write_student
from avatar_app.engines.face.taught.digest import face_digest
from avatar_app.engines.face.whole_head.head_file import write_head
from avatar_app.system.files import replacing
from avatar_app.system.process import THREAD_POOLS

_LOOK = 0.1
"""Seconds between two looks at whether the job was cancelled."""
_NICE = 10
"""The process gives way to conversations."""
_END = 5.0


@dataclass(frozen=True, slots=True)
class Taught:
    """What a student has become."""

    path: Path
    psnr: float
    """dB: how close it comes to its teacher."""
    flop: int
    """Floating-point operations for one picture."""


class _Subject(Protocol):
    """What is taught: runs in the process of its own."""

    def __call__(self, folder: Path, model: Path, threads: int, job: Job[Any]) -> Taught: ...


def teach_avatar(
    folder: Path, model: Path, job: Job[Any], course: Course | None = None, threads: int = 0
) -> Taught:
    """Teach the avatar in `folder` its lips by Wav2Lip with the checkpoint `model`; the student is
    kept with it, and an earlier one until then.

    `threads`: 0 are all cores. Raises InputInvalid where the avatar moves, ModelMissing or
    InputInvalid for its files, OutOfMemory, EngineDied, and JobCancelled.
    """
    return _taught(partial(_lips, course=course or Course()), folder, model, job, threads)


def teach_whole_head(
    folder: Path, model: Path, job: Job[Any], course: HeadCourse | None = None, threads: int = 0
) -> Taught:
    """Like `teach_avatar`: its whole head, by LivePortrait with the networks in the folder `model`.

    Raises TooSlow as well, where LivePortrait needs longer than the course allows.
    """
    return _taught(partial(_head, course=course or HeadCourse()), folder, model, job, threads)


def _lips(folder: Path, model: Path, threads: int, job: Job[Any], *, course: Course) -> Taught:
    avatar = load_avatar(folder)
    student = teach(Wav2LipTeacher(avatar, model, threads), face_digest(avatar), course, job)
    path = _kept(folder / STUDENT, lambda unfinished: write_student(student, unfinished))
    return Taught(path, student.psnr, student.flop)


def _head(folder: Path, model: Path, threads: int, job: Job[Any], *, course: HeadCourse) -> Taught:
    avatar = load_avatar(folder)
    head = teach_head(LivePortraitTeacher(avatar, model, threads), face_digest(avatar), course, job)
    path = _kept(folder / HEAD, lambda unfinished: write_head(head, unfinished))
    return Taught(path, head.psnr, head.flop)


def _kept(path: Path, write: Callable[[Path], None]) -> Path:
    try:
        with replacing(path) as unfinished:
            write(unfinished)
    except OSError as error:
        raise InputInvalid(
            f"The student cannot be written: {error.strerror}.", f"Look at {path.parent}."
        ) from error
    return path


def _taught(subject: _Subject, folder: Path, model: Path, job: Job[Any], threads: int) -> Taught:
    if load_avatar(folder).idle is not None:
        raise InputInvalid(
            f"The avatar {folder.name} moves; a student learns from a photo.",
            "Make an avatar from a photo: avatar-app avatars add PHOTO",
        )
    cores = threads or os.cpu_count() or 1
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    lesson = (theirs, subject, folder, model, cores)
    process = spawn.Process(target=_teach_in_child, args=lesson, name="teaching", daemon=True)
    with _threads(cores):
        process.start()
    theirs.close()
    try:
        return _result(ours, job)
    finally:
        if process.is_alive():
            process.join(0 if job.cancelled else _END)
        process.kill()
        process.join()
        ours.close()


def _result(connection: Connection, job: Job[Any]) -> Taught:
    """Report what the child reports until it has finished."""
    while True:
        job.check()
        if not connection.poll(_LOOK):
            continue
        try:
            message = connection.recv()
        except EOFError as error:
            raise EngineDied(
                "The process that teaches has ended.", "Close other programs, then try again."
            ) from error
        if isinstance(message, Progress):
            job.report(message.fraction, message.text, message.preview)
        elif isinstance(message, AvatarError):
            raise message
        else:
            taught: Taught = message
            return taught


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let a process that is started inside use `count` threads for numpy's products."""
    before = {name: os.environ.get(name) for name in THREAD_POOLS}
    os.environ.update(dict.fromkeys(THREAD_POOLS, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _teach_in_child(
    connection: Connection, subject: _Subject, folder: Path, model: Path, threads: int
) -> None:
    with suppress(OSError, AttributeError):
        os.nice(_NICE)
    job = Job[Taught]("Teaching", lambda job: subject(folder, model, threads, job))
    job.when_progressed(connection.send)
    try:
        connection.send(job.run())
    except AvatarError as error:
        connection.send(error)
