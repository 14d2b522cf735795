"""`tools/demo` on free ports: it comes up, does what it says, and leaves nothing behind."""

import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

import wire
from cluster import BUILD, HOST, ROOT, free_ports, port_is_free, ports_in_a_row, until
from local.processes import Process, http_status, start_ticks


class Demo:
    def __init__(self, directory, page):
        self.directory, self.page = directory, page
        self.port, self.exporter_port, self.chaosd_port = free_ports(3)
        self.sql_port, self.http_port = ports_in_a_row(5)[0], ports_in_a_row(5)[0]
        self.url = f"http://{HOST}:{self.port}"
        self.process = None

    def argv(self, *more):
        return [str(ROOT / "tools/demo"), *more, f"--dir={self.directory}", f"--page={self.page}", f"--build={BUILD}",
                f"--port={self.port}", f"--exporter-port={self.exporter_port}", f"--chaosd-port={self.chaosd_port}",
                f"--sql-port={self.sql_port}", f"--http-port={self.http_port}"]

    def start(self):
        log = self.directory.parent / "demo.log"
        log.unlink(missing_ok=True)
        self.process = Process("demo", self.argv(), log)
        until(lambda: "Faultline is up" in self.said() or not self.process.running(), 60, "the demo says that it is up")
        assert self.process.running(), self.said()
        return self

    def said(self):
        return self.process.log.read_text()

    def state(self):
        return wire.call(self.url + "/api/v1/state").json

    def remains(self):
        """Processes whose command line mentions this demo's folder."""
        mine = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) not in (os.getpid(), self.process.pid if self.process else 0):
                try:
                    line = (entry / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if str(self.directory) in line and start_ticks(int(entry.name)) is not None:
                    mine.append(line.replace("\0", " "))
        return mine

    def end(self):
        subprocess.run(self.argv("stop"), capture_output=True, timeout=60)
        if self.process:
            self.process.kill()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>Faultline</title>")
    return folder


@pytest.fixture
def demo(tmp_path, page):
    (tmp_path / "demo").mkdir()
    demo = Demo(tmp_path / "demo", page)
    yield demo
    demo.end()


def run(demo, *more, **environment):
    return subprocess.run(demo.argv(*more), capture_output=True, text=True, timeout=90, env={**os.environ, **environment})


def test_it_shows_five_simulated_nodes_and_a_fault_through_the_door(demo):
    demo.start()
    assert f"http://localhost:{demo.port}" in demo.said() and "SIMULATED" in demo.said()
    assert b"<title>Faultline</title>" in wire.call(demo.url + "/").body
    assert len(demo.state()["nodes"]) == 5, "the first look is a whole one"
    until(lambda: demo.state()["verdict"]["state"] == "available", 60, "available")
    assert demo.state()["cluster"]["simulated"] is True

    # The browser has no token; the door adds the operator's.
    answer = wire.call(demo.url + "/api/chaos/v1/faults", "POST", json_body={"kind": "kill", "target": "crdb-2", "duration_s": 120},
                       headers={"Origin": f"http://{HOST}:{demo.port}"})
    assert answer.status == 202, answer
    address = f"{HOST}:{demo.sql_port + 1}"
    until(lambda: wire.node_by_address(demo.state(), address)["process"]["state"] == "unreachable", 2, "its card turns")
    assert wire.call(demo.url + "/api/chaos/node/start?name=crdb-2", "POST").status == 202
    until(lambda: wire.node_by_address(demo.state(), address)["process"]["state"] == "reachable", 10, "and back")

    # Nobody on this machine reads the secrets.
    for name in ("chaosd.tokens", "exporter.token"):
        assert (demo.directory / name).stat().st_mode & 0o077 == 0

    demo.process.signal(signal.SIGINT)
    assert demo.process.wait(15) and demo.process.exit_code == 0, demo.said()
    assert demo.remains() == [], "also the node that chaosd had started again is gone"
    ports = [demo.port, demo.exporter_port, demo.chaosd_port, *range(demo.sql_port, demo.sql_port + 5), *range(demo.http_port, demo.http_port + 5)]
    assert all(port_is_free(port) for port in ports)

    began = time.monotonic()
    demo.start()
    assert time.monotonic() - began < 25, "a second run starts in seconds"
    demo.process.signal(signal.SIGTERM)
    assert demo.process.wait(15) and demo.process.exit_code == 0
    assert demo.remains() == []


def test_node_ids_follow_the_names_and_two_kills_leave_some_of_its_simulated_ranges_without_quorum(demo):
    demo.start()
    for number in range(1, 6):
        assert wire.node_by_address(demo.state(), f"{HOST}:{demo.sql_port + number - 1}")["node_id"] == number
    until(lambda: demo.state()["verdict"]["state"] == "available", 60, "available")

    def change(kind, number):
        assert wire.call(f"{demo.url}/api/chaos/node/{kind}?name=crdb-{number}", "POST").status == 202

    def without_quorum():
        return demo.state()["ranges_unavailable"]

    def process(number):
        return wire.node_by_address(demo.state(), f"{HOST}:{demo.sql_port + number - 1}")["process"]["state"]

    def kill(number):
        body = {"kind": "kill", "node_id": number, "duration_s": 120}
        # The second would cost some ranges their quorum; that is what this is about.
        answer = wire.Chaos(demo.url).post_accepting(body)
        assert answer.status == 202, answer
        until(lambda: process(number) == "unreachable", 5, f"n{number} is gone")

    kill(2)
    assert without_quorum() in (0, None), "one of three"
    kill(3)
    until(without_quorum, 30, "the headline counts ranges")
    state = demo.state()
    assert 0 < state["ranges_unavailable"] < state["ranges_total"], state["verdict"]
    change("start", 2)
    until(lambda: without_quorum() == 0, 30, "quorum is back")


def test_a_second_one_beside_a_running_one_is_told_where_that_is(demo):
    demo.start()
    second = run(demo)
    assert second.returncode == 1
    assert "runs already" in second.stderr and f"http://localhost:{demo.port}" in second.stderr
    assert demo.process.running() and http_status(demo.url + "/") == 200

    assert run(demo, "stop").returncode == 0
    assert demo.process.wait(15)
    assert demo.remains() == []
    assert "nothing runs" in run(demo, "stop").stdout


def test_what_a_killed_one_left_behind_is_cleared_by_the_next(demo):
    demo.start()
    demo.process.kill()
    assert demo.remains(), "kill -9 leaves its children"
    demo.start()
    demo.process.signal(signal.SIGINT)
    assert demo.process.wait(15)
    assert demo.remains() == []


def test_stop_never_ends_a_process_that_only_has_the_same_number(demo):
    bystander = Process("bystander", ["sleep", "1000"], demo.directory / "bystander.log")
    (demo.directory / "run.json").write_text(
        '{"port": 1, "demo": {"pid": %d, "started": 1}, "processes": [{"name": "x", "pid": %d, "started": 1}]}'
        % (bystander.pid, bystander.pid))
    (demo.directory / "crdb-1.pid").write_text(f"{bystander.pid}\n")
    try:
        assert run(demo, "stop").returncode == 0
        assert bystander.running()
    finally:
        bystander.kill()


@pytest.mark.parametrize("which, variable", [("port", "FAULTLINE_DEMO_PORT"), ("exporter_port", "FAULTLINE_DEMO_EXPORTER_PORT"),
                                             ("sql_port", "FAULTLINE_DEMO_SQL_PORT")])
def test_a_busy_port_is_one_clear_sentence(demo, which, variable):
    port = getattr(demo, which)
    with socket.create_server((HOST, port)):
        done = run(demo)
    assert done.returncode == 1
    [sentence] = done.stderr.strip().splitlines()
    assert str(port) in sentence and variable in sentence
    assert demo.remains() == []


def test_what_is_missing_is_one_clear_sentence(demo, tmp_path):
    demo.page = tmp_path / "nowhere"
    done = run(demo)
    assert done.returncode == 1 and "make demo" in done.stderr and len(done.stderr.strip().splitlines()) == 1
    demo.page = ROOT
    done = subprocess.run([*demo.argv(), f"--build={tmp_path}"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "crdbsim" in done.stderr


def test_when_a_part_dies_it_says_so_and_ends(demo):
    demo.start()
    import json
    parts = json.loads((demo.directory / "run.json").read_text())["processes"]
    os.kill(next(part["pid"] for part in parts if part["name"] == "exporter"), signal.SIGKILL)
    assert demo.process.wait(15)
    assert demo.process.exit_code == 1 and "exporter died" in demo.said()
    assert demo.remains() == []


def test_a_killed_node_does_not_end_the_demo(demo):
    demo.start()
    os.kill(int((demo.directory / "crdb-3.pid").read_text()), signal.SIGKILL)
    until(lambda: wire.node_by_address(demo.state(), f"{HOST}:{demo.sql_port + 2}")["process"]["state"] == "unreachable", 5, "seen")
    assert not demo.process.wait(1.5) and demo.process.running()
