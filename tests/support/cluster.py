"""A cluster, real or simulated, with the exporter and chaosd beside it, for one test."""

import contextlib
import os
import pathlib
import random
import signal
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "tools"), str(HERE)]

from local import parts  # noqa: E402
from local.processes import Process, http_status, kill_pid, pid_of, port_is_free, wait_until  # noqa: E402
from server import BIN, BUILD, ROOT, cockroach_binary, either, is_simulated, patience  # noqa: E402, F401

HOST = parts.HOST
LOCALITIES = ["region=eu,zone=a", "region=eu,zone=b", "region=eu,zone=c", "region=us,zone=a", "region=us,zone=b"]

OPERATOR = "operator-token-of-the-tests"
VIEWER = "viewer-token-of-the-tests"
ADMIN = "admin-token-of-the-tests"

_handed_out, _handing_out = set(), threading.Lock()
# Two runs at the same time take different ones: a killed node's port looks free while it is away.
_PORT_FIRST, _PORT_LAST = map(int, os.environ.get("FAULTLINE_TEST_PORTS", "15000-32000").split("-"))


def ports_in_a_row(count):
    """Ports that nothing listens on and nobody else is given, below the range the kernel takes client ports from, so
    that they stay free until they are used and while a killed node is away."""
    with _handing_out:
        while True:
            first = random.SystemRandom().randrange(_PORT_FIRST, _PORT_LAST - count + 1)
            row = range(first, first + count)
            if _handed_out.isdisjoint(row) and all(map(port_is_free, row)):
                _handed_out.update(row)
                return list(row)


def free_ports(count):
    return [port for _ in range(count) for port in ports_in_a_row(1)]


def until(true, seconds, sentence, every=0.05):
    """Waits for a truthy `true()`. Fails with the sentence and what was seen last."""
    seconds = patience(seconds)
    last = None

    def attempt():
        nonlocal last
        last = true()
        return last

    answer = wait_until(attempt, seconds, every)
    if not answer:
        shown = repr(last)
        raise AssertionError(f"not within {seconds} s: {sentence}; last answer: {shown[:2000]}")
    return answer


def until_quiet(read, quiet, seconds, sentence, every=0.5):
    """Waits until `read()` has answered the same for `quiet` seconds; None is no answer."""
    seen, since = None, time.monotonic()

    def unchanged():
        nonlocal seen, since
        now = read()
        if now is None or now != seen:
            seen, since = now, time.monotonic()
        return seen is not None and time.monotonic() - since >= quiet

    until(unchanged, seconds, sentence, every)


class Cluster:
    """On ports of this machine, or with a `network` (network.py) each node in its own. `profile`: the release that the
    simulator plays. `stores`: of each node."""

    def __init__(self, directory, nodes=3, time_scale=None, profile=None, network=None, stores=1):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.network = network
        ports = [26257] * nodes + [8080] * nodes if network else free_ports(2 * nodes)
        scale, played = (time_scale, profile) if is_simulated() else (None, None)
        self.nodes = parts.plan_nodes(cockroach_binary(), self.directory, ports[:nodes], ports[nodes:],
                                      LOCALITIES[:nodes], scale, played, network.hosts if network else None, stores)
        self._children = {}

    def _launch(self, node):
        with self.network.inside(node.number) if self.network else contextlib.nullcontext():
            self._children[node.number] = node.start()

    def start(self):
        for node in self.nodes:
            self._launch(node)
        for node in self.nodes:
            self._await(node, node.answers, "answers /health")
        parts.initialise(self.nodes[0])
        for node in self.nodes:
            self._await(node, node.ready, "is ready")
        return self

    def _await(self, node, true, what):
        child = self._children[node.number]

        def up_or_dead():
            child.must_run()
            return true()

        # A real server needs some 5 s per node on a busy machine.
        until(up_or_dead, 60, f"{node.name} {what}")

    def node(self, number):
        return self.nodes[number - 1]

    def kill(self, number):
        """kill -9, and gone when this returns."""
        self.node(number).kill()
        assert self._children[number].wait(5), f"{self.node(number).name} lives on"

    def terminate(self, number):
        """SIGTERM: the node drains and leaves."""
        self._signal(number, signal.SIGTERM)

    def pause(self, number):
        self._signal(number, signal.SIGSTOP)

    def resume(self, number):
        """It wakes; or it takes the pause for a stalled disk and ends itself, as CockroachDB may, and is started again."""
        node = self.node(number)
        self._signal(number, signal.SIGCONT)
        until(lambda: node.answers() or not self.running(number), 30, f"{node.name} wakes or ends")
        if not self.running(number):
            self.restart(number)

    def _signal(self, number, which):
        pid = self.node(number).pid
        assert pid is not None, f"{self.node(number).name} does not run: it cannot get {which.name}"
        os.kill(pid, which)

    def restart(self, number):
        self._launch(self.node(number))
        self._await(self.node(number), self.node(number).answers, "answers /health again")

    def running(self, number):
        return self.node(number).pid is not None

    def close(self):
        for child in self._children.values():
            child.kill()
        for node in self.nodes:
            # chaosd may have started it again.
            node.kill()


