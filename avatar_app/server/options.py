"""How the server is reached, and how much it does at once; refuses what others could overhear."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid
from avatar_app.server.security.limits import Limits

PORT = 8765
EVERYWHERE = ("0.0.0.0", "::")
"""Hosts that stand for all addresses of this machine."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How the server is reached, and how much it does at once."""

    host: str = "127.0.0.1"
    port: int = PORT
    """0: any free one."""
    sessions: int = 4
    """Conversations at once."""
    voices: int = 1
    """Replicas of voice and dialogue."""
    on_ray: bool = False
    """Whether replicas are actors of a Ray cluster."""
    names: tuple[str, ...] = ()
    """By which clients call the server, besides its address."""
    certificate: Path | None = None
    """PEM, for TLS."""
    key: Path | None = None
    """PEM, of the certificate."""
    unencrypted: bool = False
    """Whether other machines may be served without TLS."""
    wyoming: int | None = None
    """The port of the Wyoming service; 0: any free one; None: there is none."""
    mcp: bool = False
    """Whether an agent at stdin and stdout is answered, with which the server ends."""
    needs_token: bool | None = None
    """None: only where other machines can reach it."""
    limits: Limits = field(default_factory=Limits)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def addresses(self) -> tuple[str, ...] | None:
        """Return the addresses of this machine that can be reached; None: all."""
        if self.is_local:
            return ("127.0.0.1",)
        return None if self.host in EVERYWHERE else (self.host,)

    def check(self) -> None:
        """Raise ConfigInvalid for a server that others could overhear, or that cannot be."""
        if (self.certificate is None) != (self.key is None):
            raise ConfigInvalid("TLS needs a certificate and its key.", "Give both.")
        for file in (self.certificate, self.key):
            if file is not None and not file.is_file():
                raise ConfigInvalid(f"The file {file} does not exist.", "Check the path.")
        if self.certificate is not None and self.key is not None:
            _check_certificate(self.certificate, self.key)
        if not (self.is_local or self.certificate or self.unencrypted):
            raise ConfigInvalid(
                f"On {self.host} everybody in the network could overhear what is said.",
                "Give --certificate and --key, or, in a network that you trust, --unencrypted.",
            )
        if self.wyoming is not None and not (self.is_local or self.unencrypted):
            raise ConfigInvalid(
                "Wyoming's protocol knows neither encryption nor tokens.",
                "Serve this machine alone, or, in a network that you trust, give --unencrypted.",
            )


def _check_certificate(certificate: Path, key: Path) -> None:
    """Raise ConfigInvalid where TLS cannot use them. OpenSSL would ask in the terminal for a key's
    password."""

    def refuse_password() -> str:
        raise ConfigInvalid(
            f"The key {key} has a password.", "Store it without one: openssl pkey -in KEY -out NEW."
        )

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, refuse_password)
    except OSError as error:  # also ssl.SSLError
        reason = getattr(error, "reason", None) or error.strerror or "not readable"
        raise ConfigInvalid(
            f"{certificate.name} and {key.name} are no certificate and its key: {reason}.",
            "Give PEM files that belong together.",
        ) from error
