"""One measured number with its goal, and how a row of them is printed."""

import dataclasses


@dataclasses.dataclass
class Figure:
    what: str
    value: float
    unit: str
    at_most: float | None = None  # The goal of the design, where it has one for this very number.
    note: str = ""

    @property
    def met(self):
        return self.at_most is None or self.value <= self.at_most


def percentile(values, share):
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))]


def spread(what, seconds, median_ms=None, p99_ms=None, note=""):
    """Two figures for a list of durations: their middle and their 99th percentile (their maximum when few)."""
    note = f"{len(seconds)} times" + (f"; {note}" if note else "")
    return [Figure(f"{what}: median", 1000 * percentile(seconds, 0.5), "ms", median_ms, note),
            Figure(f"{what}: p99", 1000 * percentile(seconds, 0.99), "ms", p99_ms, note)]


def table(figures):
    rows = [("what", "measured", "goal", "", "note")]
    for one in figures:
        goal = "" if one.at_most is None else f"≤ {one.at_most:g} {one.unit}"
        verdict = "" if one.at_most is None else "met" if one.met else "MISSED"
        rows.append((one.what, f"{one.value:.3g} {one.unit}".strip(), goal.strip(), verdict, one.note))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
