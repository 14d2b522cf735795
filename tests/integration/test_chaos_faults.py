"""Each fault has its effect, is undone at its deadline or on request, and survives the death of chaosd."""

import os
import signal
import time

import pytest

import picture
import wire
from cluster import ADMIN, OPERATOR, VIEWER, Sleeper, Stand, chaosd, until

BROKEN = {"stop": "exited", "kill": "exited", "pause": "paused"}


class Scene:
    def __init__(self, directory):
        self.directory = directory
        self.sleepers = [Sleeper(directory, number) for number in (1, 2, 3)]
        for sleeper in self.sleepers:
            sleeper.start()
        self.daemon = chaosd(directory, self.sleepers).start(ready="/-/ready")
        self.api = wire.Chaos(self.daemon.url, OPERATOR)

    def sleeper(self, number):
        return self.sleepers[number - 1]

    def until_fault(self, fault_id, state, seconds=10):
        return until(lambda: (lambda f: f if f["state"] == state else None)(self.api.fault(fault_id)), seconds,
                     f"fault {fault_id} is {state}; it is {self.api.fault(fault_id)}")

    def close(self):
        self.daemon.kill()
        for sleeper in self.sleepers:
            sleeper.close()


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path)
    yield scene
    scene.close()


@pytest.mark.parametrize("kind", ["stop", "kill", "pause"])
def test_a_fault_acts_on_its_target_alone_and_is_undone_on_request(scene, kind):
    answer = scene.api.post("faults", {"kind": kind, "target": "sleeper-2", "duration_s": 60})
    assert answer.status == 202
    fault = answer.json
    assert answer.headers["Location"] == f"/api/chaos/v1/faults/{fault['id']}"
    picture.assert_valid(fault, "Fault")
    active = scene.until_fault(fault["id"], "active")
    assert scene.sleeper(2).state() == BROKEN[kind]
    assert scene.sleeper(1).state() == scene.sleeper(3).state() == "running"
    assert 59_000 <= active["expires_at_ms"] - active["created_at_ms"] <= 62_000
    until(lambda: scene.api.target("sleeper-2")["state"] == BROKEN[kind], 3, "and chaosd's own list says so")

    undone = scene.api.delete(f"faults/{fault['id']}")
    assert undone.status == 202
    ended = scene.until_fault(fault["id"], "reverted")
    assert ended["ended_at_ms"] and not ended["overdue"]
    assert scene.sleeper(2).state() == "running"
    assert scene.api.delete(f"faults/{fault['id']}").status == 202, "undoing twice is no error"
    assert scene.api.faults() == []


def test_a_restart_gives_another_process_and_is_over_by_itself(scene):
    before = scene.sleeper(1).pid
    fault = scene.api.inject("restart", "sleeper-1", 60)
    until(lambda: scene.api.fault(fault["id"])["state"] == "reverted", 15, "the restart is over")
    assert scene.sleeper(1).state() == "running" and scene.sleeper(1).pid != before


@pytest.mark.parametrize("kind", ["stop", "kill", "pause"])
def test_a_fault_is_undone_at_its_deadline_without_being_asked(scene, kind):
    began = time.monotonic()
    fault = scene.api.inject(kind, "sleeper-1", 2)
    scene.until_fault(fault["id"], "active")
    until(lambda: scene.sleeper(1).state() == BROKEN[kind], 1, "it acts")
    until(lambda: scene.sleeper(1).state() == "running", 6, "it is undone")
    assert 1.8 <= time.monotonic() - began <= 4.0
    scene.until_fault(fault["id"], "reverted")


