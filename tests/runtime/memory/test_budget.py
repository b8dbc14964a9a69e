"""Leases on memory: the idle leave in order, nobody leaves at work, and the hard limit holds."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_app.core.errors import OutOfMemory
from avatar_app.runtime.memory.budget import MemoryBudget, MemoryLease
from avatar_app.settings.schema import MemoryLimits
from avatar_app.system.memory import MemoryFootprint, MemoryReading, Pool

CARD = 12 * 1024.0
GB = 1024.0


class Case:
    """A graphics card of 12 GB on which others use `foreign` MB."""

    def __init__(self, foreign: float = 0.0) -> None:
        self.foreign = foreign
        self.left: list[str] = []
        self.residency = MemoryBudget({Pool.VRAM: lambda: MemoryReading(CARD, self.foreign)})

    def lease(self, name: str, gigabytes: float, *, leaves: bool = True) -> MemoryLease:
        unload = (lambda: self.left.append(name)) if leaves else None
        return self.residency.lease(name, MemoryFootprint(50, gigabytes * GB), unload)


def test_limits_of_a_12_gb_gpu_are_11_and_11_5_gb() -> None:
    assert (MemoryLimits().soft * 12, MemoryLimits().hard * 12) == pytest.approx((11.0, 11.5))


def test_soft_limit_unloads_the_least_recently_used_idle_engine() -> None:
    case = Case()
    first, second = case.lease("first", 4), case.lease("second", 4)
    with first.use():
        assert case.left == []
    case.lease("third", 3.5)
    assert case.left == ["second"]
    assert (first.is_loaded, second.is_loaded) == (True, False)


def test_busy_and_permanent_engines_are_not_unloaded() -> None:
    case = Case()
    case.lease("stays", 2, leaves=False)
    with case.lease("works", 4).use():
        case.lease("idle", 4)
        case.lease("new", 5)
    assert case.left == ["idle"]


def test_leases_are_granted_up_to_the_hard_limit() -> None:
    case = Case()
    case.lease("stays", 8, leaves=False)
    case.lease("between", 3.4, leaves=False).close()
    with pytest.raises(OutOfMemory) as refused:
        case.lease("too much", 3.6, leaves=False)
    assert refused.value.message == (
        "too much needs 3686 MB of graphics memory, and 3584 MB are left."
    )
    assert "avatar-app fit" in refused.value.hint


def test_memory_of_other_programs_counts() -> None:
    case = Case(foreign=9 * GB)
    with pytest.raises(OutOfMemory):
        case.lease("one", 3)
    case.foreign = 0
    assert case.lease("one", 3).is_loaded


def test_a_lease_without_fallback_is_never_refused() -> None:
    case = Case(foreign=CARD)
    assert case.residency.lease("builtin", MemoryFootprint(1, 100), must=True).is_loaded


def test_an_unloaded_engine_is_reloaded_on_use_or_refused() -> None:
    case = Case()
    first = case.lease("first", 6)
    second = case.lease("second", 6)
    assert case.left == ["first"]
    with first.use():
        assert (first.is_loaded, second.is_loaded) == (True, False)
        with pytest.raises(OutOfMemory), second.use():
            raise AssertionError("it was let in")


def test_the_measured_footprint_replaces_the_declared_one() -> None:
    case = Case()
    idle = case.lease("idle", 5)
    heavier = case.lease("heavier", 5)
    with heavier.use():
        heavier.measured(MemoryFootprint(50, 6.5 * GB))
        assert case.left == ["idle"]
        assert not idle.is_loaded
    lighter = Case()
    light = lighter.lease("light", 8)
    light.measured(MemoryFootprint(50, 2 * GB))
    lighter.lease("another", 8)
    assert lighter.left == []


def test_closing_a_lease_releases_memory_and_is_idempotent() -> None:
    case = Case()
    first = case.lease("first", 11)
    first.close()
    first.close()
    case.lease("second", 11)
    assert case.left == []


def test_machine_without_gpu_counts_ram_only() -> None:
    residency = MemoryBudget({Pool.RAM: lambda: MemoryReading(1000, 500)})
    residency.lease("on the card", MemoryFootprint(300, 5000))
    assert residency.free_mb(Pool.RAM) == pytest.approx(1000 * 11 / 12 - 800)
    assert residency.free_mb(Pool.VRAM) is None
    with pytest.raises(OutOfMemory, match="MB of memory"):
        residency.lease("too much", MemoryFootprint(200))


def test_snapshots_are_logged_with_their_label(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    case = Case(foreign=100)
    case.lease("first", 1)
    case.residency.snapshot("at the start")
    assert (
        "graphics memory at the start: 12288 MB, of them others 100; leased: first 1024"
        in caplog.messages
    )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["lease", "use", "close", "weigh"]), st.integers(0, 9), st.integers(1, 9)
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_the_hard_limit_holds_for_random_sequences(steps: list[tuple[str, int, int]]) -> None:
    """Weights that were measured may exceed it, as they are a fact; leases never do."""
    case, leases = Case(), {}
    for step, number, gigabytes in steps:
        lease = leases.get(number)
        try:
            if step == "lease" and lease is None:
                leases[number] = case.lease(str(number), gigabytes, leaves=number % 3 > 0)
            elif step == "use" and lease is not None:
                with lease.use():
                    assert lease.is_loaded
            elif step == "close" and lease is not None:
                leases.pop(number).close()
            elif step == "weigh" and lease is not None:
                lease.measured(MemoryFootprint(50, min(gigabytes * GB, lease.weight.vram_mb)))
        except OutOfMemory:
            staying = sum(each.weight.vram_mb for n, each in leases.items() if n % 3 == 0)
            wanted = lease.weight.vram_mb if lease is not None else gigabytes * GB
            assert staying + wanted > CARD * MemoryLimits().hard, "it would have fitted"
        loaded = sum(each.weight.vram_mb for each in leases.values() if each.is_loaded)
        assert loaded <= CARD * MemoryLimits().hard


class Guest:
    """What comes and goes in the stress test; it knows whether it is rightly unloaded."""

    def __init__(self, crowd: Crowd, name: str) -> None:
        self.crowd, self.name = crowd, name
        self.users = 0
        self.lock = threading.Lock()

    def unload(self) -> None:
        with self.lock:
            if self.users:
                self.crowd.wrong.append(f"{self.name} was unloaded at work")
        self.crowd.count("left")

    def work(self, lease: MemoryLease) -> None:
        with lease.use():
            with self.lock:
                self.users += 1
            self.crowd.check()
            if not lease.is_loaded:
                self.crowd.wrong.append(f"{self.name} works and is not there")
            with self.lock:
                self.users -= 1
        self.crowd.count("used")


class Crowd:
    """Threads that share 12 GB and would like more."""

    def __init__(self, check: Callable[[], float]) -> None:
        self.wrong: list[str] = []
        self.counts = dict.fromkeys(("left", "used", "refused", "leased"), 0)
        self._leased, self._lock = check, threading.Lock()

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def check(self) -> None:
        if self._leased() > CARD * MemoryLimits().hard:
            self.wrong.append("the hard limit was passed")


@pytest.mark.usefixtures("threads_take_turns_often")
def test_threads_share_the_gpu_budget() -> None:
    residency = MemoryBudget({Pool.VRAM: lambda: MemoryReading(CARD, 0)})

    def leased() -> float:
        with residency._changed:
            return residency._leased(Pool.VRAM)

    crowd = Crowd(leased)
    together = threading.Barrier(8)

    def live(seed: int) -> None:
        chance = random.Random(seed)
        held: list[tuple[Guest, MemoryLease]] = []
        together.wait()
        for step in range(300):
            try:
                if len(held) < 3:
                    guest = Guest(crowd, f"{seed}/{step}")
                    weight = MemoryFootprint(10, chance.uniform(0.5, 5) * GB)
                    held.append((guest, residency.lease(guest.name, weight, guest.unload)))
                    crowd.count("leased")
                guest, lease = chance.choice(held)
                guest.work(lease)
            except OutOfMemory:
                crowd.count("refused")
            if held and chance.random() < 0.2:
                held.pop(chance.randrange(len(held)))[1].close()
        for _, lease in held:
            lease.close()

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(8)]
    with closing(residency.lease("busy", MemoryFootprint(10, 7 * GB))) as busy, busy.use():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert crowd.wrong == []
    assert leased() == 0
    assert residency._leases == []
    assert crowd.counts["leased"] > 100
    assert crowd.counts["used"] > 100
    assert min(crowd.counts["left"], crowd.counts["refused"]) > 20, f"not crowded: {crowd.counts}"
