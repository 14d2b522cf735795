"""What a cluster answers, hangs on and fails with while nodes go away and come back.

Every limit comes from recordings of a real server, widened for a busy machine; the same file runs against one of
that release with COCKROACH_BINARY. Times are the real server's; a simulated one runs faster and is held to the same."""

import re
import socket
import time

import psycopg2
import pytest

from observed import Observed, is_simulated
from server import release

pytestmark = pytest.mark.skipif((release() or (22, 1))[:2] != (22, 1),
                                reason=f"holds a server to what was recorded of v22.1; this is {release()}")

UNHEALTHY = '{\n  "error": "%s",\n  "code": 14,\n  "message": "%s",\n  "details": [\n  ]\n}'
RANGES = "select lease_holder, count(*) from crdb_internal.ranges group by 1"


@pytest.fixture
def three(tmp_path):
    seen = Observed(tmp_path, nodes=3)
    yield seen
    seen.close()


@pytest.fixture
def five(tmp_path):
    seen = Observed(tmp_path, nodes=5)
    yield seen
    seen.close()


def _epoch(seen, observer, node_id):
    return dict(seen.sql(observer, "select node_id, epoch from crdb_internal.kv_node_liveness"))[node_id]


def lost(seen, observer, node_id):
    return not seen.is_live(observer, node_id)


def test_one_of_three_killed(three):
    three.make_table()
    ids, stores = three.ids(), three.stores()
    epoch = _epoch(three, 1, ids[3])
    total = three.sql(1, "select count(*) from crdb_internal.ranges_no_leases", timeout=10)[0][0]
    three.cluster.kill(3)
    three.mark()
    assert three.sql(1, "select 1") == [(1,)], "a new login to a survivor always works"
    assert three.is_live(1, ids[3]), "gossip has not noticed yet"
    assert three.hangs(1, RANGES), "the view needs every range's leaseholder"
    noticed = three.until(6, "is_live is false", lambda: lost(three, 1, ids[3]))
    assert 1.9 <= noticed <= 5.0
    dead = three.until(25, "liveness_livenodes is 2", lambda: three.var(1, "liveness_livenodes") == 2)
    assert 4.0 <= dead
    held = {}

    def leases_moved():
        held.clear()
        held.update(dict(three.answers(1, RANGES) or {}))
        return stores[3] not in held and sum(held.values()) == total

    three.until(40, "all leases are with the living", leases_moved)
    three.until(40, "every range wants a replica",
                lambda: three.sum((1, 2), "ranges_underreplicated") == total)
    # For one tick it may have been wrong: when the dead node led the liveness range, nobody looked live for a while.
    three.until(25, "no range is unavailable", lambda: three.sum((1, 2), "ranges_unavailable") == 0)
    assert three.ready(1) == 200 and three.ready(2) == 200
    assert _epoch(three, 2, ids[3]) == epoch + 1, "whoever took a lease has ended the dead node's epoch"
    assert three.sql(2, "upsert into app.kv values (3, 'c')") == "INSERT 0 1"
    assert three.sql(1, "select count(*) from app.kv") == [(3,)]
    statuses = three.sql(1, "select node_id from crdb_internal.kv_node_status")
    assert len(statuses) == 3, "the dead node's last row stays"


def test_two_of_three_killed_and_one_comes_back(three):
    three.make_table()
    ids = three.ids()
    three.sql(1, "select count(*) from app.kv")
    three.cluster.kill(2)
    three.cluster.kill(3)
    three.mark()
    assert three.sql(1, "select 1") == [(1,)]
    three.until(6, "is_live is false for both", lambda: lost(three, 1, ids[2]) and lost(three, 1, ids[3]))
    unready = three.until(14, "ready says 503", lambda: three.ready(1) == 503)
    assert 3.5 <= unready
    assert three.http(1, "/health?ready=1")[1] == UNHEALTHY % (("node is not healthy",) * 2)
    assert three.http(1, "/health") == (200, "{\n\n}")
    assert three.var(1, "liveness_livenodes") == 0
    for statement in ("select count(*) from crdb_internal.kv_node_status",
                      "select count(*) from crdb_internal.kv_store_status",
                      "select count(*) from crdb_internal.kv_node_liveness",
                      "select count(*) from crdb_internal.ranges_no_leases",
                      RANGES, "show databases", "select count(*) from system.rangelog",
                      "select count(*) from app.kv", "upsert into app.kv values (9, 'late')"):
        assert three.hangs(1, statement), statement
    three.wait_to(30)
    gauges = three.vars(1)
    assert gauges["replicas"] > 0
    for name in ("ranges", "ranges_unavailable", "ranges_underreplicated", "replicas_leaseholders"):
        assert gauges[name] == 0, f"{name}: the false zero"
    assert gauges["requests_slow_lease"] > 0
    assert three.sql(1, "select 1") == [(1,)]
    rows = three.sql(1, "select node_id, is_live from crdb_internal.gossip_nodes")
    assert dict(rows) == {ids[1]: True, ids[2]: False, ids[3]: False}

    three.cluster.restart(2)
    three.mark()
    three.until(30, "ready again", lambda: three.ready(1) == 200)
    three.until(30, "two live nodes", lambda: three.var(1, "liveness_livenodes") == 2)
    three.until(60, "reads answer", lambda: three.answers(1, "select count(*) from app.kv"))
    keys = {key for key, in three.sql(1, "select k from app.kv", timeout=10)}
    assert {1, 2} <= keys <= {1, 2, 9}, "acknowledged writes are there; the one that timed out may be"
    three.until(60, "every range has a leaseholder", lambda: three.answers(1, RANGES))


