"""Who may not, or does too much, is refused with a sentence; others are undisturbed."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from realtime import talking
from served import PATIENCE, UNLIMITED, client_of, http_of, serving
from served_engines import LIGHT, add_light_engines
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from avatar_app.core.errors import ConfigInvalid, DeviceUnavailable
from avatar_app.server.options import ServerOptions
from avatar_app.server.running import AvatarServer
from avatar_app.server.security.limits import Limits
from avatar_app.storage.paired_devices import PairedDevices
from avatar_app.system.paths import app_paths

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]


@pytest.fixture(autouse=True)
def light_engines(user_files_in_temporary_folder: None) -> None:
    add_light_engines()


def sentence(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"])


def socket_of(server: AvatarServer, path: str = "/v1/realtime", **rest: Any) -> Any:
    return connect(server.address.replace("http", "ws") + path, **rest)


def test_pages_of_others_reach_nothing() -> None:
    """DNS rebinding shows in the header Host, a page of another site in Origin."""
    with serving(LIGHT) as server, http_of(server) as http:
        for headers, status, words in (
            ({"Host": "evil.example"}, 421, "not called 'evil.example'"),
            ({"Host": "evil.example:8765"}, 421, "not called"),
            ({"Host": "127.0.0.1@evil.example"}, 421, "not called"),
            ({"Origin": "https://evil.example"}, 403, "may not use the server"),
            ({"Origin": "null"}, 403, "may not use the server"),
        ):
            answer = http.get("/v1/models", headers=headers)
            assert (answer.status_code, words in sentence(answer)) == (status, True)
        own = {"Origin": server.address}
        assert http.get("/v1/models", headers=own).status_code == 200
        assert http.get("/v1/models", headers={"Host": "localhost:1"}).status_code == 200
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
            with (
                pytest.raises(InvalidStatus) as caught,
                socket_of(server, additional_headers=headers),
            ):
                raise AssertionError("it was let in")
            assert caught.value.response.status_code in (403, 421, 400)


def test_devices_are_paired_listed_and_revoked() -> None:
    with serving(LIGHT, needs_token=True) as server, http_of(server) as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
            answer = http.get("/v1/models", headers=headers)
            assert answer.status_code == 401
            assert "avatar-app serve pair" in sentence(answer)
        assert http.get("/health").status_code == 200
        devices = server.parts.devices
        code = devices.begin_pairing()
        wrong = http.post("/v1/devices/pair", json={"code": "00000000x", "name": "thief"})
        assert (wrong.status_code, "code is wrong" in sentence(wrong)) == (400, True)
        paired = http.post("/v1/devices/pair", json={"code": code, "name": "kitchen"}).json()
        again = http.post("/v1/devices/pair", json={"code": code, "name": "second"})
        assert again.status_code == 400
        assert [device.name for device in devices.all()] == ["kitchen"]
        with client_of(server, paired["token"]) as client:
            assert client.models.list().data
            with client.realtime.connect(model="avatar") as connection:
                assert connection.recv().type == "session.created"
            protocols = ["realtime", f"openai-insecure-api-key.{paired['token']}"]
            with socket_of(server, subprotocols=protocols) as browser:
                assert json.loads(browser.recv())["type"] == "session.created"
            devices.revoke("kitchen")
            with pytest.raises(openai.AuthenticationError, match="not known"):
                client.models.list()
        with (
            pytest.raises(InvalidStatus) as caught,
            socket_of(server, additional_headers={"Authorization": f"Bearer {paired['token']}"}),
        ):
            raise AssertionError("it was let in")
        assert "not known here" in caught.value.response.body.decode()


def test_a_code_is_void_after_five_wrong_ones_and_after_ten_minutes() -> None:
    from datetime import UTC, datetime, timedelta

    from avatar_app.core.errors import InputInvalid

    now = datetime(2030, 1, 1, tzinfo=UTC)
    devices = PairedDevices(app_paths().data / "devices.db", lambda: now)
    code = devices.begin_pairing()
    for _ in range(5):
        with pytest.raises(InputInvalid, match="wrong"):
            devices.pair("1", "thief")
    with pytest.raises(InputInvalid, match="wrong"):
        devices.pair(code, "late")
    code = devices.begin_pairing()
    now += timedelta(minutes=11)
    with pytest.raises(InputInvalid, match="no longer valid"):
        devices.pair(code, "late")
    device, token = devices.pair(devices.begin_pairing(), "ok\x1b[31m\n")
    assert device.name == "ok[31m"
    assert devices.owner_of(token) == device
    assert token not in (app_paths().data / "devices.db").read_bytes().decode("latin-1")
    with pytest.raises(ConfigInvalid, match="No device is called 'x'"):
        devices.revoke("x")
    devices.close()


def test_limits_of_size_rate_and_number() -> None:
    limits = Limits(per_second=0.001, burst=12, body=2_000, upload=50_000)
    with serving(LIGHT, limits=limits) as server, http_of(server) as http:
        large = {"input": "a" * 3_000}
        assert "larger than" in sentence(http.post("/v1/audio/speech", json=large))

        def pieces() -> Any:
            yield from [b'{"input": "'] + [b"a" * 500] * 20

        answer = http.post(
            "/v1/audio/speech", content=pieces(), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, "larger than" in sentence(answer)) == (413, True)
        upload = http.post("/v1/audio/transcriptions", files={"file": b"0" * 60_000})
        assert upload.status_code == 413
        for path in ("/v1/../../etc/passwd", "/v1/models/%2e%2e%2fetc", "/nothing"):
            assert http.get(path).status_code == 404
        answers = [http.get("/health") for _ in range(10)]
        assert answers[0].status_code == 200
        assert answers[-1].status_code == 429
        assert "Too many requests" in sentence(answers[-1])


def test_sessions_are_limited_and_others_go_on() -> None:
    with serving(LIGHT, sessions=2) as server, talking(server) as first, ExitStack() as stack:
        second = stack.enter_context(talking(server))
        with socket_of(server) as third, pytest.raises(ConnectionClosed) as caught:
            third.recv()
        assert "2 conversations are under way" in str(caught.value.rcvd.reason)
        for talk in (first, second):
            talk.say("hello")
            assert talk.answer().status == "completed"
        stack.close()
        with http_of(server) as http:
            while http.get("/health").json()["sessions"] > 1:
                continue
        with talking(server) as again:
            again.say("hello")
            assert again.answer().status == "completed"


def until_closed(client: Any) -> ConnectionClosed:
    """Receive until the server closes, and return how it did."""
    while True:
        try:
            client.recv(timeout=PATIENCE)
        except ConnectionClosed as closed:
            return closed


def test_oversized_frames_and_floods_end_one_connection_alone() -> None:
    limits = Limits(message=20_000, message_burst=50, messages_per_second=0.01)
    with serving(LIGHT, limits=limits) as server, talking(server) as talk:
        with socket_of(server) as large:
            large.send("a" * 30_000)
            assert until_closed(large).rcvd.code == 1009
        with socket_of(server) as larger:
            larger.send("a" * 3_000_000)
            assert until_closed(larger).rcvd.code == 1009
        with socket_of(server) as flood:
            for _ in range(100):
                flood.send("{}")
            assert "Too many messages" in str(until_closed(flood).rcvd.reason)
        talk.say("hello")
        assert talk.answer().status == "completed"


@contextmanager
def silent_reader(server: AvatarServer) -> Any:
    """A client that asks for much and reads nothing."""
    host, port = server.address.removeprefix("http://").split(":")
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        plain.connect((host, int(port)))
        body = json.dumps({"input": "flood. " * 40, "response_format": "pcm"}).encode()
        head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        plain.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        yield plain


def test_a_client_that_does_not_read_keeps_nothing_from_others() -> None:
    limits = replace(UNLIMITED, send_seconds=0.5)
    with serving(LIGHT, limits=limits) as server, http_of(server) as http, silent_reader(server):
        answer = http.post("/v1/audio/speech", json={"input": "Hello", "response_format": "pcm"})
        assert len(answer.content) == 9_600  # one word
        while not server.parts.counters.count_of("/v1/audio/speech", 408):
            assert http.get("/health").status_code == 200


def test_a_thousand_connections_are_survived() -> None:
    with serving(LIGHT) as server, http_of(server) as http:
        host, port = server.address.removeprefix("http://").split(":")
        for _ in range(20):
            with ExitStack() as stack:
                for _ in range(50):
                    plain = stack.enter_context(socket.create_connection((host, int(port))))
                    plain.sendall(b"\0garbage\r\n\r\n")
        while (status := http.get("/health").status_code) == 429:
            continue  # some of them are not yet known to be closed
        assert status == 200


def test_beyond_this_machine_only_with_tls_or_an_explicit_word(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="could overhear"):
        ServerOptions(host="0.0.0.0").check()
    with pytest.raises(ConfigInvalid, match="needs a certificate and its key"):
        ServerOptions(certificate=tmp_path).check()
    with pytest.raises(ConfigInvalid, match="does not exist"):
        ServerOptions(certificate=tmp_path / "a", key=tmp_path / "b").check()
    ServerOptions(host="0.0.0.0", unencrypted=True).check()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DeviceUnavailable, match="cannot listen"), serving(LIGHT, port=port):
            raise AssertionError("it listened")


def test_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    options = {"host": "127.0.0.1", "certificate": certificate, "key": key}
    with serving(LIGHT, **options) as server:
        assert server.address.startswith("https://")
        import ssl

        trusted = ssl.create_default_context(cafile=str(certificate))
        with httpx.Client(base_url=server.address, verify=trusted) as http:
            assert http.get("/health").json()["status"] == "ok"
