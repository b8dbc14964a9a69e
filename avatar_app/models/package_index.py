"""Queries package indexes (PyPI or npm) for the address and hash of one version."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, quote, urldefrag, urljoin

import httpx
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from avatar_app.models.catalog import LOOPBACK, PackageIndex, PackageRelease, is_safe
from avatar_app.models.errors import AGAIN, DownloadFailed, WrongBytes, host
from avatar_app.models.index_config import IndexConfig
from avatar_app.models.network_errors import of_status, of_transport
from avatar_app.models.transfer import open_url

LONGEST_PAGE = 32 << 20
"""Bytes; PyPI's longest page of one package has some 10 MB."""
_SIMPLE = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_SIMPLE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
"""PEP 691: the JSON form where the index has it."""
_DIGESTS = ("sha512", "sha384", "sha256")
"""Secure hash algorithms, the strongest first."""


class ArchiveKind(StrEnum):
    """The format of a package; the value is the extension of its file."""

    WHEEL = ".whl"
    SDIST = ".tar.gz"
    NPM = ".tgz"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One archive offered by an index."""

    url: str
    kind: ArchiveKind
    algorithm: str = "sha256"
    digest: str = ""
    """The hash by `algorithm`, in hexadecimal; empty if the index has none."""
    bytes: int | None = None


async def find_package(
    client: httpx.AsyncClient, config: IndexConfig, release: PackageRelease
) -> PackageFile:
    """Return the archive of exactly that version; raises DownloadFailed if no index has it.

    Prefers a wheel to source, and one for all machines to one for this platform. Nothing is
    installed or run. Sources: PEP 503, PEP 691 and PEP 700 for PyPI's kind,
    https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md for npm's.
    """
    if release.index is PackageIndex.NPM:
        return await _on_npm(client, config.npm, release)
    failures: list[DownloadFailed] = []
    for index in config.pypi:
        try:
            return await _on_pypi(client, index, release)
        except DownloadFailed as error:
            failures.append(error)
    if not failures:
        raise DownloadFailed(
            "pip is configured to use no package index.", "See: python -m pip config list"
        )
    raise failures[0]


async def _on_pypi(client: httpx.AsyncClient, index: str, release: PackageRelease) -> PackageFile:
    page = f"{index}/{canonicalize_name(release.package)}/"
    response = await _page(client, page, _ACCEPT)
    is_json = response.headers.get("content-type", "").startswith(_SIMPLE)
    listed = _listed_json if is_json else _listed_html
    try:
        files = list(listed(response.body))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_list(page) from error
    ranked = [(rank, each) for each in files if (rank := _rank(each.name, release)) is not None]
    if not ranked:
        raise _lacks(page, release)
    _, best = min(ranked, key=lambda each: (each[0], each[1].name))
    kind = ArchiveKind.WHEEL if best.name.endswith(ArchiveKind.WHEEL) else ArchiveKind.SDIST
    algorithm = next((each for each in _DIGESTS if each in best.hashes), "")
    digest = best.hashes.get(algorithm, "").lower()
    return PackageFile(_checked(best.url, page), kind, algorithm or "sha256", digest, best.bytes)


async def _on_npm(client: httpx.AsyncClient, registry: str, release: PackageRelease) -> PackageFile:
    page = f"{registry}/{quote(release.package, safe='@')}/{quote(release.version)}"
    response = await _page(client, page, "application/json")
    try:
        document = json.loads(response.body)
        url, version = str(document["dist"]["tarball"]), document["version"]
        algorithm, digest = _integrity(document["dist"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_list(page) from error
    if version != release.version:
        raise _lacks(page, release)
    return PackageFile(_checked(url, page), ArchiveKind.NPM, algorithm, digest)


def _integrity(dist: dict[str, Any]) -> tuple[str, str]:
    """Return the strongest hash of an npm package: W3C Subresource Integrity, else npm's
    old SHA-1."""
    written = (each.partition("-") for each in str(dist.get("integrity", "")).split())
    hashes = {algorithm: digest.partition("?")[0] for algorithm, _, digest in written}
    for algorithm in _DIGESTS:
        if algorithm in hashes:
            try:
                return algorithm, base64.b64decode(hashes[algorithm], validate=True).hex()
            except binascii.Error as error:
                raise ValueError("the integrity hash is not base64") from error
    return "sha1", str(dist.get("shasum", "")).lower()


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file in a simple index."""

    name: str
    url: str
    hashes: dict[str, str]
    bytes: int | None = None


