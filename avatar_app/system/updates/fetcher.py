"""Fetches files of an update source for a job, which it tells the progress and obeys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from avatar_app.core.jobs import Job

_PIECE = 256 * 1024
_PATIENCE = 20.0
"""Seconds without a byte."""


class JobFetcher(FetcherInterface):
    """Goes through the proxies of the environment; follows redirections."""

    def __init__(self, job: Job[Any]) -> None:
        self._job = job

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            with httpx.stream("GET", url, follow_redirects=True, timeout=_PATIENCE) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise DownloadHTTPError(f"{url}: {answer.status_code}", answer.status_code)
                total = int(answer.headers.get("content-length") or 0)
                came = 0
                for piece in answer.iter_bytes(_PIECE):
                    came += len(piece)
                    self._job.report(came / total if total > _PIECE else 0.0)
                    yield piece
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DownloadError(f"{url}: {error}") from error
