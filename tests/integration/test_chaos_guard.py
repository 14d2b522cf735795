"""The guard, as a program: what chaosd asks the exporter before it breaks something, and that it never waits long for it."""

import time

import pytest

import wire
from cluster import OPERATOR, Sleeper, chaosd, until
from json_server import JsonServer

KILL = {"kind": "pause", "target": "sleeper-1", "duration_s": 60}


class Exporter(JsonServer):
    """Says of three nodes what a test wants it to say."""

    def __init__(self, sleepers):
        super().__init__()
        self.sleepers, self.quorum_lost, self.asked = sleepers, 0, []

    def answer(self, path, query):
        return 200, self.impact(query) if path == "/api/v1/impact" else self.state()

    def state(self):
        return {"nodes": [{"node_id": number, "address": sleeper.address, "leader_ranges": number, "locality": "region=eu"}
                          for number, sleeper in enumerate(self.sleepers, 1)]}

    def impact(self, query):
        self.asked.append((query["nodes"][0], query["fault"][0]))
        return {"v": 1, "boot": "b", "at_ms": 0, "valid": True, "reason": "", "ranges_total": 65, "lease_lost": 20,
                "quorum_lost": self.quorum_lost, "quorum_lost_already": 0, "under_replicated": 30, "system_ranges": [],
                "ranges": [], "truncated": False, "can_lose_nodes_after": 0, "sentence": "said"}


@pytest.fixture
def scene(tmp_path):
    sleepers = [Sleeper(tmp_path, number) for number in (1, 2, 3)]
    for sleeper in sleepers:
        sleeper.start()
    exporter = Exporter(sleepers)
    daemon = chaosd(tmp_path, sleepers, exporter_address=exporter.address).start(ready="/-/ready")
    api = wire.Chaos(daemon.url, OPERATOR)
    until(lambda: api.target("sleeper-3")["node_id"] == 3, 10, "chaosd knows which target is which node")
    yield exporter, api, sleepers
    daemon.kill()
    exporter.server.shutdown()
    for sleeper in sleepers:
        sleeper.close()


def test_what_loses_quorum_is_done_only_once_its_plan_is_accepted(scene):
    exporter, api, sleepers = scene
    exporter.quorum_lost = 14
    plan = api.post("plans", KILL)
    assert plan.status == 200 and plan.json["guard"]["verdict"] == "needs_acceptance", plan
    said = wire.problem(api.post("faults", KILL), 409)
    assert said["code"] == "plan_not_accepted" and said["plan"]["plan_hash"] == plan.json["plan_hash"]
    assert "14 ranges" in said["detail"] and sleepers[0].state() == "running"
    wire.problem(api.post("faults", {**KILL, "accept_plan": "0" * 32}), 409)
    answer = api.post("faults", {**KILL, "accept_plan": plan.json["plan_hash"]})
    assert answer.status == 202, answer
    until(lambda: sleepers[0].state() == "paused", 5, "it is done")
    kept = api.get(f"faults/{answer.json['id']}/plan").json["plan"]
    assert kept["accepted"] is True and kept["quorum_lost"] == 14


def test_a_harmless_one_is_done_at_once_and_the_next_one_is_judged_with_it(scene):
    exporter, api, _ = scene
    assert api.post("faults", KILL).status == 202
    assert exporter.asked[-1] == ("1", "pause")
    wire.problem(api.post("faults", {**KILL, "target": "sleeper-2"}), 409)
    assert exporter.asked[-1] == ("1,2", "pause"), "the node that is broken already counts"


def test_a_selection_by_role_finds_the_node_that_the_exporter_names(scene):
    _, api, _ = scene
    plan = api.post("plans", {"kind": "kill", "duration_s": 60, "select": {"role": "most_leases", "mode": "one"}})
    assert [one["target"] for one in plan.json["targets"]] == ["sleeper-3"], plan


def test_an_exporter_that_says_nothing_costs_half_a_second_once(scene):
    exporter, api, sleepers = scene
    exporter.silent.set()
    began = time.monotonic()
    said = wire.problem(api.post("faults", KILL), 409)
    assert said["code"] == "plan_not_accepted" and said["plan"]["risks"][-1]["kind"] == "unknown_impact"
    assert time.monotonic() - began < 5
    answers = [api.get("targets").status for _ in range(20)]
    assert answers == [200] * 20
    assert api.post_accepting(KILL).status == 202, "whoever accepts that nothing is known may do it"
    until(lambda: sleepers[0].state() == "paused", 5, "it is done")
