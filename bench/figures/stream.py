"""The stream alone, against a bare loop of sends in the same run."""

import json
import subprocess

from .figure import Figure


def run(build, *flags):
    done = subprocess.run([build / "bin/bench_stream", *flags], capture_output=True, text=True, timeout=900, check=True)
    return json.loads(done.stdout)


def measure(build, quick=False):
    rounds = "1" if quick else "5"
    few = run(build, "--clients=1000", "--messages=100", f"--rounds={rounds}")
    yield Figure("bare loop, 1,000 clients: CPU per client and message", few["loop"]["us_per_message"], "µs")
    for kind, name in (("bare", "whole snapshots"), ("v1", "faultline.v1")):
        yield Figure(f"{name}, 1,000 clients: CPU per client and message", few[kind]["us_per_message"], "µs")
        yield Figure(f"{name}, 1,000 clients: ratio to the bare loop", few[kind]["ratio"], "×", 1.2,
                     f"{few[kind]['bytes_per_message']} bytes each, 10/s")
    yield Figure("whole snapshots, 1,000 clients: delivery p50", few["bare"]["p50_ms"], "ms")
    yield Figure("whole snapshots, 1,000 clients: delivery p99", few["bare"]["p99_ms"], "ms")
    yield Figure("faultline.v1: share of the bytes of whole snapshots",
                 few["v1"]["bytes_per_message"] / few["bare"]["bytes_per_message"], "", 0.25)
    many = run(build, "--clients=5000", "--messages=100", f"--rounds={'1' if quick else '3'}")
    yield Figure("whole snapshots, 5,000 clients: ratio to the bare loop", many["bare"]["ratio"], "×", 1.2, "10/s")
    yield Figure("bare loop, 5,000 clients: delivery p99", many["loop"]["p99_ms"], "ms")
    yield Figure("whole snapshots, 5,000 clients: delivery p99", many["bare"]["p99_ms"], "ms", 75)
    yield Figure("whole snapshots, 5,000 clients: RSS", many["bare"]["rss_mb"], "MB", 50)
