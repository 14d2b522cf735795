"""Two of three nodes are lost: said as it is, although the server's own gauge reads 0."""

import picture
import wire
from cluster import Stand


def test_two_of_three_killed_is_told_as_lost_quorum_and_so_is_the_recovery(stand):
    picture.await_settled(stand)
    picture.await_counted(stand)
    at_rest = picture.await_settled(stand)
    total = at_rest["ranges_total"]
    # The one that stays is the one that the exporter asks, and then the other way round in test_gateway.
    gateway = next(source["gateway"] for source in at_rest["sources"] if source["name"] == "gossip")
    lost = [node for node in stand.cluster.nodes if node.address != gateway]
    assert len(lost) == 2
    for node in lost:
        stand.cluster.kill(node.number)

    unavailable = picture.state_when(stand.exporter, lambda s: s["verdict"]["state"] == "unavailable", 15,
                                     "the verdict is unavailable")
    verdict = unavailable["verdict"]
    assert unavailable["ranges_unavailable"] == total, "every range had two of its three replicas there"
    assert verdict["can_lose_nodes"] == 0
    assert str(total) in verdict["sentence"] and "quorum" in verdict["sentence"]
    assert (verdict["computed"]["valid"], verdict["computed"]["ranges_unavailable"]) == (True, total)

    # The trap: the native gauge reads 0 (or its witness does not even count itself as live). It is shown, and not believed.
    native = verdict["native"]
    assert not native["valid"] or native["ranges_unavailable"] in (0, total)

    m = wire.metrics(stand.exporter)
    assert m.one_of("faultline_verdict") == "unavailable"
    assert m.value("faultline_ranges_without_quorum") == total
    assert m.value("faultline_ranges_unavailable", opinion="computed") == total
    assert m.value("faultline_ranges_unavailable_valid", opinion="computed") == 1
    assert m.value("faultline_ranges_unavailable_valid", opinion="probe") == 0
    assert m.value("faultline_ranges_unavailable", opinion="probe") is None
    assert m.value("faultline_cluster_nodes_expected") == 3

    # It stays that way when the survivor's own liveness record runs out and its gauges fall to zero.
    survivor = next(node for node in stand.cluster.nodes if node not in lost)
    node_id = wire.node_by_address(at_rest, survivor.address)["node_id"]
    picture.state_when(stand.exporter, lambda s: wire.node(s, node_id)["replication"]["valid"] is False, 40,
                       "the survivor is no longer live in its own eyes, so its gauges are no witness")
    later = wire.state(stand.exporter)
    assert later["verdict"]["state"] == "unavailable" and later["ranges_unavailable"] == total, picture.told(later)
    assert wire.node(later, node_id)["process"]["state"] == "reachable"

    # One back is a quorum again.
    stand.cluster.restart(lost[0].number)
    picture.state_when(stand.exporter, lambda s: s["verdict"]["state"] == "degraded" and s["ranges_unavailable"] == 0, 60,
                       "two of three serve again")
    stand.cluster.restart(lost[1].number)
    picture.state_when(stand.exporter, picture.settled, 60, "all is well again")


def test_two_of_five_lost_leaves_most_ranges_with_a_quorum(tmp_path):
    with Stand(tmp_path, nodes=5) as stand:
        at_rest = picture.state_when(stand.exporter, lambda s: picture.settled(s, 5), 120, "five nodes at rest")
        stand.cluster.kill(4)
        stand.cluster.kill(5)

        def judged(s):
            computed = s["verdict"]["computed"]
            return computed["valid"] and s["verdict"]["state"] in ("degraded", "unavailable")

        s = picture.state_when(stand.exporter, judged, 40, "a verdict about two of five")
        # Ranges with both lost nodes among their three replicas are without quorum; the others are not.
        lost = s["verdict"]["computed"]["ranges_unavailable"]
        assert lost < at_rest["ranges_total"]
        assert s["ranges_unavailable"] >= lost
        assert (s["verdict"]["state"] == "unavailable") == (s["ranges_unavailable"] > 0)
