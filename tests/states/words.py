"""What a row of the table is made of."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Told:
    """What the exporter must say once all is settled. `a|b` is either; after a colon a regular expression that must be
    found: in the verdict's sentence, in the reason of the node's liveness."""

    verdict: str  # "degraded: can lose"
    broken: str   # Process and liveness of the nodes that are broken: "unreachable suspect: expired".
    rest: str     # The same of all others.
    native: str   # An opinion on ranges without quorum: "0" and "lost" (the true number) are valid ones, "no" is none.
    computed: str
    probe: str
    since: dict = dataclasses.field(default_factory=dict)  # {"23.1": {"broken": ...}}: other from that release on.

    def of(self, release):
        told = self
        for first, other in sorted(self.since.items(), key=lambda item: number(item[0])):
            if number(release) >= number(first):
                told = dataclasses.replace(told, **other)
        return told


@dataclasses.dataclass(frozen=True)
class Phase:
    act: Callable          # What happens now, to the cell.
    told: Told
    gone: str = ""         # Whose replicas are truly gone: "broken", "rest" or nobody's. What follows is arithmetic.
    notice: str = "probe"  # Who can notice first: our "probe" of the process, or the "cluster" when a record expires.
    seconds: int = 30      # Watched at least so long; the picture must then hold.
    newcomer: str = ""     # The verdict of an exporter that starts only now, as in Told; empty: none does.


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    nodes: int
    broken: str            # Which nodes are broken: see cell.pick.
    phases: tuple
    before: tuple = ()     # What is made of the cluster first.
    probe: bool = False    # The exporter's own writes and reads are on.
    network: bool = False  # Each node has a network of its own.


def number(release):
    return tuple(int(part) for part in release.split("."))
