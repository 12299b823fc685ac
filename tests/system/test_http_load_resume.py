"""Event streams that break off anywhere and resume with Last-Event-ID, under load: together they
carry each number once and in order, and where not, say so exactly."""

import ipaddress
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from crowd import LONG, PATIENCE_S, Crowd, request
from gateway import Gateway, reset, udp_exchange, wait_until
from store_file import Traffic
from test_http_events import flood

SECONDS = 60 if LONG else 2
WINDOW_S = Traffic.WINDOW / 2000  # so many datagrams each so often: 2,000 a second
PAYLOAD = b"x" * 700
HEARTBEAT_S = 10
SMALL = ("--journal-size", "4M")  # some thousands of these: little more than a second
ROUND = 512  # of these are far fewer than the small journal holds


def chunks_of(data):
    """What of a chunked body has come, its last chunk perhaps in part."""
    body, at = bytearray(), 0
    while (end := data.find(b"\r\n", at)) > at:
        size = int(data[at:end], 16)
        body += data[end + 2:end + 2 + size]
        at = end + 4 + size
    return bytes(body)


def events_of(data):
    """(kind, data, id) of each event that came whole; what a browser would have told its page."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return
    if not head.startswith(b"HTTP/1.1 200 "):
        raise AssertionError(head)
    for event in chunks_of(body).split(b"\n\n")[:-1]:
        fields = dict(re.findall(rb"^(event|data|id): (.*)$", event, re.MULTILINE))
        yield (fields.get(b"event", b"").decode(), fields.get(b"data", b""),
               fields.get(b"id", b"").decode())


class Reader:
    """Follows one log over many connections. `pieces` are (from, to, reason or None) in the order
    in which they came."""

    def __init__(self, seed, query="types=messages"):
        self.chance, self.query = random.Random(seed), query
        self.pieces, self.last_id = [], None

    def begin(self, gateway):
        """Everything that comes after this belongs to it."""
        status = gateway.status()
        log = status["log"]
        self.last_id = f"{status['run']}:{log['newest_seq']}"
        return log["newest_seq"]

    def seq(self):
        return int(self.last_id.partition(":")[2])

    def read(self, gateway, size):
        """One connection, cut after that many bytes or a moment of silence."""
        path = f"/api/v1/events?{self.query}"
        with Crowd(gateway) as crowd:
            sock, = crowd.connect(request(path, fields=[f"Last-Event-ID: {self.last_id}"]))
            data = self.receive(sock, size)
            if self.chance.random() < 0.5:
                reset(sock)
        for event in events_of(data):
            self.take(*event)

    def receive(self, sock, size):
        data = bytearray()
        sock.settimeout(1)
        try:
            while len(data) < size and (part := sock.recv(min(size - len(data), 65536))):
                data += part
        except TimeoutError:
            pass
        return bytes(data)

    def take(self, kind, data, last_id):
        if kind == "messages":
            self.pieces += [(int(seq), int(seq), None)
                            for seq in re.findall(rb'\{"seq":(\d+),', data)]
        elif kind == "gap":
            gap = json.loads(data)
            self.pieces.append((gap["from"], gap["to"], gap["reason"]))
        self.last_id = last_id or self.last_id

    def read_in_pieces(self, gateway, seconds):
        """Cut after a few bytes, within an event, or after megabytes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(gateway, int(10 ** self.chance.uniform(1, 6)))

    def is_outrun(self, gateway):
        return gateway.status()["log"]["evicted"] > self.seq()

    def read_to_end(self, gateway):
        """Also what is appended meanwhile: replies come before that."""
        deadline = time.monotonic() + PATIENCE_S
        while self.seq() != (newest := gateway.newest_seq()) and time.monotonic() < deadline:
            self.read(gateway, 20_000_000)
        return newest

    def reasons(self):
        return {reason for _, _, reason in self.pieces}


