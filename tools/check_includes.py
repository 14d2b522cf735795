#!/usr/bin/env python3
"""Holds the tree to its two laws: which folder may include which, and which third-party header lives where.

A new arrow is a change to a table here, and a decision note in docs/decisions/."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# folder -> folders whose headers it may include (its own always). The longest matching folder counts.
MAY_INCLUDE = {
    "common/base": [],
    "common/cluster": ["common/base"],
    "common/wire": ["common/base", "common/cluster"],
    "common/net": ["common/base"],
    "common/poll": ["common/base"],
    "common/config": ["common/base", "common/net"],
    "exporter/sources": ["common"],
    "exporter/observe": ["common", "exporter/sources"],
    "exporter/metrics": ["common", "exporter/observe"],
    "exporter/stream": ["common", "exporter/observe"],
    "exporter": ["common", "exporter/sources", "exporter/observe", "exporter/metrics", "exporter/stream"],
    "chaosd/runtime": ["common"],
    "chaosd/docker": ["common", "chaosd/runtime"],
    "chaosd/process": ["common", "chaosd/runtime"],
    "chaosd/nethold": ["common/base", "chaosd/runtime"],
    "chaosd/faults": ["common", "chaosd/runtime"],
    "chaosd/service": ["common", "chaosd/runtime", "chaosd/faults"],
    "chaosd/metrics": ["common", "chaosd/service"],
    "chaosd/http": ["common", "chaosd/service", "chaosd/metrics"],
    "chaosd": ["common", "chaosd/runtime", "chaosd/docker", "chaosd/process", "chaosd/faults", "chaosd/service", "chaosd/http"],
    "simulator/pgwire": ["common/base", "simulator/sql"],
    "simulator/sql": ["common/base"],
    "simulator/cluster": ["common/base"],
    "simulator/tables": ["common/base", "simulator/sql", "simulator/cluster"],
    "simulator/http": ["common/base", "simulator/cluster"],
    "simulator/host": ["common/base", "simulator/cluster"],
    "simulator/fleet": ["common/base", "simulator/sql", "simulator/cluster", "simulator/tables", "simulator/http"],
    "simulator/client": ["common/base"],
    "simulator": ["common", "simulator/client", "simulator/pgwire", "simulator/sql", "simulator/cluster", "simulator/tables", "simulator/http", "simulator/host", "simulator/fleet"],
    "bench": ["common", "exporter", "chaosd", "simulator", "tests"],
    "tests": ["common", "exporter", "chaosd", "simulator", "tests"],
}

# third-party header prefix -> folders (or files) that may see it.
FENCES = {
    "pqxx/": ["exporter/sources", "tests"],
    "libpq-fe.h": ["exporter/sources", "tests"],
    "pistache/": ["chaosd/http", "chaosd/main.cpp"],
    "prometheus/": ["exporter/metrics", "chaosd/metrics", "tests"],
    "boost/beast": ["common/net", "exporter/stream", "simulator", "bench", "tests"],
    "boost/asio": ["common/net", "exporter/stream", "exporter/main.cpp", "simulator", "bench", "tests"],
    "nlohmann/": ["common/wire", "chaosd/http", "chaosd/docker", "chaosd/service/journal", "simulator", "bench", "tests", "exporter/stream"],
    "nftables/": ["chaosd/nethold"],
    "netlink/": ["chaosd/nethold"],
    "yaml-cpp/": ["chaosd/process", "exporter/stream/yaml_file", "chaosd/http", "simulator", "tests"],
    "CLI/": ["common/config", "exporter/config", "chaosd/config", "simulator/main.cpp", "simulator/config", "bench", "cli"],
}

BANNED = {
    r"\bstd::cout\b": "print through the logger, or std::fputs in a main",
    r"\bdetach\(\)": "threads are joined",
    r"\bsleep_for\(": "wait for something, with a deadline",
    r"\bstd::rand\(|\bsrand\(": "seeded <random>",
    r"[^_:.]\bsystem\(": "no shell",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def folder_rule(path: str) -> tuple[str, list[str]]:
    matches = [folder for folder in MAY_INCLUDE if path == folder or path.startswith(folder + "/")]
    if not matches:
        return "", []
    best = max(matches, key=len)
    return best, MAY_INCLUDE[best]


def problems_of(path: str, text: str) -> list[str]:
    found = []
    folder, allowed = folder_rule(path)
    if not folder:
        return [f"{path}: its folder has no rule; add one to MAY_INCLUDE"]
    for kind, header in INCLUDE.findall(text):
        if kind == '"':
            top = header.split("/")[0]
            if top not in {"common", "exporter", "chaosd", "simulator", "bench", "tests", "cli"}:
                found.append(f'{path}: "{header}": include from the root of the tree')
                continue
            home = [folder, *allowed]
            if not any(header.startswith(name + "/") for name in home):
                found.append(f'{path}: "{header}": {folder} may include {", ".join(home)} only')
        for prefix, places in FENCES.items():
            if header.startswith(prefix) and not any(path.startswith(place) for place in places):
                found.append(f"{path}: <{header}>: only {', '.join(places)} may see it")
    if not path.startswith("tests/"):
        for pattern, instead in BANNED.items():
            for match in re.finditer(pattern, re.sub(r"//.*", "", text)):
                found.append(f"{path}: {match.group(0).strip()}: {instead}")
    return found


def main() -> int:
    files = [
        path
        for top in ("common", "exporter", "chaosd", "simulator", "bench", "tests", "cli")
        for path in sorted((ROOT / top).rglob("*"))
        if path.suffix in {".cpp", ".hpp"} and "node_modules" not in path.parts
    ]
    problems = [line for path in files for line in problems_of(str(path.relative_to(ROOT)), path.read_text())]
    for line in problems:
        print(line)
    print(f"{len(files)} files, {len(problems)} problems")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
