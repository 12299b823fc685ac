"""Clients of the web server that are slow, many, rude or gone: they are served or cut, leave
nothing behind, and neither hold up anyone else nor the end."""

import contextlib
import json
import random
import socket
import tempfile
import threading
import time
import unittest

from crowd import (LONG, PATIENCE_S, Crowd, Footprint, Others, allow_descriptors, read_answer,
                   read_head, request)
from gateway import Gateway, GatewayTest, udp_exchange, udp_socket, wait_until
from store_file import Traffic

EXPORT = request("/api/v1/export?format=ndjson")
SENDING = b'{"listener":"udp-upper","text":"never whole"}'


def fill(gateway, count, payload=b"x" * 300, window=50):
    """Messages for the log: sends datagrams and waits for the replies, so that none is lost."""
    with udp_socket() as sock:
        sock.connect(gateway.udp)
        for start in range(0, count, window):
            size = min(window, count - start)
            for _ in range(size):
                sock.send(payload)
            for _ in range(size):
                sock.recv(65535)


class Slow(unittest.TestCase):
    """Slowloris: a byte a second is cut at the deadline, and delays nobody until then."""

    PEERS = 500
    DEADLINE_S = 15  # of a head; a body has less

    def test_a_byte_a_second(self):
        allow_descriptors(self, 4 * self.PEERS)
        with Gateway() as gateway, Crowd(gateway) as crowd:
            footprint, others = Footprint(gateway), Others(gateway)
            begun = time.monotonic()
            bodies = crowd.connect(request("/api/v1/datagrams", "POST", body=SENDING)[:-40],
                                   self.PEERS // 2)
            heads = crowd.connect(b"GET /healthz HTTP/1.1\r\nX: ", self.PEERS // 2)
            self.send_no_more(crowd)
            stop = threading.Event()
            trickle = threading.Thread(target=self.trickle, args=(bodies + heads, stop))
            trickle.start()
            self.addCleanup(trickle.join)
            self.addCleanup(stop.set)
            others.check()
            others.check()
            wait_until(lambda: self.count_cut(crowd.socks) == len(crowd.socks), "all are cut",
                       PATIENCE_S)
            self.assertGreater(time.monotonic() - begun, self.DEADLINE_S / 2)
            self.assertEqual(gateway.messages(text="never whole"), [])
            crowd.close()
            footprint.wait_gone()

    def send_no_more(self, crowd):
        """Others close their side within a request, and wait."""
        whole = request("/api/v1/datagrams", "POST", body=SENDING)
        for size in range(1, len(whole), 7):
            crowd.connect(whole[:size])[0].shutdown(socket.SHUT_WR)

    def trickle(self, socks, stop):
        while not stop.wait(1):
            for sock in socks:
                with contextlib.suppress(OSError):
                    sock.send(b" ", socket.MSG_NOSIGNAL)

    def count_cut(self, socks):
        """Ended, without an answer or with 408."""
        count = 0
        for sock in socks:
            try:
                data = sock.recv(4096, socket.MSG_DONTWAIT | socket.MSG_PEEK)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            self.assertIn(data[:12], (b"", b"HTTP/1.1 408"))
            count += 1
        return count


class Exports(GatewayTest):
    """A log of many megabytes, asked for by many at once."""

    MESSAGES = 50_000 if LONG else 10_000
    READERS = 64

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fill(cls.gateway, cls.MESSAGES)

    def test_read_by_many_at_once(self):
        others, sizes = Others(self.gateway), []
        with Crowd(self.gateway) as crowd:
            readers = [threading.Thread(target=lambda sock=sock: sizes.append(self.count(sock)))
                       for sock in crowd.connect(EXPORT, self.READERS)]
            for reader in readers:
                reader.start()
            others.check()
            for reader in readers:
                reader.join(PATIENCE_S)
        self.assertEqual(len(sizes), self.READERS)
        self.assertGreaterEqual(min(sizes), self.MESSAGES)

    def count(self, sock):
        with sock.makefile("rb") as file:
            status, _, body = read_answer(file)
        self.assertEqual(status, 200)
        return body.count(b"\n")

    def test_read_by_nobody(self):
        footprint, others = Footprint(self.gateway), Others(self.gateway)
        before = self.gateway.memory_bytes()
        with Crowd(self.gateway) as crowd:
            crowd.connect(EXPORT, self.READERS, receive_buffer=4096)
            wait_until(lambda: self.gateway.status()["http"]["streams"] == self.READERS,
                       "all begin", PATIENCE_S)
            others.check()
            busy = self.gateway.cpu_s()
            time.sleep(1)
            self.assertLess(self.gateway.cpu_s() - busy, 0.5)
            self.assertLess(self.gateway.memory_bytes() - before, self.READERS << 20)
        footprint.wait_gone()

    def test_reset_in_the_middle(self):
        footprint = Footprint(self.gateway)
        for _ in range(20 if LONG else 3):
            with Crowd(self.gateway) as crowd:
                for sock in crowd.connect(EXPORT, self.READERS):
                    sock.recv(1000)
                crowd.reset()
        footprint.wait_gone()

    def test_searches_whose_asker_has_gone(self):
        footprint, others = Footprint(self.gateway), Others(self.gateway)
        with Crowd(self.gateway) as crowd:
            crowd.connect(request("/api/v1/messages?text=nowhere"), self.READERS)
            crowd.reset()
            others.check()
        footprint.wait_gone()


class Pages(unittest.TestCase):
    """Pages of many megabytes that nobody reads: together they have a bound, and small answers have
    room beside them."""

    READERS = 200
    LARGE = 30  # of 8 MiB, more than the gateway holds for all

    def test_unread_pages_end_after_their_timeout(self):
        allow_descriptors(self, 4 * self.READERS)
        with Gateway() as gateway, Crowd(gateway) as crowd:
            fill(gateway, 1500, b"y" * 20_000, window=10)
            footprint, others = Footprint(gateway), Others(gateway)
            before = gateway.memory_bytes()
            page = request("/api/v1/messages?limit=1000")
            crowd.connect(page, self.READERS, receive_buffer=4096)
            # Pages end after two seconds: made slowly and all at once, they may be too small for
            # any to be refused.
            heads = {self.head(sock) for sock in crowd.socks}
            self.assertLessEqual(heads, {b"HTTP/1.1 200", b"HTTP/1.1 503"})
            self.assertLess(gateway.memory_bytes() - before, 512 << 20)
            others.check()
            crowd.close()
            footprint.wait_gone()
            heads = set()
            for _ in range(self.LARGE):  # one after the other each is as large as it may be
                crowd.connect(page, receive_buffer=4096)
                heads.add(self.head(crowd.socks[-1]))
            others.check()
            crowd.close()
            footprint.wait_gone()
            self.assertEqual(heads, {b"HTTP/1.1 200", b"HTTP/1.1 503"})
            self.assertEqual(len(gateway.fetch("messages", limit=50)["items"]), 50)

    def head(self, sock):
        return sock.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL)


class Bodies(unittest.TestCase):
    """Requests of many kilobytes that never become whole: likewise."""

    SENDERS = 400

    def test_unfinished_bodies_are_refused_or_cut(self):
        allow_descriptors(self, 4 * self.SENDERS)
        with Gateway() as gateway:
            footprint, others = Footprint(gateway), Others(gateway)
            answers = set()
            for _ in range(5):  # a busy machine may be too late for all of them
                answers |= self.send_all(gateway, others)
                if 503 in answers:
                    break
            # Too large for a datagram; too much with the others, or too many; or late, and cut.
            self.assertLessEqual(answers, {413, 429, 503, None})
            self.assertIn(503, answers)
            footprint.wait_gone()

    def send_all(self, gateway, others):
        whole = request("/api/v1/datagrams", "POST",
                        body=b'{"listener":"udp-upper","base64":"%s"}' % (b"A" * 440_000))
        with Crowd(gateway) as crowd, contextlib.suppress(OSError):
            for _ in range(self.SENDERS):
                crowd.connect(whole[:-100])
            answers = {self.finish(sock, whole[-100:]) for sock in crowd.socks}
            others.check()
            return answers
        return set()

    def finish(self, sock, rest):
        with contextlib.suppress(OSError), sock.makefile("rb") as file:
            sock.sendall(rest)
            return read_answer(file)[0]
        return None


class Waits(GatewayTest):
    """Hundreds of `wait=`, which no message ends but the one."""

    COUNT = 400

    def setUp(self):
        allow_descriptors(self, 4 * self.COUNT)

    def ask(self, crowd, wait="60s", count=COUNT):
        after = self.gateway.newest_seq()
        path = f"/api/v1/messages?after={after}&wait={wait}&text=wanted"
        socks = crowd.connect(request(path), count)
        wait_until(lambda: self.gateway.status()["http"]["connections"] > count, "all wait")
        return socks

    def test_all_are_answered_and_others_meanwhile(self):
        others = Others(self.gateway)
        with Crowd(self.gateway) as crowd:
            socks = self.ask(crowd)
            fill(self.gateway, 2000)
            others.check()
            udp_exchange(self.gateway.udp, b"wanted")
            for sock in socks:
                with sock.makefile("rb") as file:
                    status, _, body = read_answer(file)
                self.assertEqual(status, 200)
                texts = [item["received"]["text"] for item in json.loads(body)["items"]]
                self.assertEqual(texts, ["wanted"])

    def test_askers_that_have_gone(self):
        footprint = Footprint(self.gateway)
        with Crowd(self.gateway) as crowd:
            self.ask(crowd, "3s")
            crowd.reset()
        footprint.wait_gone()


class Rude(GatewayTest):
    """What a client may do with its side of the connection."""

    def test_pipelined_requests_are_answered_in_order(self):
        paths = ("/healthz", "/api/v1/status", "/nothing", "/api/v1/messages?limit=1") * 100
        with Crowd(self.gateway) as crowd:
            sock, = crowd.connect(b"".join(request(path) for path in paths))
            with sock.makefile("rb") as file:
                statuses = [read_answer(file)[0] for _ in paths]
        self.assertEqual(statuses, [404 if path == "/nothing" else 200 for path in paths])

    def test_pipelined_behind_what_waits_and_what_streams(self):
        after = self.gateway.newest_seq()
        parts = [request(f"/api/v1/messages?after={after}&wait=1s"), EXPORT,
                 request("/api/v1/export?format=csv", "HEAD"), request("/api/v1/events", "HEAD"),
                 request("/healthz")]
        with Crowd(self.gateway) as crowd:
            sock, = crowd.connect(b"".join(parts))
            with sock.makefile("rb") as file:
                self.assertEqual(json.loads(read_answer(file)[2])["items"], [])
                self.assertEqual(read_answer(file)[1]["content-type"], "application/x-ndjson")
                for kind in ("text/csv; charset=utf-8; header=present", "text/event-stream"):
                    status, headers = read_head(file)
                    self.assertEqual((status, headers["content-type"]), (200, kind))
                self.assertEqual(json.loads(read_answer(file)[2]), {"status": "ok"})

    def test_pipelined_behind_an_endless_stream(self):
        with Crowd(self.gateway) as crowd:
            sock, = crowd.connect(request("/api/v1/events?types=messages") + EXPORT * 50)
            with sock.makefile("rb") as file:
                self.assertEqual(read_head(file)[0], 200)
                udp_exchange(self.gateway.udp, b"still here")
                wait_until(lambda: b"still here" in file.readline(), "the stream goes on")

    def test_half_closed_behind_the_request(self):
        fill(self.gateway, 10)
        after = self.gateway.newest_seq()
        for path in ("/healthz", "/api/v1/messages", f"/api/v1/messages?after={after}&wait=1s",
                     "/api/v1/export?format=ndjson"):
            with Crowd(self.gateway) as crowd:
                sock, = crowd.connect(request(path))
                sock.shutdown(socket.SHUT_WR)
                with sock.makefile("rb") as file:
                    self.assertEqual(read_answer(file)[0], 200, path)
                    self.assertEqual(file.read(), b"", path)

    def test_reset_at_every_byte(self):
        footprint = Footprint(self.gateway)
        for whole in (request("/api/v1/datagrams", "POST", body=SENDING),
                      request("/api/v1/events"), EXPORT):
            for size in range(0, len(whole) + 1, 1 if LONG else 5):
                with Crowd(self.gateway) as crowd:
                    crowd.connect(whole[:size])
                    crowd.reset()
        footprint.wait_gone()

    def test_connections_without_a_word(self):
        footprint = Footprint(self.gateway)
        for _ in range(2000 if LONG else 300):
            with Crowd(self.gateway) as crowd:
                crowd.connect()
        footprint.wait_gone()


class Chaos(unittest.TestCase):
    """All of it at once by chance, while messages come, leave the memory and the file, and are
    cleared."""

    SECONDS = 120 if LONG else 5
    CLIENTS = 12
    REQUESTS = [request(path) for path in (
        "/", "/metrics", "/api/v1/status", "/api/v1/clients", "/api/v1/messages?limit=1000",
        "/api/v1/messages?text=n1&after=0", "/api/v1/messages?wait=1s&min=5000&after=0",
        "/api/v1/messages/77", "/api/v1/messages/77/raw?side=sent", "/api/v1/rates",
        "/api/v1/events", "/api/v1/events?sample=3&text=n", "/api/v1/export?format=pcapng",
        "/api/v1/export?format=csv&follow=1", "/api/v1/export?format=ndjson&text=nowhere")]
    REQUESTS += [
        request("/api/v1/events?types=messages", fields=[f"Last-Event-ID: {'0' * 32}:5"]),
        request("/api/v1/datagrams", "POST", body=b'{"listener":"udp-upper","text":"chance"}'),
        request("/api/v1/messages?confirm=yes", "DELETE"), request("/api/v1/clients/1", "DELETE"),
        request("/nothing", "PUT"), b"nonsense\r\n\r\n", b"\0" * 50, b"GET / HTTP/1.1\r\n" * 99]

    def test_all_at_once(self):
        with tempfile.TemporaryDirectory() as folder, \
                Gateway("--store", folder + "/log.db", "--journal-size", "4M",
                        "--retain-messages", "10000") as gateway:
            footprint, others = Footprint(gateway), Others(gateway)
            end = time.monotonic() + self.SECONDS
            clients = [threading.Thread(target=self.act, args=(gateway, number, end))
                       for number in range(self.CLIENTS)]
            with Traffic(gateway.udp, b"x" * 500, 0.02):
                for client in clients:
                    client.start()
                others.check()
                for client in clients:
                    client.join(self.SECONDS + PATIENCE_S)
                others.check()
            if LONG:  # else the end comes while much is open
                footprint.wait_gone()

    def act(self, gateway, seed, end):
        chance = random.Random(seed)
        while time.monotonic() < end:
            with Crowd(gateway) as crowd, contextlib.suppress(OSError):
                sock, = crowd.connect(receive_buffer=chance.choice((None, 4096)))
                sock.settimeout(chance.uniform(0.01, 0.5))
                self.talk(chance, sock)
                if chance.random() < 0.5:
                    crowd.reset()

    def talk(self, chance, sock):
        data = b"".join(chance.choices(self.REQUESTS, k=chance.choice((1, 1, 2, 20))))
        data = data[:chance.choice((len(data), chance.randrange(len(data) + 1)))]
        middle = chance.randrange(len(data) + 1)
        sock.sendall(data[:middle])
        time.sleep(chance.choice((0, 0.001, 0.05)))
        sock.sendall(data[middle:])
        if chance.random() < 0.2:
            sock.shutdown(socket.SHUT_WR)
        for _ in range(chance.randrange(20)):
            if not sock.recv(chance.choice((1, 1000, 100_000))):
                break


class HungUp(unittest.TestCase):
    """Who hangs up while it waits for messages that do not come leaves its place at once."""

    WAITS = ("messages?text=nothing&wait=60s", "events?types=messages", "events?sample=3&text=no",
             "export?format=ndjson&text=nothing&follow=1")

    def test_places_are_free_again(self):
        allow_descriptors(self, 3000)
        with Gateway() as gateway, Crowd(gateway) as crowd:
            for way in self.WAITS:
                with self.subTest(way):
                    waiting = request("/api/v1/" + way)
                    crowd.connect(waiting, 500)
                    wait_until(lambda: gateway.status()["http"]["connections"] >= 500, "they wait")
                    begun = time.monotonic()
                    crowd.close()
                    wait_until(lambda: gateway.status()["http"]["connections"] < 20,
                               "their places are free", 8)
                    self.assertLess(time.monotonic() - begun, 8)

    def test_one_that_only_ends_its_request_is_answered(self):
        with Gateway() as gateway, Crowd(gateway) as crowd:
            udp_exchange(gateway.udp, b"here")
            for path in ("/api/v1/messages?text=here&wait=5s", "/api/v1/export?format=ndjson"):
                sock, = crowd.connect(request(path))
                sock.shutdown(socket.SHUT_WR)
                with sock.makefile("rb") as file:
                    self.assertIn(b"here", read_answer(file)[2])


class Search(unittest.TestCase):
    """A text that nearly matches everywhere in every message: nobody else waits for its search."""

    TEXT = "a" * 20_000 + "b"
    WAYS = ("messages?limit=1&text={}", "messages?after=0&wait=5s&text={}", "messages?hex={hex}",
            "events?types=messages&text={}", "events?types=messages&sample=5&text={}",
            "export?format=ndjson&text={}", "export?format=csv&follow=1&text={}")

    def check(self, *flags):
        gateway = Gateway(*flags)
        self.addCleanup(gateway.kill)
        fill(gateway, 200, b"a" * 60_000, 1)
        hexadecimal = self.TEXT[-10_000:].encode().hex()
        with Crowd(gateway) as crowd:
            for way in self.WAYS:
                path = "/api/v1/" + way.format(self.TEXT, hex=hexadecimal)
                crowd.connect(request(path), 2)
            took = []
            for _ in range(20):
                begun = time.monotonic()
                self.assertEqual(gateway.get("/healthz")[0], 200)
                took.append(time.monotonic() - begun)
            self.assertLess(sorted(took)[10], 0.5)
            gateway.stop()

    def test_in_memory(self):
        self.check("--store", "memory")

    def test_in_the_store(self):
        with tempfile.TemporaryDirectory() as folder:
            self.check("--store", folder + "/log.db", "--journal-size", "4M")


class Stop(unittest.TestCase):
    """The end comes soon, whatever is open."""

    def test_with_all_of_these_open(self):
        allow_descriptors(self, 2000)
        gateway = Gateway("--max-http-connections", "900")
        self.addCleanup(gateway.kill)
        fill(gateway, 5000)
        with Crowd(gateway) as crowd, udp_socket() as silent:
            after = gateway.newest_seq()
            for data, count in (
                    (b"", 30), (b"GET /hea", 30),
                    (request("/api/v1/datagrams", "POST", body=SENDING)[:-5], 30),
                    (request("/api/v1/events"), 30), (request("/api/v1/events?sample=5"), 10),
                    (request(f"/api/v1/messages?after={after}&wait=60s"), 100),
                    (request("/api/v1/messages?text=nowhere"), 10),
                    (request("/api/v1/export?format=pcapng&follow=1"), 20)):
                crowd.connect(data, count)
            crowd.connect(EXPORT, 64, receive_buffer=4096)
            crowd.connect(request("/api/v1/events"), 20, receive_buffer=4096)
            crowd.connect(request("/api/v1/events"))[0].shutdown(socket.SHUT_WR)
            wait_until(lambda: gateway.status()["http"]["connections"] >= 340, "all are there")
            fill(gateway, 2000)
            gateway.stop()


if __name__ == "__main__":
    unittest.main()
