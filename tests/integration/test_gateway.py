"""The node that the exporter asks goes silent or away: another is asked, and the picture never goes blank."""

import time

import pytest

import picture
import wire
from cluster import either, until


def gateway_of(snapshot):
    return next(source["gateway"] for source in snapshot["sources"] if source["name"] == "gossip")


@pytest.mark.parametrize("how", ["pause", "kill"])
def test_when_its_gateway_goes_silent_the_exporter_asks_another_within_two_seconds(stand, how):
    at_rest = picture.await_settled(stand)
    address = gateway_of(at_rest)
    victim = next(node for node in stand.cluster.nodes if node.address == address)
    blanks = []

    def moved():
        s = wire.state(stand.exporter)
        if len(s["nodes"]) != 3 or s["ranges_total"] is None:
            blanks.append(picture.told(s))
        gossip = next(source for source in s["sources"] if source["name"] == "gossip")
        return s if gossip["ok"] and gossip["gateway"] != address and gossip["read_at_ms"] > began_ms else None

    began, began_ms = time.monotonic(), time.time() * 1000
    getattr(stand.cluster, how)(victim.number)
    try:
        until(moved, 10, "gossip is read through another node")
        took = time.monotonic() - began
        print(f"gateway {how}: another was asked after {took:.2f} s")
        assert took < either(2.0, 4.0)
        # And it goes on like this until the cluster has noticed too.
        picture.state_when(stand.exporter, lambda s: moved() and s["verdict"]["state"] == "degraded", 60, "degraded, through another node")
        assert not blanks, blanks[:3]
    finally:
        if how == "pause":
            stand.cluster.resume(victim.number)
