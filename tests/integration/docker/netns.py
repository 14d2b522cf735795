"""Sockets and looks inside the network namespace of a container, without a program in its image."""

import contextlib
import json
import os
import re
import socket
import subprocess
import threading

import pytest

from bench import docker
from network import set_namespace, this_namespace


def pid_of(name):
    pid = int(docker("inspect", "--format", "{{.State.Pid}}", name))
    if os.geteuid() != 0 or not os.path.exists(f"/proc/{pid}/ns/net"):
        pytest.skip("needs root, and the Engine on this very machine")
    return pid


def address_of(name):
    return docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name)


@contextlib.contextmanager
def inside(name):
    """This thread is in the container's network; a socket made here stays there."""
    with this_namespace() as home, open(f"/proc/{pid_of(name)}/ns/net") as there:
        set_namespace(there)
        try:
            yield
        finally:
            set_namespace(home)


def socket_in(name, kind=socket.SOCK_STREAM):
    with inside(name):
        return socket.socket(socket.AF_INET, kind)


def run_in(name, *command):
    done = subprocess.run(["nsenter", "-t", str(pid_of(name)), "-n", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Echo:
    """Answers every byte with itself, inside a container."""

    def __init__(self, name, port):
        self.listener = socket_in(name)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("0.0.0.0", port))
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    @staticmethod
    def _answer(peer):
        with contextlib.suppress(OSError), peer:
            while data := peer.recv(65536):
                peer.sendall(data)


def connect(origin, address, port, seconds=2.0):
    client = socket_in(origin)
    client.settimeout(seconds)
    client.connect((address, port))
    return client


def can_connect(origin, address, port, seconds=0.5):
    try:
        connect(origin, address, port, seconds).close()
    except OSError:
        return False
    return True


def answers(client, seconds=0.5):
    """Whether a byte comes back; a byte that is under way from an earlier try counts too."""
    client.settimeout(seconds)
    try:
        client.sendall(b"x")
        return client.recv(1) == b"x"
    except OSError:
        return False


def rules_in(name):
    """Without counters; Docker's own rules for its name server have other ports in each run."""
    return re.sub(r"(dport|sport|:) ?\d{4,5}", r"\1 PORT", run_in(name, "nft", "-s", "list", "ruleset"))


def fingerprint(name):
    """Everything that a network or resource fault may leave in or on a container."""
    host = json.loads(docker("inspect", "--format", "{{json .HostConfig}}", name))
    bounded = {key: host[key] for key in ("CpuPeriod", "CpuQuota", "NanoCpus", "Memory", "MemorySwap")}
    # Two ways to write "no limit".
    bounded = {key: 0 if value == -1 or value >= 1 << 62 else value for key, value in bounded.items()}
    queues = sorted(line for line in run_in(name, "tc", "qdisc", "show").splitlines() if " noqueue " not in line)
    cgroups = []
    full = docker("inspect", "--format", "{{.Id}}", name)
    for path in (f"/sys/fs/cgroup/cpu/docker/{full}/cpu.cfs_quota_us", f"/sys/fs/cgroup/memory/docker/{full}/memory.limit_in_bytes",
                 f"/sys/fs/cgroup/docker/{full}/cpu.max", f"/sys/fs/cgroup/docker/{full}/memory.max",
                 f"/sys/fs/cgroup/docker/{full}/io.max",
                 *(f"/sys/fs/cgroup/blkio/docker/{full}/blkio.throttle.{what}_device"
                   for what in ("read_bps", "write_bps", "read_iops", "write_iops"))):
        with contextlib.suppress(OSError):
            with open(path) as file:
                cgroups.append(file.read())
    return {"rules": rules_in(name), "queues": queues, "limits": bounded, "cgroups": cgroups}