def test_node_started_without_quorum_waits(three):
    for number in (1, 2, 3):
        three.cluster.kill(number)
    three.cluster.restart(1)
    three.mark()
    three.wait_to(4)
    assert three.http(1, "/health") == (200, "{\n\n}")
    assert three.http(1, "/health?ready=1") == (503, UNHEALTHY % (("liveness record not found",) * 2))
    assert three.http(1, "/_status/vars") == (404, "404 page not found\n")
    with pytest.raises(psycopg2.OperationalError, match="timeout expired"):
        three.sql(1, "select 1")
    three.cluster.restart(2)
    three.until(60, "ready with a quorum", lambda: three.ready(1) == 200)
    assert three.sql(1, "select 1") == [(1,)]


def test_session_outside_database_system_needs_its_descriptor(three):
    three.cluster.kill(1)
    three.cluster.restart(1)
    three.until(60, "n1 is back", lambda: three.ready(1) == 200)
    three.cluster.kill(2)
    three.cluster.kill(3)
    three.mark()
    three.until(14, "ready says 503", lambda: three.ready(1) == 503)
    nodes = "select count(*) from crdb_internal.gossip_nodes"
    assert three.sql(1, nodes, database="system") == [(3,)]
    assert three.hangs(1, nodes, database="postgres")
    assert three.sql(1, 'select count(*) from "".crdb_internal.gossip_nodes', database="postgres") == [(3,)]
    assert three.sql(1, "select count(*) from system.crdb_internal.gossip_nodes", database="postgres") == [(3,)]


def test_one_of_three_paused(three):
    three.make_table()
    ids = three.ids()
    three.cluster.pause(3)
    three.mark()
    noticed = three.until(6, "is_live is false", lambda: lost(three, 1, ids[3]))
    assert 1.9 <= noticed <= 5.0
    three.until(25, "liveness_livenodes is 2", lambda: three.var(1, "liveness_livenodes") == 2)
    three.until(40, "reads answer again", lambda: three.answers(1, "select count(*) from app.kv"))
    three.wait_to(40)
    for number in (1, 2):
        assert three.hangs(number, RANGES), "a silent node makes the view hang for as long as it is silent"
        for statement in ("select 1 from crdb_internal.gossip_nodes", "select 1 from crdb_internal.kv_node_status",
                          "select 1 from crdb_internal.ranges_no_leases"):
            assert three.sql(number, statement)
    three.cluster.resume(3)
    three.mark()
    three.until(20, "it is live again by itself",
                lambda: three.is_live(1, ids[3]) and three.var(3, "liveness_livenodes") == 3)
    three.until(40, "the view answers", lambda: three.answers(3, RANGES))


def test_two_of_five_killed(five):
    five.make_table()
    numbers = {store: number for number, store in five.stores().items()}
    # The table's leaseholder and one more of its three replicas: a leaseholder that lives would go on answering reads.
    holder = five.sql(1, "select lease_holder from crdb_internal.ranges where table_name = 'kv'", timeout=10)[0][0]
    victims = [holder, next(store for store in five.replicas_of("kv") if store != holder)]
    dead = [numbers[store] for store in victims]
    alive = [number for number in range(1, 6) if number not in dead]
    gateway = alive[0]
    replicas = [set(row[0]) for row in five.sql(1, "select replicas from crdb_internal.ranges_no_leases", timeout=10)]
    expected = sum(1 for each in replicas if 2 * len(each - set(victims)) <= len(each))
    assert expected >= 1
    for number in dead:
        five.cluster.kill(number)
    five.mark()
    assert five.hangs(gateway, RANGES)
    told = five.until(60, "the survivors' gauges add up to the ranges without quorum",
                      lambda: five.sum(alive, "ranges_unavailable") == expected)
    assert 4.0 <= told
    five.until(30, "the survivors are ready", lambda: [five.ready(number) for number in alive] == [200, 200, 200])
    five.until(30, "meta2 answers", lambda: five.answers(
        gateway, "select count(*) from crdb_internal.ranges_no_leases") == [(len(replicas),)])
    assert five.hangs(gateway, RANGES), "one lost range makes the whole view fail"
    assert five.hangs(gateway, "select count(*) from app.kv")
    assert five.hangs(gateway, "upsert into app.kv values (9, 'late')")
    five.until(30, "gossip_alerts says so from any node", lambda: five.sql(
        gateway, "select sum(value) from crdb_internal.gossip_alerts where description = 'ranges.unavailable'")
        == [(float(expected),)])
    for number in dead:
        five.cluster.restart(number)
    five.until(90, "all ranges answer", lambda: five.answers(gateway, RANGES))
    keys = {key for key, in five.sql(gateway, "select k from app.kv", timeout=10)}
    assert {1, 2} <= keys <= {1, 2, 9}


