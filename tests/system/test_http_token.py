"""--token-file: who shows no token gets the page and the health checks, and nothing else."""

import contextlib
import json
import os
import select
import tempfile
import time
import unittest

from gateway import (CONDITION_TIMEOUT_S, Gateway, GatewayTest, receive_line, reset, tcp_connect,
                     wait_until)
from prometheus import Page
from test_config import ConfigTest
from test_http_guard import Closed, read_response

TOKEN = "0123456789abcdef-._~+/="
BEARER = {"Authorization": "Bearer " + TOKEN}
GUARDED = ("/metrics", "/api/v1/openapi.json", "/api/v1/status", "/api/v1/rates",
           "/api/v1/clients", "/api/v1/clients/1", "/api/v1/messages", "/api/v1/messages/1",
           "/api/v1/messages/1/raw", "/api/v1/events", "/api/v1/export?format=csv",
           "/api/v1/messages?limit=0")


class Token(GatewayTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        cls.addClassCleanup(folder.cleanup)
        path = os.path.join(folder.name, "token")
        with open(path, "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        cls.flags = ("--token-file", path)
        super().setUpClass()

    def assert_refused(self, method, path, headers=None, body=None):
        status, replied, problem = self.gateway.request(method, path, body, headers)
        self.assertEqual((status, problem["status"]), (401, 401), (path, headers))
        self.assertEqual(problem["param"], "Authorization")
        self.assertEqual(replied["WWW-Authenticate"], 'Bearer realm="socklens"')
        self.assertNotIn(TOKEN, str(problem))

    def test_open_to_everyone(self):
        for path in ("/", "/app.js", "/app.css", "/healthz", "/readyz"):
            self.assertEqual(self.gateway.request_raw("GET", path)[0], 200, path)

    def test_without_a_token(self):
        for path in GUARDED:
            self.assert_refused("GET", path)
        self.assert_refused("DELETE", "/api/v1/clients/1")
        body = {"listener": "udp-upper", "text": "x"}
        self.assert_refused("POST", "/api/v1/datagrams", body=body)
        self.assertEqual(self.gateway.get("/api/v1/status", BEARER)[2]["log"]["messages"], 0)

    def test_with_the_token(self):
        for scheme in ("Bearer ", "bearer ", "BEARER "):
            answer = self.gateway.get("/api/v1/status", {"Authorization": scheme + TOKEN})
            self.assertEqual(answer[0], 200)
        self.assertEqual(self.gateway.get("/api/v1/messages?limit=0", BEARER)[0], 400)
        with self.gateway.events("types=status", BEARER) as stream:
            self.assertEqual(stream.next_of("status")["event"], "status")

    def test_with_another(self):
        for value in ("Bearer", "Bearer ", "Bearer x", "Bearer " + TOKEN[:-1],
                      "Bearer " + TOKEN + "x", "Bearer  " + TOKEN, "Basic " + TOKEN, TOKEN,
                      "Bearer " + TOKEN.upper(), f"Bearer {TOKEN}, Bearer {TOKEN}"):
            self.assert_refused("GET", "/api/v1/status", {"Authorization": value})


VIEW = "view-only-0123456789"
VIEWER = {"Authorization": "Bearer " + VIEW}


class ViewToken(GatewayTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.files = [os.path.join(folder.name, name) for name in ("token", "view")]
        for path, token in zip(cls.files, (TOKEN, VIEW)):
            with open(path, "w", encoding="ascii") as file:
                file.write(token + "\n")
        cls.flags = ("--token-file", cls.files[0], "--view-token-file", cls.files[1])
        super().setUpClass()

    def test_it_reads_everything(self):
        for path in GUARDED:
            if "events" not in path and "export" not in path:
                self.assertNotIn(self.gateway.request_raw("GET", path, None, VIEWER)[0],
                                 (401, 403), path)
        with self.gateway.events("types=status", VIEWER) as stream:
            self.assertEqual(stream.next_of("status")["event"], "status")

    def test_it_changes_nothing(self):
        rule = {"listener": "udp-upper", "rule": "loss"}
        for method, path, body in (
                ("DELETE", "/api/v1/messages?confirm=yes", None),
                ("DELETE", "/api/v1/clients/1", None),
                ("POST", "/api/v1/datagrams", {"listener": "udp-upper", "text": "x"}),
                ("POST", "/api/v1/faults", rule), ("PUT", "/api/v1/faults", {"rules": ""}),
                ("PATCH", "/api/v1/faults/x", {"enabled": False}),
                ("DELETE", "/api/v1/faults/x", None),
                ("DELETE", "/api/v1/faults?confirm=yes", None)):
            with self.subTest(f"{method} {path}"):
                status, _, problem = self.gateway.request(method, path, body, VIEWER)
                self.assertEqual((status, problem["detail"]), (403, "this token only reads"))
                self.assertNotIn(TOKEN, str(problem))
                self.assertNotIn(self.gateway.request_raw(method, path, body, BEARER)[0],
                                 (401, 403))

    def test_a_right_token_is_no_wrong_one(self):
        self.gateway.request("DELETE", "/api/v1/faults/x", None, VIEWER)
        page = self.gateway.request_raw("GET", "/metrics", None, VIEWER)[2].decode()
        self.assertIn("socklens_http_wrong_tokens_total 0\n", page)

    def test_another_token_is_wrong(self):
        self.assertEqual(self.gateway.get("/api/v1/status", {
            "Authorization": "Bearer " + VIEW[:-1]})[0], 401)


class ViewTokenFiles(ConfigTest):
    def test_mistakes(self):
        self.write(TOKEN, "one")
        self.write(TOKEN, "two")
        for flags, words in (
                (("--view-token-file", "two"), "changes need another token; add --token-file"),
                (("--token-file", "one", "--view-token-file", "two"), "have the same token"),
                (("--token-file", "one", "--view-token-file", "none"), "cannot read")):
            with self.subTest(flags):
                status, out, err = self.run_to_end("--check-config", *flags)
                self.assertNotEqual(status, 0)
                self.assertIn(words, out + err)


WRONG = b"Authorization: Bearer not-the-right-token\r\n"


class Guesses(unittest.TestCase):
    """Wrong tokens leave a trace, and an address gets only so many answers to them."""

    RATE = 40  # a second, and as many at once

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.token_file = os.path.join(folder.name, "token")
        with open(self.token_file, "w", encoding="ascii") as file:
            file.write(TOKEN)

    def start(self, *flags):
        gateway = Gateway("--token-file", self.token_file, *flags)
        self.addCleanup(gateway.kill)
        return gateway

    def connect(self, gateway):
        sock = tcp_connect(gateway.address("http"), timeout_s=CONDITION_TIMEOUT_S)
        self.addCleanup(sock.close)
        return sock

    def guess(self, sock, head=b"GET /api/v1/status"):
        sock.sendall(head + b" HTTP/1.1\r\nHost: localhost\r\n" + WRONG + b"\r\n")

    def spend(self, gateway):
        """So many at once that for seconds each further one has to wait. Their connections."""
        socks = [self.connect(gateway) for _ in range(5 * self.RATE)]
        for sock in socks:
            self.guess(sock)
        return socks

    def wrong_tokens(self, gateway):
        page = Page(gateway.request_raw("GET", "/metrics", headers=BEARER)[2].decode())
        return page.value("socklens_http_wrong_tokens_total")

    def test_one_after_the_other(self):
        gateway, count = self.start(), 5 * self.RATE
        sock, started = self.connect(gateway), time.monotonic()
        host, port = sock.getsockname()
        for _ in range(count):
            self.guess(sock)
            self.assertEqual(read_response(sock)[0], 401)
        self.assertEqual(sock.recv(1), b"")  # that many end the connection
        # Four of five seconds' worth: the first comes at once.
        self.assertGreater(time.monotonic() - started, 3)
        self.assertEqual(self.wrong_tokens(gateway), count)
        wait_until(lambda: f"wrong token from {host}:{port}, number " in gateway.stderr, "a line")
        self.assertNotIn("not-the-right-token", gateway.stderr)
        gateway.stop()

    def test_on_many_connections(self):
        gateway, started = self.start(), time.monotonic()
        socks = self.spend(gateway)
        # Who has the token does not wait, though it is the same address.
        self.assertEqual(gateway.get("/api/v1/status", BEARER)[0], 200)
        if time.monotonic() - started < 3:
            self.assertEqual(select.select(socks[-1:], [], [], 0)[0], [])
        for sock in socks:
            self.assertEqual(read_response(sock)[0], 401)
        self.assertGreater(time.monotonic() - started, 3)
        self.assertEqual(self.wrong_tokens(gateway), len(socks))
        gateway.stop()

    def test_ways_to_ask(self):
        gateway = self.start()
        guesses = len(self.spend(gateway))
        for head in (b"HEAD /api/v1/status", b"GET /metrics", b"GET /api/v1/events",
                     b"DELETE /api/v1/messages?confirm=yes", b"GET /api/v1/status?x=1"):
            sock = self.connect(gateway)
            self.guess(sock, head)
            self.assertIn(b" 401 ", receive_line(sock), head)
            guesses += 1
        self.assertEqual(self.wrong_tokens(gateway), guesses)
        gateway.stop()

    def test_a_large_body_is_no_way_round(self):
        gateway, started = self.start(), time.monotonic()
        self.spend(gateway)
        sock = self.connect(gateway)
        sock.sendall(b"POST /api/v1/datagrams HTTP/1.1\r\nHost: localhost\r\n" + WRONG +
                     b"Content-Length: 9999999\r\n\r\n")
        answered = select.select([sock], [], [], 1)[0]
        if time.monotonic() - started < 4:
            self.assertEqual(answered, [])
        gateway.stop()

    def test_no_guesses(self):
        gateway = self.start()
        for _ in range(2 * self.RATE):
            for headers in ({}, {"Authorization": "Basic " + TOKEN}):
                self.assertEqual(gateway.get("/api/v1/status", headers)[0], 401)
        self.assertEqual(gateway.get("/healthz", {"Authorization": "Bearer x"})[0], 200)
        self.assertEqual(gateway.get("/nothing", {"Authorization": "Bearer x"})[0], 404)
        self.assertEqual(self.wrong_tokens(gateway), 0)
        self.assertNotIn("wrong token", gateway.stderr)
        gateway.stop()

    def flood(self, gateway):
        """All answers to guesses on many connections at once."""
        socks = [self.connect(gateway) for _ in range(30)]
        for sock in socks:
            for _ in range(4):
                self.guess(sock)
        answers = []
        for sock in socks:
            with contextlib.suppress(Closed, ConnectionError):
                for _ in range(4):
                    answers.append(read_response(sock))
            sock.close()
        return answers

    def test_only_so_many_wait(self):
        gateway = self.start("--max-http-connections=40")

        def refused():
            answers = self.flood(gateway)
            self.assertLessEqual({answer[0] for answer in answers}, {401, 429})
            return next((answer for answer in answers if answer[0] == 429), None)
        _, headers, body = wait_until(refused, "one that is too many")
        self.assertEqual((headers["retry-after"], headers["connection"]), ("5", "close"))
        self.assertIn("too many wrong tokens", json.loads(body)["detail"])
        self.assertEqual(gateway.get("/api/v1/status", BEARER)[0], 200)
        gateway.stop()

    def test_a_stop_does_not_wait_for_them(self):
        gateway = self.start()
        self.spend(gateway)
        gateway.stop()

    def test_who_hangs_up_gives_the_place_back(self):
        gateway = self.start("--max-http-connections=40")
        for _ in range(4 * self.RATE):
            sock = self.connect(gateway)
            self.guess(sock)
            reset(sock)

        def answered():
            sock = self.connect(gateway)
            self.guess(sock)
            with contextlib.suppress(Closed, ConnectionError), sock:
                return read_response(sock)[0] == 401
        wait_until(answered, "a guess is answered again")
        gateway.stop()


class Settings(ConfigTest):
    def start(self, content):
        self.write(content, "token")
        return self.run_to_end("--http=127.0.0.1:0", "--token-file=token")

    def test_files_that_are_none(self):
        for content in ("", "\n", "short\n", "x" * 257, "a b c d e f g h i j k l\n",
                        "0123456789abcdef two\n", "schlüsselschlüssel\n"):
            status, _, err = self.start(content)
            self.assertNotEqual(status, 0, content)
            self.assertIn("the first line of the token file token must be 16 to 256 letters", err)
        status, _, err = self.run_to_end("--http=127.0.0.1:0", "--token-file=missing")
        self.assertNotEqual(status, 0)
        self.assertIn("cannot read the token file missing: No such file or directory", err)

    def test_from_elsewhere(self):
        self.write(TOKEN, "token")
        path = os.path.join(self.folder, "token")
        with Gateway("--token-file", path, http=("0.0.0.0:0",)) as gateway:
            local = {"Host": "127.0.0.1"}
            self.assertEqual(gateway.get("/api/v1/status", local)[0], 401)
            self.assertEqual(gateway.get("/api/v1/status", local | BEARER)[0], 200)


if __name__ == "__main__":
    unittest.main()
