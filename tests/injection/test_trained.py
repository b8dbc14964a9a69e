"""A real small language model answers about pictures and tones by the shipped projections, and by
chance without them; the recipe that trained them learns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from injection_scenes import pictures, tones
from judge import accuracy, guessed, noise, perceived, spoken
from questions import QUESTIONS
from starter import StarterSet, starter_set
from train_bridge import align, learn, projections

from avatar_app.core.manifest import Kind
from avatar_app.multimodal.bridge import NexusBridge
from avatar_app.multimodal.encoders.outline import OutlineEncoder
from avatar_app.multimodal.omni import OmniModel, load_omni_model

PICTURES = [each for each in QUESTIONS if each.modality == "picture"]
PITCH = next(each for each in QUESTIONS if each.aspect == "pitch")
REAL = pytest.mark.real_models


@pytest.fixture(scope="module")
def loaded() -> Iterator[list[OmniModel]]:
    """Where the model is kept, once it has been loaded."""
    models: list[OmniModel] = []
    yield models
    models.clear()


@pytest.fixture
def omni(starter: StarterSet, loaded: list[OmniModel]) -> OmniModel:
    if not loaded:
        paths = starter_set().path(Kind.DIALOGUE), starter.path(Kind.ASR)
        loaded.append(load_omni_model(paths[0], sound_encoder=paths[1]))
    return loaded[0]


@REAL
def test_model_tells_color_and_shape_of_pictures_it_never_saw(omni: OmniModel) -> None:
    shown = pictures(201, 60)
    vectors = perceived(omni, "picture", shown)
    unseen = pictures(202, 24, held_out_pairs=True)
    for question in PICTURES:
        answers = spoken(omni.bridge, question, vectors)
        assert accuracy(answers, question, shown) >= 90
        pairs = spoken(omni.bridge, question, perceived(omni, "picture", unseen))
        assert accuracy(pairs, question, unseen) >= 90


@REAL
def test_model_tells_pitch_of_tones_it_never_heard(omni: OmniModel) -> None:
    """Not their loudness: see docs/benchmarks.md."""
    played = tones(203, 18)
    answers = spoken(omni.bridge, PITCH, perceived(omni, "sound", played))
    assert accuracy(answers, PITCH, played) >= 90


@REAL
def test_model_guesses_without_what_is_trained(omni: OmniModel) -> None:
    """As good as chance: 8 colors, 6 shapes. Noise, and projections that were not trained."""
    shown = pictures(204, 60)
    vectors = perceived(omni, "picture", shown)
    features = {"picture": OutlineEncoder().encode([each.pixels for each in shown])}
    untrained = projections(omni.bridge, features).eval()
    given = untrained.project_single("picture", features["picture"]).detach()
    for question in PICTURES:
        for meaningless in (noise(vectors), given):
            answers = guessed(omni.bridge, question, meaningless)
            assert accuracy(answers, question, shown) <= 35


@REAL
def test_question_and_picture_through_the_whole(omni: OmniModel) -> None:
    picture = pictures(205, 1)[0]
    answers = {
        question.aspect: omni.answer(
            question.text, picture.pixels, examples=question.examples, max_new_tokens=4
        )
        for question in PICTURES
    }
    assert answers == {"color": picture.color, "shape": picture.shape}


def test_recipe_learns_through_a_model_that_stays_as_it_is(llama: Any, tokenizer: Any) -> None:
    """Both stages, for a model by chance: the loss of answers falls, and no weight changes."""
    from train_bridge import question_loss

    torch.manual_seed(7)
    bridge = NexusBridge(llama, tokenizer)
    labels = {"picture": pictures(206, 60), "sound": tones(207, 12)}
    features = {
        "picture": OutlineEncoder().encode([each.pixels for each in labels["picture"]]),
        "sound": torch.randn(12, 1, 16),
    }
    before = {name: value.clone() for name, value in llama.state_dict().items()}
    architect = projections(bridge, features)
    everything = range(60)

    def loss() -> float:
        return question_loss(bridge, architect, PICTURES[0], features, labels, everything).item()

    untrained = loss()
    align(bridge, architect, features, labels)
    learn(bridge, architect, features, labels, steps=40, batch=8)
    assert loss() < untrained
    assert all(torch.equal(before[name], each) for name, each in llama.state_dict().items())
    for parameter in llama.parameters():
        parameter.requires_grad = True
