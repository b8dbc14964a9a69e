"""Proxies and certificates that the environment configures for connections to servers.

HTTP clients follow HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR by
themselves, and fail with obscure messages where one is wrong: `check_environment` reports it first.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from avatar_app.core.errors import ConfigInvalid, ModelMissing
from avatar_app.core.network_access import is_loopback_host

_SCHEMES = ("http", "https", "socks5", "socks5h")
_PROXIES = ("http", "https", "all")


def is_loopback(address: str) -> bool:
    """Whether a server's address is this machine itself, which no proxy reaches."""
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return is_loopback_host(name)


def check_environment(environ: Mapping[str, str] | None = None) -> None:
    """Raise ConfigInvalid or ModelMissing where a proxy or certificate variable cannot be used."""
    environ = os.environ if environ is None else environ
    proxies = getproxies() if environ is os.environ else _proxies_in(environ)
    for kind in _PROXIES:
        if proxy := proxies.get(kind):
            _check_proxy(f"{kind.upper()}_PROXY", proxy)
    _check_certificates(environ)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, its cause, that one's cause and so on."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def root_cause(error: BaseException) -> BaseException:
    """Return the underlying error of the operating system or the TLS library, if it was one of the
    two.
    """
    found = [*causes(error)]  # an SSLError and a gaierror are OSErrors
    return next((each for each in found[1:] if isinstance(each, OSError)), found[-1])


def _proxies_in(environ: Mapping[str, str]) -> dict[str, str]:
    named = {name.lower(): value for name, value in environ.items()}
    return {kind: named[f"{kind}_proxy"] for kind in _PROXIES if named.get(f"{kind}_proxy")}


def _check_proxy(variable: str, proxy: str) -> None:
    hint = f"Write it like  http://proxy.example.com:8080, or unset {variable}."
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        valid = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
        valid = valid and proxy.isprintable()  # a line break comes along with a copied value
    except ValueError:
        valid = False
    if not valid:
        raise ConfigInvalid(f"{variable} names a proxy that cannot be used: {proxy!r}.", hint)
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ModelMissing(
            f"{variable} names a SOCKS proxy, which needs the package socksio.",
            "Type: pip install socksio",
        )


def _check_certificates(environ: Mapping[str, str]) -> None:
    if file := environ.get("SSL_CERT_FILE"):
        _require(Path(file).is_file(), "SSL_CERT_FILE", file)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
        except (OSError, ValueError) as error:
            raise ConfigInvalid(
                f"SSL_CERT_FILE names {file}, which contains no readable certificates.",
                "Correct SSL_CERT_FILE, or unset it.",
            ) from error
    if folders := environ.get("SSL_CERT_DIR"):
        exist = any(Path(folder).is_dir() for folder in folders.split(os.pathsep))
        _require(exist, "SSL_CERT_DIR", folders)
    if keys := environ.get("SSLKEYLOGFILE"):  # Python writes each connection's keys to it
        _require(Path(keys).parent.is_dir(), "SSLKEYLOGFILE", keys)


def _require(exists: bool, variable: str, named: str) -> None:  # noqa: FBT001 - a condition
    if not exists:
        raise ConfigInvalid(
            f"{variable} names {named}, which does not exist.", f"Correct {variable}, or unset it."
        )