def _listed_json(body: bytes) -> Iterator[_Listed]:
    document = json.loads(body)
    if not str(document["meta"]["api-version"]).startswith("1."):
        raise ValueError("the index has another format version")
    for each in document["files"]:
        size = each.get("size")
        hashes = {str(name): str(digest) for name, digest in each["hashes"].items()}
        yield _Listed(
            str(each["filename"]), str(each["url"]), hashes, size if type(size) is int else None
        )


def _listed_html(body: bytes) -> Iterator[_Listed]:
    links = _Links()
    links.feed(body.decode("utf-8", errors="replace"))
    for url, name in links.found:
        address, fragment = urldefrag(url)
        hashes = {key: values[-1] for key, values in parse_qs(fragment).items()}
        yield _Listed(name.strip(), address, hashes)


class _Links(HTMLParser):
    """Collects the links of a page: address and text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._url: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._url = dict(attrs).get("href")

    def handle_data(self, data: str) -> None:
        if self._url is not None and data.strip():
            self.found.append((self._url, data))
            self._url = None


def _rank(filename: str, release: PackageRelease) -> int | None:
    """Return a file's rank, 0 for the best; None if it has another version or an unknown format."""
    try:
        if filename.endswith(ArchiveKind.WHEEL):
            name, version, _, tags = parse_wheel_filename(filename)
            rank = 0 if any(tag.platform == "any" for tag in tags) else 1
        elif filename.endswith(ArchiveKind.SDIST):
            name, version = parse_sdist_filename(filename)
            rank = 2
        else:
            return None
        is_it = version == Version(release.version)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return rank if is_it and name == canonicalize_name(release.package) else None


@dataclass(frozen=True, slots=True)
class _Page:
    headers: httpx.Headers
    body: bytes


async def _page(client: httpx.AsyncClient, url: str, accept: str) -> _Page:
    """Return a page of an index, of limited length."""
    if not is_safe(url):
        raise DownloadFailed(
            f"The package index at {host(url)} does not use encryption, which is not safe.",
            "Configure an https address in pip and npm.",
        )
    try:
        response = await open_url(client, url, {"Accept": accept})
        try:
            if response.status_code != 200:
                raise of_status(response.status_code, url)
            body = bytearray()
            async for block in response.aiter_bytes():
                body += block
                if len(body) > LONGEST_PAGE:
                    raise WrongBytes(f"{host(url)} sent an endless page.", AGAIN)
        finally:
            await response.aclose()
    except httpx.HTTPError as error:
        raise of_transport(error, url) from error
    return _Page(response.headers, bytes(body))


def _checked(url: str, page: str) -> str:
    """Return the checked address of an archive: no unsafe ones, and none of this machine from
    elsewhere."""
    address = urldefrag(urljoin(page, url)).url
    if not is_safe(address, from_loopback=host(page) in LOOPBACK):
        raise DownloadFailed(
            f"{host(page)} offers a file at {host(address)}, which is not safe to download.",
            "Configure another index in pip and npm.",
        )
    return address


def _lacks(page: str, release: PackageRelease) -> DownloadFailed:
    return DownloadFailed(
        f"{host(page)} has no {release.package} {release.version}.",
        "Download the model by hand, then type: avatar-app models import PATH",
    )


def _no_list(page: str) -> WrongBytes:
    return WrongBytes(
        f"The answer of {host(page)} is not a list of packages.",
        "A captive portal may have answered instead; try another network.",
    )
