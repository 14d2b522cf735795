"""Processes, pid files and ports: the part that knows nothing of CockroachDB. Standard library only."""

import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request


class Failed(Exception):
    """Something could not be started; the text is one sentence for the user."""


class Process:
    """One child. A thread waits for it, so that it never stays a zombie: chaosd and the tests look at
    pids, and a zombie looks alive."""

    def __init__(self, name, argv, log, env=None):
        """`env` comes on top of the caller's own; None takes a variable away."""
        self.name = name
        self.argv = [str(part) for part in argv]
        self.log = pathlib.Path(log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        merged = {k: v for k, v in {**os.environ, **(env or {})}.items() if v is not None}
        with open(self.log, "ab") as output:
            try:
                # Its own session: Ctrl-C reaches the one who started it, and that one cleans up in order.
                self._popen = subprocess.Popen(
                    self.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True, env=merged)
            except OSError as error:
                raise Failed(f"cannot start {name}: {self.argv[0]}: {error.strerror}") from None
        self.pid = self._popen.pid
        self.started = start_ticks(self.pid)
        self._ended = threading.Event()
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self):
        self._popen.wait()
        self._ended.set()

    @property
    def exit_code(self):
        """None while it runs; negative: the signal that ended it."""
        return self._popen.returncode if self._ended.is_set() else None

    def running(self):
        return not self._ended.is_set()

    def must_run(self):
        """Says why when it has ended."""
        if not self.running():
            raise Failed(f"{self.name} ended (exit code {self.exit_code}):\n{self.last_words()}")

    def signal(self, number):
        if self.running():
            self._popen.send_signal(number)

    def wait(self, seconds):
        """True when it ended within that time."""
        return self._ended.wait(seconds)

    def stop(self, grace=5.0):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if not self.wait(grace):
            self.signal(signal.SIGKILL)
            self.wait(5)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait(5)

    def last_words(self, lines=12):
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def start_ticks(pid):
    """When the process with this pid was started, in clock ticks since boot; None when there is none.
    Together with the pid it names one process for good: pids are used again."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def pid_of(pid_file, must_mention):
    """The live pid in a pid file, if that process is the one meant: its command line has `must_mention`."""
    try:
        pid = int(pathlib.Path(pid_file).read_text().strip())
    except (OSError, ValueError):
        return None
    if start_ticks(pid) is None or not any(str(must_mention) in part for part in command_line(pid)):
        return None
    return pid


def kill_pid(pid, grace=0.0):
    """Ends a process that is not our child (chaosd started it again)."""
    started = start_ticks(pid)
    if started is None:
        return
    if grace:
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: start_ticks(pid) != started, grace)
    if start_ticks(pid) == started:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        wait_until(lambda: start_ticks(pid) != started, 5)


def wait_until(true, seconds, every=0.02):
    """The first truthy answer of `true()`, or None after that time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = true()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            return None
        time.sleep(every)


def port_is_free(port, host="127.0.0.1"):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def http_status(url, timeout=1.0):
    """Status code, or None when nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None
