"""The real Wav2Lip fails in whole conversations: the photo of the same avatar goes on in mid-word,
the sound as if nothing had been, one notice tells what to do, and the better face comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from wav2lip_parts import random_state, write_avatar, write_safetensors

from avatar_app.core.errors import OutOfMemory
from avatar_app.core.events import Failed, Noticed, Outcome, TurnEnded
from avatar_app.core.values import BLOCK_SECONDS, Image
from avatar_app.engines.face.lips.pose import LipPose
from avatar_app.engines.face.wav2lip.lip_stage import LipStage
from avatar_app.pipeline import commands
from avatar_app.pipeline.output.face_stage import LATE_FOR
from avatar_app.runtime.fallback.quality_ladder import DELAYS
from avatar_app.session.offline.conversation import OfflineConversation, offline_conversation
from avatar_app.session.offline.devices import SimulatedDevices, Tick
from avatar_app.session.offline.recordings import ReportLine, play_recordings
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths

FPS, WIDTH = 10.0, 192
SETTINGS = {
    "face.engine": "wav2lip",
    "face.options.width": WIDTH,
    "face.options.height": 108,
    "face.options.fps": FPS,
    "face.options.runtime": "onnxruntime",
    "dialogue.options.talkativeness": "short",
}
QUESTION = "what is seventy two plus three hundred"
GAP = 0.5
"""Seconds: the longest silence that a failure may cause."""
MID = 4
"""Pictures into the speech."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("face")
    return {
        "face.options.avatar": str(write_avatar(root / "avatar")),
        "face.options.model": str(write_safetensors(root / "model", random_state())),
    }


def starve() -> None:
    """onnxruntime asks for more memory than a machine can address, and raises what it then does."""
    size = helper.make_tensor("size", TensorProto.INT64, [1], [2**46])
    node = helper.make_node("ConstantOfShape", ["size"], ["huge"])
    output = helper.make_tensor_value_info("huge", TensorProto.FLOAT, [None])
    graph = helper.make_graph([node], "huge", [], [output], [size])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    onnx.checker.check_model(model)
    onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {})
    raise AssertionError("there was enough memory")


def run_out() -> None:
    raise OutOfMemory("The graphics memory is full.", "Choose standard quality, or use the CPU.")