def test_a_second_fault_on_the_same_target_is_a_conflict_and_changes_nothing(scene):
    first = scene.api.inject("pause", "sleeper-1", 60)
    scene.until_fault(first["id"], "active")
    said = wire.problem(scene.api.post("faults", {"kind": "kill", "target": "sleeper-1", "duration_s": 60}), 409)
    assert first["id"] in said["detail"]
    wire.problem(scene.api.original("stop", "name=sleeper-1"), 409)
    assert scene.sleeper(1).state() == "paused"
    assert [fault["id"] for fault in scene.api.faults()] == [first["id"]]
    scene.api.inject("pause", "sleeper-2", 60)  # Another target is free.


def test_heal_undoes_everything_and_may_be_called_again(scene):
    for number, kind in ((1, "pause"), (2, "kill"), (3, "stop")):
        scene.until_fault(scene.api.inject(kind, f"sleeper-{number}", 300)["id"], "active")
    answer = scene.api.post("heal")
    assert answer.status == 202 and len(answer.json["faults"]) == 3
    until(lambda: scene.api.faults() == [], 10, "no fault is open")
    assert [sleeper.state() for sleeper in scene.sleepers] == ["running"] * 3
    again = scene.api.post("heal")
    assert again.status == 202 and again.json["faults"] == []


def test_the_two_original_calls(scene):
    stopped = scene.api.original("stop", "name=sleeper-1")
    assert stopped.status == 202 and stopped.json["kind"] == "stop"
    until(lambda: scene.sleeper(1).state() == "exited", 5, "stopped")
    limit = stopped.json["expires_at_ms"] - stopped.json["created_at_ms"]
    assert 299_000 <= limit <= 301_000, "five minutes when nothing is said"
    assert scene.api.original("start", "name=sleeper-1").status == 202
    until(lambda: scene.sleeper(1).state() == "running", 5, "started")
    until(lambda: scene.api.faults() == [], 5, "and its fault is over")


def test_what_stopped_without_a_fault_can_be_started(scene):
    import os
    os.kill(scene.sleeper(1).pid, signal.SIGKILL)
    until(lambda: scene.api.target("sleeper-1")["state"] == "exited", 5, "chaosd sees that it has gone")
    assert scene.api.faults() == [], "chaosd did not do it"
    assert scene.api.original("start", "name=sleeper-1").status == 202
    until(lambda: scene.sleeper(1).state() == "running", 5, "started")


def test_the_event_feed_answers_at_once_when_something_happens(scene):
    feed = scene.api.get("events?after=0&wait_ms=0").json
    boot, seq = feed["boot"], feed["seq"]
    began = time.monotonic()
    quiet = scene.api.get(f"events?after={seq}&boot={boot}&wait_ms=500").json
    assert quiet["seq"] == seq and quiet["events"] == [] and time.monotonic() - began >= 0.45

    import threading
    threading.Timer(0.3, lambda: scene.api.inject("pause", "sleeper-1", 60)).start()
    began = time.monotonic()
    news = scene.api.get(f"events?after={seq}&boot={boot}&wait_ms=20000", timeout=25).json
    assert time.monotonic() - began < 2.0
    assert news["seq"] > seq and not news["gap"]
    assert [event["seq"] for event in news["events"]] == list(range(seq + 1, news["seq"] + 1))
    assert {target["name"] for target in news["targets"]} == {"sleeper-1", "sleeper-2", "sleeper-3"}

    other = scene.api.get("events?after=5&boot=another&wait_ms=20000", timeout=25).json
    assert other["boot"] == boot, "of another run: answered at once, with everything"


def test_a_viewer_may_look_and_an_admin_sees_the_audit(scene):
    viewer = wire.Chaos(scene.daemon.url, VIEWER)
    faults = viewer.get("capabilities").json["faults"]
    assert {fault["kind"] for fault in faults if fault["support"] == "supported"} == {"stop", "kill", "pause", "restart"}
    assert all(fault["reason"] for fault in faults if fault["support"] == "unsupported"), "local processes share one network"
    assert viewer.get("capabilities").json["runtime"] == "process"
    assert len(viewer.get("targets").json["targets"]) == 3
    wire.problem(viewer.get("audit"), 403)
    scene.api.inject("pause", "sleeper-1", 60)
    entries = wire.Chaos(scene.daemon.url, ADMIN).get("audit").json["entries"]
    assert any(one["method"] == "POST" and one["role"] == "operator" and one["status"] == 202 for one in entries)


