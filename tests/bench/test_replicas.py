"""`bench replicas` compares with what the cores can carry."""

from __future__ import annotations

import pytest

from avatar_app.bench.replicas import _add_gain
from avatar_app.bench.result import Report


@pytest.mark.parametrize(
    ("two", "used", "attainable", "ok"),
    [
        (190.0, 0.005, 190.0, True),  # cores to spare: as much as processes gain
        (165.0, 0.005, 190.0, False),
        (125.0, 0.0158, 126.6, True),  # one and who receives its sound have 1.6 of two cores
        (110.0, 0.0158, 126.6, False),
    ],
    ids=["enough", "too little", "all that the cores carry", "less than that"],
)
def test_no_more_is_expected_than_the_cores_carry(
    two: float, used: float, attainable: float, *, ok: bool
) -> None:
    report = Report()
    made = {"one_process": 100.0, "two_process": 190.0, "one_replica": 100.0, "two_replica": two}
    spent = {"one_process": 0.01, "two_process": 2.0 / 190, "one_replica": used, "two_replica": 0.0}
    _add_gain(report, made, spent)
    figures = report.metrics
    assert figures["attainable"].value == pytest.approx(attainable, abs=0.1)
    assert figures["gain_of_linear"].value == pytest.approx(two / 190)
    assert figures["gain_of_attainable"].ok is ok
