"""A full disk against a real Engine: a small disk of its own is mounted where a target's store is."""

import os
import subprocess

import pytest

from bench import docker, look
from support.cluster import until
from test_network_faults import NetBench, helper  # noqa: F401  the fixture

MB = 1024 * 1024
SIZE_MB = 96


class SmallDisk:
    """A file system of its own in a file."""

    def __init__(self, folder):
        self.image, self.path = folder / "disk.img", folder / "disk"
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(SIZE_MB * MB)

    def mount(self):
        for command in (["mkfs.ext4", "-q", str(self.image)], ["mount", "-o", "loop", str(self.image), str(self.path)]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                pytest.skip(f"no disk of its own can be made here: {done.stderr.strip()}")
        return self

    def free_mb(self):
        room = os.statvfs(self.path)
        return room.f_bfree * room.f_frsize // MB

    def write(self, size_mb):
        """As a database would; an OSError when there is no room."""
        with open(self.path / "data", "wb") as file:
            file.write(b"x" * size_mb * MB)
            file.flush()
            os.fsync(file.fileno())

    def close(self):
        subprocess.run(["umount", "-l", str(self.path)], capture_output=True)


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a disk of its own needs root")
    disk = SmallDisk(tmp_path)
    try:
        yield disk.mount()
    finally:
        disk.close()


@pytest.fixture
def bench(tmp_path, engine, helper):  # noqa: F811
    bench = NetBench(tmp_path, engine, helper)
    yield bench
    bench.close()


def begin(bench, disk, *command):
    target = bench.container("target", "-v", f"{disk.path}:/data", command=command)
    bench.start_chaosd()
    bench.await_targets(target)
    until(lambda: bench.capabilities().get("disk.fill", {}).get("support") == "supported", 15, "the helper was probed")
    return target


def test_a_disk_is_filled_up_to_what_is_to_be_left_and_is_free_again(bench, small_disk):
    target = begin(bench, small_disk)
    before = small_disk.free_mb()
    fault = bench.inject("disk.fill", target, leave_mb=8, duration_s=60)
    bench.await_fault(fault, "active")
    assert 7 <= small_disk.free_mb() <= 9
    assert os.listdir(small_disk.path) == ["lost+found"], "the file has no name"
    with pytest.raises(OSError):
        small_disk.write(16)
    os.remove(small_disk.path / "data")
    assert bench.call("/heal", method="POST").status == 202
    bench.await_fault(fault, "reverted")
    assert small_disk.free_mb() == before
    assert look(target)["Status"] == "running"
    assert not bench.helpers()


@pytest.mark.parametrize("who", ["helper", "chaosd"])
def test_the_room_is_back_whoever_dies(bench, small_disk, who):
    target = begin(bench, small_disk)
    before = small_disk.free_mb()
    fault = bench.inject("disk.fill", target, leave_mb=8, duration_s=4 if who == "chaosd" else 120)
    bench.await_fault(fault, "active")
    if who == "helper":
        docker("kill", bench.holder())
    else:
        bench.chaosd.kill()
    until(lambda: small_disk.free_mb() == before, 20, "the room is back")
    if who == "chaosd":
        bench.start_chaosd()
    bench.await_fault(fault, "reverted", seconds=30)
    until(lambda: not bench.helpers(), 20, "no helper is left")


def test_a_node_that_gave_up_on_its_full_disk_is_started_again(bench, small_disk):
    # Writes like a log, and ends with CockroachDB's own code for a full disk.
    target = begin(bench, small_disk, "sh", "-c",
                   "while head -c 1048576 /dev/zero >> /data/log; do sleep 1; done 2>/dev/null; exit 10")
    fault = bench.inject("disk.fill", target, leave_mb=0, duration_s=60)
    bench.await_fault(fault, "active")
    bench.await_container(target, "exited")
    assert look(target)["ExitCode"] == 10
    assert bench.call("/heal", method="POST").status == 202
    bench.await_fault(fault, "reverted")
    bench.await_container(target, "running")


def test_the_engines_own_disk_is_spared(bench):
    # A named volume is on the Engine's own disk; a store without a volume is too.
    volume = bench.container("volume", "-v", f"nf-volume-{bench.label[-8:]}:/data")
    without = bench.container("without")
    bench.start_chaosd()
    bench.await_targets(volume, without)
    for target, why in ((volume, "own disk"), (without, "give it a volume")):
        fault = bench.inject("disk.fill", target, leave_mb=100)
        assert why in bench.await_fault(fault, "failed")["reason"]
    until(lambda: not bench.helpers(), 20, "no helper is left")
    docker("rm", "-f", volume)
    docker("volume", "rm", f"nf-volume-{bench.label[-8:]}")
