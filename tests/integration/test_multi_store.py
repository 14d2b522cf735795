"""Four nodes with two stores each: replicas name stores, people name nodes, and nobody takes one for the other."""

import collections
import itertools

import psycopg2
import pytest

import picture
import truth
import wire
from cluster import Stand, either, until, until_quiet

NODES = 4


@pytest.fixture(scope="module")
def two_stores(tmp_path_factory):
    """One cluster for the whole file: the last test kills a node of it."""
    with Stand(tmp_path_factory.mktemp("stores"), NODES, stores=2, with_chaosd=False) as running:
        yield running


def a_living_node(stand):
    return next(n for n in stand.cluster.nodes if stand.cluster.running(n.number))


def store_owners(stand):
    return truth.owners_of_stores(a_living_node(stand))


def voters(stand):
    """Of every range, the stores."""
    return truth.placement(a_living_node(stand))


def voting_nodes(stand, owners=None):
    owners = owners or store_owners(stand)
    return [[owners[store] for store in stores] for stores in voters(stand).values()]


def voting_nodes_once_told(stand, owners):
    """None while the database does not say: for 12 s after a death it may not."""
    try:
        return voting_nodes(stand, owners)
    except psycopg2.errors.QueryCanceled:
        return None


def forecast(stand, nodes):
    answer = wire.call(stand.exporter.url + "/api/v1/impact?fault=kill&nodes=" + ",".join(map(str, nodes)))
    assert answer.status == 200, answer
    return answer.json


def expected_losses(ranges, lost):
    """Counted here, range by range: how many lose their quorum, and how many only a replica."""
    quorum = sum(2 * sum(node not in lost for node in nodes) <= len(nodes) for nodes in ranges)
    return quorum, sum(any(node in lost for node in nodes) for nodes in ranges) - quorum


def test_a_node_has_the_sum_of_its_stores(two_stores):
    picture.await_settled(two_stores, leases=True)
    owners = until(lambda: (lambda found: found if len(found) == 2 * NODES else None)(store_owners(two_stores)), 30,
                   "every store has written its numbers down")
    assert set(collections.Counter(owners.values()).values()) == {2}
    assert any(store != node for store, node in owners.items() if store <= NODES), "else this file proves nothing"
    until_quiet(lambda: voters(two_stores), either(0, 30), 100, "the replicas move no more")
    assert all(len(set(nodes)) == len(nodes) for nodes in voting_nodes(two_stores)), "one replica of a range on a node"

    def summed(s):
        held = collections.Counter(node for nodes in voting_nodes(two_stores) for node in nodes)
        return all(node["ranges"] == held[node["node_id"]] and node["stores"] and len(node["stores"]) == 2
                   and {store["store_id"]: node["node_id"] for store in node["stores"]}.items() <= owners.items()
                   and sum(store["ranges"] for store in node["stores"]) == node["ranges"]
                   and sum(store["leases"] for store in node["stores"]) == node["leader_ranges"]
                   for node in s["nodes"])

    at_rest = picture.state_when(two_stores.exporter, summed, 60, "each node has what its two stores have together")
    assert at_rest["ranges_underreplicated"] == 0 and at_rest["verdict"]["computed"]["valid"]
    metrics = wire.metrics(two_stores.exporter)
    assert {dict(labels)["node_id"] for labels in metrics.series("faultline_node_replicas")} == {str(n) for n in range(1, NODES + 1)}


def test_the_forecast_names_nodes_and_counts_by_them(two_stores):
    def agrees():
        ranges = voting_nodes(two_stores)
        told = {}
        for lost in [*itertools.combinations(range(1, NODES + 1), 1), *itertools.combinations(range(1, NODES + 1), 2)]:
            answer = forecast(two_stores, lost)
            assert answer["nodes"] == list(lost)
            told[lost] = (answer["valid"], answer["quorum_lost"], answer["under_replicated"], expected_losses(ranges, lost))
        return told if all(valid and (quorum, under) == expected for valid, quorum, under, expected in told.values()) else None

    told = until(agrees, 40, "the forecast is what the database's own descriptors give", every=0.5)
    assert all(quorum == 0 for lost, (_, quorum, _, _) in told.items() if len(lost) == 1)
    assert any(quorum > 0 for lost, (_, quorum, _, _) in told.items() if len(lost) == 2)
    # A store's id is no node: those above the number of nodes are nobody.
    answer = wire.call(two_stores.exporter.url + f"/api/v1/impact?fault=kill&nodes={2 * NODES}")
    assert answer.status in (400, 422) and "nodes" in answer.text, answer


def test_with_a_node_both_of_its_stores_are_gone(two_stores):
    at_rest = picture.await_settled(two_stores)
    owners = store_owners(two_stores)
    used = {source["gateway"] for source in at_rest["sources"]}
    victim = next((n for n in two_stores.cluster.nodes[1:] if n.address not in used), two_stores.cluster.nodes[-1])
    node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
    seen = set()
    two_stores.cluster.kill(victim.number)

    def degraded(s):
        seen.add(s["verdict"]["state"])
        lost = wire.node(s, node_id)
        if lost["liveness"]["state"] != "suspect" or s["verdict"]["state"] != "degraded":
            return False
        ranges = voting_nodes_once_told(two_stores, owners)
        if ranges is None:
            return False
        on_it = sum(node_id in nodes for nodes in ranges)
        return s["ranges_underreplicated"] == lost["ranges"] == on_it and on_it > 0

    s = picture.state_when(two_stores.exporter, degraded, 30, "the ranges with a replica on either store are under-replicated")
    assert s["verdict"]["can_lose_nodes"] == 0 and s["ranges_unavailable"] == 0
    assert not seen & {"unavailable", "unreachable"}, seen

    # What a second loss costs is counted with both stores of the first gone.
    others = [n["node_id"] for n in s["nodes"] if n["node_id"] != node_id]

    def agrees():
        ranges = voting_nodes_once_told(two_stores, owners)
        return ranges is not None and all(forecast(two_stores, [other])["quorum_lost"] == expected_losses(ranges, {node_id, other})[0] for other in others)

    # The survivors may still move replicas, and the exporter reads descriptors every ten seconds.
    until(agrees, 40, "the forecast counts both stores of the lost node", every=0.5)

    held = sum(wire.node(at_rest, other)["leader_ranges"] for other in others)
    picture.state_when(
        two_stores.exporter,
        lambda s: not wire.node(s, node_id)["leader_ranges"] and sum(wire.node(s, o)["leader_ranges"] or 0 for o in others) > held,
        40, "others hold more leases than before, and the lost node none")
