"""One file comes over the network: resumed, in several pieces, and never another one's bytes."""

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
    """How hard servers are asked."""

    tries: int = 6
    """In a row, without one more byte than before."""
    first_wait: float = 0.5
    """Seconds before the second try; each further wait is twice as long."""
    longest_wait: float = 30.0
    """Seconds."""
    silence: float = 20.0
    """Seconds without a byte after which a connection counts as lost."""
    connecting: float = 20.0
    """Seconds until a server must have taken a call."""
    connections: int = 4
    split_from: int = 32 << 20
    """Bytes still lacking from which on several connections are opened."""
    indexes: IndexConfig | None = None
    """Where packages come from; None: as pip and npm are set up."""

    def hurried(self) -> DownloadOptions:
        """For a server that another place can stand in for: it is soon given up."""
        return replace(
            self,
            tries=min(self.tries, 2),
            silence=min(self.silence, 8.0),
            connecting=min(self.connecting, 4.0),
        )


class Changed(Passing):
    """The server's file is not the one that an earlier part came from."""


@dataclass(slots=True)
class Transfer:
    """Brings one file into its part."""

    client: httpx.AsyncClient
    part: PartialFile
    expected: int | None
    """Bytes, if they are on record."""
    is_known: bool
    """Is there a hash to hold the bytes to, whichever server they came from?"""
    manners: DownloadOptions
    ask_for_room: Callable[[int], None]
    """Raises if the disk has no room for so many more bytes."""

    fruitless: int = 0
    """Tries in a row that brought not one byte more than any before."""
    farthest: int = 0
    """The most bytes that were ever here."""
    rounds: int = 0
    """How often it was tried."""

    async def run(self, url: str) -> None:
        """Fetch from `url` what the part lacks; DownloadFailed if that does not succeed."""
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
        """Seconds to wait; not the same for all who were cut off at once."""
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
        """One connection per segment that lacks bytes; the first to break ends them all."""
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
        """The response to a request for the rest of a segment; its body is not read yet."""
        last = "" if segment.end is None else str(segment.end - 1)
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={segment.at}-{last}"}
        if self.part.validator and self.part.url == url:
            headers["If-Range"] = self.part.validator
        return await open_url(self.client, url, headers)

    def _agree(self, response: httpx.Response, url: str) -> FileSegment:
        """Check what the server offers against what is here; the segment that the body fills."""
        if response.status_code == 416:
            self.part.discard()
            raise Changed(f"{host(url)} changed the file in the meantime.", AGAIN)
        if response.status_code not in (200, 206):
            raise of_status(response.status_code, url)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise WrongBytes(f"{host(url)} alters the file on its way.", "Try it without a proxy.")
        start, total = _range_of(response)
        if None not in (total, self.expected) and total != self.expected:
            raise WrongBytes(
                f"{host(url)} offers {total} bytes instead of {self.expected}: another file.",
                "Fetch the right one by hand, then type: avatar-app models import PATH",
            )
        validator = _validator(response)
        segment = self._lacking()[0]
        moved = self.part.url == url and validator != self.part.validator
        if not self.part.segments or start != segment.at or total != self.part.total or moved:
            if start:
                self.part.discard()
                raise Changed(f"{host(url)} changed the file in the meantime.", AGAIN)
            self.ask_for_room(total or 0)
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
        """Write the body where it belongs; a part of it that belongs to another segment is left."""
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
    """The response of whoever `url` leads to, by safe addresses only; its body is not read yet."""
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
                f"{host(url)} sends on to {address}, which is not safe.",
                "Fetch it by hand, then type: avatar-app models import PATH",
            )
    raise DownloadFailed(
        f"{host(url)} sends from one address to the next without end.", "Try it later."
    )


async def _all_or_none(*work: Coroutine[Any, Any, None]) -> None:
    """Run coroutines at once; if one fails, the others end too before its error is raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _range_of(response: httpx.Response) -> tuple[int, int | None]:
    """Where the body starts in the file, and the file's size if the server tells it."""
    if response.status_code == 206:
        match = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
        if match is None:
            raise WrongBytes(f"{host(str(response.url))} does not tell which part it sends.", AGAIN)
        return int(match[1]), None if match[3] == "*" else int(match[3])
    length = response.headers.get("content-length", "")
    return 0, int(length) if length.isdigit() else None


def _validator(response: httpx.Response) -> str:
    """What If-Range takes (RFC 9110, 13.1.5): a strong ETag, else nothing that can be trusted."""
    tag: str = response.headers.get("etag", "")
    return tag if tag.startswith('"') else ""
