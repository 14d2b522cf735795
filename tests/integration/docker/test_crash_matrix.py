"""Every fault x every step at which chaosd may die x what becomes of the target meanwhile, on a real Engine.

A seeded sample of cells, or with FAULTLINE_MATRIX=all every one (`make matrix`). FAULTLINE_MATRIX_SEED chooses another
sample; it is printed. FAULTLINE_MATRIX_SHARE=1/2 is every second cell of it, for runs side by side. The program is faultline-chaosd-crashing: chaosd linked with fault points (chaosd/runtime/fault_point.hpp)."""

import contextlib
import fcntl
import http.client
import itertools
import os
import random
import subprocess

import pytest

import netns
from bench import docker, look
from support.cluster import BUILD, ROOT, until
from test_disk_faults import small_disk  # noqa: F401  the fixture
from test_network_faults import NetBench, helper  # noqa: F401  the fixture

PROGRAM = BUILD / "bin/faultline-chaosd-crashing"
SAMPLE = 60
PARAMETERS = {
    "stop": {"grace_s": 1}, "kill": {}, "pause": {}, "restart": {},
    "net.partition": {"peers": None}, "net.isolate": {}, "net.loss": {"percent": 50}, "net.bandwidth": {"rate_kbit": 1000},
    "net.latency": {"path": "sql", "latency_ms": 50},
    "cpu.throttle": {"percent": 20}, "memory.pressure": {"headroom_mb": 64},
    "disk.fill": {"leave_mb": 4}, "disk.slow": {"write_kb_s": 256}, "disk.stall": {},
}
POINTS = [f"{side}:{state}" for state in ("queued", "injecting", "active", "reverting", "reverted") for side in ("before", "after")]
HOLD_POINTS = ["hold:created", "hold:started"]  # Of what a helper holds.
MARK_POINTS = ["before:mark", "after:mark", "before:unmark", "after:unmark"]  # Of what is found again by a mark alone.


def cells():
    every = [cell for cell in itertools.product(PARAMETERS, [*POINTS, *HOLD_POINTS, *MARK_POINTS], ("alive", "restarted", "removed"))
             if cell[1] not in (MARK_POINTS if cell[0].startswith(("net.", "disk.")) else HOLD_POINTS)]
    chosen, how = every, ""
    if os.environ.get("FAULTLINE_MATRIX") != "all":
        seed = os.environ.get("FAULTLINE_MATRIX_SEED", "1")
        chosen, how = random.Random(seed).sample(every, SAMPLE), f", FAULTLINE_MATRIX_SEED={seed}"
    part, parts = map(int, os.environ.get("FAULTLINE_MATRIX_SHARE", "1/1").split("/"))
    share = chosen[part - 1::parts]
    print(f"crash matrix: {len(share)} of {len(every)} cells{how}")
    return share


@pytest.fixture(scope="session")
def program():
    with open(BUILD / "crashing.lock", "w") as lock:  # Another share may run beside this one.
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["cmake", "--build", BUILD, "--target", "faultline-chaosd-crashing", "--", "--quiet"], check=True,
                       cwd=ROOT, stdout=subprocess.DEVNULL)
    return PROGRAM


@pytest.fixture
def bench(tmp_path, engine, helper, program):  # noqa: F811
    bench = NetBench(tmp_path, engine, helper)
    yield bench
    bench.close()


def world(bench, names):
    """What must be the same before and after; the pid and the times of a run are its own business."""
    return {name: {"state": look(name)["Status"], **netns.fingerprint(name)} for name in names}


@pytest.mark.parametrize("kind, point, meanwhile", cells())
def test_the_world_is_as_it_was(bench, program, request, kind, point, meanwhile):
    disk = request.getfixturevalue("small_disk") if kind.startswith("disk.") else None
    target, peer = bench.node("target", *(["-v", f"{disk.path}:/data"] if disk else [])), bench.node("peer")

    if kind == "net.latency":
        netns.Echo(target, 26257)  # What proves it is an answer that comes late.

    standing = [target, peer]

    def world_now():
        return {**world(bench, standing), "disk": disk and disk.free_mb(), "marks": bench.marks()}

    before = world_now()
    bench.start_chaosd()
    bench.await_targets(target, peer)
    bench.chaosd.kill()
    bench.chaosd.argv[0], bench.chaosd.env = program, {**os.environ, "FAULTLINE_CRASH_AT": point}
    bench.start_chaosd()
    bench.await_targets(target, peer)
    more = {name: [peer] if name == "peers" else value for name, value in PARAMETERS[kind].items()}
    # It may die before it answers; a refusal is another matter.
    with contextlib.suppress(OSError, http.client.HTTPException):
        # A disk is looked at and tried first, which is part of its time.
        bench.inject(kind, target, duration_s=8 if kind in ("disk.slow", "disk.stall") else 2, **more)
    until(lambda: not bench.chaosd.process.running(), 30, f"chaosd died at {point}")

    if meanwhile == "restarted":
        docker("restart", "-t", "1", target)
    if meanwhile == "removed":
        docker("rm", "-f", target)
        bench.names.remove(target)
        standing.remove(target)
        del before[target]
    bench.chaosd.env = None
    bench.start_chaosd()
    until(lambda: not bench.call("/faults?state=open").json["faults"], 30, "no fault is open")
    until(lambda: not bench.helpers(), 20, "no helper is left")
    assert world_now() == before
