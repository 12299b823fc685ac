"""The JSON API: shapes, lists, waits, test datagrams, errors."""

import base64
import threading
import time
import unittest
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from gateway import (Gateway, GatewayTest, format_address, receive_all, receive_exactly,
                     tcp_connect, udp_exchange, udp_socket, wait_until)

PAYLOAD = {"size", "stored_size", "truncated", "text", "base64"}
MESSAGE = {"seq", "service", "client", "listener", "received_at", "replied_at", "service_us",
           "received", "line_end", "sent", "outcome"}
CLIENT = {"id", "service", "transport", "listener", "address", "local_address", "state",
          "opened_at", "last_seen_at", "closed_at", "closed_by", "close_reason", "test", "received",
          "sent", "refused", "unanswered", "pending", "rtt_us"}
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"


class ApiTest(GatewayTest):
    def assert_problem(self, answer, status, param=None):
        replied, headers, problem = answer
        self.assertEqual(replied, status, problem)
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["type"], "about:blank")
        self.assertTrue(problem["title"])
        self.assertTrue(problem["detail"])
        self.assertEqual(problem.get("param"), param)
        return problem

    def newest(self):
        return self.gateway.status()["log"]["newest_seq"]

    def exchange(self, *payloads):
        """Sends datagrams and returns their messages, oldest first."""
        after = self.newest()
        for payload in payloads:
            udp_exchange(self.gateway.udp, payload)
        return self.gateway.fetch("messages", after=after, wait="5s", min=len(payloads))["items"]


class Status(ApiTest):
    def test_shape(self):
        status = self.gateway.status()
        self.assertEqual(set(status), {"version", "run", "started_at", "now", "uptime_s", "listeners",
                                       "clients", "log", "store", "http"})
        self.assertRegex(status["started_at"], TIME)
        self.assertEqual([one["service"] for one in status["listeners"]],
                         ["udp-upper", "tcp-upper", "tcp-chat"])
        for listener in status["listeners"]:
            self.assertEqual(set(listener), {"service", "transport", "address", "received", "sent",
                                             "refused", "unanswered", "connections",
                                             "rejected_connections", "kernel_drops",
                                             "open_clients"})
        self.assertEqual(set(status["log"]), {"id", "oldest_seq", "newest_seq", "messages",
                                              "bytes", "capacity_bytes", "evicted", "cleared"})
        self.assertRegex(status["log"]["id"], "^[0-9a-f]{32}$")
        self.assertGreaterEqual(status["http"]["connections"], 1)

    def test_counts(self):
        before = self.gateway.listener(self.gateway.addresses["udp_upper"][0])
        self.exchange(b"four", b"five5")
        after = wait_until(lambda: self.counted(before["received"]["messages"] + 2), "two more")
        self.assertEqual(after["received"]["bytes"] - before["received"]["bytes"], 9)
        self.assertEqual(after["sent"]["messages"] - before["sent"]["messages"], 2)

    def counted(self, messages):
        listener = self.gateway.listener(self.gateway.addresses["udp_upper"][0])
        return listener if listener["received"]["messages"] == messages else None

    def test_health(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.gateway.get(path)[2], {"status": "ok"})