class Daemon:
    """The exporter or chaosd: a process with an HTTP address."""

    def __init__(self, name, directory, argv, port, env=None):
        self.name, self.directory, self.argv, self.port, self.env = name, pathlib.Path(directory), argv, port, env
        self.process = None

    @property
    def address(self):
        return f"{HOST}:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    @property
    def log(self):
        return self.directory / f"{self.name}.log"

    def start(self, ready="/-/healthy", seconds=15):
        self.process = Process(self.name, self.argv, self.log, self.env)

        def up():
            self.process.must_run()
            return http_status(self.url + ready) == 200

        until(up, seconds, f"{self.name} answers {ready}")
        return self

    def stop(self):
        if self.process:
            self.process.stop(grace=15)

    def kill(self):
        if self.process:
            self.process.kill()


def exporter(directory, nodes, chaosd=None, extra=(), name="exporter"):
    [port] = free_ports(1)
    argv = parts.exporter_argv(BIN / "faultline-exporter", nodes, f"{HOST}:{port}", chaosd=chaosd, extra=extra)
    return Daemon(name, directory, argv, port)


def chaosd(directory, nodes, tokens=True, exporter_address=None, extra=()):
    directory = pathlib.Path(directory)
    [port] = free_ports(1)
    process_file = directory / "processes.yaml"
    parts.write_process_file(process_file, nodes)
    token_file = None
    if tokens:
        token_file = parts.secret_file(directory / "chaosd.tokens", f"# of the tests\noperator {OPERATOR}\nviewer {VIEWER}\nadmin {ADMIN}\n")
    state = directory / "chaosd-state"
    state.mkdir(exist_ok=True)
    argv = parts.chaosd_argv(BIN / "faultline-chaosd", f"{HOST}:{port}", process_file, state,
                             token_file=token_file, exporter=exporter_address, extra=extra)
    return Daemon("chaosd", directory, argv, port)


class Sleeper:
    """A process that chaosd may break and that is no database: for what is about chaosd alone."""

    def __init__(self, directory, number):
        self.name = f"sleeper-{number}"
        directory = pathlib.Path(directory)
        self.pid_file, self.log = directory / f"{self.name}.pid", directory / f"{self.name}.log"
        [port] = free_ports(1)
        self.address = f"{HOST}:{port}"
        # The odd number makes the command line its own.
        self.argv = ["sleep", f"86400.{port}"]

    @property
    def pid(self):
        return pid_of(self.pid_file, must_mention=self.argv[1])

    def start(self):
        self._child = Process(self.name, self.argv, self.log)
        self.pid_file.write_text(f"{self._child.pid}\n")

    def state(self):
        """As the kernel has it, whatever chaosd says."""
        pid = self.pid
        if pid is None:
            return "exited"
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return "paused" if "State:\tT" in status else "running"

    def close(self):
        pid = self.pid
        if pid is not None:
            kill_pid(pid)


class Stand:
    """Nodes, chaosd and exporter. `chaosd=False` or `exporter=False` leaves one out."""

    def __init__(self, directory, nodes=3, time_scale=None, with_chaosd=True, with_exporter=True, exporter_extra=(),
                 profile=None, network=None, stores=1):
        self.directory = pathlib.Path(directory)
        self.cluster = Cluster(directory, nodes, time_scale, profile, network, stores)
        self.chaosd = chaosd(directory, self.cluster.nodes) if with_chaosd else None
        viewer = parts.secret_file(self.directory / "exporter.token", VIEWER + "\n")
        self.exporter = exporter(
            directory, self.cluster.nodes, extra=exporter_extra,
            chaosd={"address": self.chaosd.address, "token_file": viewer} if self.chaosd else None,
        ) if with_exporter else None

    def start(self):
        try:
            self.cluster.start()
            if self.chaosd:
                self.chaosd.start()
            if self.exporter:
                self.exporter.start(ready="/-/ready", seconds=30)
        except BaseException:
            self.close()
            raise
        return self

    def close(self):
        # chaosd before the nodes: it would start them again.
        if self.chaosd:
            self.chaosd.kill()
        if self.exporter:
            self.exporter.stop()
        self.cluster.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()