def test_dead_replicas_are_replaced_where_there_is_room(five):
    five.sql(1, "set cluster setting server.time_until_store_dead = '1m15s'", timeout=10)
    five.make_table()
    stores = five.stores()
    victim = next(store for store in five.replicas_of("kv") if store != stores[1])
    number = {store: n for n, store in stores.items()}[victim]
    five.cluster.kill(number)
    five.mark()
    three_replicas = ("select count(*) from crdb_internal.ranges_no_leases"
                      f" where array_length(replicas, 1) = 3 and array_position(replicas, {victim}) is not null")
    system = ("select count(*) from crdb_internal.ranges_no_leases"
              f" where array_length(replicas, 1) = 5 and array_position(replicas, {victim}) is not null")
    five.wait_to(60)
    assert five.sql(1, three_replicas, timeout=10)[0][0] >= 1, "nothing moves before the node counts as dead"
    healed = five.until(220, "no range of three is on the dead node",
                        lambda: (five.answers(1, three_replicas) or [(1,)]) == [(0,)])
    # Dead from 75 s after its last heartbeat on, which may have been 5 s before its death.
    assert healed >= 65
    assert victim not in five.replicas_of("kv")
    stuck = five.sql(1, system)[0][0]
    assert stuck >= 40, "four nodes cannot hold five replicas"
    five.until(30, "those stay under-replicated", lambda: five.sum(
        [n for n in range(1, 6) if n != number], "ranges_underreplicated") == stuck)
    reasons = [row[0] for row in five.sql(1, "select info from system.rangelog", timeout=10)]
    assert any("range under-replicated" in reason for reason in reasons)
    five.cluster.restart(number)
    five.until(60, "it is back", lambda: five.ready(number) == 200)
    five.until(60, "nothing is under-replicated",
               lambda: five.sum(range(1, 6), "ranges_underreplicated") == 0)


def test_sigterm_drains(three):
    ids = three.ids()
    three.mark()
    three.cluster.terminate(3)

    def refuses():
        try:
            return three.http(3, "/health?ready=1") == (503, UNHEALTHY % (("node is shutting down",) * 2))
        except OSError:
            pytest.fail("it left without saying so")

    three.until(1.5, "ready says that it is leaving", refuses)
    three.until(4, "gossip says that it is draining", lambda: dict(
        three.sql(1, "select node_id, draining from crdb_internal.gossip_liveness"))[ids[3]])
    gone = three.until(20, "the process is gone", lambda: not three.cluster.running(3))
    assert gone >= 1.5
    three.until(8, "is_live is false", lambda: lost(three, 1, ids[3]))
    leases = dict(three.sql(1, "select node_id, leases from crdb_internal.gossip_nodes"))
    assert leases[ids[3]] <= 0
    assert sum(count for _, count in three.sql(1, RANGES)) > 40, "nobody waited for its leases"


@pytest.mark.skipif(not is_simulated(), reason="about the simulator's own port")
def test_only_on_the_simulator_garbage_on_the_shared_port_harms_nobody(three):
    node = three.cluster.node(1)
    for garbage in (b"FLSIMP1\n\xff\xff\xff\xff", b"FLSIMP1\n\x00\x00\x00\x02{]", b"FLSIMX1\n", b"FLSIMC1\nnonsense\n",
                    b"FLSIMC1\n" + b"x" * 100_000, b"FLSIMP1\n\x00\x00\x00\x1e" + b'{"m":"prepare","b":{"range":1}'):
        with socket.create_connection(("127.0.0.1", node.sql_port), timeout=3) as connection:
            connection.sendall(garbage)
            time.sleep(0.05)
    assert three.sql(1, "select 1") == [(1,)]
    assert re.fullmatch(r"3", str(int(three.var(1, "liveness_livenodes"))))