class Messages(ApiTest):
    def test_shape(self):
        message, = self.exchange("straße".encode())
        self.assertEqual(set(message), MESSAGE)
        self.assertEqual(set(message["received"]), PAYLOAD)
        self.assertEqual(set(message["sent"]), PAYLOAD)
        self.assertEqual(message["received"]["text"], "straße")
        self.assertEqual(message["sent"]["text"], "STRASSE")
        self.assertEqual(message["outcome"], "replied")
        self.assertEqual(message["listener"], self.gateway.addresses["udp_upper"][0])
        self.assertRegex(message["received_at"], TIME)
        self.assertRegex(message["replied_at"], TIME)
        self.assertGreaterEqual(message["service_us"], 0)

    def test_bytes_that_are_no_text(self):
        message, = self.exchange(b"\xff\x00a")
        self.assertIsNone(message["received"]["text"])
        self.assertEqual(base64.b64decode(message["received"]["base64"]), b"\xff\x00a")

    def test_one_by_its_number(self):
        message, = self.exchange(b"one")
        self.assertEqual(self.gateway.fetch(f"messages/{message['seq']}"),
                         message | {"run": self.gateway.status()["run"]})
        self.assert_problem(self.gateway.get(f"/api/v1/messages/{message['seq'] + 1000}"), 404,
                            "seq")
        self.assert_problem(self.gateway.get("/api/v1/messages/0"), 404, "seq")
        self.assert_problem(self.gateway.get("/api/v1/messages/x"), 404)

    def test_raw(self):
        message, = self.exchange(b"\x00raw\xff")
        path = f"/api/v1/messages/{message['seq']}/raw"
        status, headers, data = self.gateway.request_raw("GET", path)
        self.assertEqual((status, data), (200, b"\x00raw\xff"))
        self.assertEqual(headers["Content-Type"], "application/octet-stream")
        self.assertIn("attachment", headers["Content-Disposition"])
        self.assertEqual(self.gateway.request_raw("GET", path + "?side=sent")[2], b"\x00RAW\xff")
        self.assert_problem(self.gateway.get(path + "?side=both"), 400, "side")

    def test_pages_newest_first(self):
        sent = self.exchange(*[b"page%d" % number for number in range(7)])
        first = self.gateway.fetch("messages", limit=3)
        self.assertEqual(first["items"], sent[:3:-1])
        self.assertTrue(first["page"]["has_more"])
        second = self.gateway.fetch("messages", limit=3, cursor=first["page"]["next"])
        self.assertEqual(second["items"], sent[3:0:-1])

    def test_pages_oldest_first(self):
        sent = self.exchange(*[b"page%d" % number for number in range(5)])
        after = sent[0]["seq"] - 1
        page = self.gateway.fetch("messages", after=after, limit=2)
        self.assertEqual(page["items"], sent[:2])
        page = self.gateway.fetch("messages", after=after, limit=2, cursor=page["page"]["next"])
        self.assertEqual(page["items"], sent[2:4])
        page = self.gateway.fetch("messages", limit=2, cursor=page["page"]["next"])
        self.assertEqual(page["items"], sent[4:])
        self.assertEqual(page["page"], {"limit": 2, "has_more": False, "next": None})

    def test_filters(self):
        small, large = self.exchange(b"Needle in hay", b"x" * 500)
        with tcp_connect(self.gateway.tcp) as sock:
            sock.sendall(b"needle over tcp")
            receive_all(sock)
        after = small["seq"] - 1
        found = self.gateway.fetch("messages", after=after, wait="5s", min=3)["items"]
        tcp = found[2]
        for expected, filters in (
                ([small, large], {"service": "udp-upper"}),
                ([tcp], {"service": "tcp-upper,tcp-chat"}),
                ([small, tcp], {"text": "NEEDLE"}),
                ([small], {"hex": b"Needle".hex()}),
                ([large], {"min_size": 500}),
                ([large], {"client": large["client"]["id"]}),
                ([], {"outcome": "send_failed,peer_gone"}),
                ([large, tcp], {"since": large["received_at"]}),
                ([small], {"until": large["received_at"]}),
                ([small], {"text": "needle", "service": "udp-upper"})):
            page = self.gateway.fetch("messages", after=after, **filters)
            self.assertEqual(page["items"], expected, filters)

    def test_bad_parameters(self):
        for query, param in (("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"),
                             ("cursor=x", "cursor"), ("after=-1", "after"), ("wait=5", "wait"),
                             ("wait=99s", "wait"), ("min=2", "min"), ("service=ftp", "service"),
                             ("outcome=fine", "outcome"), ("client=0", "client"),
                             ("since=yesterday", "since"), ("hex=xy", "hex"), ("text=", "text"),
                             ("limit=1&limit=2", "limit"), ("lmit=1", "lmit"),
                             ("text=%ff", "text"), ("text=%00", "text")):
            problem = self.assert_problem(self.gateway.get("/api/v1/messages?" + query), 400, param)
            self.assertTrue(problem["allowed"], query)


