"""The student of the whole head: taught by a drawn head, whose every motion is known."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.avatars.teaching.head_course import HeadCourse, teach_head
from avatar_app.avatars.teaching.learning import psnr_of
from avatar_app.avatars.teaching.motions import motions
from avatar_app.bench.drawn_head import EYES, MOUTH, DrawnHead
from avatar_app.bench.result import Report
from avatar_app.core.jobs import Job
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Image, Samples, SpeechChunk
from avatar_app.engines.face.lips.mel import RATE
from avatar_app.engines.face.portrait.avatar import HEAD, load_avatar
from avatar_app.engines.face.portrait.framing import framed
from avatar_app.engines.face.taught.digest import face_digest
from avatar_app.engines.face.whole_head.engine import WholeHeadFace
from avatar_app.engines.face.whole_head.head import Head
from avatar_app.engines.face.whole_head.head_file import write_head
from avatar_app.engines.live_portrait.crop import portrait_crop

QUICK = HeadCourse(pictures=300, held_out=40)
_UNSEEN = 40
_HALF = 48
"""Half the side of the squares in which eyes and mouth are compared, in pixels of the crop."""


def teach_drawn_head(folder: Path, course: HeadCourse, report: Report) -> Head:
    """Teach the avatar in `folder` a drawn head, and report what it became."""
    avatar, teacher = load_avatar(folder), DrawnHead()
    began, used = time.perf_counter(), time.process_time()
    job = Job[Head]("", lambda job: teach_head(teacher, face_digest(avatar), course, job))
    head = job.run()
    report.add("head_minutes", (time.perf_counter() - began) / 60, "min", most=20)
    report.add("head_processor", (time.process_time() - used) / 60, "min")
    write_head(head, folder / HEAD)
    report.add("head_psnr", head.psnr, "dB", least=38 if course.pictures > QUICK.pictures else None)
    for name, places in {"eyes": EYES, "mouth": (MOUTH,)}.items():
        report.add(f"head_{name}_psnr", _psnr_at(head, teacher, places), "dB")
    report.add("head_size", head.flop / 1e9, "GFLOP/picture", most=0.15)
    return head


def _psnr_at(head: Head, teacher: DrawnHead, places: tuple[tuple[float, float], ...]) -> float:
    squares = []
    for motion in motions(_UNSEEN, 99):
        ours, theirs = head.painted(motion), teacher.paint(motion)
        for x, y in places:
            part = (
                slice(int(y) - _HALF, int(y) + _HALF),
                slice(int(x) - _HALF, int(x) + _HALF),
            )
            one, other = (np.ascontiguousarray(each[part]) for each in (ours, theirs))
            squares.append(cv2.norm(one, other, cv2.NORM_L2SQR) / one.size)
    return psnr_of(float(np.mean(squares)))


def perform_whole_head(folder: Path, size: tuple[int, int], sound: Samples, report: Report) -> None:
    """Let the head speak; report what that took, and how much later than the animation layer has
    said it the mouth is open in the pictures."""
    face = WholeHeadFace(avatar=str(folder), width=size[0], height=size[1], expressiveness=0.0)
    avatar = load_avatar(folder)
    scale, x, y = framed(avatar, *size).place
    place = portrait_crop(avatar.mesh[:, :2].astype(np.float64) * scale + [x, y]).place
    spent, darkness, openings = 0.0, [], []
    used = time.process_time()
    for frame in face.perform(iter([SpeechChunk(AudioChunk(sound, RATE))]), Turn(1)):
        spent += time.process_time() - used
        darkness.append(_darkness(frame.image, place))
        openings.append(frame.pose.mouth_open)
        used = time.process_time()
    report.add("head_share", 100 * spent * face.fps / len(darkness), "% of a core", most=15)
    lag = 1000 * _lag(np.array(darkness), np.array(openings)) / face.fps
    report.add("head_lips_apart", abs(lag), "ms", most=45)
    face.close()


def _lag(shown: NDArray[np.float64], meant: NDArray[np.float64]) -> int:
    """Return by how many pictures one course follows the other, by correlation."""
    fits = np.correlate(shown - shown.mean(), meant - meant.mean(), mode="full")
    return int(np.argmax(fits)) - (len(meant) - 1)


def _darkness(picture: Image, place: NDArray[np.float64]) -> float:
    """Return how dark the mouth is, where the teacher has drawn it."""
    crop = cv2.warpAffine(picture, place, (512, 512))
    x, y = map(int, MOUTH)
    return 255.0 - float(crop[y - 4 : y + 20, x - 20 : x + 20].mean())
