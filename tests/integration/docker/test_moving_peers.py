"""Peers of a network fault that come back with other addresses, on a real Engine and with real connections."""

import contextlib
import socket
import subprocess
import threading
import time

import pytest

import netns
from bench import docker
from support.cluster import until
from test_network_faults import PORT, NetBench, helper, pair, round_trip  # noqa: F401  the fixtures

# What the watch, a renewal every 5 s and the Engine's own doing take together.
AGAIN_WITHIN_S = 6


@pytest.fixture
def bench(tmp_path, engine, helper):  # noqa: F811
    bench = NetBench(tmp_path, engine, helper)
    docker("network", "rm", bench.network)
    # Addresses can be chosen only where the range was.
    for number in range(200, 250):
        made = subprocess.run(["docker", "network", "create", "--subnet", f"10.{number}.77.0/24", bench.network], capture_output=True)
        if made.returncode == 0:
            break
    yield bench
    bench.close()


def addresses_of(name):
    return docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", name).split()


def held(bench):
    """What the helper says that it holds."""
    return docker("logs", "--tail", "1", bench.holder())


def sentences(bench, fault):
    return [event["sentence"] for event in bench.call("/events").json["events"] if event["fault_id"] == fault]


class Pings:
    """A packet each millisecond from one container to another, at CockroachDB's port."""

    def __init__(self, origin, destination):
        self.ear, self.mouth = netns.socket_in(destination, socket.SOCK_DGRAM), netns.socket_in(origin, socket.SOCK_DGRAM)
        self.ear.bind(("0.0.0.0", PORT))
        self.ear.setblocking(False)
        self.mouth.connect((netns.address_of(destination), PORT))
        self.sent, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self._send, daemon=True)
        self.thread.start()

    def _send(self):
        while not self.over.wait(0.001):
            self.mouth.send(b"x")
            self.sent += 1

    def heard(self):
        """How many came since it was asked last."""
        count = 0
        with contextlib.suppress(BlockingIOError):
            while self.ear.recv(1):
                count += 1
        return count

    def stop(self):
        self.over.set()
        self.thread.join()


def test_a_peer_that_comes_back_elsewhere_is_cut_again_and_who_has_its_place_is_not(bench, pair):  # noqa: F811
    one, two = pair
    third = bench.node("third")
    bench.await_targets(third)
    at_one, at_third, before = netns.address_of(one), netns.address_of(third), netns.fingerprint(one)
    for name in (one, third):
        netns.Echo(name, PORT)
    pings = Pings(third, one)
    until(pings.heard, 5, "packets arrive")
    fault = bench.inject("net.partition", one, duration_s=120, peers=[two, third])
    bench.await_fault(fault, "active")
    assert not netns.can_connect(one, at_third, PORT)
    until(lambda: pings.heard() == 0, 5, "what was under way has arrived")
    sent = pings.sent

    at_bystander = netns.address_of(two)
    docker("stop", "-t", "0", two)
    bystander = bench.container("bystander", "--network", bench.network, "--ip", at_bystander, opted_in=False)
    docker("start", two)
    back, at_two = time.monotonic(), netns.address_of(two)
    assert at_two != at_bystander == netns.address_of(bystander)
    for name in (two, bystander):
        netns.Echo(name, PORT)
    until(lambda: at_two in held(bench), AGAIN_WITHIN_S, "its new address is in the rules", every=0.01)
    print(f"cut again {time.monotonic() - back:.2f} s after it was back; {pings.sent - sent} packets of the other peer meanwhile")
    assert pings.sent > sent and pings.heard() == 0, "the peer that stayed was never free"
    assert not netns.can_connect(one, at_two, PORT) and not netns.can_connect(two, at_one, PORT)
    assert not netns.can_connect(one, at_third, PORT)
    assert netns.can_connect(bystander, at_one, PORT) and netns.can_connect(one, at_bystander, PORT), "it is no peer"
    told = until(lambda: (f := bench.fault(fault))["reason"] and f, 5, "the record says so")
    assert told["state"] == "active" and f"{at_two} ({two})" in told["reason"], told
    assert any(f"no longer about {at_bystander}" in sentence for sentence in sentences(bench, fault)), sentences(bench, fault)

    pings.stop()
    # The next chaosd knows from the helper what is held.
    bench.chaosd.kill()
    docker("restart", "-t", "0", third)
    bench.start_chaosd()
    until(lambda: bench.fault(fault)["state"] == "active" and netns.address_of(third) in held(bench), 15, "it is kept, and true")
    for name in (two, third):
        assert not netns.can_connect(name, at_one, PORT), name

    assert bench.call(f"/faults/{fault}", method="DELETE").status == 202
    bench.await_fault(fault, "reverted")
    for name in (two, third, bystander):
        until(lambda n=name: netns.can_connect(n, at_one, PORT), 5, f"{name} reaches it again")
    assert netns.fingerprint(one) == before
    until(lambda: not bench.helpers(), 10, "no helper is left")


def test_a_relay_that_is_given_other_rules_goes_on_with_its_clients(bench, pair):  # noqa: F811
    one, two = pair
    stranger = bench.container("stranger", "--network", bench.network, opted_in=False)
    at_one, before = netns.address_of(one), netns.fingerprint(one)
    netns.Echo(one, PORT)
    fault = bench.inject("net.latency", one, path="sql", latency_ms=300, duration_s=120)
    bench.await_fault(fault, "active", 20)
    slow = netns.connect(stranger, at_one, PORT)
    assert round_trip(slow) >= 0.25

    [first], other = addresses_of(two), f"{bench.network}-b"
    docker("network", "create", other)
    try:
        docker("network", "connect", other, two)
        [second] = set(addresses_of(two)) - {first}
        until(lambda: second in held(bench), AGAIN_WITHIN_S + 3, "the peer is spared at its second address, too")
        assert bench.fault(fault)["state"] == "active"
        assert round_trip(slow) >= 0.25, "what was late is as late as before"
        assert round_trip(netns.connect(stranger, at_one, PORT)) >= 0.25
        assert min(round_trip(netns.connect(two, at_one, PORT)) for _ in range(3)) < 0.2
        assert bench.call(f"/faults/{fault}", method="DELETE").status == 202
        bench.await_fault(fault, "reverted")
        assert netns.fingerprint(one) == before
    finally:
        docker("network", "disconnect", "-f", other, two)
        docker("network", "rm", other)


def test_a_narrow_pipe_is_narrow_in_a_network_that_is_attached_later(bench, pair):  # noqa: F811
    one, two = pair
    before = netns.fingerprint(one)
    fault = bench.inject("net.bandwidth", one, duration_s=120, rate_kbit=8000)
    bench.await_fault(fault, "active")
    other = f"{bench.network}-b"
    docker("network", "create", other)
    try:
        docker("network", "connect", other, one)
        until(lambda: netns.run_in(one, "tc", "qdisc", "show").count("qdisc htb") == 2, AGAIN_WITHIN_S + 3, "its new device has the queue")
        assert bench.fault(fault)["state"] == "active"
        docker("network", "disconnect", other, one)
        time.sleep(6)  # A renewal.
        assert bench.fault(fault)["state"] == "active", "a device that goes takes nothing with it"
        assert bench.call(f"/faults/{fault}", method="DELETE").status == 202
        bench.await_fault(fault, "reverted")
        assert netns.fingerprint(one) == before
    finally:
        subprocess.run(["docker", "network", "disconnect", "-f", other, one], capture_output=True)
        docker("network", "rm", other)