class Waiting(ApiTest):
    def test_returns_when_enough_is_there(self):
        message, = self.exchange(b"first")
        done = []

        def wait():
            page = self.gateway.fetch("messages", after=message["seq"], wait="10s", min=2)
            done.append((time.monotonic(), page["items"]))

        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.2)
        udp_exchange(self.gateway.udp, b"second")
        time.sleep(0.2)
        self.assertEqual(done, [])
        sent_at = time.monotonic()
        udp_exchange(self.gateway.udp, b"third")
        waiter.join(10)
        returned_at, items = done[0]
        self.assertEqual([item["received"]["text"] for item in items], ["second", "third"])
        self.assertLess(returned_at - sent_at, 5)  # 50 ms on a machine at rest

    def test_returns_at_once_what_is_there_already(self):
        message, = self.exchange(b"there")
        started = time.monotonic()
        page = self.gateway.fetch("messages", after=message["seq"] - 1, wait="10s")
        self.assertEqual(page["items"], [message])
        self.gateway.fetch("messages", wait="10s", min=1)
        self.assertLess(time.monotonic() - started, 5)

    def test_ends_at_its_time(self):
        started = time.monotonic()
        page = self.gateway.fetch("messages", after=self.newest(), wait="300ms")
        self.assertEqual(page["items"], [])
        self.assertGreaterEqual(time.monotonic() - started, 0.3)

    def test_counts_only_what_matches(self):
        after = self.newest()
        with udp_socket() as sock:
            sock.sendto(b"other", self.gateway.udp)
            sock.recv(100)
        self.gateway.wait_for_seq(after + 1)
        page = self.gateway.fetch("messages", after=after, wait="200ms", text="wanted")
        self.assertEqual(page["items"], [])

    def test_many_waits_at_once(self):
        after = self.newest()
        done = []
        waiters = [threading.Thread(target=lambda: done.append(
            self.gateway.fetch("messages", after=after, wait="10s")["items"])) for _ in range(50)]
        for waiter in waiters:
            waiter.start()
        time.sleep(0.3)
        self.gateway.status()  # waits keep nobody else from being answered
        udp_exchange(self.gateway.udp, b"for all")
        for waiter in waiters:
            waiter.join(10)
        self.assertEqual([items[0]["received"]["text"] for items in done], ["for all"] * 50)


