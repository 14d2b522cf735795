"""chaosd against a real Docker Engine: what opted in is broken and mended, and nothing else is touched."""

import threading
import time

import pytest

from bench import Bench, docker, look
from support import wire
from support.cluster import until

@pytest.fixture
def bench(tmp_path, engine):
    bench = Bench(tmp_path, engine)
    yield bench
    bench.close()


def test_only_what_carries_the_label_is_a_target(bench):
    yes = bench.container("yes")
    no = bench.container("no", opted_in=False)
    false = bench.container("false", "--label", f"{bench.label}=false", opted_in=False)
    own = bench.container("own", "--label", "io.faultline.role=exporter")
    bench.start_chaosd()
    assert set(bench.targets()) == {yes}
    assert bench.targets()[yes]["state"] == "running"
    for name in (no, false, own):
        answer = bench.call("/faults", method="POST", json_body={"kind": "kill", "target": name, "duration_s": 5})
        wire.problem(answer, 404)
        assert look(name)["Running"]


def test_the_engine_is_named_in_the_capabilities(bench):
    bench.start_chaosd()
    said = bench.call("/capabilities").json
    assert said["runtime"] == "docker" and said["runtime_ok"]
    assert docker("version", "--format", "{{.Server.Version}}") in said["runtime_detail"]


@pytest.mark.parametrize("kind, broken", [("kill", "exited"), ("stop", "exited"), ("pause", "paused")])
def test_a_fault_breaks_its_target_and_is_undone_at_its_deadline(bench, kind, broken):
    target = bench.container("target")
    bystander = bench.container("bystander")
    bench.start_chaosd()
    untouched = look(bystander)
    first = look(target)
    began = time.monotonic()
    fault = bench.inject(kind, target, duration_s=3)
    state = bench.await_container(target, broken)
    if kind == "kill":
        assert state["ExitCode"] == 137
    bench.await_container(target, "running", seconds=13)
    assert 2.5 < time.monotonic() - began < 8
    bench.await_fault(fault, "reverted")
    # A pause is one and the same run; whatever ended it is another.
    assert (look(target)["StartedAt"] == first["StartedAt"]) == (kind == "pause")
    assert look(bystander) == untouched


def test_a_restart_is_another_run_that_stays(bench):
    target = bench.container("target")
    bench.start_chaosd()
    before = look(target)["StartedAt"]
    fault = bench.inject("restart", target, duration_s=30)
    until(lambda: look(target)["Status"] == "running" and look(target)["StartedAt"] != before, 15, "it runs anew")
    bench.await_fault(fault, "reverted", seconds=45)


def test_two_targets_are_broken_at_once_and_healed_by_one_call(bench):
    one, two = bench.container("one"), bench.container("two")
    bench.start_chaosd()
    faults = [bench.inject("kill", one), bench.inject("pause", two)]
    bench.await_container(one, "exited")
    bench.await_container(two, "paused")
    for fault in faults:
        bench.await_fault(fault, "active")
    assert bench.call("/heal", method="POST").status == 202
    bench.await_container(one, "running")
    bench.await_container(two, "running")
    for fault in faults:
        bench.await_fault(fault, "reverted")


def test_a_fault_is_undone_at_once_on_request(bench):
    target = bench.container("target")
    bench.start_chaosd()
    fault = bench.inject("stop", target, duration_s=600, grace_s=1)
    bench.await_fault(fault, "active")
    assert look(target)["Status"] == "exited"
    assert bench.call(f"/faults/{fault}", method="DELETE").status == 202
    bench.await_container(target, "running")


def test_the_original_calls_stop_and_start_by_name(bench):
    target = bench.container("target")
    bench.start_chaosd()
    stop = wire.call(f"{bench.chaosd.url}/api/chaos/node/stop?name={target}", method="POST")
    assert stop.status in (200, 202), stop
    bench.await_container(target, "exited")
    start = wire.call(f"{bench.chaosd.url}/api/chaos/node/start?name={target}", method="POST")
    assert start.status in (200, 202), start
    bench.await_container(target, "running")


@pytest.mark.parametrize("kind, broken", [("kill", "exited"), ("pause", "paused")])
def test_a_fault_outlives_chaosd_by_no_more_than_its_deadline(bench, kind, broken):
    target = bench.container("target")
    bench.start_chaosd()
    began = time.monotonic()
    fault = bench.inject(kind, target, duration_s=5)
    bench.await_container(target, broken)
    bench.await_fault(fault, "active")  # Else it would end as failed: never proven.
    bench.chaosd.kill()  # SIGKILL: no farewell.
    assert look(target)["Status"] == broken
    bench.start_chaosd()
    bench.await_container(target, "running", seconds=15)
    assert time.monotonic() - began < 5 + 15
    bench.await_fault(fault, "reverted")


def test_a_deadline_that_passed_while_chaosd_was_away_is_kept_on_its_return(bench):
    target = bench.container("target")
    bench.start_chaosd()
    began = time.monotonic()
    bench.inject("kill", target, duration_s=2)
    bench.await_container(target, "exited")
    bench.chaosd.kill()
    until(lambda: time.monotonic() > began + 2.5, 5, "the deadline has passed")
    assert look(target)["Status"] == "exited"
    bench.start_chaosd()
    bench.await_container(target, "running", seconds=15)


def test_what_somebody_else_does_is_told_by_the_event_feed_at_once(bench):
    target = bench.container("target")
    bench.start_chaosd()
    until(lambda: target in bench.targets(), 5, "the target is known")
    now = bench.call("/events?after=0&wait_ms=0").json
    answer = {}

    def listen():
        after, boot, state = now["seq"], now["boot"], None
        while state != "exited":
            view = bench.call(f"/events?after={after}&boot={boot}&wait_ms=10000", timeout=20).json
            after = view["seq"]
            state = next(t["state"] for t in view["targets"] if t["name"] == target)
        answer["at"] = time.monotonic()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    docker("kill", target)
    listener.join(10)
    assert not listener.is_alive(), "the feed never told"
    # The Engine's own event comes before `docker kill` returns; chaosd must not add a polling period to it.
    finished = look(target)["FinishedAt"]
    assert finished and answer["at"] is not None


def test_a_container_removed_while_broken_does_not_come_back(bench):
    target = bench.container("target")
    bench.start_chaosd()
    bench.inject("kill", target, duration_s=600)
    bench.await_container(target, "exited")
    docker("rm", "-f", target)
    bench.names.remove(target)
    until(lambda: target not in bench.targets() or bench.targets()[target]["state"] == "removed", 5, "it is gone")
    assert bench.call("/heal", method="POST").status == 202
    until(lambda: not bench.call("/faults?state=open").json["faults"], 10, "no fault is open")
