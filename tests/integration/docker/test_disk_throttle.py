"""A slow and a stalled disk against a real Engine: measured on a disk of its own, put back as it was."""

import os
import pathlib
import subprocess
import time

import pytest

import netns
from bench import docker, look
from support.cluster import until
from test_disk_faults import small_disk  # noqa: F401  the fixture
from test_network_faults import NetBench, helper  # noqa: F401  the fixture

KB = 1024
# Past the cache, as a database's log is written; or into it and then waited for.
DIRECT = "timeout {seconds} dd if=/dev/zero of=/data/out bs={block} oflag=direct 2>/dev/null; stat -c %s /data/out"
SYNCED = ("i=0; end=$(($(date +%s) + {seconds})); while [ $(date +%s) -lt $end ]; do "
          "dd if=/dev/zero of=/data/out bs={block} count=1 conv=fsync 2>/dev/null; i=$((i + 1)); done; echo $((i * {block}))")
READ = "timeout {seconds} dd if=/data/whole of=/dev/stdout bs={block} iflag=direct 2>/dev/null | wc -c"


@pytest.fixture
def bench(tmp_path, engine, helper):  # noqa: F811
    bench = NetBench(tmp_path, engine, helper)
    yield bench
    bench.close()


def begin(bench, disk, *extra, command=()):
    target = bench.container("target", "-v", f"{disk.path}:/data", *extra, command=command)
    bench.start_chaosd()
    bench.await_targets(target)
    said = until(lambda: (one := bench.capabilities().get("disk.stall", {})).get("reason") != "" and bench.probed() and one, 15,
                 "the helper was probed")
    if said["support"] == "unsupported":
        pytest.skip(said["reason"])
    return target


def rate_kb_s(target, script, seconds, block):
    """KB a second that a process of the target gets."""
    return int(docker("exec", target, "sh", "-c", script.format(seconds=seconds, block=block)).split()[-1]) / KB / seconds