class Clients(ApiTest):
    def test_shape_and_detail(self):
        with tcp_connect(self.gateway.chat) as sock:
            sock.sendall(b"Hi\n")
            receive_exactly(sock, 1)
            client = self.gateway.client_of(sock, state="open")
            self.assertEqual(set(client), CLIENT)
            self.assertEqual(client["local_address"], self.gateway.addresses["tcp_chat"][0])
            detail = self.gateway.fetch(f"clients/{client['id']}")
            self.assertEqual(set(detail), CLIENT | {"tcp_info"})
            self.assertEqual(detail["tcp_info"]["state"], "ESTABLISHED")
            self.assertEqual(set(detail["tcp_info"]), {
                "state", "rtt_us", "rttvar_us", "retransmits", "total_retransmits", "lost",
                "unacked", "snd_cwnd", "snd_mss", "rcv_mss"})
            self.assertEqual(detail["rtt_us"], detail["tcp_info"]["rtt_us"])

    def test_pages_and_order(self):
        # An address that no other test's client has, or an older client may have one's port.
        own = ("127.0.0.9", 0)
        with udp_socket(own) as one, udp_socket(own) as two, udp_socket(own) as three:
            for sock in (one, two, three, one):
                sock.sendto(b"x", self.gateway.udp)
                sock.recv(100)
            names = {format_address(sock.getsockname()): key
                     for key, sock in (("one", one), ("two", two), ("three", three))}
        wait_until(lambda: self.order(names, "-last_seen") == ["one", "three", "two"],
                   "clients in the order in which they were seen")
        self.assertEqual(self.order(names, "id"), ["one", "two", "three"])
        self.assertEqual(self.order(names, "-messages")[0], "one")

    def order(self, names, sort):
        """Our own clients in the order of the list, read page by page."""
        found, cursor = [], {}
        while True:
            page = self.gateway.fetch("clients", sort=sort, limit=2, **cursor)
            found += [names[one["address"]] for one in page["items"] if one["address"] in names]
            if not page["page"]["has_more"]:
                return found
            cursor = {"cursor": page["page"]["next"]}

    def test_filters(self):
        with udp_socket() as sock:
            sock.sendto(b"x", self.gateway.udp)
            sock.recv(100)
            name = self.gateway.client_of(sock)["address"]
        for filters in ({"address": name}, {"address": name, "service": "udp-upper"},
                        {"address": name, "state": "open"}):
            self.assertEqual([one["address"] for one in self.gateway.clients(**filters)], [name])
        self.assertEqual(self.gateway.clients(address=name, state="closed"), [])
        self.assertEqual(self.gateway.clients(address=name, service="tcp-chat"), [])
        self.assertIn(name, [one["address"] for one in self.gateway.clients(address="127.0.0.1")])

    def test_bad_parameters(self):
        for query, param in (("state=shut", "state"), ("sort=size", "sort"), ("limit=0", "limit"),
                             ("address=nowhere", "address"), ("cursor=1", "cursor"),
                             ("outcome=replied", "outcome")):
            self.assert_problem(self.gateway.get("/api/v1/clients?" + query), 400, param)

    def test_disconnect(self):
        with tcp_connect(self.gateway.chat) as sock:
            client = self.gateway.client_of(sock, state="open")
            status, _, body = self.gateway.request_raw(
                "DELETE", f"/api/v1/clients/{client['id']}")
            self.assertEqual((status, body), (204, b""))
            self.assertEqual(receive_all(sock), b"")
            closed = self.gateway.client_of(sock, state="closed")
            self.assertEqual((closed["closed_by"], closed["close_reason"]),
                             ("operator", "disconnected"))
        self.assert_problem(self.gateway.delete(f"/api/v1/clients/{client['id']}"), 409, "id")
        self.assert_problem(self.gateway.delete("/api/v1/clients/99999999"), 404, "id")
        self.assert_problem(self.gateway.get("/api/v1/clients/99999999"), 404, "id")


