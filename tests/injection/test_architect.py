"""Projections and fusions: shapes, weights of attention, gradients, checkpointing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from avatar_app.core.errors import ConfigInvalid
from avatar_app.multimodal.architect import NeuralArchitect
from avatar_app.multimodal.dimensions import DimensionAdapter


@pytest.fixture
def architect() -> NeuralArchitect:
    torch.manual_seed(5)
    return NeuralArchitect(32, num_heads=4).eval()


def given() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(6)
    return {
        "picture": torch.randn(2, 3, 48, generator=generator),
        "sound": torch.randn(2, 5, 20, generator=generator),
        "video": torch.randn(2, 2, 16, generator=generator),
    }


def test_every_modality_gets_the_same_width(architect: NeuralArchitect) -> None:
    projected = architect.project_embeddings(**given())
    assert {name: tuple(each.shape) for name, each in projected.items()} == {
        "picture": (2, 3, 32), "sound": (2, 5, 32), "video": (2, 2, 32),
    }  # fmt: skip
    for each in projected.values():
        assert torch.allclose(each.mean(-1), torch.zeros(1), atol=1e-5)
    again = architect.project_single("sound", given()["sound"])
    assert torch.equal(again, projected["sound"])
    assert architect.project_single("sound", torch.randn(20)).shape == (1, 1, 32)
    assert architect.project_single("sound", torch.randn(7, 20)).shape == (7, 1, 32)
    with pytest.raises(ConfigInvalid, match="48 wide, and 20 are needed"):
        architect.project_single("sound", given()["picture"])


def test_attention_shows_who_looked_at_whom(architect: NeuralArchitect) -> None:
    fused, weights = architect.project_and_fuse(return_attention_weights=True, **given())
    assert fused.shape == (2, 10, 32)
    assert weights.shape == (2, 4, 10, 10)
    assert torch.allclose(weights.sum(-1), torch.ones(1), atol=1e-5)
    alone = architect.fuse_modalities(architect.project_embeddings(**given()))
    assert torch.equal(fused, alone)


def test_attention_mixes_modalities(architect: NeuralArchitect) -> None:
    projected = architect.project_embeddings(**given())
    fused = architect.fuse_modalities(projected)
    changed = {**projected, "sound": projected["sound"] + 1.5 * torch.randn(2, 5, 32)}
    assert not torch.allclose(architect.fuse_modalities(changed)[:, :3], fused[:, :3], atol=1e-3)


def test_bias_decides_how_much_a_modality_is_looked_at(architect: NeuralArchitect) -> None:
    projected = architect.project_embeddings(**given())

    def looked(weight: float) -> tuple[Any, Any]:
        weights = {"sound": weight}
        return architect.fuse_modalities(
            projected, "attention_with_bias", weights, return_attention_weights=True
        )

    shares = [looked(weight)[1][..., 3:8].sum(-1).mean().item() for weight in (0, 0.5, 1, 4)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] > shares[1] + 0.2
    plain = architect.fuse_modalities(projected, "attention")
    assert torch.allclose(looked(1)[0], plain, atol=1e-6)
    without = architect.fuse_modalities({k: v for k, v in projected.items() if k != "sound"})
    deaf = looked(0)[0]
    assert torch.allclose(torch.cat((deaf[:, :3], deaf[:, 8:]), 1), without, atol=1e-5)


def test_weighted_sum_is_the_mean_by_weights(architect: NeuralArchitect) -> None:
    projected = architect.project_embeddings(**given())
    fused, shares = architect.fuse_modalities(
        projected, "weighted_sum", {"picture": 3, "video": 0}, return_attention_weights=True
    )
    assert shares.tolist() == [0.75, 0.25, 0.0]
    expected = 0.75 * projected["picture"].mean(1) + 0.25 * projected["sound"].mean(1)
    assert torch.allclose(fused[:, 0], expected, atol=1e-6)


def test_concat_leaves_everything_as_it_is(architect: NeuralArchitect) -> None:
    projected = architect.project_embeddings(**given())
    fused = architect.fuse_modalities(projected, "concat")
    assert torch.equal(fused, torch.cat(list(projected.values()), 1))


def test_groups_are_fused_first(architect: NeuralArchitect) -> None:
    projected = architect.project_embeddings(**given())
    groups = [["picture", "video"], ["sound"]]
    fused = architect.fuse_hierarchical(projected, groups)
    sight = architect.fuse_modalities({name: projected[name] for name in groups[0]})
    heard = architect.fuse_modalities({"sound": projected["sound"]})
    assert torch.equal(fused, architect.fuse_modalities({"sight": sight, "heard": heard}))
    assert architect.fuse_hierarchical(projected, groups, "weighted_sum").shape == (2, 1, 32)
    for wrong in ([["picture"]], [["picture", "sound", "video"], ["sound"]], [[*projected], []]):
        with pytest.raises(ConfigInvalid, match="one group"):
            architect.fuse_hierarchical(projected, wrong)


def saved_bytes(architect: NeuralArchitect) -> tuple[int, list[torch.Tensor]]:
    """What is kept for the gradients, beside the parameters, and the gradients."""
    own = {each.untyped_storage().data_ptr() for each in architect.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    architect.zero_grad()
    long = {name: each.repeat(1, 20, 1) for name, each in given().items()}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        fused = architect.project_and_fuse(**long)
    assert isinstance(fused, torch.Tensor)
    fused.square().sum().backward()
    return sum(kept.values()), [each.grad.clone() for each in architect.parameters()]


def test_checkpointing_keeps_less_and_gives_the_same_gradients(architect: NeuralArchitect) -> None:
    architect.project_embeddings(**given())
    architect.train()
    plain, gradients = saved_bytes(architect)
    architect.gradient_checkpointing_enable()
    less, again = saved_bytes(architect)
    assert less < plain / 2
    for one, other in zip(gradients, again, strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    architect.gradient_checkpointing_disable()
    assert saved_bytes(architect)[0] == plain


def test_dropout_acts_in_training_only() -> None:
    architect = NeuralArchitect(32, 4, 0.5)
    architect.add_modality("sound", 20)
    given_sound = torch.randn(1, 5, 20)
    assert not torch.equal(
        architect.project_single("sound", given_sound),
        architect.project_single("sound", given_sound),
    )
    architect.eval()
    assert torch.equal(
        architect.project_single("sound", given_sound),
        architect.project_single("sound", given_sound),
    )


def test_adapter_keeps_angles_as_far_as_the_width_allows() -> None:
    adapter = DimensionAdapter(20, 64)
    vectors = torch.randn(9, 20)
    mapped = adapter(vectors)[:, 0]
    cosine = torch.nn.functional.cosine_similarity
    assert torch.allclose(cosine(mapped[:1], mapped), cosine(vectors[:1], vectors), atol=1e-5)
    assert torch.allclose(mapped.norm(dim=1), vectors.norm(dim=1), atol=1e-4)


def test_adapter_makes_several_vectors_of_the_size_of_words() -> None:
    adapter = DimensionAdapter(20, 32, hidden_dim=40, tokens=3, use_layer_norm=True)
    adapter.match_rms(0.2)
    mapped = adapter(torch.randn(4, 2, 20) * 50)
    assert mapped.shape == (4, 6, 32)
    assert mapped.square().mean().sqrt().item() == pytest.approx(0.2, rel=0.01)


def test_what_does_not_fit_is_said(architect: NeuralArchitect) -> None:
    projected = architect.project_embeddings(**given())
    for call, words in (
        (lambda: NeuralArchitect(30, 4), "cannot be shared by 4 heads"),
        (lambda: NeuralArchitect(32, 4, 1.0), "Dropout is a share"),
        (lambda: DimensionAdapter(0, 8), "at least 1"),
        (lambda: architect.fuse_modalities({}), "nothing to fuse"),
        (lambda: architect.fuse_modalities(projected, "sum"), "Unknown fusion 'sum'"),
        (lambda: architect.fuse_modalities(projected, "concat", {"sound": 1}), "has no weights"),
        (
            lambda: architect.fuse_modalities(projected, "concat", return_attention_weights=True),
            "has no attention",
        ),
        (
            lambda: architect.fuse_modalities(projected, "weighted_sum", {"smell": 1}),
            "a weight for smell",
        ),
        (
            lambda: architect.fuse_modalities(projected, "weighted_sum", {"sound": -1}),
            "from 0 up",
        ),
        (lambda: architect.add_modality("sound", 3), "can be called 'sound'"),
        (lambda: architect.add_modality("a.b", 3), "can be called 'a.b'"),
        (lambda: architect.project_single("sound", torch.zeros(2, 0, 20)), "no vectors"),
        (lambda: architect.project_single("sound", torch.zeros(1, 1, 1, 20)), "1 to 3 axes"),
        (
            lambda: architect.fuse_modalities({**projected, "sound": torch.zeros(3, 1, 32)}),
            "different numbers",
        ),
    ):
        with pytest.raises(ConfigInvalid, match=words):
            call()
