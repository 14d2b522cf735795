"""How a cluster is prepared and broken: each takes the cell. All of it works on a real server, too."""

import subprocess

from cluster import cockroach_binary, until
from server import release


def nothing(_cell):
    """It stays as it is."""


# Before. A young cluster on a busy machine takes its time for a schema change.
CREATE_SECONDS = 30


def make_database(cell):
    cell.sql("CREATE DATABASE IF NOT EXISTS app", seconds=CREATE_SECONDS)


def tables(cell):
    """Ranges with three replicas on varied nodes, as those of applications are."""
    make_database(cell)
    for number in range(1, 13):
        node = number % len(cell.cluster.nodes) + 1
        statement = f"CREATE TABLE IF NOT EXISTS app.t{number} (id INT8 PRIMARY KEY, note STRING)"
        # The other nodes hear of a new database a little later.
        until(lambda: cell.sql_works(statement, node, CREATE_SECONDS), 60, f"a table is made through node {node}")
        if (release() or (0,)) >= (23, 2):
            # Tables side by side share a range there.
            cell.sql(f"ALTER TABLE app.t{number} SPLIT AT VALUES (0)", node, CREATE_SECONDS)


def one_replica(cell):
    """A table whose only replica is on the last node."""
    make_database(cell)
    cell.sql("CREATE TABLE IF NOT EXISTS app.single (id INT8 PRIMARY KEY, note STRING)", seconds=CREATE_SECONDS)
    pin(cell, "TABLE app.single", "app.single")


def liveness_on_one(cell):
    """The liveness range has one replica, on the last node."""
    pin(cell, "RANGE liveness", "liveness")


def pin(cell, what, name):
    number = len(cell.cluster.nodes)
    tiers = ", ".join(f"+{tier}" for tier in cell.cluster.node(number).locality.split(","))
    cell.sql(f"ALTER {what} CONFIGURE ZONE USING num_replicas = 1, constraints = '[{tiers}]'")
    until(lambda: cell.only_replica_is_on(name, number), 120, f"the only replica of {name} is on node {number}", every=0.5)


WITH_ONE_REPLICA = (one_replica, liveness_on_one)


# Then.

def kill(cell):
    for number in cell.broken:
        cell.cluster.kill(number)


def pause(cell):
    for number in cell.broken:
        cell.cluster.pause(number)


def part_from_peers(cell):
    """Broken and rest cannot reach each other; we reach all of them."""
    for number in cell.broken:
        cell.network.drop(number, cell.rest)


def part_pair(cell):
    first, second = cell.broken
    cell.network.drop(first, [second])


def lose_packets(cell):
    for number in cell.broken:
        cell.network.drop(number, cell.rest, percent=30)


def stop_all_start_one(cell):
    for node in cell.cluster.nodes:
        cell.cluster.kill(node.number)
    [number] = cell.broken
    cell.cluster.restart(number)


def start_first(cell):
    cell.cluster.restart(cell.broken[0])


def start_second(cell):
    cell.cluster.restart(cell.broken[1])


def node_command(cell, verb, *flags):
    [number] = cell.broken
    argv = [cockroach_binary(), "node", verb, str(cell.ids[number]), *flags, "--insecure",
            f"--host={cell.cluster.node(cell.rest[0]).address}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr or done.stdout


def drain(cell):
    node_command(cell, "drain")


def decommission(cell):
    node_command(cell, "decommission", "--wait=none")