@pytest.mark.parametrize("kind", ["stop", "kill", "pause"])
def test_after_kill_9_and_return_before_the_deadline_the_fault_ends_at_its_deadline(scene, kind):
    fault = scene.api.inject(kind, "sleeper-1", 4)
    scene.until_fault(fault["id"], "active")
    began = time.monotonic()
    scene.daemon.kill()
    assert scene.sleeper(1).state() == BROKEN[kind], "the fault itself outlives chaosd"
    scene.daemon.start()
    assert scene.api.fault(fault["id"])["state"] == "active", "it remembers"
    assert scene.sleeper(1).state() == BROKEN[kind], "and keeps it until its deadline"
    until(lambda: scene.sleeper(1).state() == "running", 8, "it is undone")
    assert time.monotonic() - began <= 6.0
    scene.until_fault(fault["id"], "reverted")


@pytest.mark.parametrize("kind", ["stop", "kill", "pause"])
def test_after_kill_9_and_return_past_the_deadline_the_fault_is_undone_at_once(scene, kind):
    fault = scene.api.inject(kind, "sleeper-1", 1)
    scene.until_fault(fault["id"], "active")
    scene.daemon.kill()
    expires = fault["expires_at_ms"] / 1000
    until(lambda: time.time() > expires + 0.5, 5, "the deadline passes while chaosd is away")
    assert scene.sleeper(1).state() == BROKEN[kind]
    scene.daemon.start()
    until(lambda: scene.sleeper(1).state() == "running", 15, "it is undone within 15 s of the return")


@pytest.mark.parametrize("kind", ["stop", "kill", "pause"])
def test_after_kill_9_and_the_loss_of_its_journal_the_fault_is_undone_by_its_mark(scene, kind):
    fault = scene.api.inject(kind, "sleeper-1", 600)
    scene.until_fault(fault["id"], "active")
    marks = scene.directory / "chaosd-state/marks"
    assert [file.name for file in marks.iterdir()] == [f"{fault['id']}.mark"]
    scene.daemon.kill()
    os.kill(scene.sleeper(2).pid, signal.SIGSTOP)  # By another hand, and nobody's mark.
    (marks.parent / "journal.jsonl").unlink()
    scene.daemon.start()
    assert scene.api.post("heal").status == 202
    until(lambda: scene.sleeper(1).state() == "running", 15, "it is undone")
    assert scene.until_fault(fault["id"], "reverted")["reason"].startswith("found by its mark")
    assert scene.sleeper(2).state() == "paused" and not list(marks.iterdir())


def test_what_was_started_by_hand_meanwhile_is_left_alone(scene):
    fault = scene.api.inject("kill", "sleeper-1", 5)
    scene.until_fault(fault["id"], "active")
    scene.daemon.kill()
    scene.sleeper(1).start()
    # For an instant after exec the kernel tells no command line, and the process looks like nobody's.
    until(lambda: scene.sleeper(1).pid, 5, "the process that was started by hand is there")
    by_hand = scene.sleeper(1).pid
    scene.daemon.start()
    scene.until_fault(fault["id"], "reverted", 15)
    assert scene.sleeper(1).pid == by_hand, "running is what the undoing wants"


def test_sigterm_undoes_the_faults_before_it_leaves(scene):
    scene.until_fault(scene.api.inject("kill", "sleeper-1", 300)["id"], "active")
    scene.until_fault(scene.api.inject("pause", "sleeper-2", 300)["id"], "active")
    scene.daemon.process.signal(signal.SIGTERM)
    assert scene.daemon.process.wait(20), "it ends"
    assert scene.daemon.process.exit_code == 0, scene.daemon.process.last_words()
    assert [sleeper.state() for sleeper in scene.sleepers] == ["running"] * 3


