"""What is true, read from the database itself and counted by hand: where the replicas are, and which ranges have no
majority when some nodes are gone."""

import contextlib

import psycopg2


def ask(node, statement, seconds=8):
    """Rows, or none for a statement that has none. Asked twice when the first is cut off: soon after a death that is normal,
    so what changes something must be of a kind that may be said twice."""
    try:
        return _ask(node, statement, seconds)
    except psycopg2.errors.QueryCanceled:
        return _ask(node, statement, seconds)


def _ask(node, statement, seconds):
    host, port = node.address.rsplit(":", 1)
    connection = psycopg2.connect(
        host=host, port=port, user="root", dbname="system", sslmode="disable", connect_timeout=5,
        options=f"-c statement_timeout={seconds * 1000} -c allow_unsafe_internals=true")
    with contextlib.closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def node_ids(nodes):
    """Number of each node -> its id: ids follow the order of joining, which nobody promises."""
    id_of = {address: node_id for node_id, address in ask(nodes[0], "SELECT node_id, sql_address FROM crdb_internal.gossip_nodes")}
    return {node.number: id_of[node.address] for node in nodes}


def owners_of_stores(node):
    """Store -> id of its node. Stores that have just come are written down within 10 s."""
    return dict(ask(node, "SELECT store_id, node_id FROM crdb_internal.kv_store_status"))


def numbers_of_stores(nodes):
    """Store -> number of its node."""
    number_of = {node_id: number for number, node_id in node_ids(nodes).items()}
    return {store: number_of[node_id] for store, node_id in owners_of_stores(nodes[0]).items()}


def placement(node):
    """Range -> stores of its voters."""
    rows = ask(node, "SELECT range_id, array_to_string(voting_replicas, ',') FROM crdb_internal.ranges_no_leases")
    return {number: _sorted(voters) for number, voters in rows}


def ranges_count(node):
    return ask(node, "SELECT count(*) FROM crdb_internal.ranges_no_leases")[0][0]


def replicas_of(node, name):
    """The stores of each range of a table, or of the range called liveness."""
    if name == "liveness":
        rows = ask(node, "SELECT array_to_string(voting_replicas, ',') FROM crdb_internal.ranges_no_leases "
                         "WHERE start_pretty = '/System/NodeLiveness'")
    else:
        rows = ask(node, f"SELECT array_to_string(replicas, ',') FROM [SHOW RANGES FROM TABLE {name}]")
    return [_sorted(stores) for [stores] in rows]


def _sorted(stores):
    return sorted(map(int, stores.split(",")))


def liveness_lease(node):
    """The store that holds the lease of the liveness range."""
    return ask(node, "SELECT lease_holder FROM crdb_internal.ranges WHERE start_pretty = '/System/NodeLiveness'")[0][0]


def without_quorum(voters_of_range, gone):
    return [number for number, voters in voters_of_range.items()
            if 2 * sum(1 for voter in voters if voter not in gone) <= len(voters)]
