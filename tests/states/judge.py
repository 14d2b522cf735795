"""Whether what was told is true: the picture at the end, and every look on the way."""

import dataclasses
import re

from words import number

ALARMS = ("unavailable", "unreachable")
OPINIONS = ("native", "computed", "probe")
HOLD = 15  # What the cluster may still sort out by itself is no alarm for so long.


@dataclasses.dataclass
class Window:
    """One phase as it was."""

    before: float
    acted: float
    gone: list      # Numbers of the nodes whose replicas are gone.
    lost: int       # Ranges without quorum, in truth.
    notice: str
    all_gone: bool
    alarm_before: bool
    release: str
    newcomer: bool = False  # Told by an exporter that has not seen what was before.
    small: bool = False     # Only ranges with one replica are lost: the exporter first looks whether they still have one.

    @property
    def ttl(self):
        """Of a liveness record."""
        return 9 if number(self.release) < (23, 1) else 6

    @property
    def alarm(self):
        return self.lost > 0 or self.all_gone

    @property
    def noticed_at(self):
        """From when on it can be known: a probe of every process comes round within 3 s; a record expires, its node
        or gossip says so, and that is read."""
        return self.acted + (4 if self.notice == "probe" else self.ttl + 5)

    @property
    def alarmed_at(self):
        return self.noticed_at + (1 if self.notice == "probe" and not self.newcomer and not self.small else HOLD + 2)


def _node(state, cell, which):
    return next(n for n in state["nodes"] if n["node_id"] == cell.ids[which])


def _split(expected):
    words, _, pattern = expected.partition(": ")
    return words, pattern


def verdict_is(state, expected):
    words, pattern = _split(expected)
    verdict = state["verdict"]
    return verdict["state"] in words.split("|") and re.search(pattern, verdict["sentence"]) is not None


def picture_of(state, told, cell, lost):
    """What is not as the row says."""
    wrong = []
    verdict = state["verdict"]
    if not verdict_is(state, told.verdict):
        wrong.append(f"the verdict is {verdict['state']}: {verdict['sentence']!r}, not {told.verdict!r}")
    for expected, which in ((told.broken, cell.broken), (told.rest, cell.rest)):
        for one in which:
            words, pattern = _split(expected)
            process, liveness = words.split(" ")
            node = _node(state, cell, one)
            said = f"{node['process']['state']} {node['liveness']['state']}: {node['liveness']['reason']}"
            if (node["process"]["state"] not in process.split("|") or node["liveness"]["state"] not in liveness.split("|")
                    or not re.search(pattern, node["liveness"]["reason"] or "")):
                wrong.append(f"n{node['node_id']} is {said!r}, not {expected!r}")
    for name in OPINIONS:
        opinion = verdict[name]
        allowed = getattr(told, name).split("|")
        if not opinion["valid"]:
            good = "no" in allowed and opinion["reason"]
        else:
            count = opinion["ranges_unavailable"]
            good = (count == 0 and "0" in allowed) or (count == lost > 0 and "lost" in allowed) or (count > 0 and "some" in allowed)
        if not good:
            wrong.append(f"{name} is {opinion}, not {getattr(told, name)!r} (lost: {lost})")
    return wrong


def always(looks):
    """What holds at every instant, whatever is true: a value that is not known is not there."""
    wrong = {}
    for look in looks:
        verdict = look.state["verdict"]
        for name in OPINIONS:
            if not verdict[name]["valid"] and verdict[name]["ranges_unavailable"] is not None:
                wrong.setdefault(f"{name} is not valid and has a number", look.at)
        known = [verdict[name]["ranges_unavailable"] for name in OPINIONS if verdict[name]["valid"]]
        if look.state["ranges_unavailable"] != (max(known) if known else None):
            wrong.setdefault("ranges_unavailable is not the worst of the valid opinions", look.at)
        if look.metrics is None:
            continue
        for name in OPINIONS:
            value = look.metrics.value("faultline_ranges_unavailable", opinion=name)
            valid = look.metrics.value("faultline_ranges_unavailable_valid", opinion=name)
            if valid not in (0, 1) or (value is not None) != (valid == 1):
                wrong.setdefault(f"metrics: {name} is valid={valid} with value {value}", look.at)
        if not look.metrics.one_of("faultline_verdict"):
            wrong.setdefault("metrics: no verdict", look.at)
    return list(wrong)


