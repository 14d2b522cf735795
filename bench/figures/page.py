"""The whole way to a person: kill -9 of a node to its card changed, in Chromium, through Caddy."""

import json
import pathlib
import subprocess
import tempfile

from .figure import spread

ROOT = pathlib.Path(__file__).resolve().parents[2]


def measure(build, quick=False):
    rounds = "2" if quick else "10"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        done = subprocess.run([ROOT / "tools/with_node", "node", ROOT / "bench/figures/page.mjs", build, directory, rounds],
                              stdout=subprocess.PIPE, text=True, timeout=900, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    yield from spread("kill -9 → page changed", [ms / 1000 for ms in said["page_ms"]], median_ms=50, p99_ms=150,
                      note="Chromium")
