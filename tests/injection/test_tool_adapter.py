"""Tools are chosen by vectors of words, and can be injected themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.prompt import ToolDescription
from avatar_app.multimodal.bridge import NexusBridge
from avatar_app.multimodal.tool_adapter import ToolAdapter

TOOLS = [
    ToolDescription(name, about, {})
    for name, about in (
        ("set_timer", "Set a timer for a number of minutes."),
        ("add_note", "Add a note to the list of notes."),
        ("weather", "What is the weather in a city."),
        ("send_mail", "Send a mail to a person."),
        ("convert_units", "Convert a number of units."),
        ("look", "Look at a picture with the camera."),
        ("undo_last", "Undo the last act."),
        ("search", "Search the issues of a repository."),
    )
]
SAID = {
    "a timer for minutes": "set_timer",
    "note to the list": "add_note",
    "what is the weather in the city": "weather",
    "send the mail to the person": "send_mail",
    "convert the number": "convert_units",
    "the picture with the camera": "look",
    "undo the act": "undo_last",
    "issues of the repository": "search",
}


def test_the_right_tool_comes_first(llama: Any, tokenizer: Any) -> None:
    """Random vectors of words tell words apart: what is shared decides."""
    adapter = ToolAdapter(NexusBridge(llama, tokenizer), TOOLS)
    assert adapter.embeddings.shape == (8, 32)
    chosen = {said: adapter.choose(said)[0].name for said in SAID}
    assert chosen == SAID
    ranked = adapter.choose("undo the act", 5)
    assert len(ranked) == 5
    assert [each.similarity for each in ranked] == sorted(
        (each.similarity for each in ranked), reverse=True
    )
    assert len(adapter.choose("undo", 99)) == len(TOOLS)
    assert adapter.choose(" … ") == []


def test_chosen_tools_can_be_injected(llama: Any, tokenizer: Any) -> None:
    bridge = NexusBridge(llama, tokenizer)
    adapter = ToolAdapter(bridge, TOOLS)
    prompt = bridge.prompt("look at the list")
    one, other = (
        bridge.next_logits(adapter.embeddings[None, at : at + 2], prompt) for at in (0, 4)
    )
    assert torch.isfinite(one).all()
    assert not torch.allclose(one, other, atol=1e-4)


def test_nothing_to_choose_from_is_said(llama: Any, tokenizer: Any) -> None:
    with pytest.raises(ConfigInvalid, match="no tools"):
        ToolAdapter(NexusBridge(llama, tokenizer), [])
    with pytest.raises(ConfigInvalid, match="need a tokenizer"):
        ToolAdapter(NexusBridge(llama), TOOLS)
