"""A network of its own for one cluster: one network namespace for the test and the exporter, one for each node, a bridge
between them. What is dropped is dropped by the kernel (nftables). Nothing has a name outside, so nothing is left behind
when the test process ends. Needs root."""

import contextlib
import ctypes
import os
import shutil
import subprocess

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def set_namespace(handle):
    """This thread, and the threads and processes that it starts from now on, are in that network."""
    assert _LIBC.setns(handle.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def this_namespace():
    return open("/proc/thread-self/ns/net")


def why_not():
    """Why there can be no such network here; nothing: there can."""
    if os.geteuid() != 0:
        return "network failures need root, for network namespaces"
    missing = [program for program in ("ip", "nft") if shutil.which(program) is None]
    return f"network failures need {' and '.join(missing)}" if missing else None


def _run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}\n{text or ''}"


class Network:
    """Belongs to the thread that makes it, which is inside until close()."""

    def __init__(self, nodes):
        self.hosts = [f"10.77.0.{number}" for number in range(1, nodes + 1)]
        self._home, self._nodes = this_namespace(), []
        try:
            self._lab = self._new_namespace()
            _run("ip", "link", "set", "lo", "up")
            _run("ip", "link", "add", "lab", "type", "bridge")
            _run("ip", "address", "add", "10.77.0.254/24", "dev", "lab")
            _run("ip", "link", "set", "lab", "up")
            for number, host in enumerate(self.hosts, start=1):
                self._add_node(number, host)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _new_namespace():
        assert _LIBC.unshare(_CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        return this_namespace()

    def _add_node(self, number, host):
        self._nodes.append(self._new_namespace())
        set_namespace(self._lab)
        there = f"/proc/{os.getpid()}/fd/{self._nodes[-1].fileno()}"
        _run("ip", "link", "add", f"node{number}", "type", "veth", "peer", "name", "eth0", "netns", there)
        _run("ip", "link", "set", f"node{number}", "master", "lab", "up")
        with self.inside(number):
            _run("ip", "link", "set", "lo", "up")
            _run("ip", "address", "add", f"{host}/24", "dev", "eth0")
            _run("ip", "link", "set", "eth0", "up")

    @contextlib.contextmanager
    def inside(self, number):
        """In the network of that node."""
        set_namespace(self._nodes[number - 1])
        try:
            yield
        finally:
            set_namespace(self._lab)

    def drop(self, number, peers, percent=100):
        """What the node sends to these peers and what it gets from them, or that share of it at random."""
        chance = "" if percent == 100 else f"numgen random mod 100 < {percent} "
        rules = [f"add rule inet broken {chain} ip {side} {self.hosts[peer - 1]} {chance}drop"
                 for peer in peers for chain, side in (("input", "saddr"), ("output", "daddr"))]
        chains = [f"add chain inet broken {chain} {{ type filter hook {chain} priority 0; }}" for chain in ("input", "output")]
        with self.inside(number):
            _run("nft", "-f", "-", text="\n".join(["add table inet broken", *chains, *rules]) + "\n")

    def heal(self, number):
        with self.inside(number):
            _run("nft", "delete", "table", "inet", "broken")

    def close(self):
        set_namespace(self._home)
        for handle in (self._home, self._lab, *self._nodes):
            handle.close()
