"""What the receiver of a call's pictures reports of them (RTCP, RFC 3550, 6.4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiortc.stats import RTCRemoteInboundRtpStreamStats


class LossReports:
    """Compares sums, as several reports come in a second, each with a share of its own."""

    def __init__(self) -> None:
        self._read_at: Any = None
        self._lost, self._sent = 0, 0

    def newest(self, stats: Mapping[str, Any]) -> float | None:
        """Return the share of packets that were lost, by the reports that came since the last
        call; None without one. `stats`: of a sender."""
        for each in stats.values():
            if isinstance(each, RTCRemoteInboundRtpStreamStats) and each.timestamp != self._read_at:
                self._read_at = each.timestamp
                before, sent = (self._lost, self._sent), each.packetsReceived + each.packetsLost
                self._lost, self._sent = each.packetsLost, sent
                share = (self._lost - before[0]) / max(1, sent - before[1])
                return min(max(share, 0.0), 1.0)
        return None
