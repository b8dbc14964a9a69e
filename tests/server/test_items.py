"""What a realtime session remembers of its items has a limit, whatever clients create."""

from __future__ import annotations

import pytest

from avatar_app.core.errors import InputInvalid
from avatar_app.server.realtime.items import MOST_CHARACTERS, MOST_ITEMS, RealtimeItems


def test_the_oldest_items_are_forgotten() -> None:
    items = RealtimeItems()
    for number in range(MOST_ITEMS + 5):
        items.add({"id": str(number)})
    assert items.find("5") == {"id": "5"}
    with pytest.raises(InputInvalid, match="no item '4'"):
        items.find("4")


def test_large_items_are_forgotten_sooner() -> None:
    items, picture = RealtimeItems(), "a" * (MOST_CHARACTERS // 4)
    items.add({"id": "first"})
    for number in range(4):
        items.add({"id": "same", "picture": picture, "number": number})
    assert items.find("first")
    for number in range(4):
        items.add({"id": str(number), "picture": picture})
    with pytest.raises(InputInvalid, match="no item 'same'"):
        items.find("same")
    assert items.last == "3"
    assert items.remove("2")["picture"] == picture
    items.add({"id": "4", "picture": picture})
    assert items.find("1")
    items.add({"id": "5", "picture": picture})
    with pytest.raises(InputInvalid, match="no item '1'"):
        items.find("1")
