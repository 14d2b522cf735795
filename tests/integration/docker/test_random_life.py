"""Random faults, undos, heals, deaths of chaosd and other hands on the targets, on a real Engine, for half a minute or for
FAULTLINE_DOCKER_SOAK_SECONDS (`make soak`: 600). After every few steps all is undone, and the world must be as it was. A seed
(FAULTLINE_DOCKER_SOAK_SEED, printed) repeats the order of events. tests/unit/chaosd/random_life_test.cpp does the same over a fake one."""

import collections
import os
import random
import subprocess
import time

import pytest

from bench import docker, look
from support.cluster import until
from test_crash_matrix import PARAMETERS, world
from test_disk_faults import small_disk  # noqa: F401  the fixture
from test_network_faults import NetBench, helper  # noqa: F401  the fixture

SECONDS = int(os.environ.get("FAULTLINE_DOCKER_SOAK_SECONDS", "30"))
SEED = int(os.environ.get("FAULTLINE_DOCKER_SOAK_SEED", random.SystemRandom().randrange(1_000_000)))
STEPS_OF_A_ROUND = 12
PROMISE_S = 15  # An overdue fault is gone so long after chaosd's return.
# What an order that comes at a bad moment may be answered with: it changed nothing.
REFUSED = {409, 422, 501, 503}


class Life:
    def __init__(self, bench, names, disk):
        self.bench, self.names, self.disk = bench, names, disk
        self.random = random.Random(SEED)
        self.did, self.counts = [], collections.Counter()

    def told(self):
        return f"seed {SEED}: {', '.join(self.did[-40:])}"

    def note(self, what, name=""):
        self.did.append(f"{what} {name}".strip())
        self.counts[what] += 1

    def world(self):
        return {**world(self.bench, self.names), "disk": self.disk.free_mb(), "marks": self.bench.marks()}

    def step(self):
        """An act that fails under chaosd's feet is part of the life; what may not fail is the end of the round."""
        act = self.random.choices([self.inject, self.undo, self.heal, self.die, self.restart_a_target, self.wait], [6, 2, 1, 2, 1, 2])[0]
        act()

    def inject(self):
        kind, target = self.random.choice(list(PARAMETERS)), self.random.choice(self.names)
        if kind.startswith("disk."):
            target = self.names[0]
        peers = [name for name in self.names if name != target]
        more = {name: peers[:1] if name == "peers" else value for name, value in PARAMETERS[kind].items()}
        answer = self.bench.call("/faults", method="POST", json_body={
            "kind": kind, "target": target, "duration_s": self.random.randint(1, 20), **more})
        assert answer.status == 202 or answer.status in REFUSED, f"{answer}; {self.told()}"
        self.note(kind if answer.status == 202 else f"refused {kind}", target)

    def open(self):
        return self.bench.call("/faults?state=open").json["faults"]

    def undo(self):
        faults = self.open()
        if faults:
            fault = self.random.choice(faults)
            assert self.bench.call(f"/faults/{fault['id']}", method="DELETE").status in (202, 409), self.told()
            self.note("undo", fault["kind"])

    def heal(self):
        assert self.bench.call("/heal", method="POST", json_body={}).status in (200, 202), self.told()
        self.note("heal")

    def die(self):
        self.bench.chaosd.kill()
        self.note("kill -9 of chaosd")
        time.sleep(self.random.choice([0, 0.2, 2]))
        self.return_()

    def return_(self):
        self.bench.start_chaosd()
        self.bench.await_targets(*self.names, seconds=30)
        self.returned_at = time.monotonic()

    def restart_a_target(self):
        name = self.random.choice(self.names)
        # Refused while it is paused by Engines that do not wake it first.
        done = subprocess.run(["docker", "restart", "-t", "0", name], capture_output=True, text=True)
        self.note("restart by another hand" if done.returncode == 0 else "refused restart", name)

    def wait(self):
        time.sleep(self.random.uniform(0, 2))
        self.note("wait")

    def keeps_its_promise(self):
        late = [fault for fault in self.open() if fault["overdue"]]
        if late and time.monotonic() - self.returned_at > PROMISE_S:
            until(lambda: not [fault for fault in self.open() if fault["overdue"]], 1, f"no fault is overdue; {self.told()}")

    def end_of_round(self, before):
        self.heal()
        until(lambda: not self.open(), 40, f"no fault is open; {self.told()}")
        until(lambda: not self.bench.helpers("--filter", "name=faultline-nethold-f-"), 20, f"no helper is left; {self.told()}")
        for name in self.names:
            until(lambda name=name: look(name)["Status"] == "running", 15, f"{name} runs; {self.told()}")
        until(lambda: self.world() == before, 5, f"the world is as it was; {self.told()}\nbefore: {before}\nafter: {self.world()}")
        self.note("round")


@pytest.fixture
def bench(tmp_path, engine, helper):  # noqa: F811
    bench = NetBench(tmp_path, engine, helper)
    yield bench
    bench.close()


@pytest.mark.parametrize("seed", [SEED])
def test_whatever_happens_the_world_is_as_it_was(bench, small_disk, seed):  # noqa: F811
    names = [bench.node("one", "-v", f"{small_disk.path}:/data"), bench.node("two"), bench.node("three")]
    life = Life(bench, names, small_disk)
    before = life.world()
    life.return_()
    until(lambda: bench.capabilities().get("disk.fill", {}).get("support") == "supported", 20, "the helper was probed")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for _ in range(STEPS_OF_A_ROUND):
            life.step()
            life.keeps_its_promise()
        life.end_of_round(before)
    docker("version", "--format", "{{.Server.Version}}")  # It is still there.
    print(f"\nseed {SEED}: " + ", ".join(f"{count} {what}" for what, count in sorted(life.counts.items())))
    assert life.counts["round"] > 0 and sum(life.counts[kind] for kind in PARAMETERS) > 0
