"""The compose file that users run, brought up for real and broken through its one door."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import time

import pytest
import websockets

from support import wire
from support.cluster import ROOT, free_ports, until

PREFIX = "faultline-test-"
PROJECT = "faultline-test"


def compose_command():
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    if not plugin and not shutil.which("docker-compose"):
        pytest.fail("there is a Docker Engine but neither `docker compose` nor docker-compose")
    return ["docker", "compose"] if plugin else ["docker-compose"]


class Stack:
    """The compose project and its page's address."""

    def __init__(self, engine, images):
        [self.port] = free_ports(1)
        self.command = [*compose_command(), "-p", PROJECT, "-f", str(ROOT / "compose/docker-compose.yml")]
        self.environment = {
            **os.environ,
            "COCKROACH_IMAGE": os.environ.get("COCKROACH_IMAGE", images["crdbsim"]),
            "FAULTLINE_EXPORTER_IMAGE": images["exporter"],
            "FAULTLINE_CHAOSD_IMAGE": images["chaosd"],
            "FAULTLINE_NETHOLD_IMAGE": images["nethold"],
            "FAULTLINE_PAGE_IMAGE": images["page"],
            "FAULTLINE_PORT": str(self.port),
            "FAULTLINE_NAME_PREFIX": PREFIX,
            "DOCKER_SOCKET": engine.removeprefix("unix://"),
        }

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    def compose(self, *arguments, check=True):
        done = subprocess.run([*self.command, *arguments], env=self.environment, capture_output=True, text=True)
        assert not check or done.returncode == 0, f"compose {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def up(self, *profiles):
        flags = [word for profile in profiles for word in ("--profile", profile)]
        self.compose(*flags, "up", "-d", "--no-build")

    def down(self):
        return self.compose("--profile", "five", "--profile", "observability", "down", "-v", "--remove-orphans", "-t", "1")

    def chaos(self, path, **options):
        return wire.call(self.url + "/api/chaos/" + path, **options)

    def first_snapshot(self, enough, seconds, sentence):
        """The first message of /ws, through Caddy, that is `enough`; later ones are not waited for."""

        async def watch():
            last = None
            with contextlib.suppress(asyncio.TimeoutError):
                async with websockets.connect(f"ws://localhost:{self.port}/ws", max_size=None) as socket:
                    deadline = time.monotonic() + seconds
                    while (left := deadline - time.monotonic()) > 0:
                        last = json.loads(await asyncio.wait_for(socket.recv(), left))
                        if enough(last):
                            return last
            raise AssertionError(f"not within {seconds} s: {sentence}; last: {json.dumps(last)[:3000]}")

        return asyncio.run(watch())

    def await_node(self, name, seconds, sentence, **wanted):
        """`name` is its host; node ids follow the order of joining."""

        def so(snapshot):
            nodes = [n for n in snapshot["nodes"] if n["address"] == f"{name}:26257"]
            return len(nodes) == 1 and all(nodes[0].get(key) == value for key, value in wanted.items())

        return self.first_snapshot(so, seconds, sentence)

    def container_state(self, name):
        done = subprocess.run(["docker", "inspect", "--format", "{{.State.Status}}", PREFIX + name],
                              capture_output=True, text=True)
        return done.stdout.strip()


@pytest.fixture(scope="module")
def stack(engine, images):
    stack = Stack(engine, images)
    stack.down()
    try:
        stack.up()
        until(lambda: status(stack.url + "/") == 200, 60, "the page answers")
        # A real cluster needs its time to replicate the system ranges.
        stack.first_snapshot(
            lambda s: len(s["nodes"]) == 3 and all(n["is_live"] and n["container_state"] == "running" for n in s["nodes"]),
            120, "three live nodes in running containers")
        yield stack
    except BaseException:
        print(stack.compose("ps", check=False))
        print(stack.compose("logs", "--no-color", "--tail=25", check=False))
        raise
    finally:
        stack.down()


def status(url):
    with contextlib.suppress(OSError):
        return wire.call(url, timeout=2).status


def test_the_page_is_served_and_the_machine_room_is_not(stack):
    page = wire.call(stack.url + "/")
    assert page.status == 200 and "<title>" in page.text
    for path in ("/metrics", "/-/healthy"):
        assert wire.call(stack.url + path).status == 404


def test_only_the_page_is_published_and_to_this_machine_only(stack):
    done = subprocess.run(["docker", "ps", "--filter", f"label=com.docker.compose.project={PROJECT}", "--format",
                           "{{.Names}}={{.Ports}}"], capture_output=True, text=True, check=True)
    published = [line for line in done.stdout.splitlines() if "->" in line]
    assert len(published) == 1, published
    assert f"=127.0.0.1:{stack.port}->8088/tcp" in published[0], published


def test_exactly_the_database_nodes_are_targets_and_each_has_its_node_id(stack):
    def resolved():
        targets = stack.chaos("v1/targets").json["targets"]
        return all(target["node_id"] for target in targets) and targets

    targets = until(resolved, 15, "every target has a node id")
    assert sorted(target["name"] for target in targets) == [PREFIX + name for name in ("crdb-1", "crdb-2", "crdb-3")]


def test_the_browser_needs_no_token_and_a_wrong_one_is_refused(stack):
    assert stack.chaos("v1/targets").status == 200
    wire.problem(stack.chaos("v1/targets", token="wrong"), 401)


def test_a_stopped_node_is_seen_to_go_and_is_started_again_on_request(stack):
    stopped = stack.chaos(f"node/stop?name={PREFIX}crdb-2", method="POST")
    assert stopped.status in (200, 202), stopped
    stack.await_node("crdb-2", 75, "its container has exited", container_state="exited")
    # Three replicas, one gone: nothing to spare, and everything still served.
    stack.await_node("crdb-2", 30, "the cluster says it is not live", is_live=False)
    started = stack.chaos(f"node/start?name={PREFIX}crdb-2", method="POST")
    assert started.status in (200, 202), started
    stack.await_node("crdb-2", 60, "it is back", container_state="running", is_live=True)


def test_a_killed_node_is_seen_within_a_second_and_comes_back_at_its_deadline(stack):
    kill = {"kind": "kill", "target": PREFIX + "crdb-3", "duration_s": 8}
    # crdb-2 came back a moment ago, and the guard may not count on it yet.
    fault = wire.Chaos(stack.url).post_accepting(kill)
    assert fault.status == 202, fault
    until(lambda: stack.container_state("crdb-3") == "exited", 10, "the Engine says it is gone", every=0.01)
    stack.await_node("crdb-3", 1, "its container has exited", container_state="exited")
    stack.await_node("crdb-3", 40, "it runs again by itself", container_state="running", is_live=True)
    ended = until(lambda: (f := stack.chaos(f"v1/faults/{fault.json['id']}").json)["state"] == "reverted" and f,
                  15, "the fault is undone")
    assert ended["ended_at_ms"] - fault.json["created_at_ms"] < 30_000


def test_init_and_secrets_ran_once_and_a_second_up_changes_nothing(stack):
    def containers():
        done = subprocess.run(["docker", "ps", "-q", "--no-trunc", "--filter",
                               f"label=com.docker.compose.project={PROJECT}"], capture_output=True, text=True, check=True)
        return sorted(done.stdout.split())

    before = containers()
    stack.up()
    assert containers() == before
    assert stack.chaos("v1/targets").status == 200  # With the tokens of the first time.


def test_the_profile_five_adds_two_nodes(stack):
    stack.up("five")
    stack.first_snapshot(lambda s: len(s["nodes"]) == 5 and all(n["is_live"] for n in s["nodes"]), 90, "five live nodes")