class Resume(unittest.TestCase):
    def assert_complete(self, reader, first, newest):
        """Each number once, in order, as a message or in a gap."""
        expected = first
        for begin, end, reason in reader.pieces:
            self.assertEqual(begin, expected, reason)
            self.assertGreaterEqual(end, begin)
            expected = end + 1
        self.assertEqual(expected, newest + 1)

    def follow(self, gateway, reader, outrun=False):
        """With a rest, where it is to be outrun, until what it would read next has left memory."""
        first = reader.begin(gateway) + 1
        with Traffic(gateway.udp, PAYLOAD, WINDOW_S):
            reader.read_in_pieces(gateway, SECONDS)
            if outrun:
                wait_until(lambda: reader.is_outrun(gateway), "the reader is outrun")
                reader.read_in_pieces(gateway, SECONDS)
        self.assert_complete(reader, first, reader.read_to_end(gateway))
        self.assertGreater(len(reader.pieces), 100)

    def test_from_memory(self):
        reader = Reader(1)
        with Gateway() as gateway:
            self.follow(gateway, reader)
        self.assertEqual(reader.reasons(), {None})

    def test_from_the_store(self):
        reader = Reader(2)
        with tempfile.TemporaryDirectory() as folder, \
                Gateway("--store", folder + "/log.db", *SMALL) as gateway:
            self.follow(gateway, reader, outrun=True)
        self.assertEqual(reader.reasons(), {None})

    def test_without_what_has_gone(self):
        reader = Reader(3)
        with Gateway(*SMALL) as gateway:
            self.follow(gateway, reader, outrun=True)
        self.assertEqual(reader.reasons(), {None, "evicted"})

    def test_with_a_filter(self):
        reader = Reader(4, "types=messages&text=n7")
        with Gateway("--journal-size", "1G") as gateway:
            reader.begin(gateway)
            with Traffic(gateway.udp, PAYLOAD, WINDOW_S):
                reader.read_in_pieces(gateway, SECONDS)
            udp_exchange(gateway.udp, b"n7, the last")
            gateway.wait_for_messages(1, text="n7, the last")
            reader.read_to_end(gateway)
            seqs = [seq for seq, _, _ in reader.pieces]
            wanted, after = [], 0
            while page := gateway.fetch("messages", after=after, text="n7", limit=1000)["items"]:
                wanted += [item["seq"] for item in page]
                after = wanted[-1]
        self.assertEqual(seqs, wanted)

    def restart(self, gateway, sig):
        """The same log and the same doors again."""
        listening = {name: tuple(gateway.addresses[name]) for name in ("udp_upper", "http")}
        flags = gateway.arguments[1:gateway.arguments.index("--ready-file")]
        if sig == signal.SIGTERM:
            gateway.stop()
        else:
            gateway.kill()
        again = Gateway(*flags, **listening)
        self.addCleanup(again.kill)
        return again

    def gateway(self, *flags):
        gateway = Gateway(*flags)
        self.addCleanup(gateway.kill)
        return gateway

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_over_restarts(self):
        reader = Reader(5)
        gateway = self.gateway("--store", self.folder() + "/log.db", *SMALL)
        first = reader.begin(gateway) + 1
        for _ in range(20 if LONG else 3):
            with Traffic(gateway.udp, PAYLOAD, WINDOW_S):
                reader.read_in_pieces(gateway, 1)
            gateway = self.restart(gateway, signal.SIGTERM)
        self.assert_complete(reader, first, reader.read_to_end(gateway))
        self.assertEqual(reader.reasons(), {None})
        gateway.stop()

    def assert_begins_anew(self, gateway, before):
        """Of the log before nothing is known any more, and that is said."""
        reader = Reader(6)
        reader.last_id = before.last_id
        first = gateway.newest_seq() + 1
        for text in (b"one", b"two"):
            udp_exchange(gateway.udp, text)
        gateway.wait_for_seq(first + 1)
        reader.read_to_end(gateway)
        self.assertEqual(reader.pieces, [(0, 0, "restarted"), (first, first, None),
                                         (first + 1, first + 1, None)])

    def test_over_a_restart_without_a_store(self):
        gateway, reader = self.gateway(), Reader(7)
        reader.begin(gateway)
        with Traffic(gateway.udp, PAYLOAD, WINDOW_S):
            reader.read_in_pieces(gateway, 1)
        gateway = self.restart(gateway, signal.SIGTERM)
        self.assert_begins_anew(gateway, reader)
        gateway.stop()

    def test_over_a_kill(self):
        """Numbers that were seen but not yet written are given out again: who saw one is told."""
        gateway, reader = self.gateway("--store", self.folder() + "/log.db"), Reader(8)
        reader.begin(gateway)
        with Traffic(gateway.udp, PAYLOAD, WINDOW_S):
            reader.read_in_pieces(gateway, 1)
            gateway.process.kill()
        gateway = self.restart(gateway, signal.SIGKILL)
        if reader.seq() > gateway.newest_seq():
            self.assert_begins_anew(gateway, reader)
        else:
            first = reader.seq() + 1
            udp_exchange(gateway.udp, b"after")
            gateway.wait_for_messages(1, text="after")
            reader.pieces = []
            self.assert_complete(reader, first, reader.read_to_end(gateway))
        gateway.stop()


STREAM = """
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(f"GET /api/v1/events?types={sys.argv[3]} HTTP/1.1\\r\\nHost: {sys.argv[1]}\\r\\n\\r\\n"
             .encode())
sys.stdin.read()
"""


