"""A job tells its progress, gives its result and stops when asked to."""

from __future__ import annotations

import threading

import pytest

from avatar_app.core.jobs import Job, JobCancelled, Progress


def count(job: Job[int]) -> int:
    for done in range(4):
        job.report(done / 4, f"step {done}")
    return 42


def test_job_returns_its_result_and_reports_progress() -> None:
    reported: list[Progress] = []
    job = Job("count", count)
    job.when_progressed(reported.append)
    assert job.run() == 42
    assert [progress.fraction for progress in reported] == [0, 0.25, 0.5, 0.75, 1]
    assert reported[2].text == "step 2"
    assert job.progress.fraction == 1


def test_progress_never_falls_and_never_exceeds_one() -> None:
    def erratic(job: Job[None]) -> None:
        for fraction in (0.5, 0.2, 7.0):
            job.report(fraction)

    reported: list[float] = []
    job = Job("erratic", erratic)
    job.when_progressed(lambda progress: reported.append(progress.fraction))
    job.run()
    assert reported == [0.5, 0.5, 1, 1]


def test_cancelled_job_stops_at_its_next_report() -> None:
    begun, steps = threading.Event(), []

    def endless(job: Job[None]) -> None:
        while True:
            steps.append(job.cancelled)
            begun.set()
            job.report(0.1)

    ended: list[BaseException] = []

    def run() -> None:
        with pytest.raises(JobCancelled) as caught:
            job.run()
        ended.append(caught.value)

    job = Job("endless", endless)
    thread = threading.Thread(target=run)
    thread.start()
    begun.wait()
    job.cancel()
    thread.join()
    assert isinstance(ended[0], JobCancelled)
    assert steps


def test_a_job_cancelled_before_it_runs_does_nothing() -> None:
    job = Job("count", count)
    job.cancel()
    with pytest.raises(JobCancelled):
        job.run()
    assert job.progress == Progress()


def test_run_raises_errors_of_the_job() -> None:
    def broken(_: Job[None]) -> None:
        raise ValueError("five")

    with pytest.raises(ValueError, match="five"):
        Job("broken", broken).run()


def test_cancelling_calls_every_stop_where_one_raises(expected_warnings: list[str]) -> None:
    expected_warnings.append("a callback failed")
    stopped: list[str] = []

    def fail() -> None:
        raise ProcessLookupError("it has ended already")

    job = Job("work", lambda _job: None)
    job.when_cancelled(fail)
    job.when_cancelled(lambda: stopped.append("the other"))
    job.cancel()
    assert stopped == ["the other"]