class Datagrams(ApiTest):
    def post(self, **body):
        return self.gateway.post("/api/v1/datagrams", body)

    def test_reply(self):
        after = self.newest()
        status, _, result = self.post(listener="udp-upper", text="straße")
        self.assertEqual(status, 200)
        self.assertEqual(set(result), {"from", "to", "sent", "reply", "reply_from", "rtt_us",
                                       "timed_out"})
        self.assertEqual(result["to"], self.gateway.addresses["udp_upper"][0])
        self.assertEqual(result["sent"]["text"], "straße")
        self.assertEqual(result["reply"]["text"], "STRASSE")
        self.assertEqual(set(result["reply"]), PAYLOAD)
        self.assertEqual(result["reply_from"], result["to"])
        self.assertGreater(result["rtt_us"], 0)
        self.assertFalse(result["timed_out"])
        found = self.gateway.fetch("messages", after=after, wait="5s")["items"][0]
        self.assertEqual(found["client"]["address"], result["from"])

    def test_forms_of_payload(self):
        for body in ({"text": "hi"}, {"base64": "aGk="}, {"hex": "68 69"}):
            result = self.post(to=self.gateway.addresses["udp_upper"][0], **body)[2]
            self.assertEqual(result["reply"]["text"], "HI", body)

    def test_from_port(self):
        with udp_socket() as sock:
            port = sock.getsockname()[1]
            self.assert_problem(self.post(listener="udp-upper", text="x", from_port=port), 409,
                                "from_port")
        result = self.post(listener="udp-upper", text="x", from_port=port)[2]
        self.assertEqual(result["from"], f"127.0.0.1:{port}")

    def test_own_client_is_marked(self):
        """Beside a program that uses the same port before and after."""
        def clients(port):
            return [client for client in self.gateway.clients()
                    if client["address"] == f"127.0.0.1:{port}"]

        def exchange(port):
            with udp_socket(("127.0.0.1", port)) as sock:
                sock.sendto(b"a program", self.gateway.udp)
                self.assertEqual(sock.recv(100), b"A PROGRAM")
                return sock.getsockname()[1]

        port = exchange(0)
        self.assertEqual([client["test"] for client in clients(port)], [False])
        with self.gateway.events("types=clients") as stream:
            for _ in range(5):
                self.post(listener="udp-upper", text="a test", from_port=port)
            wait_until(lambda: any(client["test"] for client in
                                   stream.next_of("clients")["data"]["items"]), "told as a test")
        exchange(port)
        found = {client["test"]: client for client in clients(port)}
        self.assertEqual(len(clients(port)), 2)
        self.assertEqual(found[True]["received"]["messages"], 5)
        self.assertEqual(found[False]["received"]["messages"], 2)
        self.assertIs(self.gateway.fetch(f"clients/{found[True]['id']}")["test"], True)
        self.assertIs(self.gateway.fetch(f"clients/{found[False]['id']}")["test"], False)

    def test_largest(self):
        result = self.post(listener="udp-upper", base64=base64.b64encode(b"a" * 65507).decode())[2]
        self.assertEqual(result["reply"]["size"], 65507)
        self.assert_problem(self.post(listener="udp-upper", text="a" * 65508), 413, "text")

    def test_no_reply(self):
        # Three bytes become six: no datagram carries that back.
        body = "\u0390" * 32000
        started = time.monotonic()
        status, _, result = self.post(listener="udp-upper", text=body, timeout_ms=300)
        self.assertEqual((status, result["reply"], result["rtt_us"]), (200, None, None))
        self.assertTrue(result["timed_out"])
        self.assertGreaterEqual(time.monotonic() - started, 0.3)

    def test_other_targets(self):
        for target in ("127.0.0.1:9", "192.0.2.1:12000", "255.255.255.255:9",
                       self.gateway.addresses["tcp_chat"][0]):
            problem = self.assert_problem(self.post(to=target, text="x"), 403, "to")
            self.assertIn("--allow-target", problem["allowed"])

    def test_bad_bodies(self):
        for body, param in (({}, "text"), ({"text": "x"}, "to"),
                            ({"listener": "udp-upper"}, "text"),
                            ({"listener": "udp-upper", "text": "x", "hex": "00"}, "hex"),
                            ({"listener": "tcp-chat", "text": "x"}, "listener"),
                            ({"listener": "udp-upper", "text": 1}, "text"),
                            ({"listener": "udp-upper", "text": "x", "timeout_ms": 0}, "timeout_ms"),
                            ({"listener": "udp-upper", "text": "x", "extra": 1}, "extra")):
            self.assert_problem(self.gateway.post("/api/v1/datagrams", body), 400, param)
        for body in (b"", b"{", b"[]", b'{"text":"a"}x', b"\xff", b"[" * 10000):
            self.assert_problem(self.gateway.post(
                "/api/v1/datagrams", body, {"Content-Type": "application/json"}), 400)


class TimedOut(ApiTest):
    """A wait that ran out is told from one that found what it waited for, or that was not asked."""

    def wait(self, **parameters):
        return self.gateway.fetch("messages", **parameters)

    def test_waits(self):
        after = self.newest()
        self.assertNotIn("timed_out", self.wait(after=after))
        self.assertIs(self.wait(after=after, wait="50ms")["timed_out"], True)
        self.assertIs(self.wait(after=after, wait="0")["timed_out"], True)
        self.exchange(b"one", b"two", b"three")
        for wait in ("0", "5s"):
            self.assertIs(self.wait(after=after, wait=wait, min=3)["timed_out"], False)
            self.assertIs(self.wait(after=after, wait=wait, min=2, limit=1)["timed_out"], False)
        short = self.wait(after=after, wait="50ms", min=4)
        self.assertEqual((short["timed_out"], len(short["items"])), (True, 3))
        self.assertIs(self.wait(after=after, wait="50ms", min=4, limit=2)["timed_out"], True)


