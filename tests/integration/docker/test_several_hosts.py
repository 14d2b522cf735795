"""One chaosd over two real Docker Engines, one on its unix socket and one over TLS."""

import os
import shutil
import subprocess
import tempfile
import time

import pytest

from bench import Bench, docker, look
from other_engine import OtherEngine, make_certificates
from support import wire
from support.cluster import BIN, HOST, Daemon, free_ports, until


@pytest.fixture(scope="module")
def other(engine):
    if os.geteuid() != 0:
        pytest.skip("a second Docker Engine needs root")
    folder = tempfile.mkdtemp(prefix="faultline-other-")
    second = OtherEngine(folder, engine)
    yield second
    second.remove()
    shutil.rmtree(folder)


class TwoHosts(Bench):
    """A container of the same name on each."""

    def __init__(self, directory, engine, other):
        super().__init__(directory, engine)
        self.other = other
        self.flags = [f"--docker.host=eu={engine}", f"--docker.host=us={other.address}", f"--docker.tls-dir=us={other.certificates}"]
        self.name = self.container("twin")
        self.run_on_other()
        self.eu, self.us = f"{self.name}@eu", f"{self.name}@us"

    def run_on_other(self):
        self.other.docker("run", "-d", "--init", "--network", "none", "--name", self.name, "--label", f"{self.label}=true",
                          "debian:bookworm-slim", "sleep", "86400")

    def start_chaosd(self, *flags):
        """A new process each time, over the same journal, so that the flags may change."""
        [port] = free_ports(1)
        state = self.directory / "state"
        state.mkdir(exist_ok=True)
        self.chaosd = Daemon("chaosd", self.directory, [
            BIN / "faultline-chaosd", f"--web.listen-address={HOST}:{port}", f"--docker.label={self.label}",
            f"--state-dir={state}", *(flags or self.flags)], port)
        return self.chaosd.start(ready="/-/ready")

    def await_state(self, target, state, seconds=20):
        return until(lambda: self.targets().get(target, {}).get("state") == state, seconds, f"{target} is {state}")

    def await_on_other(self, status, seconds=20):
        return until(lambda: self.other.look(self.name)["Status"] == status, seconds, f"{self.us} is {status}")

    def hosts(self):
        return {host["name"]: host for host in self.call("/capabilities").json["hosts"]}

    def close(self):
        super().close()
        if self.other.process.poll() is not None:
            self.other.start()
        self.other.thaw()
        subprocess.run(["docker", "-H", self.other.socket, "rm", "-f", "-v", self.name], capture_output=True)
        subprocess.run(["docker", "-H", self.other.socket, "volume", "prune", "-f"], capture_output=True)


@pytest.fixture
def bench(tmp_path, engine, other):
    bench = TwoHosts(tmp_path, engine, other)
    yield bench
    bench.close()


def test_targets_of_both_are_told_apart_and_each_engine_says_what_it_is(bench):
    bench.start_chaosd()
    bench.await_targets(bench.eu, bench.us)
    version = docker("version", "--format", "{{.Server.Version}}")
    hosts = until(lambda: (h := bench.hosts()) and all(one["ok"] for one in h.values()) and h, 15, "both are described")
    assert set(hosts) == {"eu", "us"} and all(version in one["detail"] and "API 1." in one["detail"] for one in hosts.values())
    answer = bench.call("/faults", method="POST", json_body={"kind": "kill", "target": bench.name, "duration_s": 5})
    problem = wire.problem(answer, 409)
    assert bench.eu in problem["detail"] and bench.us in problem["detail"]
    assert look(bench.name)["Running"] and bench.other.look(bench.name)["Running"]


@pytest.mark.parametrize("kind, broken", [("kill", "exited"), ("pause", "paused")])
def test_a_fault_is_on_the_host_that_was_named_and_nowhere_else(bench, kind, broken):
    bench.start_chaosd()
    bench.await_targets(bench.eu, bench.us)
    untouched = look(bench.name)
    fault = bench.inject(kind, bench.us, duration_s=5)
    bench.await_on_other(broken)
    bench.await_fault(fault, "active")
    bench.await_state(bench.us, broken)
    assert look(bench.name) == untouched
    bench.await_on_other("running")
    bench.await_fault(fault, "reverted")
    assert look(bench.name) == untouched


def test_faults_on_both_outlive_chaosd_by_no_more_than_their_deadline_whatever_the_order_of_the_flags(bench):
    bench.start_chaosd()
    bench.await_targets(bench.eu, bench.us)
    began = time.monotonic()
    faults = [bench.inject("kill", bench.eu, duration_s=8), bench.inject("pause", bench.us, duration_s=8)]
    for fault in faults:
        bench.await_fault(fault, "active")
    bench.chaosd.kill()  # SIGKILL: no farewell.
    assert look(bench.name)["Status"] == "exited" and bench.other.look(bench.name)["Status"] == "paused"
    bench.start_chaosd(*reversed(bench.flags))
    bench.await_container(bench.name, "running", seconds=23)
    bench.await_on_other("running", seconds=23)
    assert time.monotonic() - began < 8 + 15
    for fault in faults:
        bench.await_fault(fault, "reverted")


