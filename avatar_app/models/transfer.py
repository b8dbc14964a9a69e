"""Downloads one file over HTTP: resumes after interruptions, uses several connections, detects
changed files."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type

from avatar_app.models.catalog import LOOPBACK, is_safe
from avatar_app.models.errors import (
    AGAIN,
    DownloadFailed,
    Passing,
    WrongBytes,
    host,
    of_disk,
)
from avatar_app.models.index_config import IndexConfig
from avatar_app.models.network_errors import of_status, of_transport
from avatar_app.models.partial_file import FileSegment, PartialFile

REDIRECTS = 8
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)\Z")


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """Timeouts, retries and connections."""

    tries: int = 6
    """Attempts in a row without one more byte than before."""
    first_wait: float = 0.5
    """Seconds before the second try; each further wait is twice as long."""
    longest_wait: float = 30.0
    """Seconds."""
    silence: float = 20.0
    """Seconds without a byte after which a connection counts as lost."""
    connecting: float = 20.0
    """Seconds until a server must have accepted a connection."""
    connections: int = 4
    split_from: int = 32 << 20
    """Remaining bytes from which several connections are opened."""
    indexes: IndexConfig | None = None
    """Package indexes; None: those configured in pip and npm."""

    def hurried(self) -> DownloadOptions:
        """Return options for a server with an alternative: it is given up soon."""
        return replace(
            self,
            tries=min(self.tries, 2),
            silence=min(self.silence, 8.0),
            connecting=min(self.connecting, 4.0),
        )


class Changed(Passing):
    """The server's file is not the one that was partly downloaded before."""