class Sync:
    """One write that a process in the target waits for."""

    def __init__(self, target):
        self.process = subprocess.Popen(["docker", "exec", target, "dd", "if=/dev/zero", "of=/data/sync", "bs=4k", "count=1",
                                         "conv=fsync"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_done(self, seconds=0.0):
        try:
            return self.process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False


def test_the_capabilities_say_what_a_limit_is_not_for(bench, small_disk):  # noqa: F811
    begin(bench, small_disk)
    for kind in ("disk.slow", "disk.stall"):
        said = bench.capabilities()[kind]
        if pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists():
            assert said["support"] == "supported", said
        else:
            assert said["support"] == "degraded" and "writes back later by itself" in said["reason"], said


@pytest.mark.parametrize("more, script, block, asked", [
    ({"write_kb_s": 256}, DIRECT, 4 * KB, 256),
    ({"write_kb_s": 256}, SYNCED, 64 * KB, 256),
    ({"read_kb_s": 512}, READ, 16 * KB, 512),
    ({"iops": 40}, DIRECT, 4 * KB, 160),
], ids=["past_the_cache", "waited_for", "read", "operations"])
def test_a_slow_disk_is_as_slow_as_was_asked_for_and_fast_again(bench, small_disk, more, script, block, asked):  # noqa: F811
    target = begin(bench, small_disk)
    with open(small_disk.path / "whole", "wb") as file:
        file.write(os.urandom(8 * KB * KB))
        os.fsync(file.fileno())
    before = netns.fingerprint(target)
    fault = bench.inject("disk.slow", target, duration_s=120, **more)
    bench.await_fault(fault, "active")
    slow = rate_kb_s(target, script, 4, block)
    print(f"asked for {asked} kB/s, measured {slow:.0f}")
    # Not exact at the ends of the window; and what a machine that is busy lacks is no fault of the limit.
    assert 0.4 * asked <= slow <= 1.3 * asked
    assert bench.call("/heal", method="POST").status == 202
    bench.await_fault(fault, "reverted")
    assert rate_kb_s(target, script, 1, block) > 1.3 * asked
    assert netns.fingerprint(target) == before
    assert not bench.helpers()


def test_a_stalled_disk_holds_a_sync_until_it_is_undone(bench, small_disk):  # noqa: F811
    # With a limit of its own, which is to be back afterwards.
    device = subprocess.run(["findmnt", "-no", "SOURCE", str(small_disk.path)], capture_output=True, text=True, check=True).stdout.strip()
    target = begin(bench, small_disk, "--device-write-bps", f"{device}:9mb")
    before = netns.fingerprint(target)
    assert any("9437184" in text for text in before["cgroups"])
    assert Sync(target).is_done(10)
    fault = bench.inject("disk.stall", target, duration_s=120)
    bench.await_fault(fault, "active")
    assert netns.fingerprint(target) != before
    sync = Sync(target)
    assert not sync.is_done(3)
    small_disk.write(1)  # Who is not in its cgroup is not held back.
    assert bench.call(f"/faults/{fault}", method="DELETE").status == 202
    assert sync.is_done(10)
    bench.await_fault(fault, "reverted")
    assert netns.fingerprint(target) == before
    assert look(target)["Status"] == "running"
    assert not bench.helpers()


@pytest.mark.parametrize("who", ["helper", "helper and its container", "chaosd"])
def test_the_limits_go_whoever_dies(bench, small_disk, who):  # noqa: F811
    target = begin(bench, small_disk)
    before = netns.fingerprint(target)
    fault = bench.inject("disk.stall", target, duration_s=6 if who == "chaosd" else 300)
    bench.await_fault(fault, "active")
    sync = Sync(target)
    if who == "chaosd":
        bench.chaosd.kill()
    else:
        docker(*(["kill"] if who == "helper" else ["rm", "-f"]), bench.holder())
    until(lambda: netns.fingerprint(target) == before, 20, "the limits are those of before")
    assert sync.is_done(10)
    if who == "chaosd":
        bench.start_chaosd()
    told = bench.await_fault(fault, "reverted", seconds=30)
    if who != "chaosd":
        assert "what held it ended" in told["reason"]
    until(lambda: not bench.helpers(), 20, "no helper is left")
    assert netns.fingerprint(target) == before


@pytest.mark.parametrize("later_s", [0.0, 0.6])
def test_a_helper_that_is_killed_while_it_tries_leaves_nothing(bench, small_disk, later_s):  # noqa: F811
    # Whenever it hits, also while a process of the helper's own is held back and cannot be killed.
    target = begin(bench, small_disk)
    before = netns.fingerprint(target)
    fault = bench.inject("disk.stall", target, duration_s=300)
    # Not the one that only looks.
    [holder] = until(lambda: bench.helpers("--filter", "status=running", "--filter", "label=io.faultline.held-saved"), 15, "it is tried")
    time.sleep(later_s)
    subprocess.run(["docker", "kill", holder], capture_output=True)
    until(lambda: bench.fault(fault)["state"] in ("failed", "reverted"), 60, "the fault is over")
    assert netns.fingerprint(target) == before
    assert Sync(target).is_done(10)
    until(lambda: not bench.helpers(), 20, "no helper is left")


def test_limits_of_which_no_journal_knows_are_put_back_by_their_marks(bench, small_disk):  # noqa: F811
    target = begin(bench, small_disk)
    before = netns.fingerprint(target)
    fault = bench.inject("disk.slow", target, duration_s=600, write_kb_s=64)
    bench.await_fault(fault, "active")
    holder = bench.holder()
    bench.chaosd.kill()
    docker("kill", holder)
    assert netns.fingerprint(target) != before, "nobody is there who could put them back"
    subprocess.run(["rm", "-r", str(bench.directory / "state")], check=True)
    bench.start_chaosd()
    until(lambda: netns.fingerprint(target) == before, 30, "the limits are those of before")
    until(lambda: not bench.helpers(), 20, "no helper is left")


def test_a_node_that_gave_up_on_its_stalled_disk_is_started_again(bench, small_disk):  # noqa: F811
    # Ends with CockroachDB's own code when a write takes too long; which it can only when the disk answers again.
    target = begin(bench, small_disk, command=("sh", "-c", "while timeout 2 dd if=/dev/zero of=/data/log bs=4k count=1 conv=fsync "
                                               "2>/dev/null; do sleep 0.2; done; exit 7"))
    began = look(target)["StartedAt"]
    fault = bench.inject("disk.stall", target, duration_s=60)
    bench.await_fault(fault, "active")
    sync = Sync(target)
    assert not sync.is_done(5)
    assert look(target)["Status"] == "running", "what waits for its disk cannot even end"
    assert bench.call("/heal", method="POST").status == 202
    bench.await_fault(fault, "reverted")
    told = bench.await_container(target, "running")
    assert told["StartedAt"] != began


def test_a_restart_of_the_target_ends_it_or_is_followed(bench, small_disk):  # noqa: F811
    target = begin(bench, small_disk)
    before = netns.fingerprint(target)
    fault = bench.inject("disk.slow", target, duration_s=120, write_kb_s=64, on_restart="reapply")
    bench.await_fault(fault, "active")
    docker("restart", "-t", "1", target)
    until(lambda: "laid upon it again" in (one := bench.fault(fault))["reason"] and one["state"] == "active", 20, "it is laid again")
    assert netns.fingerprint(target) != before
    docker("restart", "-t", "1", target)
    until(lambda: netns.fingerprint(target) != before, 20, "and again")
    bench.call("/heal", method="POST")
    bench.await_fault(fault, "reverted")
    fault = bench.inject("disk.slow", target, duration_s=120, write_kb_s=64)
    bench.await_fault(fault, "active")
    docker("restart", "-t", "1", target)
    bench.await_fault(fault, "reverted")
    assert netns.fingerprint(target) == before


def test_a_store_without_a_disk_is_refused_with_the_reason(bench):
    folder = pathlib.Path("/dev/shm") / bench.label[-8:]
    folder.mkdir()
    try:
        memory = bench.container("memory", "-v", f"{folder}:/data")
        without = bench.container("without")
        bench.start_chaosd()
        bench.await_targets(memory, without)
        for target, why in ((memory, "without a disk of its own"), (without, "give it a volume")):
            fault = bench.inject("disk.stall", target)
            told = bench.await_fault(fault, "failed")["reason"]
            assert told.startswith("nothing was done") and why in told
        until(lambda: not bench.helpers(), 20, "no helper is left")
        docker("rm", "-f", memory)
    finally:
        folder.rmdir()
