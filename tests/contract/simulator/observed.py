"""A cluster as an observer sees it, in seconds of the recorded server whatever the time scale."""

import time
import urllib.error
import urllib.request

import psycopg2

import truth
from cluster import Cluster, is_simulated

SCALE = 5.0


class Observed:
    """`after(t)` and all limits are in seconds of the real server; a simulated one runs SCALE times faster."""

    def __init__(self, directory, nodes, scale=SCALE):
        self.scale = scale if is_simulated() else 1.0
        self.cluster = Cluster(directory, nodes=nodes, time_scale=self.scale).start()
        self.count = nodes
        self.seen = None
        self.mark()
        self.until(300, "every range has its replicas", self.replicated)

    def mark(self):
        self.begun = time.monotonic()

    @property
    def t(self):
        return (time.monotonic() - self.begun) * self.scale

    def until(self, limit, what, true):
        """The time at which it held, counted from mark()."""
        begun = time.monotonic()
        last = None
        while (time.monotonic() - begun) * self.scale < limit:
            last = true()
            if last:
                return self.t
            time.sleep(0.1 / self.scale)
        raise AssertionError(f"not within {limit} s: {what}; last: {last!r} {self.seen or ''}")

    def wait_to(self, t):
        remaining = (t - self.t) / self.scale
        if remaining > 0:
            time.sleep(remaining)

    def sql(self, number, statement, timeout=2.0, database="system"):
        """Rows or status of one statement over a new connection; raises psycopg2.Error."""
        limit_ms = max(50, int(timeout * 1000 / self.scale))
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.cluster.node(number).sql_port, user="root", dbname=database,
            sslmode="disable", connect_timeout=3, options=f"-c statement_timeout={limit_ms} -c allow_unsafe_internals=true")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else cursor.statusmessage
        finally:
            connection.close()

    def hangs(self, number, statement, **more):
        """True when it ends in 57014 with the recorded text; anything else but an answer is an error."""
        try:
            self.sql(number, statement, **more)
            return False
        except psycopg2.Error as error:
            assert error.pgcode == "57014", f"{error.pgcode}: {error}"
            assert str(error).strip() == "query execution canceled due to statement timeout", str(error)
            return True

    def answers(self, number, statement, **more):
        try:
            return self.sql(number, statement, **more)
        except psycopg2.Error as error:
            assert error.pgcode == "57014", f"{error.pgcode}: {error}"
            return None

    def http(self, number, path):
        url = f"http://{self.cluster.node(number).http_address}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ready(self, number):
        return self.http(number, "/health?ready=1")[0]

    def vars(self, number):
        status, body = self.http(number, "/_status/vars")
        assert status == 200, f"/_status/vars of n{number}: {status}"
        values = {}
        for line in body.splitlines():
            if line and not line.startswith("#") and "le=" not in line:
                name, value = line.rsplit(" ", 1)
                values[name.split("{")[0]] = float(value)
        return values

    def var(self, number, name):
        return self.vars(number)[name]

    def sum(self, numbers, name):
        return sum(self.var(number, name) for number in numbers)

    def replicated(self):
        """Every range has three replicas or five (an even number is one on its way), and no node's last tick wants another."""
        rows = self.answers(1, "select array_length(replicas, 1), count(*) from crdb_internal.ranges_no_leases group by 1")
        wanted = [self.var(number, "ranges_underreplicated") for number in range(1, self.count + 1)]
        counted = [self.var(number, "ranges") for number in range(1, self.count + 1)]
        self.seen = f"replicas: ranges {rows}, under-replicated {wanted}, counted {counted}"
        whole = rows and all(size >= min(3, self.count) and size % 2 == 1 for size, _ in rows)
        return whole and sum(wanted) == 0 and min(counted) > 0

    def ids(self):
        """Our number -> node id: the cluster gives ids in the order of joining."""
        by_address = {address: node for node, address in self.sql(1, "select node_id, address from crdb_internal.gossip_nodes")}
        return {n.number: by_address[n.address] for n in self.cluster.nodes}

    def stores(self):
        """Our number -> store id: replicas and leases are told by store."""
        number_of_store = {}

        def written_down():
            number_of_store.update(truth.numbers_of_stores(self.cluster.nodes))
            return len(number_of_store) == self.count

        self.until(60, "every store has written its numbers down", written_down)
        return {number: store for store, number in number_of_store.items()}

    def is_live(self, number, node_id):
        rows = self.sql(number, "select node_id, is_live from crdb_internal.gossip_nodes")
        return dict(rows)[node_id]

    def make_table(self):
        self.sql(1, "create database if not exists app", timeout=30)
        self.sql(1, "create table app.kv (k int primary key, v string)", timeout=60)
        self.sql(1, "upsert into app.kv values (1, 'a'), (2, 'b')", timeout=30)
        self.until(120, "the table's range has three replicas", lambda: len(self.replicas_of("kv")) == 3)

    def replicas_of(self, table):
        rows = self.answers(1, f"select replicas from crdb_internal.ranges_no_leases where table_name = '{table}'")
        return list(rows[0][0]) if rows else []

    def close(self):
        self.cluster.close()
