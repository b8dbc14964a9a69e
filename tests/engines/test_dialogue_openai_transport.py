"""The way to a server: proxies, certificates, and servers that take their time."""

from __future__ import annotations

import os
from functools import partial

import pytest
from chat_server import SAID, ChatServer, SocksServer, late, running, willing

from avatar_app.core.errors import AvatarError, ConfigInvalid, EngineFailed
from avatar_app.core.network import check_environment, is_loopback
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.dialogue.openai import transport
from avatar_app.engines.dialogue.openai.engine import OpenAIDialogue
from avatar_app.engines.hosting.hosted import HostedDialogue

PROMPT = Prompt((Message(Role.USER, "Hi!"),))
pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT"):
            monkeypatch.delenv(name)


def answer(address: str, turn: Turn | None = None, **options: object) -> str:
    dialogue = OpenAIDialogue(address=address, model="m", **options)
    return "".join(str(piece) for piece in dialogue.reply(PROMPT, turn or Turn(1)))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:8080", True),
        ("http://127.8.0.1", True),
        ("http://0.0.0.0:1/v1", True),
        ("http://me.localhost", True),
        ("http://localhost.:1", True),
        ("http://ip6-localhost:1", True),
        ("http://127.1:1", True),
        ("http://0:1", True),
        ("http://2130706433", True),
        ("http://0x7f000001", True),
        ("http://0177.0.0.1", True),
        ("http://8.8", False),
        ("http://127.0.0.1.nip.io", False),
        ("http://127.0.0.0.1", False),
        ("http://1.256.1", False),
        ("http://0x", False),
        ("http://192.168.0.2/v1", False),
        ("nonsense", False),
        ("https://localhost.example.com/v1", False),
        ("http://[::1", False),
    ],
)
def test_local_addresses_are_recognized(address: str, *, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "ftp://nonsense"])
def test_loopback_requests_bypass_the_proxy(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str
) -> None:
    monkeypatch.setenv(variable, proxy)
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with running(ChatServer(willing)) as server:
        assert answer(server.address) == SAID


def test_remote_requests_use_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(ChatServer(willing)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        assert answer("http://models.example/v1") == SAID
    assert proxy.paths == ["http://models.example/v1/chat/completions"]


def test_remote_requests_use_a_socks_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(ChatServer(willing)) as server, running(SocksServer(server.server_port)) as socks:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{socks.server_address[1]}")
        assert answer("http://models.example/v1") == SAID
    assert socks.asked == ["models.example"]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SSL_CERT_FILE", "/nowhere.pem", "SSL_CERT_FILE names /nowhere.pem, which does not exist"),
        ("SSL_CERT_FILE", __file__, "contains no readable certificates"),
        ("SSL_CERT_DIR", "/nowhere", "SSL_CERT_DIR names /nowhere, which does not exist"),
        ("HTTPS_PROXY", "socks4://127.0.0.1:9", "HTTPS_PROXY names a proxy that cannot be used"),
        ("ALL_PROXY", "http://", "ALL_PROXY names a proxy that cannot be used"),
        ("HTTP_PROXY", "http://proxy:many", "HTTP_PROXY names a proxy that cannot be used"),
        ("HTTPS_PROXY", "http://proxy:1\n", "HTTPS_PROXY names a proxy that cannot be used"),
        (
            "SSLKEYLOGFILE",
            "/nowhere/keys",
            "SSLKEYLOGFILE names /nowhere/keys, which does not exist",
        ),
    ],
)
def test_invalid_proxy_variables_are_reported(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigInvalid, match=said) as raised:
        answer("https://models.example/v1")
    assert variable in raised.value.hint


def test_valid_proxy_variables_are_accepted() -> None:
    check_environment({})
    check_environment({"SSL_CERT_DIR": os.pathsep.join(("/nowhere", os.curdir))})
    check_environment({"https_proxy": "proxy.example:8080", "ALL_PROXY": "socks5://[::1]:1080"})


def test_missing_socks_package_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar_app.core.network.find_spec", lambda _name: None)
    with pytest.raises(AvatarError, match="needs the package socksio"):
        check_environment({"ALL_PROXY": "socks5://127.0.0.1:1080"})


def test_refusing_proxy_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "RETRIES", 0)
    with running(ChatServer(willing)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        with pytest.raises(EngineFailed, match="proxy refused to connect"):  # it knows no CONNECT
            answer("https://models.example/v1")


def test_slow_first_token_is_awaited_and_explained() -> None:
    """The host's own patience is far shorter."""
    turn, explained = Turn(1), []
    turn.explain_wait = explained.append  # type: ignore[method-assign]
    with running(ChatServer(late(1.5))) as server:
        made = partial(OpenAIDialogue, address=server.address, model="m", patience=30.0)
        host = HostedDialogue(made, "The server", patience=0.3)
        try:
            assert "".join(str(piece) for piece in host.reply(PROMPT, turn)) == SAID
        finally:
            host.close()
    assert any("may be loading its model" in sentence for sentence in explained)
    assert explained[-1] == ""
    assert len(server.paths) == 1, "who asks again makes a server begin to load again"


def test_timed_out_request_is_not_retried() -> None:
    with (
        running(ChatServer(late(0.6))) as server,
        pytest.raises(EngineFailed, match="did not answer in time"),
    ):
        answer(server.address, patience=0.2)
    assert len(server.paths) == 1


def test_loading_server_is_retried_until_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "FIRST_DELAY", 0.01)
    turn, explained = Turn(1), []
    turn.explain_wait = explained.append  # type: ignore[method-assign]

    def loading(count: int) -> tuple[int, bytes] | None:
        return (503, b'{"error": {"message": "Loading model"}}') if count < 9 else None

    with running(ChatServer(loading)) as server:
        assert answer(server.address, turn) == SAID
    assert "is loading its model" in explained[-2]


def test_waiting_for_a_busy_server_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_DELAY", 60.0)
    monkeypatch.setattr(transport, "LONGEST_DELAY", 240.0)
    turn = Turn(1)

    def busy(_count: int) -> tuple[int, bytes]:
        turn.cancel()
        return 500, b"{}"

    with running(ChatServer(busy)) as server, pytest.raises(TurnCancelled):
        answer(server.address, turn)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b'{"error": {"message": "model m not found"}}', "know the model: model m not found"),
        (404, b"404 page not found", "nothing at this address: 404 page not found"),
        (404, b"<html><body><h1>Nothing</h1></body></html>", r"nothing at .*: Not Found \(404\)"),
        (400, b'{"detail": "too long"}', "refused: too long"),
        (400, b'{"error": "too long"}', "refused: too long"),
        (418, b"", "failed: I'm a Teapot"),
        (422, b'{"error": {"code": 7}}', r"failed: Unprocessable \w+ \(422\)"),
    ],
)
def test_errors_quote_the_server_rather_than_the_client(
    status: int, body: bytes, said: str
) -> None:
    with (
        running(ChatServer(lambda _count: (status, body))) as server,
        pytest.raises(AvatarError, match=said) as raised,
    ):
        answer(server.address)
    assert "Error code" not in raised.value.message
    assert "html" not in raised.value.message
    assert raised.value.hint
