"""One cell: a cluster of one release, made, broken and watched."""

import contextlib
import dataclasses
import itertools
import threading
import time

import psycopg2

import acts
import judge
import network
import picture
import truth
import wire
from cluster import Stand, either, exporter, until, until_quiet

LOOK_EVERY = 0.2
METRICS_EVERY = 5  # Of the looks.


@dataclasses.dataclass
class Look:
    at: float
    state: dict
    metrics: wire.Metrics | None


class Watcher:
    """Reads state and metrics again and again, whatever else happens, and keeps what it read."""

    def __init__(self, daemon):
        self.daemon, self.looks, self.failed = daemon, [], None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        try:
            for count in itertools.count():
                began = time.monotonic()
                metrics = wire.metrics(self.daemon) if count % METRICS_EVERY == 0 else None
                self.looks.append(Look(time.monotonic(), wire.state(self.daemon), metrics))
                if self._done.wait(max(0.0, LOOK_EVERY - (time.monotonic() - began))):
                    return
        except Exception as error:  # noqa: BLE001 - told by whoever asks for the looks
            self.failed = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join(15)


class Cell:
    def __init__(self, row, release, directory, stopping):
        self.row, self.release, self.directory, self.stopping = row, release, directory, stopping
        self.network, self.broken, self.rest, self.ids = None, [], [], {}
        self.wrong = []

    # Asking.

    def sql(self, statement, number=1, seconds=8):
        return truth.ask(self.cluster.node(number), statement, seconds)

    def sql_works(self, statement, number=1, seconds=8):
        with contextlib.suppress(psycopg2.Error):
            self.sql(statement, number, seconds)
            return True
        return False

    def only_replica_is_on(self, name, number):
        numbers = truth.numbers_of_stores(self.cluster.nodes)
        stores = [store for store, its in numbers.items() if its == number]
        return truth.replicas_of(self.cluster.node(1), name) == [stores]

    # The run.

    def run(self):
        """What was not told as it is; nothing: all was."""
        with contextlib.ExitStack() as stack:
            if self.row.network:
                self.network = network.Network(self.row.nodes)
                stack.callback(self.network.close)
            extra = ("--collector.probe", "--probe.timeout=1s") if self.row.probe else ()
            self.stand = Stand(self.directory, self.row.nodes, with_chaosd=False, exporter_extra=extra,
                               profile=self.release, network=self.network)
            self.cluster = self.stand.cluster
            stack.callback(self.stand.close)
            self.cluster.start()
            for step in self.row.before:
                step(self)
            self._await_rest()
            self.stand.exporter.start(ready="/-/ready", seconds=30)
            self._await_told_rest()
            with Watcher(self.stand.exporter) as watcher:
                self._pause_for(2)
                # Last of all: leases move.
                self._pick()
                for phase in self.row.phases:
                    self._play(phase, watcher)
            picture.assert_valid(watcher.looks[-1].state, "Snapshot")
            self.wrong += judge.always(watcher.looks)
        return self.wrong

    def _pause_for(self, seconds):
        if self.stopping.wait(seconds):
            raise InterruptedError("stopped")

    def _await_rest(self):
        """Replicas where they belong: nothing has moved for a while. A real cluster takes longer for it."""

        def whole():
            self._pause_for(0.5)
            now = truth.placement(self.cluster.node(1))
            # A cluster that has just begun has ranges with too few replicas; one may be meant so.
            short = [number for number, voters in now.items() if len(voters) < 3]
            return now if len(short) <= sum(step in acts.WITH_ONE_REPLICA for step in self.row.before) else None

        until_quiet(whole, either(5, 30), 300, "the replicas move no more", every=0)

    def _await_told_rest(self):
        """The exporter has seen all of it, its own table among it."""

        def at_rest(s):
            if not (s["verdict"]["state"] in ("available", "degraded") and len(s["nodes"]) == self.row.nodes):
                return False
            live = all(n["liveness"]["state"] == "live" and n["process"]["state"] == "reachable" and n["replication"]["valid"]
                       for n in s["nodes"])
            verdict = s["verdict"]
            opinions = [verdict["native"], verdict["computed"]] + ([verdict["probe"]] if self.row.probe else [])
            # Descriptors that are a minute old may show a range that had just been made.
            complete = s["ranges_underreplicated"] == 0 and (
                verdict["can_lose_nodes"] or any(step in acts.WITH_ONE_REPLICA for step in self.row.before))
            return (live and complete and all(one["valid"] and one["ranges_unavailable"] == 0 for one in opinions)
                    and s["ranges_total"] == len(truth.placement(self.cluster.node(1))))

        s = picture.state_when(self.stand.exporter, at_rest, 120, "the exporter tells of a cluster at rest")
        self.ids = {node.number: wire.node_by_address(s, node.address)["node_id"] for node in self.cluster.nodes}
        assert self.ids == truth.node_ids(self.cluster.nodes)

    def _pick(self):
        """Which nodes the row means, by their numbers; and where the replicas are, by the same numbers."""
        number_of_store = truth.numbers_of_stores(self.cluster.nodes)
        self.placement = {r: [number_of_store[store] for store in voters]
                          for r, voters in truth.placement(self.cluster.node(1)).items()}
        holder = number_of_store[truth.liveness_lease(self.cluster.node(1))]
        numbers = [node.number for node in self.cluster.nodes]
        others = [number for number in numbers if number != holder]

        def lost_with(pair):
            return len(truth.without_quorum(self.placement, pair))

        self.broken = list({
            "none": lambda: [],
            "all": lambda: numbers,
            "one": lambda: [numbers[1]],
            "two": lambda: numbers[1:3],
            "the last": lambda: [numbers[-1]],
            "the one with the liveness lease": lambda: [holder],
            "one without the liveness lease": lambda: [others[-1]],
            "two without the liveness lease": lambda: others[:2],
            "two that share ranges": lambda: max(itertools.combinations(numbers, 2), key=lost_with),
            "two that share ranges, one with the liveness lease": lambda: max(((holder, one) for one in others), key=lost_with),
        }[self.row.broken]())
        self.rest = [number for number in numbers if number not in self.broken]

    def _gone(self, phase):
        return {"": [], "broken": self.broken, "rest": self.rest, "second": self.broken[1:2]}[phase.gone]

    def _play(self, phase, watcher):
        before = time.monotonic()
        gone = self._gone(phase)
        alarm_before = watcher.looks[-1].state["verdict"]["state"] in judge.ALARMS
        lost = len(truth.without_quorum(self.placement, gone))
        phase.act(self)
        acted = time.monotonic()
        told = phase.told.of(self.release)
        deadline, right_since = acted + phase.seconds + 45, None
        while True:
            self._pause_for(LOOK_EVERY)
            if watcher.failed:
                raise watcher.failed
            wrong = judge.picture_of(watcher.looks[-1].state, told, self, lost)
            now = time.monotonic()
            right_since = None if wrong else right_since or now
            if now >= deadline or (now >= acted + phase.seconds and right_since and now - right_since >= 3):
                break
        self.wrong += wrong
        window = judge.Window(before=before, acted=acted, gone=gone, lost=lost, notice=phase.notice,
                              all_gone=len(gone) == self.row.nodes,
                              alarm_before=alarm_before, release=self.release,
                              small=any(one in self.row.before for one in acts.WITH_ONE_REPLICA))
        looks = [look for look in watcher.looks if look.at >= before]
        self.wrong += judge.sequence(looks, window, self)
        if wrong:
            self.wrong.append("instead: " + picture.told(watcher.looks[-1].state))
        if phase.newcomer:
            self._newcomer(phase, window)

    def _newcomer(self, phase, window):
        """An exporter that has not seen what was before does not take what it cannot know for zero."""
        fresh = exporter(self.directory, self.cluster.nodes, name="newcomer")
        try:
            began = time.monotonic()
            with Watcher(fresh.start()) as watcher:
                until(lambda: watcher.looks, 5, "the new exporter tells its state")
                while not judge.verdict_is(watcher.looks[-1].state, phase.newcomer) and time.monotonic() < began + 40:
                    self._pause_for(LOOK_EVERY)
                self._pause_for(5)
            last = watcher.looks[-1].state
            if not judge.verdict_is(last, phase.newcomer):
                self.wrong.append(f"a new exporter does not tell {phase.newcomer!r} but {picture.told(last)}")
            window = dataclasses.replace(window, before=began, acted=began, newcomer=True, alarm_before=False)
            self.wrong += [f"a new exporter: {one}" for one in
                           judge.always(watcher.looks) + judge.sequence(watcher.looks, window, self)]
        finally:
            fresh.stop()
