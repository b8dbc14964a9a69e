"""What the receiver of a call's pictures reports of them (RTCP, RFC 3550, 6.4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiortc.stats import RTCRemoteInboundRtpStreamStats

_WHOLE = 256.0
"""What a share of lost packets is counted in."""


class LossReports:
    """Reads each report once: the next one may be seconds away."""

    def __init__(self) -> None:
        self._read_at: Any = None

    def newest(self, stats: Mapping[str, Any]) -> float:
        """Return the share of packets that were lost, by a report that was not read yet; 0 without
        one. `stats`: of a sender."""
        for each in stats.values():
            if isinstance(each, RTCRemoteInboundRtpStreamStats) and each.timestamp != self._read_at:
                self._read_at = each.timestamp
                return each.fractionLost / _WHOLE
        return 0.0
