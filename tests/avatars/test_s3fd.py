"""S3FD finds what the published detector finds, and reads its weights without running anything."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from s3fd_parts import FOLDER, State, pure_green_state, random_state
from terminal import typed
from torch_files import Hostile, write_row, write_zip

from avatar_app.avatars.detection.faces import FaceDetector, create_face_detector
from avatar_app.avatars.detection.s3fd import S3fd
from avatar_app.avatars.detection.s3fd_graph import PICTURES, STRIDES, expected_shapes, s3fd_graph
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.cli.avatars import avatars
from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import load_avatar
from avatar_app.settings.schema import DetectorName
from avatar_app.system.paths import app_paths

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
NOSE = (126, 118)
DOUBLED = 5 * float(np.log(2))
"""What the network says of a face twice as large as its anchor."""
LEVELS = {"conv3_3_norm": 4, "conv4_3_norm": 8, "conv5_3_norm": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s3fd")


@pytest.fixture(scope="module")
def random_file(folder: Path) -> Iterator[Path]:
    path = write_zip(folder / "random.pth", random_state())
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def green_file(folder: Path) -> Iterator[Path]:
    """Faces of 128 pixels, a little to the right of a green pixel and below."""
    state = pure_green_state("conv5_3_norm", (0.5, 1.25, DOUBLED, DOUBLED))
    path = write_row(folder / "green.pth", state)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def green(green_file: Path) -> S3fd:
    return S3fd(green_file, batch=2)


def with_green(picture: Image, x: int, y: int, side: int = 1) -> Image:
    marked = picture.copy()
    marked[y : y + side, x : x + side] = 0, 255, 0
    return marked


def astronaut() -> Image:
    """Head and shoulders, the nose at NOSE."""
    whole = np.asarray(cv2.cvtColor(cv2.imread(str(ASTRONAUT)), cv2.COLOR_BGR2RGB), np.uint8)
    return np.ascontiguousarray(whole[:240, 96:352])


def gray(width: int, height: int) -> Image:
    return np.full((height, width, 3), 128, np.uint8)


def test_every_level_equals_the_published_network() -> None:
    """The golden numbers are of an implementation in torch, with the same random weights."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    network = onnxruntime.InferenceSession(s3fd_graph(random_state()), options)
    with np.load(FOLDER / "golden.npz") as golden:
        seen = golden["pictures"][..., ::-1] - np.array([104, 117, 123], np.float32)
        planes = np.ascontiguousarray(seen.transpose(0, 3, 1, 2))
        names = [output.name for output in network.get_outputs()]
        outputs = dict(zip(names, network.run(None, {PICTURES: planes}), strict=True))
        assert set(outputs) == set(golden.files) - {"pictures", "found_0", "found_1"}
        for name, values in outputs.items():
            assert values.shape == golden[name].shape
            assert np.abs(values - golden[name]).max() < 1e-4, name


def test_the_faces_are_those_of_the_published_detector(random_file: Path) -> None:
    detector = S3fd(random_file, batch=2)
    with np.load(FOLDER / "golden.npz") as golden:
        for index, boxes in enumerate(detector.boxes(list(golden["pictures"]))):
            expected = golden[f"found_{index}"]
            assert boxes.shape == expected.shape
            assert np.abs(boxes - expected).max() < 0.01


def test_the_table_has_the_published_keys_and_shapes() -> None:
    shapes = expected_shapes()
    assert len(shapes) == 65
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 22_459_110  # 90 MB
    assert shapes["fc6.weight"] == (1024, 512, 3, 3)
    assert shapes["conv3_3_norm_mbox_conf.weight"] == (4, 256, 3, 3)
    assert shapes["conv7_2_mbox_loc.bias"] == (4,)


