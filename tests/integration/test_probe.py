"""The probe on a cluster that loses a node, then its quorum: what clients see, and that nothing acknowledged is lost."""

import pytest

import picture
import wire
from cluster import Stand, either, until

OPERATIONS = ("select", "write", "read")


@pytest.fixture
def probed(tmp_path):
    # Few ambiguous writes, and a short outage's worth of them: the deadline is shorter than a client's would be.
    extra = ("--collector.probe", f"--probe.timeout={either('1s', '3s')}")
    with Stand(tmp_path, with_chaosd=False, exporter_extra=extra) as running:
        yield running


def ledger_when(stand, true, seconds, sentence):
    return picture.state_when(stand.exporter, lambda s: true(s["ledger"]), seconds, sentence)["ledger"]


def works(node):
    return node["probe"]["valid"] and all(node["probe"][f"{name}_ok"] for name in OPERATIONS)


def test_nothing_acknowledged_is_lost_through_a_kill_and_a_loss_of_quorum(probed):
    at_rest = picture.await_settled(probed)
    picture.assert_valid(at_rest, "Snapshot")
    at_rest = picture.state_when(probed.exporter, lambda s: all(works(n) for n in s["nodes"]), 30,
                                 "all three operations work through every node")
    assert at_rest["ledger"]["on"]
    picture.state_when(probed.exporter, lambda s: s["verdict"]["probe"]["valid"] and s["verdict"]["probe"]["ranges_unavailable"] == 0,
                       20, "the probe and the descriptors agree that nothing is unavailable")

    # The forecast before, the outcome after.
    picture.await_counted(probed)
    killed = probed.cluster.nodes[2]
    node_id = wire.node_by_address(at_rest, killed.address)["node_id"]
    forecast = wire.call(probed.exporter.url + f"/api/v1/impact?nodes={node_id}").json
    assert forecast["valid"] and forecast["quorum_lost"] == 0 and forecast["can_lose_nodes_after"] == 0, forecast
    probed.cluster.kill(killed.number)
    gone = picture.state_when(
        probed.exporter,
        lambda s: s["verdict"]["state"] == "degraded" and not wire.node(s, node_id)["probe"]["select_ok"]
        and all(works(n) for n in s["nodes"] if n["node_id"] != node_id),
        60, "clients of the survivors work again, those of the dead node do not")
    assert wire.node(gone, node_id)["probe"]["failing_since_ms"] is not None
    assert gone["verdict"]["can_lose_nodes"] == forecast["can_lose_nodes_after"]
    assert gone["ranges_underreplicated"] == forecast["under_replicated"] == forecast["ranges_total"]

    # Quorum goes while writes are on their way: some get no answer.
    before = gone["ledger"]
    second = probed.cluster.nodes[1]
    probed.cluster.kill(second.number)
    ledger_when(probed, lambda led: led["ambiguous"] > before["ambiguous"], 30, "a write that nobody answered")
    picture.state_when(probed.exporter, lambda s: s["verdict"]["probe"]["valid"] and s["verdict"]["probe"]["ranges_unavailable"] == 1,
                       40, "the probe has an opinion of its own about the outage")
    m = wire.metrics(probed.exporter)
    assert m.value("faultline_ranges_unavailable", opinion="probe") == 1
    assert m.value("faultline_probe_writes_unresolved") > 0

    for node in (second, killed):
        probed.cluster.restart(node.number)
    picture.state_when(probed.exporter, lambda s: all(works(n) for n in s["nodes"]), 90, "clients of every node work again")
    settled = ledger_when(probed, lambda led: led["acknowledged"] > before["acknowledged"] + 50, 60, "some time of peace")
    assert settled["lost"] == 0 and settled["phantom"] == 0, settled
    assert settled["ambiguous"] >= settled["landed"] + settled["absent"] + settled["unresolved"], settled

    def writes_through_it():
        m = wire.metrics(probed.exporter)
        return m if m.value("faultline_probe_success", node_id=str(node_id), operation="write") == 1 else None

    m = until(writes_through_it, 20, "a write through the node that was killed first succeeds")
    assert m.value("faultline_probe_writes_lost_total") == 0
    assert m.value("faultline_probe_duration_seconds_count", node_id=str(node_id), operation="write") > 0
    log = probed.exporter.log.read_text()
    assert "the probe writes to the cluster table=faultline_probe.public.ledger" in log


def test_without_the_flag_nothing_is_written(tmp_path):
    with Stand(tmp_path, nodes=1, with_chaosd=False) as stand:
        s = until(lambda: wire.state(stand.exporter), 10, "a state")
        assert s["ledger"]["on"] is False and s["ledger"]["lost"] is None
        assert s["verdict"]["probe"] == {"valid": False, "ranges_unavailable": None, "reason": "the probe is off", "read_at_ms": None}
        m = wire.metrics(stand.exporter)
        assert not [name for name in m.families if name.startswith("faultline_probe")]
