"""What the parts of Faultline are started with, in one place for the demo and the tests."""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess

from .processes import Failed, Process, http_status, kill_pid, pid_of, wait_until

HOST = "127.0.0.1"


def store_flag(directory):
    """Without the ballast: a real server would set a gibibyte aside in each store."""
    return f"--store=path={directory},ballast-size=0"


@dataclasses.dataclass
class Node:
    """One CockroachDB node, real or simulated: the same flags for both."""

    number: int
    binary: str
    directory: pathlib.Path
    sql_port: int
    http_port: int
    join: list
    locality: str
    time_scale: float | None = None
    profile: str | None = None  # Of the simulator: the release that it plays.
    host: str = HOST
    store_count: int = 1

    @property
    def name(self):
        return f"crdb-{self.number}"

    @property
    def address(self):
        return f"{self.host}:{self.sql_port}"

    @property
    def http_address(self):
        return f"{self.host}:{self.http_port}"

    @property
    def store(self):
        return self.directory / f"store-{self.number}"

    @property
    def stores(self):
        """All of them; `store` is the first."""
        return [self.store, *(self.store.with_name(f"{self.store.name}-{more}") for more in range(2, self.store_count + 1))]

    @property
    def pid_file(self):
        return self.directory / f"{self.name}.pid"

    @property
    def log(self):
        return self.directory / f"{self.name}.log"

    @property
    def argv(self):
        flags = [
            "--insecure", *map(store_flag, self.stores), f"--listen-addr={self.address}",
            f"--advertise-addr={self.address}", f"--http-addr={self.http_address}",
            f"--join={','.join(self.join)}", f"--locality={self.locality}", f"--pid-file={self.pid_file}",
            "--cache=64MiB", "--max-sql-memory=64MiB",
        ]
        if self.time_scale is not None:
            flags.append(f"--time-scale={self.time_scale}")
        if self.profile is not None:
            flags.append(f"--profile={self.profile}")
        return [str(self.binary), "start", *flags]

    @property
    def pid(self):
        """The process that serves this node now, whoever started it."""
        return pid_of(self.pid_file, must_mention=self.store)

    def start(self):
        self.pid_file.unlink(missing_ok=True)
        child = Process(self.name, self.argv, self.log)
        # A real server writes the same number, but only once it has joined: without quorum never.
        self.pid_file.write_text(f"{child.pid}\n")
        return child

    def kill(self):
        pid = self.pid
        if pid is not None:
            kill_pid(pid)

    def answers(self):
        return http_status(f"http://{self.http_address}/health") == 200

    def ready(self):
        return http_status(f"http://{self.http_address}/health?ready=1") == 200


def plan_nodes(binary, directory, sql_ports, http_ports, localities, time_scale=None, profile=None, hosts=None, stores=1):
    hosts = hosts or [HOST] * len(sql_ports)
    join = [f"{host}:{port}" for host, port in zip(hosts, sql_ports)]
    return [
        Node(number, binary, pathlib.Path(directory), sql, http, join, locality, time_scale, profile, host, stores)
        for number, (sql, http, locality, host) in enumerate(zip(sql_ports, http_ports, localities, hosts), start=1)
    ]


def initialise(node, seconds=30):
    """`init` through one node; an initialised cluster is success."""
    last = ""

    def attempt():
        nonlocal last
        # The environment may carry COCKROACH_* of the user; the flags say all that is needed.
        try:
            done = subprocess.run([str(node.binary), "init", "--insecure", f"--host={node.address}"],
                                  capture_output=True, text=True, timeout=30)
        except subprocess.TimeoutExpired:
            last = "no answer within 30 s"
            return False
        last = (done.stderr or done.stdout).strip()
        return done.returncode == 0 or "already been initialized" in last

    if not wait_until(attempt, seconds, every=0.2):
        raise Failed(f"the cluster could not be initialised through {node.address}: {last[-300:]}")


# A few small tables with three replicas each. Each node makes its share, because a new range starts where it is made:
# so their replicas lie on varied sets of nodes.
BANK_TABLES = ("accounts", "transfers", "customers", "branches", "cards", "ledgers", "loans", "payments", "statements",
               "audit", "rates", "sessions", "standing_orders", "currencies", "holds")


def run_sql(node, *statements, seconds=30):
    """What failed, empty when nothing did."""
    argv = [str(node.binary), "sql", "--insecure", f"--host={node.address}"]
    for statement in statements:
        argv += ["-e", statement]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 5)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()[-300:] or "no reason given"


def make_bank(nodes, seconds=15):
    def make(node, *statements):
        last = ""

        def attempt():
            nonlocal last
            last = run_sql(node, *statements)
            # The other nodes hear of a new database a little later.
            return "3D000" not in last

        wait_until(attempt, seconds, every=0.1)
        if last:
            raise Failed(f"{node.name} refused the tables of the demo: {last}")

    def make_share(index):
        for table in BANK_TABLES[index::len(nodes)]:
            make(nodes[index], f"CREATE TABLE bank.{table} (id INT8 PRIMARY KEY, note STRING)",
                 f"INSERT INTO bank.{table} VALUES (1, 'first'), (2, 'second'), (3, 'third')")

    make(nodes[0], "CREATE DATABASE bank")
    with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(make_share, range(len(nodes))))


def write_process_file(path, nodes):
    """The targets of chaosd's process runtime. Each value is written as JSON, which is YAML too."""
    lines = ["# What chaosd may stop, kill, pause and start again here.", "processes:"]
    for node in nodes:
        lines += [
            f"  - name: {json.dumps(node.name)}",
            f"    argv: {json.dumps(node.argv)}",
            f"    pid_file: {json.dumps(str(node.pid_file))}",
            f"    log_file: {json.dumps(str(node.log))}",
            f"    addresses: {json.dumps([node.address])}",
        ]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def exporter_argv(binary, nodes, listen, chaosd=None, origins=(), extra=()):
    argv = [str(binary), f"--web.listen-address={listen}"]
    argv += [f"--cockroach.sql={node.address}" for node in nodes]
    argv += [f"--cockroach.http={node.http_address}" for node in nodes]
    if chaosd:
        argv.append(f"--chaosd.address={chaosd['address']}")
        if chaosd.get("token_file"):
            argv.append(f"--chaosd.token-file={chaosd['token_file']}")
    argv += [f"--web.allow-origin={origin}" for origin in origins]
    return argv + list(extra)


def chaosd_argv(binary, listen, process_file, state_dir, token_file=None, exporter=None,
                origins=(), hosts=(), extra=()):
    argv = [str(binary), f"--web.listen-address={listen}", "--runtime=process",
            f"--process.file={process_file}", f"--state-dir={state_dir}"]
    if token_file:
        argv.append(f"--web.token-file={token_file}")
    if exporter:
        argv.append(f"--exporter.address={exporter}")
    argv += [f"--web.allow-origin={origin}" for origin in origins]
    argv += [f"--web.allow-host={host}" for host in hosts]
    return argv + list(extra)


def secret_file(path, text):
    """Written so that nobody else can read it at any time."""
    path = pathlib.Path(path)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path
