"""Podman behind its compatible socket, as root: what chaosd's verbs do there."""

import os
import shutil
import subprocess
import tempfile

import pytest

from bench import Bench, docker, look
from support import wire
from support.cluster import until

IMAGE = "debian:bookworm-slim"


@pytest.fixture(scope="module")
def podman(engine):
    if shutil.which("podman") is None or os.geteuid() != 0:
        pytest.skip("needs podman, and root")
    folder = tempfile.mkdtemp(prefix="faultline-podman-")
    host = f"unix://{folder}/podman.sock"
    own = ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run"]
    service = subprocess.Popen([*own, "system", "service", "--time=0", host], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    until(lambda: subprocess.run(["docker", "-H", host, "version"], capture_output=True).returncode == 0, 20, "podman answers")
    image = subprocess.Popen(["docker", "-H", engine, "save", IMAGE], stdout=subprocess.PIPE)
    subprocess.run([*own, "load", "-q"], stdin=image.stdout, check=True, stdout=subprocess.DEVNULL)
    assert image.wait() == 0
    yield host
    service.terminate()
    service.wait(20)
    subprocess.run([*own, "rm", "-fa", "-t", "0"], capture_output=True)
    subprocess.run([*own, "rmi", "-fa"], capture_output=True)
    for kind in ("root/overlay", "root", "run"):
        subprocess.run(["umount", "-l", f"{folder}/{kind}"], capture_output=True)
    shutil.rmtree(folder)


class PodmanBench(Bench):
    def container(self, name, *extra, opted_in=True, command=()):
        full = f"{name}-{self.label[-8:]}"
        labels = ["--label", f"{self.label}=true"] if opted_in else []
        # A shell as process 1 hears SIGTERM. Podman's own limits may be above those of the machine it runs on.
        docker("run", "-d", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--name", full,
               *labels, *extra, IMAGE, *(command or ("bash", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait; done")))
        self.names.append(full)
        return full


@pytest.fixture
def bench(tmp_path, podman, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", podman)
    bench = PodmanBench(tmp_path, podman)
    yield bench
    bench.close()


def test_only_what_carries_the_label_is_a_target_and_podman_is_called_so(bench):
    yes, no = bench.container("yes"), bench.container("no", opted_in=False)
    bench.start_chaosd()
    bench.await_targets(yes)
    assert set(bench.targets()) == {yes} and bench.targets()[yes]["state"] == "running"
    wire.problem(bench.call("/faults", method="POST", json_body={"kind": "kill", "target": no, "duration_s": 5}), 404)
    said = until(lambda: (c := bench.call("/capabilities").json)["runtime_ok"] and c, 15, "podman is described")
    assert said["runtime_detail"].startswith("Podman "), said


@pytest.mark.parametrize("kind, broken", [("kill", "exited"), ("stop", "exited"), ("pause", "paused")])
def test_a_fault_breaks_its_target_and_is_undone_at_its_deadline(bench, kind, broken):
    target, bystander = bench.container("target"), bench.container("bystander")
    bench.start_chaosd()
    bench.await_targets(target, bystander)
    untouched, first = look(bystander)["StartedAt"], look(target)["StartedAt"]
    fault = bench.inject(kind, target, duration_s=5)
    bench.await_container(target, broken)
    bench.await_fault(fault, "active")
    bench.await_container(target, "running", seconds=20)
    bench.await_fault(fault, "reverted")
    assert (look(target)["StartedAt"] == first) == (kind == "pause")
    assert look(bystander)["StartedAt"] == untouched


@pytest.mark.parametrize("kind", ["kill", "stop", "pause"])
def test_without_its_journal_chaosd_mends_by_marks(bench, kind):
    target = bench.container("target")
    bench.start_chaosd()
    bench.await_targets(target)
    fault = bench.inject(kind, target, duration_s=600)
    bench.await_fault(fault, "active")
    assert bench.marks() == [f"faultline-mark-{fault}"]
    bench.chaosd.kill()
    (bench.directory / "state/journal.jsonl").unlink()
    bench.start_chaosd()
    bench.await_container(target, "running", seconds=20)
    bench.await_fault(fault, "reverted")
    assert bench.marks() == []


def test_what_somebody_else_does_is_heard(bench):
    target = bench.container("target")
    bench.start_chaosd()
    bench.await_targets(target)
    docker("kill", target)
    until(lambda: bench.targets()[target]["state"] == "exited", 10, "it is known to be down")
    docker("start", target)
    until(lambda: bench.targets()[target]["state"] == "running", 10, "it is known to be up")
