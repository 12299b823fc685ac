"""Many connections to the web server at once, and what others notice of them.

The tests that use it are brief; with SOCKLENS_TEST_LONG=1 in the environment they go on for
minutes, where that finds more.
"""

import contextlib
import os
import re
import resource
import socket
import statistics
import time

from gateway import reset, tcp_connect, udp_exchange, wait_until

LONG = bool(os.environ.get("SOCKLENS_TEST_LONG"))
PATIENCE_S = 60  # a machine that stands still for seconds must not fail a test
BEATS = 40
# How much longer than before others may take, and what a busy machine adds to that.
SLOWER = 25
NOISE_S = 1


def request(path, method="GET", fields=(), body=b""):
    """The bytes of one request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *fields]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_head(file):
    """(status, headers with lower-case names); (None, {}) where the connection ended."""
    line = file.readline()
    if not line:
        return None, {}
    headers = {}
    while field := file.readline().strip().decode():
        name, _, value = field.partition(":")
        headers[name.lower()] = value.strip()
    return int(line.split()[1]), headers


def read_chunks(file):
    """The chunks of a body; ends where it ends, ConnectionError where it breaks off."""
    while size := int(file.readline() or b"-1", 16):
        chunk = file.read(size) if size > 0 else b""
        if len(chunk) != size:
            raise ConnectionError("the body ends before its end")
        file.readline()
        yield chunk
    file.readline()


def read_answer(file):
    """(status, headers, body) of the next answer on a connection's file."""
    status, headers = read_head(file)
    if headers.get("transfer-encoding") == "chunked":
        return status, headers, b"".join(read_chunks(file))
    return status, headers, file.read(int(headers.get("content-length", 0)))


class Crowd:
    """Raw connections to one gateway, closed at the end of the block."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.socks = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def connect(self, data=b"", count=1, receive_buffer=None):
        """Opens connections that send these bytes each; returns them."""
        opened = [tcp_connect(self.gateway.address("http"), PATIENCE_S) for _ in range(count)]
        self.socks += opened
        for sock in opened:
            if receive_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            sock.sendall(data)
        return opened

    def close(self):
        for sock in self.socks:
            sock.close()
        self.socks = []

    def reset(self):
        for sock in self.socks:
            reset(sock)
        self.socks = []


class Others:
    """Somebody else's requests and datagrams: they must not get much slower."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.usual = self.measure()

    def measure(self):
        """Seconds that a request and a datagram's reply take, median."""
        return {"request": self._median(lambda: self.gateway.get("/api/v1/status")),
                "datagram": self._median(lambda: udp_exchange(self.gateway.udp, b"beat"))}

    def _median(self, act):
        times = []
        for _ in range(BEATS):
            begin = time.monotonic()
            act()
            times.append(time.monotonic() - begin)
        return statistics.median(times)

    def check(self):
        wait_until(self.is_served, "requests and datagrams are answered about as fast as alone")

    def is_served(self):
        return all(took_s < SLOWER * self.usual[name] + NOISE_S
                   for name, took_s in self.measure().items())


class Footprint:
    """What connections leave behind: nothing."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.before = self.look()

    def look(self):
        web = self.gateway.status()["http"]
        return {"connections": web["connections"], "streams": web["streams"],
                "sockets": self.sockets(), "held bytes": self.held_bytes()}

    def sockets(self):
        """Of the log's files one more may be open than before."""
        folder, count = f"/proc/{self.gateway.pid}/fd", 0
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink(f"{folder}/{name}").startswith("socket:")
        return count

    def held_bytes(self):
        page = self.gateway.request_raw("GET", "/metrics")[2].decode()
        return int(re.search(r"^socklens_http_held_bytes (\d+)$", page, re.MULTILINE)[1])

    def left(self):
        now = self.look()
        return {name: now[name] for name, count in self.before.items() if now[name] > count}

    def wait_gone(self):
        try:
            wait_until(lambda: not self.left(), "as before", PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"still there: {self.left()}, before: {self.before}") from error


def allow_descriptors(test, count):
    """As many for this process and the gateways that it starts, or the test is left out."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < count:
        test.skipTest(f"only {limits[1]} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], count), limits[1]))
    test.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