class Trouble:
    """Makes the network fail at the picture number `at` of a speech, once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, strike: Callable[[], None]) -> None:
        self.at: int | None = None
        self._painted = 0
        begin = LipStage.begin

        def troubled(stage: LipStage, *arguments: Any) -> Callable[[], list[Image]]:
            self._painted += 1
            if self.at is not None and self._painted > self.at:
                self.at = None
                strike()
            return begin(stage, *arguments)

        monkeypatch.setattr(LipStage, "begin", troubled)

    def strike_at(self, picture: int) -> None:
        self._painted, self.at = 0, picture


class WatchedConversation:
    """A conversation in a watched, and who drew what was shown of it."""

    def __init__(self, offline: OfflineConversation) -> None:
        self.offline = offline
        self.moments: list[Tick] = []

    def ask(self, meanwhile: Callable[[], None] = lambda: None) -> TurnEnded:
        """One whole turn; `meanwhile` is called every 10 ms."""
        self.moments.clear()
        count = len(self.offline.ended)
        self.offline.conversation.send(commands.TextTyped(QUESTION))
        while len(self.offline.ended) == count:
            self.wait(0.01)
            meanwhile()
            assert len(self.moments) < 3000
        return self.offline.ended[-1]

    def wait(self, seconds: float) -> None:
        self.moments += self.offline.devices.pass_time(seconds)

    def longest_gap(self) -> float:
        """Seconds of silence within what was heard."""
        loud = [bool(np.abs(moment.played).max() > 1e-3) for moment in self.moments]
        heard = "".join("x" if sounds else " " for sounds in loud).strip()
        return max(map(len, heard.split("x"))) * 0.01

    def of(self, kind: type) -> list[Any]:
        return [event for _, event in self.offline.events if isinstance(event, kind)]

    def change(self) -> tuple[Tick, Tick]:
        """The last picture of the chosen face, and the first that follows it."""
        shown = [moment for moment in self.moments if moment.frame is not None]
        last = max(i for i, m in enumerate(shown) if isinstance(m.frame.pose, LipPose))  # type: ignore[union-attr]
        return shown[last], shown[last + 1]


@contextmanager
def watched_conversation(
    files: dict[str, str], pace: float = 20.0, **changed: Any
) -> Iterator[WatchedConversation]:
    settings, notices = load_settings(overrides=SETTINGS | files | changed)
    assert notices == ()
    with offline_conversation(settings, app_paths(), lambda _notice: None, pace) as offline:
        yield WatchedConversation(offline)


def check_whole(turn: TurnEnded, watched: WatchedConversation) -> None:
    assert turn.outcome is Outcome.FINISHED
    assert turn.heard_text == turn.avatar_text != ""
    assert watched.longest_gap() <= GAP
    assert not watched.of(Failed)


def check_relieved(turn: TurnEnded, watched: WatchedConversation, missed: float) -> None:
    """By the photo of the same avatar, in the same place, `missed` seconds of speech later."""
    check_whole(turn, watched)
    assert turn.pictures.chosen > 0
    assert turn.pictures.stand_in > 0
    assert turn.pictures.still == 0
    before, after = (moment.frame for moment in watched.change())
    assert before is not None
    assert after is not None
    assert after.at - before.at <= missed + 2 / FPS
    assert before.image.shape == after.image.shape
    assert np.abs(before.image.astype(int) - after.image).mean() < 4
    watched.wait(1.5)
    (notice,) = watched.of(Noticed)
    assert "tandard quality" in notice.hint
    assert "takes over" in notice.hint


def check_chosen(turn: TurnEnded, watched: WatchedConversation, width: int) -> None:
    """Every picture was drawn by the chosen face."""
    check_whole(turn, watched)
    assert turn.pictures.chosen == turn.pictures.shown > 0
    frame = watched.moments[-1].frame
    assert frame is not None
    assert frame.image.shape[1] == width


def test_out_of_memory_in_mid_sentence_loses_no_speech(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Trouble(monkeypatch, run_out)
    with watched_conversation(files) as watched:
        trouble.strike_at(MID)
        check_relieved(watched.ask(), watched, 1 / FPS)
        check_chosen(watched.ask(), watched, WIDTH // 2)
        watched.wait(DELAYS[0])
        check_chosen(watched.ask(), watched, WIDTH)
        assert len(watched.of(Noticed)) == 2
        assert watched.of(Noticed)[-1].message == "Wav2Lip works again, at full quality."


def test_allocation_failure_in_mid_sentence_loses_no_speech(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    expected_warnings.append("perform failed")
    trouble = Trouble(monkeypatch, starve)
    with watched_conversation(files) as watched:
        trouble.strike_at(MID)
        check_relieved(watched.ask(), watched, 1 / FPS)
        assert "not enough memory" in watched.of(Noticed)[0].message


class Hold:
    """Keeps the network from answering; as long as that, time passes all the same."""

    def __init__(self, devices: SimulatedDevices) -> None:
        self._devices, self._release = devices, threading.Event()
        self._held = False

    def strike(self) -> None:
        self._held, pace = True, self._devices._pace
        self._devices._pace = 2 * BLOCK_SECONDS
        assert self._release.wait(60)
        self._release.clear()
        self._held, self._devices._pace = False, pace

    def release(self) -> None:
        if self._held:
            self._release.set()


def test_slow_network_is_replaced_without_losing_speech(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched_conversation(files, pace=0.5) as watched:
        conversation = watched.offline.conversation
        hold = Hold(watched.offline.devices)
        trouble = Trouble(monkeypatch, hold.strike)

        def release_before_it_counts() -> None:
            if conversation.playback.now().seconds > 0.6 * LATE_FOR:
                hold.release()

        def release_when_relieved() -> None:
            newest = conversation.presenter.newest
            if newest is not None and not isinstance(newest.pose, LipPose):
                hold.release()

        trouble.strike_at(0)
        late = watched.ask(release_before_it_counts)
        check_chosen(late, watched, WIDTH)
        assert late.marks["first_frame"] > late.marks["first_sound"]
        assert not watched.of(Noticed)
        trouble.strike_at(MID)
        slow = watched.ask(release_when_relieved)
        check_relieved(slow, watched, LATE_FOR + 2 / FPS)
        assert "too slow" in watched.of(Noticed)[0].message


def test_turn_report_counts_frames_by_face(files: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "wav2lip.pth"
    path.write_bytes(b"PK\x03\x04 and no more")
    changed = {"face.options.model": str(path)}
    settings, _ = load_settings(overrides=SETTINGS | files | changed)
    report = play_recordings(settings, app_paths(), [ReportLine(QUESTION)], None)
    (turn,) = report["turns"]
    assert turn["heard_text"] == turn["avatar_text"] != ""
    assert turn["frames_by"] == {"chosen": 0, "stand_in": turn["frames_shown"], "still": 0}
    assert turn["frames_shown"] > 0
    assert report["engines"]["face"] == "photo"
    (notice,) = [each for each in report["notices"] if "takes over" in each]
    assert notice.startswith("wav2lip.pth is damaged")
    assert "Download the file again" in notice
    assert notice.endswith("Photo that moves takes over.")
