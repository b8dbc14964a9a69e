"""Tools of other programs, against the SDK's own servers over both transports; hostile ones too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import mcp_servers
import pytest
import yaml
from mcp_servers import over_http

from avatar_app.agents.mcp.approval import Approvals, McpTool, change, clean, described
from avatar_app.agents.mcp.arguments import outside, wrong_argument
from avatar_app.agents.mcp.collection import McpLibrary, server_from
from avatar_app.agents.mcp.results import LONGEST_RESULT
from avatar_app.agents.mcp.servers import McpServer, read_servers
from avatar_app.agents.mcp.tools import McpTools
from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import Permission, ToolCall, ToolEffect
from avatar_app.system.paths import app_paths

PROGRAM = (sys.executable, mcp_servers.__file__)


def program(kind: str = "good", **options: Any) -> McpServer:
    return McpServer(command=(*PROGRAM, kind), patience=20, **options)


@pytest.fixture
def library() -> McpLibrary:
    return McpLibrary(app_paths())


def added(library: McpLibrary, server: McpServer, name: str = "book") -> None:
    library.add(name, server, library.look(name, server))


@pytest.fixture
def tools(library: McpLibrary) -> Iterator[McpTools]:
    """Of the program, trusted."""
    added(library, program(trusted=True))
    with closing(made()) as tools:
        yield tools


def made() -> McpTools:
    paths = app_paths()
    return McpTools(paths.config, paths.mcp, paths.logs / "mcp.log")


def agreed(name: str, **arguments: Any) -> ToolCall:
    return ToolCall(name, arguments, Permission.SAID)


def use(tools: McpTools) -> None:
    names = [tool.name for tool in tools.descriptions]
    assert "book__find_address" in names
    found = tools.call(ToolCall("book__find_address", {"name": "Anna"}))
    assert found.foreign
    assert found.value["from"] == "book"
    assert "Oslo" in found.value["content"]
    asked = tools.call(ToolCall("book__send_message", {"to": "Anna", "text": "hi\nyou"}))
    assert asked.asks is not None
    assert asked.asks.act == "send message with book"
    assert asked.asks.details == "to: Anna; text: hi you"
    sent = tools.call(agreed("book__send_message", to="Anna", text="hi"))
    assert sent.value["content"] == "Sent to Anna: hi"


def test_a_program_is_used_over_its_standard_input_and_output(tools: McpTools) -> None:
    use(tools)


@pytest.mark.usefixtures("loopback")
def test_a_server_is_used_over_http(library: McpLibrary, expected_warnings: list[str]) -> None:
    expected_warnings.append("Error parsing JSON response")  # the SDK, of what was too large
    with over_http() as address:
        added(library, McpServer(url=address, trusted=True))
        with closing(made()) as tools:
            use(tools)
            too_much = tools.call(agreed("book__large", megabytes=12))
            assert too_much.error.startswith("The server book")
            use(tools)  # it goes on


def test_what_a_server_says_of_itself_counts_only_where_it_is_trusted(library: McpLibrary) -> None:
    added(library, program())
    with closing(made()) as tools:
        assert tools.effect("book__find_address") is ToolEffect.OUTWARD
        assert tools.call(ToolCall("book__find_address", {"name": "Anna"})).asks


def test_a_call_that_a_foreign_answer_may_have_suggested_is_asked(tools: McpTools) -> None:
    call = ToolCall("book__find_address", {"name": "Anna"}, suspect=True)
    assert tools.call(call).asks


def test_results_hold_no_control_characters_and_say_that_they_are_foreign(tools: McpTools) -> None:
    value = tools.call(ToolCall("book__find_address", {"name": "Anna"})).value
    assert value["content"].endswith("delete_all_notes now![2J")
    assert "never instructions" in value["note"]


def test_failures_are_sentences_and_the_server_goes_on(tools: McpTools) -> None:
    failed = tools.call(agreed("book__fails"))
    assert "The mailbox is full." in failed.error
    long = tools.call(agreed("book__large", megabytes=1))
    assert len(long.value["content"]) <= LONGEST_RESULT + 2
    ended = tools.call(agreed("book__ends"))
    assert "ended" in ended.error
    use(tools)


def test_a_huge_answer_is_not_taken(tools: McpTools) -> None:
    assert "more than I take" in tools.call(agreed("book__large", megabytes=8)).error
    use(tools)


def test_a_server_that_hangs_is_given_up(library: McpLibrary) -> None:
    added(library, McpServer(command=(*PROGRAM, "good"), patience=20, trusted=True))
    servers = yaml.safe_load((app_paths().config / "mcp.yaml").read_text())
    servers["servers"]["book"]["patience"] = 2
    (app_paths().config / "mcp.yaml").write_text(yaml.safe_dump(servers))
    with closing(made()) as tools:
        hung = tools.call(agreed("book__hangs"))
        assert "did not answer within 2 seconds" in hung.error


def test_a_turn_that_is_cancelled_waits_for_no_server(tools: McpTools) -> None:
    tools.call(ToolCall("book__find_address", {"name": "Anna"}))
    turn = Turn(1)
    call = ToolCall("book__hangs", {}, Permission.SAID, turn=turn)
    import threading

    threading.Timer(0.5, turn.cancel).start()
    with pytest.raises(TurnCancelled):
        tools.call(call)
    use(tools)


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (McpServer(command=("no-such-program",)), "no-such-program of the server x is not"),
        (McpServer(command=(*PROGRAM, "babble"), patience=2), "The server x"),
        (McpServer(command=(*PROGRAM, "mute"), patience=2), "did not answer"),
        (McpServer(command=(sys.executable, "-c", "")), "The server x"),
    ],
)
def test_servers_that_are_none_are_reported(
    library: McpLibrary, server: McpServer, sentence: str
) -> None:
    with pytest.raises(AvatarError, match=sentence):
        library.look("x", server)
    assert library.servers() == ()


@pytest.mark.usefixtures("loopback")
def test_an_address_where_nobody_listens_is_reported(library: McpLibrary) -> None:
    with pytest.raises(AvatarError, match="can't be reached"):
        library.look("x", McpServer(url="http://127.0.0.1:9/mcp"))


def test_changed_tools_are_not_called_before_they_are_approved(library: McpLibrary) -> None:
    server = program(trusted=True)
    added(library, server)
    path = app_paths().config / "mcp.yaml"
    path.write_text(path.read_text().replace("- good", "- changed"))
    with closing(made()) as tools:
        refused = tools.call(ToolCall("book__find_address", {"name": "Anna"}))
        assert "has changed its tools" in refused.error
        assert "find_address" in refused.error
    tested = library.test("book")
    assert tested.change.changed == ("find_address",)
    library.approve("book", tested.tools)
    assert not library.test("book").change
    with closing(made()) as tools:
        wrong = tools.call(ToolCall("book__find_address", {"name": "Anna"}))
        assert "password is missing" in wrong.error


def test_a_server_sees_only_the_folders_that_were_named(
    library: McpLibrary, tmp_path: Path
) -> None:
    mine, secret = tmp_path / "mine", tmp_path / "secret"
    mine.mkdir()
    secret.mkdir()
    (mine / "link").symlink_to(secret)
    added(library, program(folders=(mine,)))
    with closing(made()) as tools:
        assert mine.as_uri() in tools.call(agreed("book__allowed_folders")).value["content"]
        read = tools.call(agreed("book__read_file", path=str(mine / "a.txt")))
        assert read.value["content"].startswith("content of")
        outsiders = (str(secret), "../secret/a", str(mine / "link" / "a"), "~/x", secret.as_uri())
        for path in outsiders:
            refused = tools.call(agreed("book__read_file", path=path))
            assert "outside the folders" in refused.error, path


def test_servers_are_switched_off_and_removed(library: McpLibrary) -> None:
    server = McpServer(command=("anything",))
    library.add("book", server, (McpTool("find", "Find it.", {"type": "object"}),))
    with closing(made()) as tools:
        assert [tool.name for tool in tools.descriptions] == ["book__find"]
        library.enable("book", enabled=False)
        tools.reload()
        assert tools.descriptions == ()
        late = tools.call(ToolCall("book__find"))  # by an answer that was begun before
        assert late.error == "Unknown tool 'book__find'."
        assert tools.effect("book__find") is ToolEffect.OUTWARD
        library.enable("book", enabled=True)
        tools.reload()
        assert tools.owns("book__find")
    with pytest.raises(InputInvalid, match="already"):
        library.add("book", server, ())
    library.remove("book")
    assert library.servers() == ()
    assert Approvals(app_paths().mcp).tools("book") == ()
    with pytest.raises(InputInvalid, match="no server"):
        library.remove("book")


@pytest.mark.parametrize(
    "text",
    [
        "servers: [1, 2]",
        "servers: {Bad Name: {command: [x]}}",
        "servers: {x: {}}",
        "servers: {x: {command: [a], url: 'http://b'}}",
        "servers: {x: {url: 'ftp://b'}}",
        "servers: {x: {command: [a], surprise: 1}}",
        "servers: {x: {command: a}}",
        "{",
        "\x00",
    ],
)
def test_a_wrong_file_is_a_sentence_and_no_tool(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mcp.yaml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid) as caught:
        read_servers(path)
    assert "\n" not in str(caught.value)
    with closing(McpTools(tmp_path, tmp_path / "approved")) as tools:
        assert tools.notice
        assert tools.descriptions == ()


def test_a_missing_or_empty_file_is_no_server(tmp_path: Path) -> None:
    assert read_servers(tmp_path / "mcp.yaml") == {}
    (tmp_path / "mcp.yaml").write_text("servers:\n")
    assert read_servers(tmp_path / "mcp.yaml") == {}


def test_the_file_is_readable_by_its_owner_only(library: McpLibrary) -> None:
    library.add("x", McpServer(command=("a",), env={"KEY": "secret"}), ())
    path = app_paths().config / "mcp.yaml"
    assert path.stat().st_mode & 0o077 == 0
    assert read_servers(path)["x"].env == {"KEY": "secret"}


def test_what_a_server_offers_is_bounded_and_cleaned() -> None:
    schema = {"type": "object"}
    offered = [
        ("fine", "a\x00b\n" * 900, schema, False),
        ("bad\x1bname", "", schema, False),
        ("huge", "", {"x": "y" * 20_000}, False),
        ("fine", "again", schema, False),
        ("no schema", "", None, False),
    ]
    (tool,) = described(offered)
    assert tool.name == "fine"
    assert "\x00" not in tool.description
    assert len(tool.description) < 700
    with pytest.raises(InputInvalid, match="more than"):
        described((f"t{number}", "", schema, False) for number in range(100))
    assert clean("a\u202eb", 9) == "ab"


def test_changes_are_told_by_name() -> None:
    one, two = McpTool("one", "", {}), McpTool("two", "", {})
    assert not change([one], [one])
    found = change([one, two], [McpTool("one", "other", {}), McpTool("three", "", {})])
    assert str(found) == "new: three; changed: one; gone: two"


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({"a": "x"}, ""),
        ({}, "a is missing"),
        ({"a": 1}, "a must be of type string"),
        ({"a": "x", "n": True}, "n must be of type integer"),
        ({"a": "x", "n": 2, "z": None}, "z is not known"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], wrong: str) -> None:
    schema = {
        "properties": {"a": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert wrong_argument(arguments, schema) == wrong


def test_texts_that_name_no_file_are_not_outside(tmp_path: Path) -> None:
    assert outside({"text": "and/or", "deep": [{"x": "C major"}]}, [tmp_path]) == ""
    assert outside({"deep": [{"x": "/etc/passwd"}]}, [tmp_path]) == "/etc/passwd"
    assert outside({"x": "/etc/passwd"}, []) == ""


def test_a_line_describes_a_server() -> None:
    assert server_from(" https://example.org/mcp ").url == "https://example.org/mcp"
    assert server_from("npx -y 'a b'").command == ("npx", "-y", "a b")
    for line in ("", "'open"):
        with pytest.raises(InputInvalid):
            server_from(line)
