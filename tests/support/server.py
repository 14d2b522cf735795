"""The server that clusters are made of, COCKROACH_BINARY or the built crdbsim, and what is other about a real one."""

import functools
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("FAULTLINE_BUILD", ROOT / "build/release")).resolve()
BIN = BUILD / "bin"

# A node of a test tells nobody outside that it runs.
os.environ.setdefault("COCKROACH_SKIP_ENABLING_DIAGNOSTIC_REPORTING", "true")
os.environ.setdefault("COCKROACH_CRASH_REPORTS", "")
os.environ.setdefault("COCKROACH_UPDATE_CHECK_URL", "http://127.0.0.1:1/")


@functools.cache
def cockroach_binary():
    """As a path that holds in every folder: nodes, and chaosd, start it from theirs."""
    asked = os.environ.get("COCKROACH_BINARY")
    if not asked:
        return str(BIN / "crdbsim")
    found = shutil.which(asked)
    if found is None:
        raise FileNotFoundError(f"COCKROACH_BINARY={asked} is no program; give its path, or a name that is on PATH")
    return str(pathlib.Path(found).resolve())


@functools.cache
def _told_version():
    done = subprocess.run([cockroach_binary(), "version"], capture_output=True, text=True, timeout=20)
    return done.stdout + done.stderr


def is_simulated():
    return not os.environ.get("COCKROACH_BINARY") or "crdbsim" in _told_version()


def release():
    """(22, 1, 0) of a real server; of the simulator, which plays many, nothing."""
    found = None if is_simulated() else re.search(r"v(\d+)\.(\d+)\.(\d+)", _told_version())
    return tuple(map(int, found.groups())) if found else None


def older_than(*version):
    """Why a real server cannot do what that version can; nothing: it can. The simulator plays what a test asks for."""
    if release() is None or release() >= version:
        return None
    return f"needs CockroachDB {'.'.join(map(str, version))}; this is {'.'.join(map(str, release()))}"


def patience(seconds):
    """How long to wait for something. A real cluster that is young or was broken takes minutes to give its ranges their
    replicas, and the exporter reads placement once a minute when nothing happens: what is long is three times as long."""
    return seconds if seconds < 20 or is_simulated() else 3 * seconds


def either(simulated, real):
    return simulated if is_simulated() else real