@dataclass(slots=True)
class Transfer:
    """Downloads one file into its partial file."""

    client: httpx.AsyncClient
    part: PartialFile
    expected: int | None
    """Bytes, if known."""
    is_known: bool
    """Whether a hash is known that verifies the bytes, whichever server they came from."""
    manners: DownloadOptions
    check_disk_space: Callable[[int], None]
    """Raises if the disk lacks room for so many more bytes."""

    fruitless: int = 0
    """Attempts in a row that brought no byte beyond the previous maximum."""
    farthest: int = 0
    """The maximum of bytes ever downloaded."""
    rounds: int = 0
    """How often it was tried."""

    async def run(self, url: str) -> None:
        """Download the missing part from `url`; raises DownloadFailed on failure."""
        self.fruitless, self.farthest = 0, self.part.done
        tries = AsyncRetrying(
            retry=retry_if_exception_type(Passing),
            stop=lambda _: self.fruitless >= self.manners.tries,
            wait=lambda _: self._pause(),
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                await self._try(url)

    def _pause(self) -> float:
        """Return seconds to wait, randomized so that clients do not retry at the same moment."""
        wait = self.manners.first_wait * float(2 ** max(0, self.fruitless - 1))
        return min(wait, self.manners.longest_wait) * random.uniform(0.75, 1.25)

    async def _try(self, url: str) -> None:
        self.rounds += 1
        try:
            await self._round(url)
        except Passing:
            self.fruitless = 0 if self.part.done > self.farthest else self.fruitless + 1
            self.farthest = max(self.farthest, self.part.done)
            raise

    async def _round(self, url: str) -> None:
        """Run one connection per segment that lacks bytes; the first error ends them all."""
        if not self.is_known and (self.part.url != url or not self.part.validator):
            self.part.discard()  # nothing would show that the rest belongs to it
        if self.part.is_done:
            return
        try:
            response = await self._ask(url, self._lacking()[0])
            try:
                lead = self._agree(response, url)
            except BaseException:
                await response.aclose()
                raise
            others = [each for each in self._lacking() if each is not lead]
            await _all_or_none(
                self._take(response, lead), *(self._take_alone(url, each) for each in others)
            )
        except httpx.HTTPError as error:
            raise of_transport(error, url) from error
        except OSError as error:
            raise of_disk(error) from error

    def _lacking(self) -> list[FileSegment]:
        return [each for each in self.part.segments if not each.is_done] or [
            FileSegment(0, 0, None)
        ]

    async def _take_alone(self, url: str, segment: FileSegment) -> None:
        response = await self._ask(url, segment)
        if response.status_code == 200 or response.status_code == 206:
            start, total = _range_of(response)
            if start == segment.at and total == self.part.total:
                return await self._take(response, segment)
            await response.aclose()
            self.part.discard()
            raise Changed(f"{host(url)} changed the file in the meantime.", AGAIN)
        await response.aclose()
        raise of_status(response.status_code, url)

    async def _ask(self, url: str, segment: FileSegment) -> httpx.Response:
        """Request the rest of a segment; returns the response with its body unread."""
        last = "" if segment.end is None else str(segment.end - 1)
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={segment.at}-{last}"}
        if self.part.validator and self.part.url == url:
            headers["If-Range"] = self.part.validator
        return await open_url(self.client, url, headers)

    def _agree(self, response: httpx.Response, url: str) -> FileSegment:
        """Check the server's offer against what was downloaded; returns the segment that the body
        fills."""
        if response.status_code == 416:
            self.part.discard()
            raise Changed(f"{host(url)} changed the file in the meantime.", AGAIN)
        if response.status_code not in (200, 206):
            raise of_status(response.status_code, url)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise WrongBytes(
                f"A proxy alters the file from {host(url)}.", "Try it without a proxy."
            )
        start, total = _range_of(response)
        if None not in (total, self.expected) and total != self.expected:
            raise WrongBytes(
                f"{host(url)} offers {total} bytes instead of {self.expected}: another file.",
                "Download the right one by hand, then type: avatar-app models import PATH",
            )
        validator = _validator(response)
        segment = self._lacking()[0]
        moved = self.part.url == url and validator != self.part.validator
        if not self.part.segments or start != segment.at or total != self.part.total or moved:
            if start:
                self.part.discard()
                raise Changed(f"{host(url)} changed the file in the meantime.", AGAIN)
            self.check_disk_space(total or 0)
            self.part.begin(total)
        self.part.url, self.part.validator = url, validator
        self._share(takes_ranges=response.status_code == 206)
        self.part.save()
        return self._lacking()[0]

    def _share(self, *, takes_ranges: bool) -> None:
        part, lacking = self.part, (self.part.total or 0) - self.part.done
        several = self.manners.connections > 1 and len(part.segments) == 1
        takes_ranges = takes_ranges and (self.is_known or bool(part.validator))
        if takes_ranges and several and lacking >= self.manners.split_from:
            part.split(self.manners.connections)

    async def _take(self, response: httpx.Response, segment: FileSegment) -> None:
        """Write the body to its place; bytes of another segment are ignored."""
        try:
            with self.part.path.open("r+b", buffering=0) as file:
                file.seek(segment.at)
                async for block in response.aiter_raw():
                    lacking = len(block) if segment.end is None else segment.end - segment.at
                    view = memoryview(block)[:lacking]
                    while view:
                        written = file.write(view)
                        segment.at += written
                        view = view[written:]
                    self._check_length(segment.at, response)
                    if segment.is_done:
                        break
        finally:
            await response.aclose()
        if segment.end is None:
            self.part.total = segment.end = segment.at
        if not segment.is_done:
            raise Passing(f"{host(str(response.url))} cut the connection.", AGAIN)

    def _check_length(self, length: int, response: httpx.Response) -> None:
        if self.expected is not None and length > self.expected:
            at = host(str(response.url))
            raise WrongBytes(f"{at} sends more than the {self.expected} bytes expected.", AGAIN)


async def open_url(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> httpx.Response:
    """Return the response at the end of all redirects, by safe addresses only; its body is
    unread."""
    address = url
    for _ in range(REDIRECTS):
        request = client.build_request("GET", address, headers=headers)
        response = await client.send(request, stream=True)
        if not response.has_redirect_location:
            return response
        await response.aclose()
        address = urljoin(address, response.headers["location"])
        if not is_safe(address, from_loopback=host(url) in LOOPBACK):
            raise DownloadFailed(
                f"{host(url)} redirects to {address}, which is not safe.",
                "Download it by hand, then type: avatar-app models import PATH",
            )
    raise DownloadFailed(f"{host(url)} redirects without end.", "Try it later.")


async def _all_or_none(*work: Coroutine[Any, Any, None]) -> None:
    """Run coroutines concurrently; if one fails, the others are cancelled before its error is
    raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _range_of(response: httpx.Response) -> tuple[int, int | None]:
    """Return where the body starts in the file, and the file's size if the server states it."""
    if response.status_code == 206:
        match = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
        if match is None:
            raise WrongBytes(
                f"{host(str(response.url))} does not state which part it sends.", AGAIN
            )
        return int(match[1]), None if match[3] == "*" else int(match[3])
    length = response.headers.get("content-length", "")
    return 0, int(length) if length.isdigit() else None


def _validator(response: httpx.Response) -> str:
    """Return the value for If-Range (RFC 9110, 13.1.5): a strong ETag, else nothing, as it cannot
    be trusted."""
    tag: str = response.headers.get("etag", "")
    return tag if tag.startswith('"') else ""