def test_without_a_journal_each_host_is_mended_by_its_own_marks_and_a_silent_one_later(bench):
    bench.start_chaosd()
    bench.await_targets(bench.eu, bench.us)
    faults = {"eu": bench.inject("kill", bench.eu, duration_s=600), "us": bench.inject("pause", bench.us, duration_s=600)}
    for fault in faults.values():
        bench.await_fault(fault, "active")
    assert bench.marks() == [f"faultline-mark-{faults['eu']}"]
    assert bench.other.docker("volume", "ls", "-q").split() == [f"faultline-mark-{faults['us']}"]
    bench.chaosd.kill()
    (bench.directory / "state/journal.jsonl").unlink()
    bench.other.freeze()
    bench.start_chaosd()
    bench.await_container(bench.name, "running", seconds=30)
    assert bench.await_fault(faults["eu"], "reverted", seconds=30)["target"] == bench.eu
    bench.other.thaw()
    assert bench.call("/heal", method="POST").status == 202
    bench.await_on_other("running", seconds=60)
    assert bench.await_fault(faults["us"], "reverted", seconds=30)["target"] == bench.us
    assert not bench.marks() and not bench.other.docker("volume", "ls", "-q")


def test_a_journal_of_before_there_were_two_is_understood(bench):
    bench.start_chaosd(f"--docker.host={bench.engine}")
    bench.await_targets(bench.name)
    fault = bench.inject("kill", bench.name, duration_s=600)
    bench.await_fault(fault, "active")
    bench.chaosd.kill()
    bench.start_chaosd()
    bench.await_targets(bench.eu, bench.us)
    assert bench.fault(fault)["target"] == bench.eu
    # Nor is the one on the other host taken for it.
    answer = bench.call("/faults", method="POST", json_body={"kind": "pause", "target": bench.eu, "duration_s": 5})
    wire.problem(answer, 409)
    assert bench.call(f"/faults/{fault}", method="DELETE").status == 202
    bench.await_container(bench.name, "running")
    assert bench.other.look(bench.name)["Running"]


def test_a_host_that_is_silent_costs_the_other_nothing_and_its_targets_are_unknown(bench):
    bench.start_chaosd()
    bench.await_targets(bench.eu, bench.us)
    open_there = bench.inject("pause", bench.us, duration_s=600)
    bench.await_fault(open_there, "active")
    bench.other.freeze()
    bench.await_state(bench.us, "unknown", seconds=30)
    hosts = bench.hosts()
    assert hosts["eu"]["ok"] and not hosts["us"]["ok"], hosts
    ready = wire.call(f"{bench.chaosd.url}/-/ready")
    assert ready.status == 200 and b"host us is away" in ready.body
    metrics = wire.call(f"{bench.chaosd.url}/metrics").body.decode()
    assert 'faultline_chaosd_docker_host_up{docker_host="us"} 0' in metrics
    assert 'faultline_chaosd_docker_host_up{docker_host="eu"} 1' in metrics
    # It is asked to be undone, which cannot be done now; the other's is, by its deadline.
    assert bench.call(f"/faults/{open_there}", method="DELETE").status == 202
    fault = bench.inject("kill", bench.eu, duration_s=3)
    bench.await_container(bench.name, "exited")
    bench.await_container(bench.name, "running", seconds=3 + 15)
    bench.await_fault(fault, "reverted")
    until(lambda: bench.fault(open_there)["state"] in ("reverting", "revert_failed"), 20, "what is there waits to be undone")
    bench.other.thaw()
    bench.await_on_other("running", seconds=30)
    bench.await_fault(open_there, "reverted")
    bench.await_state(bench.us, "running")


def test_an_engine_that_restarts_takes_its_containers_along_and_what_is_open_is_undone(bench):
    bench.start_chaosd()
    bench.await_targets(bench.eu, bench.us)
    fault = bench.inject("kill", bench.us, duration_s=25)
    bench.await_fault(fault, "active")
    bench.other.stop()
    bench.await_state(bench.us, "unknown", seconds=30)
    assert bench.fault(fault)["state"] in ("active", "reverting", "revert_failed"), "who cannot be asked has not ended it"
    bench.other.start()
    bench.await_state(bench.us, "exited")
    bench.await_on_other("running", seconds=40)
    bench.await_fault(fault, "reverted")


def test_a_pause_that_an_engines_restart_ended_is_told_and_the_container_is_left_as_it_is(bench):
    bench.start_chaosd()
    bench.await_targets(bench.eu, bench.us)
    fault = bench.inject("pause", bench.us, duration_s=600)
    bench.await_fault(fault, "active")
    bench.other.stop()
    bench.other.start()
    told = bench.await_fault(fault, "reverted", seconds=40)
    assert "it ended early" in told["reason"], told
    assert bench.other.look(bench.name)["Status"] == "exited", "it was not chaosd that ended it"
    bench.await_state(bench.us, "exited")  # Though nobody heard it die.


def test_who_has_no_certificate_or_believes_another_ca_is_told_so(bench, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(bench.other.certificates / "ca.pem", bare)
    for folder, why in ((bare, "wants a certificate of us"), (make_certificates(tmp_path / "stranger"), "certificate problem")):
        bench.start_chaosd(bench.flags[0], bench.flags[1], f"--docker.tls-dir=us={folder}")
        bench.await_targets(bench.eu)
        said = until(lambda: (d := bench.hosts()["us"]["detail"]) != "not asked yet" and d, 15, "it has been asked")
        assert why in said, said
        assert "PRIVATE" not in bench.chaosd.log.read_text()
        assert bench.us not in bench.targets()
        bench.chaosd.stop()