class Cable:
    """A network namespace on a cable of its own, which can be pulled."""

    def __init__(self, test):
        number = os.getpid() % (1 << 15)  # other runs have other addresses
        network = ipaddress.ip_network("198.18.0.0/15")[4 * number]  # RFC 2544: for tests
        self.here, self.there = str(network + 1), str(network + 2)
        self.name = f"sl{number}"
        test.addCleanup(self.ip, f"netns del {self.name}")
        test.addCleanup(self.ip, f"link del {self.name}a")
        self.works = bool(shutil.which("ip")) and all(map(self.ip, self.commands()))

    def commands(self):
        return (f"netns add {self.name}",
                f"link add {self.name}a type veth peer name {self.name}b",
                f"link set {self.name}b netns {self.name}",
                f"addr add {self.here}/30 dev {self.name}a", f"link set {self.name}a up",
                f"-n {self.name} addr add {self.there}/30 dev {self.name}b",
                f"-n {self.name} link set {self.name}b up")

    def ip(self, command):
        return subprocess.run(["ip", *command.split()], capture_output=True, timeout=PATIENCE_S,
                              check=False).returncode == 0

    def stream(self, port, kind):
        """A reader at the other end."""
        return subprocess.Popen(["ip", "netns", "exec", self.name, sys.executable, "-c", STREAM,
                                 self.here, str(port), kind], stdin=subprocess.PIPE)

    def pull(self):
        self.ip(f"link set {self.name}a down")


class Dead(unittest.TestCase):
    """A reader that went is noticed, though there is nothing to tell it: one that hung up, and one
    whose network is gone, from where not even an end comes."""

    def test_within_two_heartbeats(self):
        cable = Cable(self)
        http = ("127.0.0.1:0", cable.here + ":0") if cable.works else ("127.0.0.1:0",)
        with Gateway("--http-open", http=http) as gateway, Crowd(gateway) as crowd:
            far = self.open_far(gateway, cable) if cable.works else []
            crowd.connect(request("/api/v1/events?types=messages"), 50)
            crowd.connect(request("/api/v1/events?types=messages&text=never"), 50)
            crowd.connect(request("/api/v1/export?format=ndjson&follow=1"), 20)
            wait_until(lambda: gateway.status()["http"]["streams"] == 120 + len(far), "all stream",
                       PATIENCE_S)
            cable.pull()
            for sock in crowd.socks[::2]:
                reset(sock)
            crowd.close()
            wait_until(lambda: gateway.status()["http"]["streams"] == 0, "none", PATIENCE_S)

    def open_far(self, gateway, cable):
        port = gateway.address("http", 1)[1]
        readers = [cable.stream(port, kind)
                   for kind in ("messages", "status", "messages,clients")]
        for reader in readers:
            self.addCleanup(reader.wait, PATIENCE_S)
            self.addCleanup(reader.stdin.close)
        return readers

    def test_unread_ones_hurt_nobody(self):
        """Beside them one that reads misses nothing, though they are far behind the journal."""
        with Gateway(*SMALL) as gateway, Crowd(gateway) as crowd, \
                gateway.events("types=messages", timeout_s=PATIENCE_S) as stream:
            crowd.connect(request("/api/v1/events?types=messages"), 50, receive_buffer=4096)
            wait_until(lambda: gateway.status()["http"]["streams"] == 51, "all stream", PATIENCE_S)
            before, seqs = gateway.memory_bytes(), []
            for newest in range(ROUND, 20 * ROUND, ROUND):
                flood(gateway, ROUND, PAYLOAD, Traffic.WINDOW)
                while not seqs or seqs[-1] < newest:
                    items = stream.next_of("messages", PATIENCE_S)["data"]["items"]
                    seqs += [item["seq"] for item in items]
            self.assertEqual(seqs, list(range(1, newest + 1)))
            self.assertGreater(gateway.status()["log"]["evicted"], 0)
            # Fifty queues would be a gigabyte; a sanitizer's own needs are a quarter of that.
            self.assertLess(gateway.memory_bytes() - before, 400 << 20)


class Limit(unittest.TestCase):
    """Streams leave room for requests, whatever the limit is."""

    def test_the_next_one_is_told(self):
        with Gateway("--max-http-connections", "40") as gateway, Crowd(gateway) as crowd:
            most = gateway.status()["http"]["streams_max"]
            self.assertEqual(most, 30)
            crowd.connect(request("/api/v1/events"), most)
            wait_until(lambda: gateway.status()["http"]["streams"] == most, "all", PATIENCE_S)
            for path in ("events", "export?format=csv"):
                status, headers, problem = gateway.get("/api/v1/" + path)
                self.assertEqual((status, problem["status"]), (503, 503))
                self.assertGreater(int(headers["Retry-After"]), 0)
            self.assertEqual(gateway.request_raw("HEAD", "/api/v1/events")[0], 200)


if __name__ == "__main__":
    unittest.main()
