"""`crdbsim fleet` and `crdbsim node`, from outside: ports, tables and gauges that agree with each other."""

import http.client
import subprocess

import psycopg2
import pytest

from cluster import HOST, Cluster, cockroach_binary, is_simulated, ports_in_a_row, until

NODES, DEAD, RANGES = 6, 1, 5000


@pytest.fixture(scope="module", autouse=True)
def simulated_only():
    if not is_simulated():
        pytest.skip("only crdbsim has these commands")


def ask(port, statement):
    connection = psycopg2.connect(host=HOST, port=port, user="root", dbname="system", connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()


def gauges(port, name):
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request("GET", "/_status/vars")
    text = connection.getresponse().read().decode()
    connection.close()
    return [float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + "{") or
            line.startswith(name + " ")]


def test_every_live_node_answers_and_tells_the_same_story():
    sql, web = ports_in_a_row(NODES)[0], ports_in_a_row(NODES)[0]
    child = subprocess.Popen(
        [cockroach_binary(), "fleet", f"--nodes={NODES}", f"--dead={DEAD}", f"--ranges={RANGES}",
         "--stores-per-node=2", f"--sql-port={sql}", f"--http-port={web}", "--profile=24.3"],
        stdout=subprocess.PIPE, text=True)
    try:
        assert "5 of 6 nodes alive" in child.stdout.readline()
        live = range(NODES - DEAD)
        for node in live:
            (row,) = ask(sql + node, "select node_id, value from crdb_internal.node_build_info where field = 'Version'")
            assert row == (node + 1, "v24.3.8-crdbsim")
            assert ask(sql + node, "select count(*), count(*) filter (where is_live) from crdb_internal.gossip_nodes"
                       ) == [(NODES, NODES - DEAD)]
        for node in range(NODES - DEAD, NODES):
            with pytest.raises(psycopg2.OperationalError, match="refused"):
                ask(sql + node, "select 1")
        placed = ask(sql, "select voting_replicas from crdb_internal.ranges_no_leases")
        assert len(placed) == RANGES
        dead = {NODES, 2 * NODES}
        under = sum(1 for (stores,) in placed if dead & set(stores))
        assert sum(sum(gauges(web + node, "ranges_underreplicated")) for node in live) == under > 0
        assert sum(sum(gauges(web + node, "ranges")) for node in live) == RANGES
    finally:
        child.terminate()
        assert child.wait(10) == 0


def test_a_node_is_decommissioned_from_the_command_line(tmp_path):
    cluster = Cluster(tmp_path, nodes=4, time_scale=20)
    try:
        cluster.start()
        first = cluster.node(1)
        host = ["--insecure", f"--host={first.address}"]
        (target,) = ask(cluster.node(4).sql_port, "select crdb_internal.node_id()")[0]
        done = subprocess.run([cockroach_binary(), "node", "decommission", str(target), *host],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "No more data reported on target nodes" in done.stdout

        def refuses():
            try:
                ask(cluster.node(4).sql_port, "select 1")
            except psycopg2.OperationalError as error:
                return "server is not accepting clients" in str(error)
            return False

        until(refuses, 20, "the decommissioned node takes no clients")
        assert ask(first.sql_port, "select membership from crdb_internal.gossip_liveness "
                                   f"where node_id = {target}") == [("decommissioned",)]
        other = ask(cluster.node(3).sql_port, "select crdb_internal.node_id()")[0][0]
        drained = subprocess.run([cockroach_binary(), "node", "drain", str(other), *host],
                                 capture_output=True, text=True, timeout=120)
        assert drained.returncode == 0 and drained.stdout == "ok\n"
        assert "remaining: 0 (complete)" in drained.stderr
    finally:
        cluster.close()
