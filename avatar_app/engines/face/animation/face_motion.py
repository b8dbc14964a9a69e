"""Poses as motion of a portrait: what an animator renders, and a loop of somebody at rest."""

from __future__ import annotations

from avatar_app.core.generation import FaceMotion
from avatar_app.core.values import FaceState
from avatar_app.engines.face.animation.idle_motion import advance_pose, blink, breath, nod_pitch
from avatar_app.engines.face.animation.pose import REST_SMILE, Pose

_YAW, _PITCH = 9.0, 7.0
"""Degrees of a head that is turned as far as it goes."""
_BREATH = 0.008
"""How much nearer a breath brings the face."""
_FADE = 0.6
"""Seconds at the end of a loop that blend into those before its beginning."""
_WARM_UP = 4.0
"""Seconds after which nothing is left of the pose from which a loop starts."""
_FROM, _TRIES, _LATER = 40.0, 200, 0.1
"""Seconds of life from which a loop may begin, how many moments are tried, and their distance."""
_CLEAR = 0.3
"""Seconds of open eyes at the beginning of a loop."""
_LOOK = 0.02


def face_motion(pose: Pose) -> FaceMotion:
    """Return the pose as motion away from a portrait, which is a friendly face at rest."""
    face, mouth = pose.expression, pose.mouth
    return FaceMotion(
        yaw=_YAW * face.yaw,
        pitch=_PITCH * _within(face.pitch + nod_pitch(pose)),
        roll=face.roll,
        zoom=_BREATH * breath(pose.clock),
        gaze_x=_within(face.gaze_x),
        gaze_y=_within(face.gaze_y),
        blink=min(max(pose.blink, 1 - face.lids, 0.0), 1.0),
        brows=_within(face.brows),
        smile=_within(face.smile - REST_SMILE),
        mouth_open=min(max(mouth.opening, 0.0), 1.0),
        mouth_width=_within(mouth.width - mouth.rounding),
    )


def idle_loop(seconds: float, fps: float, liveliness: float = 1.0) -> tuple[FaceMotion, ...]:
    """Return motion of somebody at rest, who blinks once where the loop is long enough for that.

    Its end goes on as its beginning does: the last part blends into what came before.
    """
    fade = min(_FADE, seconds / 3)
    begin = _beginning(seconds, fade)
    count, fading = round(seconds * fps), round(fade * fps)
    before = fading + round(_WARM_UP * fps)
    pose, motions = Pose(clock=begin - before / fps), []
    for _ in range(before + count):
        pose = advance_pose(pose, FaceState.IDLE, 1 / fps, liveliness)
        motions.append(face_motion(pose))
    lead, loop = motions[before - fading : before], motions[before:]
    for k, earlier in enumerate(lead):
        share = (k + 1) / (fading + 1)
        share = share * share * (3 - 2 * share)
        loop[k - fading] = _mixed(loop[k - fading], earlier, share)
    return tuple(loop)


def _beginning(seconds: float, fade: float) -> float:
    """Return a moment of life from which on all blinks fall into the middle of a loop."""
    for number in range(_TRIES):
        begin = _FROM + number * _LATER
        places = range(round((fade + seconds) / _LOOK))
        shut = [at for at in (k * _LOOK - fade for k in places) if blink(begin + at)]
        if shut and min(shut) > _CLEAR and max(shut) < seconds - fade:
            return begin
    return _FROM


def _mixed(one: FaceMotion, other: FaceMotion, share: float) -> FaceMotion:
    return FaceMotion(*(a + (b - a) * share for a, b in zip(one, other, strict=True)))


def _within(value: float) -> float:
    return min(max(value, -1.0), 1.0)