def test_a_node_stopped_for_20_s_is_started_in_time_after_kill_9_of_chaosd(tmp_path):
    """The promise, on a database: chaosd dies, comes back 5 s later, and the node is up again when it should."""
    with Stand(tmp_path) as stand:
        picture.await_settled(stand)
        api = wire.Chaos(stand.chaosd.url, OPERATOR)
        victim = stand.cluster.node(3)
        fault = api.inject("stop", victim.name, 20, grace_s=10)
        until(lambda: api.fault(fault["id"])["state"] == "active", 30, "the node is stopped")
        assert not stand.cluster.running(3)
        stand.chaosd.kill()
        time.sleep(5)  # The time that chaosd is away is the point of this test.
        assert not stand.cluster.running(3)
        stand.chaosd.start()
        expires = api.fault(fault["id"])["expires_at_ms"] / 1000
        until(lambda: stand.cluster.running(3), 40, "the node's process is there")
        assert -1 <= time.time() - expires <= 5, "started again at its deadline"
        picture.state_when(stand.exporter, picture.settled, 60, "and the cluster is whole again")


def test_the_exporter_shows_chaosds_faults_and_outlives_its_absence(tmp_path):
    with Stand(tmp_path) as stand:
        at_rest = picture.await_settled(stand)
        victim = stand.cluster.node(2)
        node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
        api = wire.Chaos(stand.chaosd.url, OPERATOR)
        fault = api.inject("pause", victim.name, 60)
        shown = picture.state_when(stand.exporter, lambda s: any(f["id"] == fault["id"] and f["state"] == "active" for f in s["faults"]),
                                   3, "the fault is in the snapshot")
        assert wire.node(shown, node_id)["container_state"] == "paused"
        m = wire.metrics(stand.exporter)
        assert 1 in m.series("faultline_fault_active").values()
        [labels] = [dict(key) for key, value in m.series("faultline_fault_active").items() if value == 1]
        assert labels["kind"] == "pause" and labels["target"] == victim.name and labels["node_id"] in (str(node_id), "")
        assert m.value("faultline_faults", state="active") == 1

        stand.chaosd.kill()
        until(lambda: wire.metrics(stand.exporter).value("faultline_scrape_collector_success", collector="containers") == 0, 10,
              "the exporter says that chaosd is away")
        s = wire.state(stand.exporter)
        assert len(s["nodes"]) == 3 and s["verdict"]["state"] in ("degraded", "settling", "available"), picture.told(s)
        stand.chaosd.start()
        assert api.post("heal").status == 202
        picture.state_when(stand.exporter, picture.settled, 60, "all is well again")


def test_a_node_id_is_understood_when_the_exporter_is_known(tmp_path):
    stand = Stand(tmp_path)
    stand.chaosd = chaosd(tmp_path, stand.cluster.nodes, exporter_address=stand.exporter.address)
    stand.exporter.argv = [part if not part.startswith("--chaosd.address") else f"--chaosd.address={stand.chaosd.address}"
                           for part in stand.exporter.argv]
    with stand:
        at_rest = picture.await_settled(stand)
        victim = stand.cluster.node(3)
        node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
        api = wire.Chaos(stand.chaosd.url, OPERATOR)
        until(lambda: api.target(victim.name)["node_id"] == node_id, 10, "the target knows its node id")
        wire.problem(api.post("faults", {"kind": "pause", "node_id": 99, "duration_s": 60}), 404)
        answer = api.post_accepting({"kind": "pause", "node_id": node_id, "duration_s": 60})
        assert answer.status == 202 and answer.json["target"] == victim.name and answer.json["node_id"] == node_id
        picture.state_when(stand.exporter, lambda s: wire.node(s, node_id)["container_state"] == "paused", 5, "it is that node")
        assert api.post("heal").status == 202
