"""What chaosd adds to a fault, on a real Engine: a kill against the Engine's own call, and a partition from the request to `active`."""

import contextlib
import http.client
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from cluster import ROOT, until

from .figure import Figure, percentile

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration/docker")]


class Engine(http.client.HTTPConnection):
    """The Engine's own API, without a client program in between."""

    def __init__(self, host):
        super().__init__("localhost")
        self.path = host.removeprefix("unix://")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def ask(self, method, path):
        self.request(method, path)
        answer = self.getresponse()
        body = answer.read()
        assert answer.status < 300, body
        return json.loads(body) if body else None


@contextlib.contextmanager
def engine():
    folder = ROOT / "build/docker"
    host = subprocess.run([ROOT / "tools/dockerd", "start", folder], check=True, capture_output=True, text=True).stdout.split()[-1]
    before, os.environ["DOCKER_HOST"] = os.environ.get("DOCKER_HOST"), host
    try:
        subprocess.run([ROOT / "tools/base_image"], check=True, stdout=subprocess.DEVNULL)
        yield host
    finally:
        if before is None:
            del os.environ["DOCKER_HOST"]
        else:
            os.environ["DOCKER_HOST"] = before
        if host != before:
            subprocess.run([ROOT / "tools/dockerd", "stop", folder], check=True)


@contextlib.contextmanager
def stand(build, host):
    from test_network_faults import NetBench
    tag = "faultline-nethold:test"
    subprocess.run([ROOT / "tools/nethold_image", tag], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "NETHOLD": str(build / "bin/faultline-nethold")})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        bench = NetBench(pathlib.Path(directory), host, tag)
        try:
            yield bench
        finally:
            bench.close()


def until_gone(engine, name, kill):
    """Seconds from the call to the end of the container's process; `kill` returns what is to be done after."""
    process = os.pidfd_open(engine.ask("GET", f"/containers/{name}/json")["State"]["Pid"])
    try:
        with ThreadPoolExecutor(1) as aside:  # The Engine answers only long after the process is gone.
            began = time.perf_counter()
            after = aside.submit(kill)
            assert select.select([process], [], [], 10)[0], f"{name} still runs"
            took = time.perf_counter() - began
    finally:
        os.close(process)
    if after.result():
        after.result()()
    until(lambda: not engine.ask("GET", f"/containers/{name}/json")["State"]["Running"], 10, f"{name} is told to be over")
    return took


def kills(bench, engine, name, rounds):
    def by_chaosd():
        fault = bench.inject("kill", name, 60)

        def heal():
            bench.await_fault(fault, "active")
            bench.call(f"/faults/{fault}", method="DELETE")
            bench.await_fault(fault, "reverted")
            engine.ask("POST", f"/containers/{name}/stop?t=0")
        return heal

    def by_the_engine():
        engine.ask("POST", f"/containers/{name}/kill")

    ours, theirs = [], []
    for _ in range(rounds):  # In turn, so that both have the same machine.
        for kill, times in ((by_the_engine, theirs), (by_chaosd, ours)):
            until(lambda: bench.targets()[name]["state"] != "running", 10, f"chaosd sees that {name} is over")
            engine.ask("POST", f"/containers/{name}/start")
            until(lambda: bench.targets()[name]["state"] == "running", 10, f"chaosd sees that {name} runs")
            times.append(until_gone(engine, name, kill))
    return ours, theirs


def partitions(bench, name, peer, rounds):
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        fault = bench.inject("net.partition", name, 60, peers=[peer])
        until(lambda: bench.fault(fault)["state"] == "active", 10, "the partition is active", every=0.005)
        times.append(time.perf_counter() - began)
        bench.call(f"/faults/{fault}", method="DELETE")
        bench.await_fault(fault, "reverted")
    return times


def measure(build, quick=False):
    rounds = 3 if quick else 20
    with engine() as host, stand(build, host) as bench:
        name, peer = bench.node("one"), bench.node("two")
        bench.start_chaosd()
        bench.await_targets(name, peer)
        until(lambda: bench.capabilities().get("net.partition", {}).get("support") == "supported", 30, "partitions can be made")
        parted = partitions(bench, name, peer, rounds)
        own = Engine(host)
        own.ask("POST", f"/containers/{name}/stop?t=0")
        ours, theirs = kills(bench, own, name, rounds)
    kill, bare = percentile(ours, 0.5), percentile(theirs, 0.5)
    yield Figure("kill by the Engine's own call → process gone: median", 1000 * bare, "ms", None, f"{rounds} times")
    yield Figure("kill asked of chaosd → process gone: median", 1000 * kill, "ms", None, f"{rounds} times, in turn")
    yield Figure("kill: chaosd's median against the Engine's", kill / bare, "×", 1.3)
    yield Figure("partition asked of chaosd → active: median", 1000 * percentile(parted, 0.5), "ms", None, f"{rounds} times")
    yield Figure("partition asked of chaosd → active: longest", 1000 * max(parted), "ms", 800, f"{rounds} times")
