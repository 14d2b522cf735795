"""Who has the leases of a table: asked of the database on demand, told by the exporter, chosen by chaosd, never guessed."""

import collections
import contextlib
import time
import urllib.parse

import psycopg2
import pytest

import picture
import secure_cluster
import truth
import wire
from cluster import OPERATOR, Stand, either, until
from server import older_than

TABLE = "app.public.kv"


class Asked(Stand):
    """A stand whose chaosd asks the exporter."""

    def start(self):
        self.chaosd.argv.append(f"--exporter.address={self.exporter.address}")
        return super().start()

    def run(self, statement, number=1):
        host, port = self.cluster.node(number).address.rsplit(":", 1)
        dsn = f"host={host} port={port} user=root dbname=defaultdb sslmode=disable connect_timeout=3"
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def by_database(self):
        """Leases by node, in the database's own words, which name stores; what has the column depends on the version."""
        with contextlib.suppress(psycopg2.Error):
            return self._count("SHOW RANGES FROM TABLE app.public.kv WITH DETAILS")
        return self._count("SHOW RANGES FROM TABLE app.public.kv")

    def _count(self, show):
        node_of = truth.owners_of_stores(self.cluster.node(1))
        return dict(collections.Counter(node_of.get(store) for [store] in self.run(f"SELECT lease_holder FROM [{show}]")))


@pytest.fixture
def asked(request, tmp_path):
    with Asked(tmp_path, **getattr(request, "param", {})) as stand:
        picture.await_settled(stand, 120)
        stand.run("CREATE DATABASE app")
        stand.run("CREATE TABLE app.kv (k INT PRIMARY KEY, v INT)")
        yield stand


def leaseholders(daemon, table=TABLE, seconds=10):
    """The first answer that is one; each question is answered at once."""
    def told():
        began = time.monotonic()
        answer = wire.call(daemon.url + "/api/v1/leaseholders?table=" + urllib.parse.quote(table))
        assert time.monotonic() - began < 2, "no page waits for the database"
        assert answer.status == 200, answer
        return answer.json if answer.json["state"] != "reading" else None

    return until(told, seconds, f"it is told who has the leases of {table}, or why not")


def known(daemon, table=TABLE, seconds=60):
    """Soon after a start, whose a store is may not have been read yet."""
    seen = {}

    def told():
        seen.update(leaseholders(daemon, table))
        return seen["state"] == "known"

    until(lambda: told() or print(seen), seconds, f"it is known who has the leases of {table}", every=2.1)
    return seen


PLAYED = either({"as recorded": None, "23.1": "23.1", "25.2": "25.2"}, {"as it is": None})


@pytest.mark.parametrize("asked", [{"profile": profile} for profile in PLAYED.values()], indirect=True, ids=list(PLAYED))
def test_what_the_exporter_tells_is_what_the_database_says_and_chaosd_takes_that_node(asked):
    def agrees():
        told = leaseholders(asked.exporter)
        return told if {one["node_id"]: one["leases"] for one in told["nodes"]} == asked.by_database() and told["nodes"] else None

    told = until(agrees, 30, "both say the same", every=2.1)
    assert told["state"] == "known" and told["table"] == TABLE and told["ranges"] == sum(one["leases"] for one in told["nodes"])
    api = wire.Chaos(asked.chaosd.url, OPERATOR)
    names = {node.name for node in asked.cluster.nodes}
    ids = until(lambda: (lambda found: found if None not in found.values() else None)(
        {name: api.target(name)["node_id"] for name in names}), 20, "chaosd knows which target is which node")
    plan = api.post("plans", {"kind": "pause", "duration_s": 30, "select": {"role": "leaseholder", "table": "app.kv", "mode": "one"}})
    assert plan.status == 200, plan
    most = leaseholders(asked.exporter)["nodes"][0]["node_id"]
    assert [ids[one["target"]] for one in plan.json["targets"]] == [most]


def test_a_name_is_only_ever_a_name(asked):
    asked.run('CREATE TABLE app."select ]" (k INT PRIMARY KEY)')
    known(asked.exporter, 'app.public."select ]"')
    for evil in ('app.public.kv]; DROP TABLE kv; --', 'app.public."kv""]; DROP TABLE app.kv; --"'):
        assert leaseholders(asked.exporter, evil)["state"] == "unknown"
    known(asked.exporter)  # The table is there still.
    for bad in ("kv", "a.b.c.d", "", "a.\"b", "a.b\n"):
        said = wire.problem(wire.call(asked.exporter.url + "/api/v1/leaseholders?table=" + urllib.parse.quote(bad)), 400)
        assert "table" in said["detail"] and "database.schema.table" in said["detail"], said
    api = wire.Chaos(asked.chaosd.url, OPERATOR)
    select = {"role": "leaseholder", "mode": "one"}
    for table in (None, "kv", "app.nothing"):
        answer = api.post("plans", {"kind": "kill", "duration_s": 9, "select": {**select, **({"table": table} if table else {})}})
        assert answer.status in (409, 422), answer
        assert answer.json["errors"][0]["pointer"] == "/select/table", answer.json


def test_without_quorum_it_is_unknown_and_nobody_is_chosen(asked):
    known(asked.exporter)
    asked.cluster.kill(2)
    asked.cluster.kill(3)
    until(lambda: leaseholders(asked.exporter)["state"] == "unknown", 60, "the answer of before is gone", every=1)
    told = leaseholders(asked.exporter)
    assert told["reason"] and told["nodes"] == [] and told["ranges"] is None
    answer = wire.Chaos(asked.chaosd.url, OPERATOR).post("faults", {
        "kind": "pause", "duration_s": 30, "select": {"role": "leaseholder", "table": TABLE, "mode": "one"}})
    said = wire.problem(answer, 409)
    assert "is not known" in said["detail"] and said["errors"][0]["pointer"] == "/select/table"


@pytest.mark.skipif(not secure_cluster.speaks_tls(), reason="needs nodes that take --certs-dir, and openssl")
@pytest.mark.skipif(older_than(23, 1, 12) is not None, reason=f"GRANT SYSTEM VIEWCLUSTERMETADATA: {older_than(23, 1, 12)}")
def test_the_least_grant_is_named_and_helps(tmp_path):
    running = secure_cluster.SecureCluster(tmp_path, profile="24.3")
    try:
        secure = running.start()
        secure.certificates.client("watcher")
        secure.as_root("CREATE USER watcher")
        secure.as_root("GRANT SYSTEM VIEWCLUSTERMETADATA TO watcher")  # What the exporter is given in any case.
        secure.as_root("CREATE DATABASE app")
        secure.as_root("CREATE TABLE app.kv (k INT PRIMARY KEY)")
        daemon = secure.exporter("watcher")

        def told():
            answer = leaseholders(daemon)
            return answer if "run GRANT" in answer["reason"] or answer["state"] == "known" else None

        refused = until(told, 60, "the GRANT is named", every=2.1)
        assert refused["state"] == "unknown", refused
        grant = refused["reason"][refused["reason"].index("GRANT "):]
        assert grant == 'GRANT ZONECONFIG ON TABLE "app"."public"."kv" TO watcher', refused
        secure.as_root(grant)
        known(daemon)
    finally:
        running.close()
