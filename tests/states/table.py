"""The table. Each row: a state of the cluster, how it comes about, whose replicas are then truly gone, and what the
exporter must tell. `lost` is counted from the descriptors in ../support/truth.py, never taken from the exporter."""

import acts
from words import Phase, Row, Told

RELEASES = ("22.1", "22.2", "23.1", "24.3", "25.2", "26.1")

ONE_OF_THREE_AWAY = "degraded: Available, but one more node lost would take quorum from [0-9]+ ranges"
NO_QUORUM = "unavailable: ^[0-9]+ ranges? without quorum: "

TABLE = (
    Row("all up", nodes=3, broken="none", probe=True, phases=(
        Phase(acts.nothing, seconds=20, told=Told(
            verdict="available: ^Available, can lose 1 more node$",
            broken="", rest="reachable live",
            native="0", computed="0", probe="0")),)),

    Row("one dead", nodes=3, broken="one without the liveness lease", probe=True, phases=(
        Phase(acts.kill, gone="broken", told=Told(
            verdict=ONE_OF_THREE_AWAY,
            broken="unreachable suspect: expired", rest="reachable live",
            native="0", computed="0", probe="0")),)),

    Row("one dead that held the liveness lease", nodes=3, broken="the one with the liveness lease", phases=(
        Phase(acts.kill, gone="broken", told=Told(
            verdict=ONE_OF_THREE_AWAY,
            broken="unreachable suspect: expired", rest="reachable live",
            native="0", computed="0", probe="no")),)),

    Row("one paused", nodes=3, broken="one without the liveness lease", phases=(
        Phase(acts.pause, gone="broken", told=Told(
            verdict=ONE_OF_THREE_AWAY,
            broken="unresponsive suspect: expired", rest="reachable live",
            native="0", computed="0", probe="no")),)),

    Row("one parted from its peers, reachable by us", nodes=3, broken="one without the liveness lease", network=True, phases=(
        Phase(acts.part_from_peers, gone="broken", notice="cluster", told=Told(
            verdict=ONE_OF_THREE_AWAY,
            broken="reachable suspect: expired", rest="reachable live",
            native="0", computed="0", probe="no")),)),

    Row("a range whose only replica is dead", nodes=3, broken="the last", before=(acts.one_replica,), probe=True, phases=(
        Phase(acts.kill, gone="broken", told=Told(
            verdict="unavailable: ^1 range without quorum: 2 of 3 nodes are up$",
            broken="unreachable suspect: expired", rest="reachable live",
            native="no", computed="lost", probe="no"),
            newcomer="unavailable: ^1 range without quorum: 2 of 3 nodes are up$"),)),

    Row("two of three dead", nodes=3, broken="two", probe=True, phases=(
        Phase(acts.kill, gone="broken", told=Told(
            verdict=NO_QUORUM + "1 of 3 nodes is up$",
            broken="unreachable suspect: expired", rest="reachable suspect: own eyes",
            native="no", computed="lost", probe="lost|some"),
            newcomer="unavailable: ^No quorum: 1 of 3 nodes answers"),)),

    Row("two of five dead", nodes=5, broken="two that share ranges", before=(acts.tables,), phases=(
        Phase(acts.kill, gone="broken", told=Told(
            verdict=NO_QUORUM + "3 of 5 nodes are up$",
            broken="unreachable suspect: expired", rest="reachable live",
            native="lost|no", computed="lost", probe="no")),)),

    Row("five split 2|3", nodes=5, broken="two that share ranges, one with the liveness lease", before=(acts.tables,),
        network=True, phases=(
        Phase(acts.part_from_peers, gone="broken", notice="cluster", seconds=40, told=Told(
            verdict=NO_QUORUM + "3 of 5 nodes are up$",
            broken="reachable suspect: expired", rest="reachable live",
            native="lost|no", computed="lost", probe="no")),)),

    # Neither holds the liveness lease. Else, as recorded, the other one is not live until that lease happens to move.
    Row("two that cannot see each other", nodes=5, broken="two without the liveness lease", before=(acts.tables,),
        network=True, phases=(
        Phase(acts.part_pair, seconds=35, told=Told(
            verdict="degraded: n[0-9] and n[0-9] cannot see each other",
            broken="reachable live", rest="reachable live",
            native="0", computed="0", probe="no")),)),

    # Recorded of 22.1: nothing but latency, and calls that took up to 8 s. Where a record holds for 6 s, or the liveness
    # lease has moved to that node, nodes may be suspect for a moment; an alarm, never.
    Row("30 % loss at one node", nodes=5, broken="one without the liveness lease", network=True, phases=(
        Phase(acts.lose_packets, seconds=40, told=Told(
            verdict="available|degraded: ^Available, ",
            broken="reachable live|suspect", rest="reachable live|suspect",
            native="0|no", computed="0|no", probe="no")),)),

    Row("liveness range lost", nodes=3, broken="the last", before=(acts.liveness_on_one,), probe=True, phases=(
        Phase(acts.kill, gone="broken", told=Told(
            verdict="unavailable: ^1 range without quorum: 2 of 3 nodes are up$",
            broken="unreachable suspect: expired", rest="reachable suspect: own eyes",
            native="no", computed="lost", probe="lost|some|no"),
            newcomer="unavailable: 2 of 3 processes answer, and none has been live in its own eyes"),)),

    Row("all paused", nodes=3, broken="all", probe=True, phases=(
        Phase(acts.pause, gone="broken", told=Told(
            verdict="unreachable: ^Cluster unreachable: 0 of 3 processes answer .3 accept connections and say nothing.$",
            broken="unresponsive suspect|unknown", rest="",
            native="no", computed="lost|no", probe="lost|some|no"),
            newcomer="unreachable: ^Cluster unreachable: 0 of 3 processes answer"),)),

    Row("a node started without quorum", nodes=3, broken="one", phases=(
        Phase(acts.stop_all_start_one, gone="rest", told=Told(
            verdict=NO_QUORUM + "1 of 3 nodes is up$",
            broken="reachable suspect: own eyes", rest="unreachable suspect|unknown",
            native="no", computed="lost", probe="no"),
            newcomer="unavailable: ^No quorum: 1 of 3 nodes answers"),)),

    Row("recovering", nodes=3, broken="two", probe=True, phases=(
        Phase(acts.kill, gone="broken", seconds=20, told=Told(
            verdict=NO_QUORUM + "1 of 3 nodes is up$",
            broken="unreachable suspect: expired", rest="reachable suspect: own eyes",
            native="no", computed="lost", probe="lost|some|no")),
        Phase(acts.start_first, gone="second", seconds=20, told=Told(
            verdict=ONE_OF_THREE_AWAY,
            broken="reachable|unreachable live|suspect", rest="reachable live|suspect",
            native="0|no", computed="0", probe="0|no")),
        Phase(acts.start_second, seconds=35, told=Told(
            verdict="available: ^Available, can lose 1 more node$",
            broken="reachable live", rest="reachable live",
            native="0", computed="0", probe="0")),)),

    Row("draining", nodes=3, broken="one without the liveness lease", phases=(
        Phase(acts.drain, seconds=20, told=Told(
            verdict="available: ^Available, can lose 1 more node$",
            broken="reachable draining: giving its leases", rest="reachable live",
            native="0|no", computed="0", probe="no")),)),

    Row("decommissioning", nodes=5, broken="one without the liveness lease", phases=(
        Phase(acts.decommission, seconds=25, told=Told(
            verdict="available|degraded: ^Available",
            broken="reachable decommissioning: replicas are moving", rest="reachable live",
            native="0|no", computed="0", probe="no")),)),
)

# What `make test` has time for: cells that run at the same time, and take about a minute.
SHORT = {
    ("a range whose only replica is dead", "26.1"),
    ("two of three dead", "25.2"),
    ("five split 2|3", "22.1"),
    ("two that cannot see each other", "24.3"),
    ("one dead that held the liveness lease", "23.1"),
    ("draining", "22.2"),
}
