"""A relay in front of one address of a node, which counts what goes through: PostgreSQL statements or HTTP requests."""

import socket
import threading


class Statements:
    """Counts the statements in what a client sends: a startup message, then type, length, body."""

    def __init__(self):
        self.count, self._rest, self._started = 0, b"", False

    def feed(self, chunk):
        self._rest += chunk
        while True:
            head = 5 if self._started else 4
            if len(self._rest) < head:
                return
            length = int.from_bytes(self._rest[head - 4:head], "big")
            if len(self._rest) < head - 4 + length:
                return
            # Q is a simple query, E runs a prepared one.
            self.count += self._started and self._rest[:1] in b"QE"
            self._rest = self._rest[head - 4 + length:]
            self._started = True


class Requests:
    """Counts GET requests; the exporter sends no other, and no bodies."""

    def __init__(self):
        self.count = 0

    def feed(self, chunk):
        self.count += chunk.count(b"GET /")


def listen_before_the_nodes():
    """The exporter learns of every node's own address as well, and of two that answer it keeps the one that sorts first:
    below the ports that the tests hand out."""
    for port in range(10000, 15000):
        try:
            return socket.create_server(("127.0.0.1", port), backlog=64)
        except OSError:
            continue
    raise RuntimeError("no port from 10000 to 14999 is free")


class Relay:
    """Listens on a free port for as long as it lives and passes everything on to `address`."""

    def __init__(self, address, counter):
        host, port = address.rsplit(":", 1)
        self._to, self._counter = (host, int(port)), counter
        self._lock, self._counters = threading.Lock(), []
        self._connections = self._sent = self._received = 0
        self._listener = listen_before_the_nodes()
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def totals(self):
        with self._lock:
            return {"asked": sum(one.count for one in self._counters), "sent": self._sent,
                    "received": self._received, "connections": self._connections}

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                node = socket.create_connection(self._to, timeout=2)
            except OSError:
                client.close()  # The node is away: to the exporter it looks like that, too.
                continue
            node.settimeout(None)
            counter = self._counter()
            with self._lock:
                self._connections += 1
                self._counters.append(counter)
            threading.Thread(target=self._pump, args=(client, node, counter), daemon=True).start()
            threading.Thread(target=self._pump, args=(node, client, None), daemon=True).start()

    def _pump(self, source, sink, counter):
        try:
            while chunk := source.recv(65536):
                with self._lock:
                    if counter:
                        counter.feed(chunk)
                        self._sent += len(chunk)
                    else:
                        self._received += len(chunk)
                sink.sendall(chunk)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