@pytest.mark.parametrize("level", LEVELS)
def test_active_cell_yields_a_face_at_its_position(level: str, tmp_path: Path) -> None:
    stride = LEVELS[level]
    path = write_zip(tmp_path / "s3fd.pth", pure_green_state(level, (0.5, -1, DOUBLED, 0)))
    picture = with_green(gray(192, 128), 101, 75)
    (boxes,) = S3fd(path).boxes([picture])
    anchor = 4 * stride
    x = (101 // stride + 0.5) * stride + 0.05 * anchor
    y = (75 // stride + 0.5) * stride - 0.1 * anchor
    expected = [x - anchor, y - anchor / 2, x + anchor, y + anchor / 2]
    assert boxes.shape == (1, 5)
    assert np.allclose(boxes[0, :4], expected, atol=0.01)
    assert boxes[0, 4] == pytest.approx(1 / (1 + np.exp(-10)), abs=1e-4)
    assert stride in STRIDES


def test_pictures_of_any_size_and_number_are_processed(green: S3fd) -> None:
    """Large ones are made smaller: 1024 pixels to 512."""
    pictures = [
        with_green(gray(160, 96), 100, 60),
        with_green(gray(160, 96), 130, 30),
        gray(160, 96),
        with_green(gray(1024, 256), 300, 130, 2),
        with_green(gray(256, 20), 200, 10),
    ]
    together = green.boxes(pictures)
    assert [len(boxes) for boxes in together] == [1, 1, 0, 1, 1]
    for picture, boxes in zip(pictures, together, strict=True):
        assert np.allclose(green.boxes([picture])[0], boxes, atol=1e-3)
    x, y = 152 + 0.5 * 6.4, 72 + 1.25 * 6.4  # cell 9, 4 of the smaller picture
    assert np.allclose(together[3][0, :4], 2 * np.array([x - 64, y - 64, x + 64, y + 64]), atol=0.1)
    assert green.faces([]) == []


def test_overlapping_boxes_are_merged(green: S3fd) -> None:
    picture = gray(320, 96)
    for x in (60, 76, 92, 260):
        picture = with_green(picture, x, 40)
    faces = green.faces([picture])[0]
    assert len(faces) == 2
    assert sorted(face.side for face in faces) == pytest.approx([128, 128], abs=0.1)


def test_only_faces_with_a_mesh_are_returned(green: S3fd) -> None:
    """The detector is told of a face at the nose, and of another one on the wall."""
    picture = with_green(with_green(astronaut(), *NOSE), 248, 20)
    assert len(green.faces([picture])[0]) == 2
    eyes, usual = FaceDetector(green), FaceDetector()
    both = eyes.faces_in_each([picture, astronaut()])
    assert [len(faces) for faces in both] == [1, 0]
    found, _ = eyes.mesh(picture, both[0][0])
    expected, _ = usual.mesh(picture, usual.faces(picture)[0])
    assert np.linalg.norm(found - expected, axis=1)[:468].mean() < 1.5


@pytest.mark.parametrize("degrees", [-45, 30])
def test_tilted_head_is_measured_without_a_tilt_from_the_detector(
    green: S3fd, degrees: int
) -> None:
    place = cv2.getRotationMatrix2D((126.0, 124.0), degrees, 1.0)
    turned = np.asarray(cv2.warpAffine(astronaut(), place, (256, 240)), np.uint8)
    picture = with_green(turned, *NOSE)
    eyes, usual = FaceDetector(green), FaceDetector()
    found, _ = eyes.mesh(picture, eyes.faces(picture)[0])
    expected, _ = usual.mesh(picture, usual.faces(picture)[0])
    between = np.linalg.norm(expected[263] - expected[33])
    assert np.linalg.norm((found - expected)[:, :2], axis=1).mean() < 0.04 * between


_BIAS = "conv4_2.bias"
CHANGES: dict[str, tuple[Callable[[State], State], str]] = {
    "shape": (
        lambda state: state | {_BIAS: np.zeros(3, np.float32)},
        rf"{_BIAS} has the shape \(3",
    ),
    "missing": (
        lambda state: {key: state[key] for key in state if key != _BIAS},
        f"{_BIAS} is mis",
    ),
    "unknown": (lambda state: {f"{_BIAS}es": state[_BIAS]} | state, "the unknown entry"),
    "not finite": (
        lambda state: state | {_BIAS: state[_BIAS] * np.float32(np.nan)},
        f"{_BIAS} hol",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_wrong_entry_is_named(change: str, tmp_path: Path) -> None:
    changed, said = CHANGES[change]
    state = {key: np.zeros(shape, np.float32) for key, shape in expected_shapes().items()}
    path = write_zip(tmp_path / "s3fd.pth", changed(state))
    with pytest.raises(InputInvalid, match=said) as caught:
        S3fd(path)
    assert caught.value.message.startswith("s3fd.pth is ")
    assert _BIAS in caught.value.message
    assert caught.value.hint


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    program = pickle.dumps({"state_dict": Hostile(exec, f"open({str(witness)!r}, 'w')")}, 2)
    for name, content in (("row.pth", program), ("zip.pth", None)):
        if content is None:
            with zipfile.ZipFile(tmp_path / name, "w") as archive:
                archive.writestr("archive/data.pkl", program)
        else:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(InputInvalid, match="refused: loading it would run code"):
            S3fd(tmp_path / name)
    assert not witness.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_truncated_weights_are_reported(share: float, green_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "s3fd.pth"
    content = green_file.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputInvalid, match=r"^s3fd.pth is damaged"):
        S3fd(path)


def test_missing_weights_are_reported_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"No S3FD checkpoint at .*none\.pth") as caught:
        S3fd(tmp_path / "none.pth")
    assert "models download s3fd" in caught.value.hint
    assert "built-in detector" in caught.value.hint
    with pytest.raises(ModelMissing, match="No S3FD checkpoint"):
        create_face_detector(DetectorName.S3FD, app_paths().models)


@pytest.mark.parametrize("place", ["s3fd/s3fd-619a316812.pth", "s3fd.pth"])
def test_weights_in_the_models_folder_are_found(place: str, green_file: Path) -> None:
    path = app_paths().models / place
    path.parent.mkdir(parents=True)
    path.symlink_to(green_file)
    picture = with_green(astronaut(), *NOSE)
    assert (
        len(create_face_detector(DetectorName.S3FD, app_paths().models, batch=4).faces(picture))
        == 1
    )


def invoke(*arguments: object) -> str:
    return " ".join(typed(avatars, *arguments).output.split())


def test_avatar_can_be_created_with_s3fd(green_file: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), with_green(astronaut(), *NOSE)[..., ::-1])
    invoke("add", photo, "--name", "ada", "--detector", "s3fd", "--detector-model", green_file)
    invoke("add", photo, "--name", "bea", "--detector", "builtin")
    library = AvatarLibrary.of(app_paths())
    ada, bea = (load_avatar(library.folder(name)) for name in ("ada", "bea"))
    assert np.abs(ada.mesh - bea.mesh).mean() < 1.5
    cv2.imwrite(str(photo), astronaut()[..., ::-1])
    with pytest.raises(InputInvalid, match="No face"):
        invoke("add", photo, "--detector", "s3fd", "--detector-model", green_file)


def test_s3fd_is_selected_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_AVATARS__DETECTOR", "s3fd")
    with pytest.raises(ModelMissing, match="No S3FD checkpoint"):
        invoke("add", ASTRONAUT)
    assert "The avatar astronaut" in invoke("add", ASTRONAUT, "--detector", "builtin")