def sequence(looks, window, cell):
    """The looks of one phase: alarms when and only when there is one, and no false zero."""
    first = {}  # Each complaint once, with the time of the first look that gave cause.

    def complain(look, sentence):
        first.setdefault(sentence, (round(look.at - window.acted, 1), look.state["verdict"]["sentence"]))

    _alarms(looks, window, complain)
    for look in looks:
        if look.at >= window.noticed_at:
            _ranges(look, window, complain)
        if look.at >= window.noticed_at and not window.newcomer:
            for which in window.gone:
                _lost_node(look, _node(look.state, cell, which), window, complain)
    return [f"{sentence}, first {at:+} s after the act ({said})" for sentence, (at, said) in first.items()]


def _alarms(looks, window, complain):
    # An outage that is over may be told for as long as it takes to see that; then no more.
    goes_on, raised = window.alarm_before and not window.alarm, None
    for look in looks:
        told = look.metrics.one_of("faultline_verdict") if look.metrics else None
        alarm = look.state["verdict"]["state"] in ALARMS
        goes_on = goes_on and (alarm or told in ALARMS)
        if not window.alarm and not goes_on and (alarm or told in ALARMS):
            complain(look, "a false alarm")
        if window.alarm and raised is not None and not alarm:
            complain(look, "the alarm was taken back")
        if window.alarm and not alarm and look.at > window.alarmed_at:
            complain(look, "no alarm yet")
        if alarm and raised is None:
            raised = look.at


def _ranges(look, window, complain):
    state, metrics = look.state, look.metrics
    if window.lost:
        if state["ranges_unavailable"] == 0:
            complain(look, "false zero: ranges_unavailable")
        for name in OPINIONS:
            if state["verdict"][name]["valid"] and state["verdict"][name]["ranges_unavailable"] == 0:
                complain(look, f"false zero: {name}")
        if state["verdict"]["can_lose_nodes"]:
            complain(look, "can_lose_nodes while ranges have no quorum")
        if metrics:
            if metrics.value("faultline_ranges_without_quorum") == 0:
                complain(look, "false zero: faultline_ranges_without_quorum")
            for labels, value in metrics.series("faultline_ranges_unavailable").items():
                if value == 0:
                    complain(look, f"false zero: faultline_ranges_unavailable{dict(labels)}")
    elif state["ranges_unavailable"] and state["verdict"]["state"] not in ("settling", *ALARMS):
        complain(look, f"{state['ranges_unavailable']} ranges said to be unavailable, and none is")
    if window.gone and state["ranges_underreplicated"] == 0:
        complain(look, "false zero: ranges_underreplicated")
    if window.gone and metrics and metrics.value("faultline_ranges_underreplicated") == 0:
        complain(look, "false zero: faultline_ranges_underreplicated")


def _lost_node(look, node, window, complain):
    name, metrics = f"n{node['node_id']}", look.metrics
    # Gauges that were read before a node fell silent are seen to be old with the next look at it.
    late = look.at > window.noticed_at + 3
    if node["replication"]["valid"] and late:
        complain(look, f"the gauges of {name} are said to be valid")
    if node["ranges"] == 0:
        complain(look, f"false zero: ranges of {name}")
    if metrics and metrics.value("faultline_node_metrics_valid", node_id=node["node_id"]) and late:
        complain(look, f"metrics: the gauges of {name} are said to be valid")
    if metrics and metrics.value("faultline_node_replicas", node_id=node["node_id"]) == 0:
        complain(look, f"false zero: faultline_node_replicas of {name}")
