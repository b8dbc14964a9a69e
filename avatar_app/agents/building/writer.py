"""The language model that writes pages: a second instance of the user's, or why it is too small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from avatar_app.agents.base import LanguageModel
from avatar_app.agents.model import DialogueModel
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.turn import Turn
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice

NEEDED_CONTEXT = 4096
"""Tokens that a model reads and writes at once, from which it can hold a page."""
LONGEST_FILES = 4096
"""Tokens of the files that it writes at once."""
MOST_SENTENCES = 100
"""What small models say is kept to a few sentences; pages are not."""
HINT = "Choose a larger one on the page of models."


@contextmanager
def writing_model(
    registry: Registry,
    choice: EngineChoice,
    broker: MemoryBroker | None = None,
    give_way: Callable[[Turn], None] = lambda _turn: None,
) -> Iterator[LanguageModel]:
    """Load the chosen dialogue engine once more, so that the conversation keeps its own.

    `give_way`: see `DialogueModel`. Raises ConfigInvalid for one that is too small,
    OutOfMemory where there is no room for it.
    """
    manifest = registry.find(Kind.DIALOGUE, choice.engine)
    options = writing_options(manifest, choice.options)
    with ExitStack() as opened:
        if broker is not None:
            lease = broker.lease(manifest, options)
            opened.callback(lease.close)
            opened.enter_context(lease.use())
        engine = create_engine(registry, manifest, options, remembers=False)
        opened.callback(engine.close)
        yield DialogueModel(engine, give_way)


def writing_options(manifest: Manifest, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with which an engine writes files. Raises ConfigInvalid for one that is
    too small."""
    if manifest.name == BUILTIN[Kind.DIALOGUE]:
        raise ConfigInvalid("The built-in conversation is too small to write pages.", HINT)
    chosen = manifest.checked(dict(options))
    context = chosen.get("context", NEEDED_CONTEXT)
    if context < NEEDED_CONTEXT:
        raise ConfigInvalid(
            f"{manifest.title} is too small to write pages: its context has {context} tokens, and"
            f" a page needs {NEEDED_CONTEXT}.",
            "Give it a longer context in the settings, or choose another model.",
        )
    wanted = {
        "longest": min(LONGEST_FILES, context // 2),
        "sentences": MOST_SENTENCES,
        "tools": "none",
    }
    return dict(options) | {name: value for name, value in wanted.items() if name in chosen}
