"""Vectors get into a language model, at its input and in its layers, and leave nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.multimodal.bridge import NexusBridge
from avatar_app.multimodal.hidden import HiddenInjection
from avatar_app.multimodal.prompts import PLACE, InjectionPrompt

PROMPT = InjectionPrompt((5, 6, 7), (8, 9))
IDS = torch.tensor([[5, 6, 7, 20, 21, 8, 9]])
EVERY_MODEL = pytest.mark.parametrize("family", ["llama", "gpt2"])


def vectors(count: int = 1, length: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, length, 32, generator=torch.Generator().manual_seed(seed))


@EVERY_MODEL
def test_embeddings_of_words_give_what_the_words_give(
    family: str, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(family)
    bridge = NexusBridge(model)
    words = bridge.words(torch.tensor([[20, 21]]))
    plain = model(IDS).logits[:, -1]
    assert torch.allclose(bridge.next_logits(words, PROMPT), plain, atol=1e-5)
    generated = model.generate(IDS, max_new_tokens=6, do_sample=False, pad_token_id=0)
    assert bridge.inject_to_llm(words, PROMPT, max_new_tokens=6) == [generated[0, 7:].tolist()]
    assert not torch.allclose(bridge.next_logits(vectors(), PROMPT), plain, atol=1e-2)


@EVERY_MODEL
def test_hidden_layers_restore_bit_for_bit(family: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(family)
    bridge = NexusBridge(model)
    before = model(IDS).logits
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    bridge.inject_to_llm(
        vectors(2), PROMPT, injection_points="hidden", layers=(0, 2), max_new_tokens=4
    )
    with HiddenInjection(model, vectors(), 3, (1,)):
        assert not torch.equal(model(IDS).logits, before)
    with pytest.raises(IndexError), HiddenInjection(model, vectors(), 3, (1,)):
        model(torch.tensor([[5, 900]]))
    assert torch.equal(model(IDS).logits, before)
    assert all(torch.equal(weights[name], each) for name, each in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_replaced_states_are_what_later_layers_read(llama: Any) -> None:
    states: list[torch.Tensor] = []
    catch = llama.model.layers[2].register_forward_pre_hook(
        lambda _module, given: states.append(given[0].detach())
    )
    injected = vectors()
    with HiddenInjection(llama, injected, 3, (1,)):
        llama(IDS)
    with HiddenInjection(llama, injected, 3, (1,), blend=0.25):
        llama(IDS)
    llama(IDS)
    catch.remove()
    replaced, mixed, plain = states
    assert torch.equal(replaced[:, 3:5], injected)
    assert torch.allclose(mixed[:, 3:5], 0.75 * plain[:, 3:5] + 0.25 * injected, atol=1e-6)
    for changed in (replaced, mixed):
        assert torch.equal(changed[:, :3], plain[:, :3])
        assert torch.equal(changed[:, 5:], plain[:, 5:])


def test_own_states_injected_again_change_nothing(llama: Any) -> None:
    """The states of words, put back where they were, in one pass and token by token."""
    states: list[torch.Tensor] = []
    catch = llama.model.layers[1].register_forward_hook(
        lambda _module, _given, output: states.append(output.detach())
    )
    plain = llama(IDS).logits
    catch.remove()
    with HiddenInjection(llama, states[0][:, 3:5], 3, (1,)):
        assert torch.equal(llama(IDS).logits, plain)
    memory, scores = None, []
    with HiddenInjection(llama, states[0][:, 3:5], 3, (1,)):
        for token in IDS[0]:
            output = llama(token[None, None], past_key_values=memory, use_cache=True)
            memory, scores = output.past_key_values, [*scores, output.logits]
    assert torch.allclose(torch.cat(scores, dim=1), plain, atol=1e-5)


def test_hidden_vectors_change_the_answer_and_count_through_generation(llama: Any) -> None:
    bridge = NexusBridge(llama)
    one = bridge.next_logits(vectors(seed=1), PROMPT, "hidden", layers=(0,))
    other = bridge.next_logits(vectors(seed=2), PROMPT, "hidden", layers=(0,))
    assert not torch.allclose(one, other, atol=1e-3)
    answers = [
        bridge.inject_to_llm(
            vectors(seed=seed) * 20, PROMPT, injection_points="hidden", layers=(0, 1, 2, 3),
            max_new_tokens=5,
        )[0]
        for seed in range(4)
    ]  # fmt: skip
    assert len({tuple(answer) for answer in answers}) > 1
    assert answers[0][0] == int(
        bridge.next_logits(vectors(seed=0) * 20, PROMPT, "hidden", (0, 1, 2, 3)).argmax()
    )


def test_gradients_reach_the_vectors(llama: Any) -> None:
    bridge = NexusBridge(llama)
    for point in ("input", "hidden"):
        given = vectors().requires_grad_()
        scores = bridge.next_logits(given, PROMPT, point)[:, 11].sum()
        (gradient,) = torch.autograd.grad(scores, given)
        assert (gradient.abs().amax(-1) > 0).all()


def test_words_around_the_place_are_read(llama: Any, tokenizer: Any) -> None:
    bridge = NexusBridge(llama, tokenizer)
    prompt = bridge.prompt(f"look at {PLACE} the picture")
    assert prompt == InjectionPrompt(
        tuple(tokenizer.convert_tokens_to_ids(["look", "at"])),
        tuple(tokenizer.convert_tokens_to_ids(["the", "picture"])),
    )
    assert bridge.prompt("the picture").before == ()
    words = bridge.words(torch.tensor([[*prompt.before, 20, 21, *prompt.after]]))
    whole = llama(inputs_embeds=words).logits[:, -1]
    placed = bridge.next_logits(words[:, 2:4], prompt)
    assert torch.allclose(placed, whole, atol=1e-5)
    answers = bridge.inject_to_llm(vectors(3), f"look at {PLACE}", max_new_tokens=3)
    assert [type(answer) for answer in answers] == [str, str, str]
    with pytest.raises(ConfigInvalid, match="twice"):
        bridge.prompt(f"{PLACE} {PLACE}")


def test_questions_cannot_end_the_users_message(llama: Any, tokenizer: Any) -> None:
    tokenizer.chat_template = (
        "{% for message in messages %}<s> user {{ message.content }} </s>{% endfor %}"
    )
    bridge = NexusBridge(llama, tokenizer)
    prompt = bridge.chat_prompt("look </s> at")
    assert prompt.before[0] == tokenizer.bos_token_id
    assert prompt.after == (tokenizer.eos_token_id,)
    assert tokenizer.eos_token_id not in prompt.before
    shown = bridge.chat_prompt("look at", [("the picture", "note"), ("a city", "list")])
    said = tokenizer.decode(shown.before).split("</s>")
    assert [" ".join(each.split()) for each in said] == [
        "<s> user look at the picture", "<s> user note", "<s> user look at a city",
        "<s> user list", "<s> user look at",
    ]  # fmt: skip
    tokenizer.chat_template = None


def test_what_was_read_once_is_read_again_and_forgotten(llama: Any) -> None:
    """The words before are remembered, for any number of answers, and not changed by any."""
    bridge = NexusBridge(llama)
    first = bridge.next_logits(vectors(3), PROMPT)
    bridge.inject_to_llm(vectors(2, seed=1), PROMPT, max_new_tokens=4)
    assert torch.equal(bridge.next_logits(vectors(3), PROMPT), first)
    assert torch.allclose(bridge.next_logits(vectors(3)[1:2], PROMPT), first[1:2], atol=1e-5)
    for at in range(12):
        bridge.next_logits(vectors(), InjectionPrompt((at, 5), (8,)))
    assert torch.allclose(bridge.next_logits(vectors(3), PROMPT), first, atol=1e-6)
    without = InjectionPrompt((), (8, 9))
    alone = llama(inputs_embeds=torch.cat((vectors(), bridge.words(IDS[:, 5:])), 1)).logits[:, -1]
    assert torch.allclose(bridge.next_logits(vectors(), without), alone, atol=1e-5)


def test_generation_stops_where_it_is_told_and_is_usable_again(llama: Any) -> None:
    bridge, count = NexusBridge(llama), 0

    def check() -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise InterruptedError

    before = llama(IDS).logits
    with pytest.raises(InterruptedError):
        bridge.inject_to_llm(
            vectors(), PROMPT, injection_points="hidden", max_new_tokens=30, check=check
        )
    assert count == 3
    assert torch.equal(llama(IDS).logits, before)


def test_wrong_vectors_and_places_are_said(llama: Any) -> None:
    bridge = NexusBridge(llama)
    assert bridge.dim == 32
    assert bridge.embedding_rms == pytest.approx(float(bridge.words.weight.pow(2).mean().sqrt()))
    with pytest.raises(ConfigInvalid, match="48 wide, and 32 are needed") as caught:
        bridge.next_logits(torch.zeros(1, 2, 48), PROMPT)
    assert "DimensionAdapter(48, 32)" in caught.value.hint
    with pytest.raises(InputInvalid, match="not finite"):
        bridge.next_logits(torch.full((1, 2, 32), torch.nan), PROMPT)
    with pytest.raises(InputInvalid, match="reads 64"):
        bridge.next_logits(vectors(length=60), PROMPT)
    with pytest.raises(ConfigInvalid, match="Unknown place 'middle'"):
        bridge.next_logits(vectors(), PROMPT, "middle")
    with pytest.raises(ConfigInvalid, match="no layer 4"):
        bridge.next_logits(vectors(), PROMPT, "hidden", layers=(4,))
    with pytest.raises(ConfigInvalid, match="No layer is named"):
        bridge.next_logits(vectors(), PROMPT, "hidden", layers=())
    with pytest.raises(ConfigInvalid, match="share from 0 to 1"):
        bridge.next_logits(vectors(), PROMPT, "hidden", blend=2)
    with pytest.raises(ConfigInvalid, match="need a tokenizer"):
        bridge.inject_to_llm(vectors(), "look")
