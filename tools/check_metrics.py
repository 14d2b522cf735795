#!/usr/bin/env python3
"""Boards, rules and docs may name only metrics that the exporter's catalogue has, and the board keeps its rules."""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "exporter/metrics/catalogue.hpp"
CHAOSD_PAGE, CHAOSD_DOC = ROOT / "chaosd/metrics/page.cpp", ROOT / "chaosd/metrics/README.md"
BOARDS = ROOT / "grafana/dashboards"
NAME = re.compile(r"\bfaultline_[a-z_]+")

# What a unit of a panel may be: Grafana's ids, those that make sense here.
UNITS = {"none", "short", "s", "ms", "bytes", "percentunit", "cps", "ops", "Bps", "dateTimeAsIso"}


def catalogue():
    if not CATALOGUE.is_file():
        sys.exit(f"check_metrics: {CATALOGUE.relative_to(ROOT)} is missing")
    return set(NAME.findall(CATALOGUE.read_text())) | set(NAME.findall(CHAOSD_PAGE.read_text()))


def not_metrics():
    """CMake's verbs look the same in the docs."""
    return set(re.findall(r"faultline_[a-z_]+", (ROOT / "cmake/targets.cmake").read_text()))


def texts():
    for pattern in ("prometheus/**/*.yml", "grafana/**/*.json", "docs/**/*.md", "*.md", "*/README.md", "tests/alerts/*.test.yml"):
        yield from sorted(ROOT.glob(pattern))


def unknown_names(known):
    harmless = not_metrics()
    for path in texts():
        if "node_modules" in path.parts:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for name in NAME.findall(line):
                # `faultline_stream_…` in prose means a group.
                in_group = name.endswith("_") and any(one.startswith(name) for one in known)
                if name not in known and name not in harmless and not in_group:
                    yield f"{path.relative_to(ROOT)}:{number}: {name} is not in the catalogue"


def undocumented():
    """chaosd's metrics stand in a table beside the code that writes them."""
    known = set(NAME.findall(CHAOSD_DOC.read_text()))
    for name in sorted(set(NAME.findall(CHAOSD_PAGE.read_text())) - known):
        yield f"{CHAOSD_DOC.relative_to(ROOT)}: {name} is not there"


def queries(board):
    """(where, expression, unit owner) of everything on a board that asks Prometheus."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']!r}", target["expr"], target["datasource"]
    for annotation in board["annotations"]["list"]:
        yield f"annotation {annotation['name']!r}", annotation["expr"], annotation["datasource"]


def board_faults(path):
    board = json.loads(path.read_text())
    if board.get("id") is not None or not board.get("uid") or "__inputs" in board:
        yield "id must be null, uid fixed, and no __inputs: it is provisioned, not shared"
    if board.get("editable") is not False:
        yield "editable must be false: changes belong into this file"
    variables = {one["name"]: one for one in board["templating"]["list"]}
    if list(variables)[:1] != ["datasource"] or variables["datasource"]["type"] != "datasource":
        yield "the first variable must be the data source, named datasource"
    for name in ("job", "instance"):
        one = variables.get(name)
        if not one or not one["multi"] or one["allValue"] != ".+" or one["datasource"]["uid"] != "${datasource}" or one["refresh"] != 2:
            yield f"variable {name}: a multi query variable, allValue .+, refreshed with the time range, on ${{datasource}}"
    for where, expr, source in queries(board):
        if source.get("uid") != "${datasource}":
            yield f"{where}: the data source must be ${{datasource}}"
        for selector in re.findall(r"\b(?:faultline|process)_[a-z_]+(\{[^}]*\})?", expr):
            if 'job=~"$job"' not in selector or 'instance=~"$instance"' not in selector:
                yield f"{where}: each metric takes job=~\"$job\" and instance=~\"$instance\""
        if re.search(r"\b(rate|increase|irate)\(", expr) and "[$__rate_interval]" not in expr:
            yield f"{where}: rates are over [$__rate_interval]"
        if re.search(r"_total\{", expr) and not re.search(r"\b(rate|increase|irate)\(", expr):
            yield f"{where}: a counter is shown as a rate"
    yield from panel_faults(board["panels"])


def panel_faults(panels):
    ids = [panel["id"] for panel in panels]
    if len(ids) != len(set(ids)):
        yield "two panels have one id"
    taken = {}
    for panel in panels:
        title, grid = panel["title"], panel["gridPos"]
        if grid["x"] + grid["w"] > 24:
            yield f"panel {title!r} is wider than the board"
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                if taken.setdefault((x, y), title) != title:
                    yield f"panels {title!r} and {taken[x, y]!r} overlap"
                    break
            else:
                continue
            break
        if panel["type"] == "row":
            continue
        if not panel.get("description") or not panel.get("targets"):
            yield f"panel {title!r} needs a description and a query"
        unit = panel["fieldConfig"]["defaults"].get("unit")
        if unit not in UNITS:
            yield f"panel {title!r}: unit {unit!r} is not one of {sorted(UNITS)}"
        if panel["datasource"].get("uid") != "${datasource}":
            yield f"panel {title!r}: the data source must be ${{datasource}}"


def main():
    found = [*unknown_names(catalogue()), *undocumented()]
    for path in sorted(BOARDS.glob("*.json")):
        found += [f"{path.relative_to(ROOT)}: {fault}" for fault in board_faults(path)]
    for line in found:
        print(f"check_metrics: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