class Expectations(ApiTest):
    """min, max, quiet and strict: a request that is an assertion."""

    def ask(self, **parameters):
        """Status and document."""
        query = urllib.parse.urlencode(parameters)
        status, _, document = self.gateway.get("/api/v1/messages?" + query)
        return status, document

    def test_answer_tells_what_was_expected(self):
        after = self.newest()
        self.exchange(b"one", b"two")
        for expected, met in (({"min": 2, "max": 2}, True), ({"max": 2}, True), ({"max": 5}, True),
                              ({"min": 3, "max": 4}, False)):
            with self.subTest(expected):
                page = self.ask(after=after, **expected)[1]
                self.assertEqual(page["expect"], expected | {"found": 2, "met": met})
                self.assertEqual(len(page["items"]), 2)
                status, document = self.ask(after=after, strict=1, **expected)
                self.assertEqual(status, 200 if met else 409, document)
        self.assertNotIn("expect", self.ask(after=after, min=2, wait="5s")[1])

    def test_too_many_end_the_wait_at_once(self):
        after = self.newest()
        self.exchange(b"one", b"two")
        status, problem = self.ask(after=after, max=1, wait="60s", quiet="60s", strict=1)
        self.assertEqual((status, problem["detail"]),
                         (409, "expected at most 1, found 2 or more"))
        self.assertNotIn("near", problem)

    def test_quiet_ends_the_wait(self):
        after = self.newest()
        self.exchange(b"one")
        page = self.ask(after=after, min=1, wait="60s", quiet="200ms", strict=1)[1]
        self.assertEqual(page["expect"], {"min": 1, "found": 1, "met": True})
        self.assertFalse(page["timed_out"])
        page = self.ask(after=after, max=0, text="none", wait="60s", quiet="100ms", strict=1)[1]
        self.assertEqual(page["expect"], {"max": 0, "found": 0, "met": True})

    def test_what_comes_while_it_waits_counts(self):
        after = self.newest()
        with ThreadPoolExecutor() as pool:
            for strict, status in ((0, 200), (1, 409)):
                waits = pool.submit(self.ask, after=after, max=0, wait="60s", text="late",
                                    strict=strict)
                if strict == 0:
                    self.exchange(b"other", b"late")
                self.assertEqual(waits.result()[0], status)
            waits = pool.submit(self.ask, after=self.newest(), min=2, max=2, wait="60s",
                                quiet="300ms")
            self.exchange(b"one", b"two")
            self.assertEqual(waits.result()[1]["expect"],
                             {"min": 2, "max": 2, "found": 2, "met": True})

    def test_near_misses_are_named(self):
        after = self.newest()
        seqs = [message["seq"] for message in self.exchange(b"a", b"bcd", b"efgh", b"ij")]
        status, problem = self.ask(after=after, min=5, min_received=2, strict=1)
        self.assertEqual((status, problem["detail"]), (409, "expected at least 5, found 3"))
        self.assertEqual(problem["near"],
                         [f"seq {seqs[0]}: received 1 bytes, but min_received is 2"])
        for query, sentence in (
                ({"text": "zz"}, "text zz is in neither side"),
                ({"service": "tcp-chat"}, "service is udp-upper, not tcp-chat"),
                ({"outcome": "lost,reply_lost"}, "outcome is replied, not lost,reply_lost"),
                ({"outcome_not": "replied"}, "outcome is replied, but outcome_not is replied"),
                ({"fault": "loss"}, "fault is none, not loss")):
            with self.subTest(query):
                problem = self.ask(after=after, min=1, strict=1, **query)[1]
                self.assertEqual(problem["near"],
                                 [f"seq {seq}: {sentence}" for seq in seqs[:0:-1]])
        self.assertNotIn("near", self.ask(after=after, min=1, strict=1, text="zz", port=1)[1])

    def test_what_says_nothing_is_refused(self):
        for query, param in (("strict=1", "strict"), ("quiet=1s&wait=2s", "quiet"),
                             ("min=1&quiet=1s", "quiet"), ("min=1&quiet=2s&wait=1s", "quiet"),
                             ("min=3&max=2", "max"), ("max=0&cursor=b9", "cursor"),
                             ("strict=yes&min=1", "strict")):
            with self.subTest(query):
                self.assert_problem(self.gateway.get("/api/v1/messages?" + query), 400, param)


class Index(ApiTest):
    """Addresses that are guessed lead to what there is."""

    def test_index(self):
        index = self.gateway.get("/api/v1/")[2]
        paths = {(one["method"], one["path"]) for one in index["operations"]}
        described = {(method.upper(), path)
                     for path, item in self.gateway.fetch(index["description"])["paths"].items()
                     for method in item if method != "parameters"}
        self.assertEqual(paths, described)

    def test_guesses(self):
        for path in ("/api", "/api/", "/api/v1", "/docs", "/docs/", "/openapi.json", "/api/docs",
                     "/api/v1/docs", "/api/openapi.json"):
            for method in ("GET", "HEAD"):
                connection = self.gateway.http_connection()
                connection.request(method, path)
                response = connection.getresponse()
                response.read()
                connection.close()
                self.assertEqual(response.status, 307, path)
                to = urllib.parse.urljoin(path, response.headers["Location"])
                self.assertIn(to, ("/api/v1/", "/#view=api", "/api/v1/openapi.json"), path)
                self.assertEqual(self.gateway.request_raw("GET", to.partition("#")[0])[0], 200)

    def test_elsewhere_the_index_is_named(self):
        for path in ("/swagger", "/api/v2", "/api/v1/docs/x"):
            self.assertIn("/api/v1/", self.assert_problem(self.gateway.get(path), 404)["detail"])
        self.assert_problem(self.gateway.request("POST", "/docs", b""), 405)


class Rates(GatewayTest):
    def test_second_by_second(self):
        rates = self.gateway.fetch("rates")
        self.assertEqual(set(rates), {"step_s", "end", "services"})
        self.assertEqual([one["service"] for one in rates["services"]],
                         ["udp-upper", "tcp-upper", "tcp-chat"])
        for _ in range(5):
            udp_exchange(self.gateway.udp, b"12345")

        def carried():
            udp = self.gateway.fetch("rates")["services"][0]
            sums = [sum(udp[name]) for name in ("messages", "received_bytes", "sent_bytes")]
            return sums == [5, 25, 25] and udp

        udp = wait_until(carried, "five messages among the rates")
        self.assertEqual({len(series) for series in udp.values() if isinstance(series, list)},
                         {len(udp["messages"])})

    def test_no_parameters(self):
        self.assertEqual(self.gateway.get("/api/v1/rates?x=1")[0], 400)


class RoundTripTime(GatewayTest):
    def test_open_tcp_clients(self):
        udp_exchange(self.gateway.udp, b"x")
        with self.gateway.events("types=clients") as stream, tcp_connect(self.gateway.chat) as sock:
            sock.sendall(b"Hi")
            sock.recv(100)
            client = self.gateway.client_of(sock, state="open")
            self.assertGreater(client["rtt_us"], 0)
            self.assertIsNone(self.gateway.clients(service="udp-upper")[0]["rtt_us"])
            event = stream.next_of("clients")
            while event["data"]["items"][0]["id"] != client["id"]:
                event = stream.next_of("clients")
            self.assertGreater(event["data"]["items"][0]["rtt_us"], 0)


class Evicted(unittest.TestCase):
    def test_gone_and_gap(self):
        with Gateway("--journal-size", "4M") as gateway:
            with udp_socket() as sock:
                for _ in range(120):
                    sock.sendto(b"x" * 60000, gateway.udp)
                    sock.recv(65535)
            oldest = wait_until(lambda: gateway.status()["log"]["oldest_seq"] - 1,
                                "an eviction") + 1
            status, _, problem = gateway.get("/api/v1/messages/1")
            self.assertEqual((status, problem["param"], problem["oldest_seq"]),
                             (410, "seq", oldest))
            page = gateway.fetch("messages", after=0, limit=1)
            self.assertEqual(page["gap"], {"from": 1, "to": oldest - 1, "reason": "evicted"})
            self.assertEqual(page["items"][0]["seq"], oldest)


if __name__ == "__main__":
    unittest.main()
