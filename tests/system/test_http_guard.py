"""What the web server lets in: raw requests, each with a second one behind it to be smuggled."""

import contextlib
import http.client
import json
import os
import resource
import subprocess
import tempfile
import time
import unittest

import contract
from gateway import (Gateway, GatewayTest, clean_environment, gateway_executable, parse_address,
                     receive_all, receive_exactly, receive_line, tcp_connect, udp_exchange,
                     udp_socket, wait_until)

HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Closed(Exception):
    """The server ended the connection."""


def read_response(sock):
    """(status, headers with lower-case names, body). Closed where nothing comes."""
    line = receive_line(sock)
    if not line:
        raise Closed
    headers = {}
    while (field := receive_line(sock).rstrip(b"\r\n")):
        name, _, value = field.partition(b":")
        headers[name.decode().lower()] = value.strip().decode()
    body = receive_exactly(sock, int(headers.get("content-length", 0)))
    return int(line.split()[1]), headers, body


class GuardTest(GatewayTest):
    def send(self, data):
        sock = self.connect(self.gateway.address("http"))
        with contextlib.suppress(OSError):
            sock.sendall(data)
        return sock

    def answers(self, data):
        """Status codes of all answers until the connection closes or is quiet."""
        sock = self.send(data)
        sock.settimeout(0.5)
        statuses = []
        with contextlib.suppress(Closed, TimeoutError, ConnectionResetError):
            while True:
                statuses.append(read_response(sock)[0])
        return statuses

    def assert_refused(self, head, status=400):
        """One answer, then the end: what stands behind it is never taken for a request."""
        sock = self.send(head + NEXT)
        replied, headers, body = read_response(sock)
        self.assertEqual(replied, status, (head, body))
        contract.check_security(headers)
        self.assertEqual(headers["content-type"], "application/problem+json")
        self.assertEqual(json.loads(body)["status"], status)
        with contextlib.suppress(ConnectionResetError):
            rest = sock.recv(65536)
            self.assertNotIn(b"200 OK", rest, head)


class Frames(GuardTest):
    def get(self, fields, target=b"/healthz", version=b"HTTP/1.1"):
        return b"GET " + target + b" " + version + b"\r\n" + fields + b"\r\n"

    def post(self, fields, body=b""):
        return b"POST /api/v1/datagrams HTTP/1.1\r\n" + HOST + JSON + fields + b"\r\n" + body

    def test_two_requests_are_two(self):
        self.assertEqual(self.answers(NEXT + NEXT), [200, 200])

    def test_hosts(self):
        self.assert_refused(self.get(HOST + HOST))
        self.assert_refused(self.get(b""))
        self.assert_refused(self.get(b"Host: evil.example\r\n"), 421)

    def test_content_length(self):
        self.assert_refused(self.post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"))
        self.assert_refused(self.post(b"Content-Length: 2, 2\r\n", b"{}"))
        self.assert_refused(self.get(HOST + b"Content-Length: -1\r\n"))
        self.assert_refused(self.post(b"Content-Length: 18446744073709551616\r\n", b"{}"), 413)

    def test_content_length_as_it_may_be_written(self):
        """Read alike by libmicrohttpd and by us: the bytes behind it are the next request."""
        for value in (b"2", b" 2", b"\t2", b"2 ", b"2 \t", b"02", b"0" * 30 + b"2"):
            data = self.post(b"Content-Length:" + value + b"\r\n", b"{}") + NEXT
            self.assertEqual(self.answers(data), [400, 200], value)

    def test_length_required(self):
        self.assert_refused(self.post(b""), 411)
        self.assert_refused(self.post(b"", b"{}"), 411)
        self.assertEqual(self.answers(self.post(b"Content-Length: 0\r\n") + NEXT), [400, 200])

    def test_transfer_encoding(self):
        chunks, length = b"0\r\n\r\n", b"Content-Length: 5\r\n"
        coding = b"Transfer-Encoding: chunked\r\n"
        self.assert_refused(self.post(length + coding, chunks))
        self.assert_refused(self.post(coding + coding, chunks))
        self.assert_refused(self.post(b"Transfer-Encoding: gzip, chunked\r\n", chunks))

    def chunked(self, chunks, coding=b"Transfer-Encoding: chunked\r\n"):
        return self.post(coding, chunks)

    def test_chunks(self):
        """They are the last on their connection, however they are written: what libmicrohttpd
        lets pass in them, a proxy in front may have read differently."""
        body = b'{"listener":"udp-upper","text":"x"}'
        whole = b"%x\r\n%s\r\n" % (len(body), body)
        head, tail = whole[:2], whole[2:]
        for chunks in (whole + b"0\r\n\r\n", b"1\r\n{\r\n%x\r\n%s\r\n0\r\n\r\n" %
                       (len(body) - 1, body[1:]), head + b";a=b" + tail + b"0;c\r\n\r\n",
                       b"000000000000000000" + whole + b"0\r\n\r\n",
                       whole + b"0\r\nX: y\r\nContent-Length: 9\r\n\r\n",
                       whole.replace(b"\r", b"") + b"0\n\n", whole + b"0\r\nX: y\r\n z\r\n\r\n"):
            self.assertEqual(self.answers(self.chunked(chunks) + NEXT), [200], chunks)
        for blank in (b" ", b"\t", b" \t "):
            coding = b"Transfer-Encoding:" + blank + b"Chunked" + blank + b"\r\n"
            data = self.chunked(whole + b"0\r\n\r\n", coding) + NEXT
            self.assertEqual(self.answers(data), [200], blank)
        self.assertEqual(self.answers(self.get(HOST + b"Transfer-Encoding: chunked\r\n") +
                                      b"0\r\n\r\n" + NEXT), [200])

    def test_malformed_chunks(self):
        for chunks, status in ((b"zz\r\n", 400), (b"-1\r\n{}\r\n0\r\n\r\n", 400),
                               (b"2\r\n{}X\r\n0\r\n\r\n", 400), (b"2\r\n{}0\r\n\r\n", 400),
                               (b"+2\r\n{}\r\n0\r\n\r\n", 400), (b" 2\r\n{}\r\n0\r\n\r\n", 400),
                               (b"2 \r\n{}\r\n0\r\n\r\n", 400), (b"0x2\r\n{}\r\n0\r\n\r\n", 400),
                               (b"2_\r\n{}\r\n0\r\n\r\n", 400), (b"\r\n{}\r\n0\r\n\r\n", 400),
                               (b";x\r\n{}\r\n0\r\n\r\n", 400), (b"2\r{}\r0\r\r", 400),
                               (b"2;\nxx\r\n{}\r\n0\r\n\r\n", 400),
                               (b"2\r\n{}\r\n0\r\nno colon\r\n\r\n", 400),
                               (b"fffffffffffffffff\r\n", 413),
                               (b"10000000000000002\r\n{}\r\n0\r\n\r\n", 413),
                               (b"2;" + b"x" * 60000 + b"\r\n{}\r\n0\r\n\r\n", 413),
                               (b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 9000 + b"\r\n", 431)):
            self.assert_refused(self.chunked(chunks), status)

    def test_request_lines(self):
        self.assertEqual(self.answers(b"\r\n\n" + NEXT), [200])
        for line in (b"GET  /healthz HTTP/1.1", b"GET /healthz  HTTP/1.1", b"GET /healthz",
                     b"GET /healthz HTTP/1.1 x", b"GET /healthz HTTP/1.1 ", b"GET ",
                     b"GET /healthz http/1.1", b"GET /healthz HTTP/1.10", b"GET /healthz HTTP/01.1",
                     b"CONNECT localhost:80 HTTP/1.1", b"OPTIONS * HTTP/1.1",
                     b"GET /healthz HTTP/1.1\rX: y"):
            self.assert_refused(line + b"\r\n" + HOST + b"\r\n")
        for line in (b"GET /healthz HTTP/0.9", b"PRI * HTTP/2.0"):
            self.assert_refused(line + b"\r\n" + HOST + b"\r\n", 505)
        for words in (b"GET\t/healthz\tHTTP/1.1\r\n", b"hello\r\n", b" GET /healthz HTTP/1.1\r\n",
                      b"\x16\x03\x01\x02\n"):
            # Nothing that could be answered in HTTP.
            self.assertEqual(self.answers(words + HOST + b"\r\n" + NEXT), [], words)
        for method in (b"get", b"G@T", b"TRACE", b"x" * 1000):
            data = method + b" /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
            self.assertEqual(self.answers(data + NEXT), [405, 200], method)

    def test_cookies_are_nothing_to_us(self):
        for value in (b"a=b", b"; =;;; \"x", b"a=b; " * 5000):
            data = self.get(HOST + b"Cookie: " + value + b"\r\n")
            self.assertEqual(self.answers(data + NEXT), [200, 200], value[:20])

    def test_folded_and_broken_fields(self):
        self.assert_refused(self.get(HOST + b"Transfer-Encoding:\r\n chunked\r\n"))
        self.assert_refused(self.get(HOST + b"X: a\r\n\tb\r\n"))
        self.assert_refused(self.get(b" " + HOST))
        self.assert_refused(self.get(HOST + b"Content-Length : 5\r\n"))
        self.assert_refused(self.get(HOST + b": x\r\nY: z\r\n"))
        self.assert_refused(self.get(HOST + b":\r\nY: z\r\n"))
        self.assert_refused(self.get(HOST + b"no colon\r\n"))
        self.assert_refused(self.get(HOST + b" \r\nX: y\r\n"))
        self.assert_refused(self.get(HOST + b"X: y\nZ: w\r\n"))

    def test_control_characters(self):
        self.assert_refused(self.get(HOST + b"X: a\0b\r\n"))
        self.assert_refused(self.get(HOST + b"X: a\x01b\r\n"))
        self.assert_refused(self.get(HOST + b"X: a\x7fb\r\n"))
        self.assert_refused(self.get(HOST + b"X: a\rY: b\r\n"))
        self.assert_refused(self.get(HOST, b"/health\0z"))
        self.assert_refused(self.get(HOST, b"/health z"))
        self.assert_refused(self.get(HOST, b"/health\xffz"))

    def test_targets(self):
        self.assert_refused(self.get(HOST, b"http://localhost/healthz"))

    def test_versions(self):
        self.assert_refused(self.get(HOST, version=b"HTTP/1.2"))
        self.assert_refused(self.get(HOST, version=b"HTTP/2.0"), 505)
        self.assertEqual(self.answers(b"GET /healthz HTTP/1.0\r\n\r\n"), [200])

    def test_line_feeds_as_typed_into_netcat(self):
        self.assertEqual(self.answers(NEXT.replace(b"\r", b"")), [200])

    def test_sizes(self):
        self.assert_refused(self.get(HOST + b"X: y\r\n" * 100), 431)
        self.assert_refused(self.get(HOST + b"X: " + b"y" * 60000 + b"\r\n"), 431)
        self.assert_refused(self.get(HOST, b"/" + b"y" * 60000), 414)

    def test_bodies(self):
        self.assert_refused(self.post(b"Content-Length: 9999999\r\n", b"{"), 413)
        self.assert_refused(self.get(HOST + b"Content-Length: 3\r\n") + b"abc", 413)
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        data = self.post(b"Transfer-Encoding: chunked\r\n", chunk * 8 + b"0\r\n\r\n")
        self.assertEqual(self.answers(data)[:1], [413])


class Rights(GuardTest):
    BODY = {"listener": "udp-upper", "text": "x"}

    def host(self):
        return self.gateway.addresses["http"][0]

    def post(self, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.gateway.post("/api/v1/datagrams", self.BODY, names)[0]

    def test_our_own_page(self):
        self.assertEqual(self.post(), 200)
        self.assertEqual(self.post(Origin="http://" + self.host()), 200)
        self.assertEqual(self.post(Sec_Fetch_Site="same-origin"), 200)
        self.assertEqual(self.post(Sec_Fetch_Site="none"), 200)

    def test_other_pages(self):
        self.BODY = self.BODY | {"text": "of another page"}
        self.assertEqual(self.post(Origin="http://" + self.host() + ".evil.example"), 403)
        self.assertEqual(self.post(Sec_Fetch_Site="same-site"), 403)
        deleted = self.gateway.delete("/api/v1/clients/1", {"Sec-Fetch-Site": "cross-site"})
        self.assertEqual(deleted[0], 403)
        udp_exchange(self.gateway.udp, b"of nobody's page")
        self.gateway.wait_for_messages(1, text="of nobody")
        self.assertEqual(self.gateway.messages(text="of another"), [])

    def test_pages_that_only_read(self):
        """They may link to us, but not ask on their own."""
        for path in ("/api/v1/status", "/api/v1/events", "/api/v1/export?format=csv", "/metrics"):
            embedded = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}
            self.assertEqual(self.gateway.get(path, embedded)[0], 403, path)
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        for path in ("/", "/api/v1/status"):
            self.assertEqual(self.gateway.request_raw("GET", path, headers=link)[0], 200, path)
        self.assertEqual(self.gateway.get("/api/v1/status", {"Sec-Fetch-Site": "none"})[0], 200)

    def test_content_types(self):
        self.assertEqual(self.post(Content_Type="text/plain"), 415)
        self.assertEqual(self.post(Content_Type="application/json; charset=utf-8"), 200)

    def test_a_refused_body_does_not_end_the_connection(self):
        body = json.dumps(self.BODY).encode()
        head = (b"POST /api/v1/datagrams HTTP/1.1\r\n" + HOST + b"Content-Type: text/plain\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body))
        self.assertEqual(self.answers(head + body + NEXT), [415, 200])


class Routes(GuardTest):
    def test_errors_are_problems_with_all_headers(self):
        for method, path, status in (("GET", "/nothing", 404), ("GET", "/api/v1/nothing", 404),
                                     ("POST", "/api/v1/status", 405), ("PUT", "/", 405),
                                     ("OPTIONS", "/api/v1/messages", 405),
                                     ("GET", "/api/v1/datagrams", 405),
                                     ("GET", "/api/v1/status?x=1", 400),
                                     ("GET", "/?x=1", 400)):
            replied, headers, problem = self.gateway.request(method, path)
            self.assertEqual((replied, problem["status"]), (status, status), path)
            self.assertEqual(headers["Content-Type"], "application/problem+json")
            self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertEqual("Allow" in headers, status == 405)

    def test_accept(self):
        fine = {"Accept": "text/html, application/xml;q=0.9, */*;q=0.8"}
        self.assertEqual(self.gateway.get("/api/v1/status", fine)[0], 200)
        status, _, body = self.gateway.get("/api/v1/status", {"Accept": "text/html"})
        self.assertEqual((status, body["param"], body["allowed"]),
                         (406, "Accept", "application/json"))

    def test_accept_of_each_kind(self):
        for path, types in (("/", ("text/html", "text/*")), ("/app.js", ("text/javascript",)),
                            ("/metrics", ("text/plain;version=0.0.4",)),
                            ("/api/v1/openapi.json", ("application/json",))):
            for accept in types:
                status = self.gateway.request_raw("GET", path, headers={"Accept": accept})[0]
                self.assertEqual(status, 200, (path, accept))
            answer = self.gateway.request("GET", path, headers={"Accept": "audio/basic"})
            self.assertEqual((answer[0], answer[2]["param"]), (406, "Accept"), path)
        # A format that the address names wins.
        for name in ("csv", "ndjson", "pcapng"):
            for accept in ("application/json", "text/html", "audio/basic"):
                status = self.gateway.request_raw("GET", f"/api/v1/export?format={name}",
                                                  headers={"Accept": accept})[0]
                self.assertEqual(status, 200, (name, accept))
        self.assertEqual(self.gateway.get("/api/v1/events", {"Accept": "application/json"})[0],
                         406)
        self.assertEqual(self.gateway.get("/healthz", {"Accept": "text/html"})[0], 200)

    def test_allow(self):
        self.assertEqual(self.gateway.request("PUT", "/api/v1/clients/1")[1]["Allow"],
                         "GET, HEAD, DELETE")

    def test_head(self):
        for path in ("/api/v1/status", "/api/v1/messages", "/nothing", "/healthz"):
            got = self.gateway.request_raw("GET", path)
            head = self.gateway.request_raw("HEAD", path)
            self.assertEqual((head[0], head[2]), (got[0], b""))
            self.assertEqual(head[1]["Content-Type"], got[1]["Content-Type"])

class Assets(GuardTest):
    def test_page(self):
        status, headers, body = self.gateway.request_raw("GET", "/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"<!doctype html>", body.lower())
        tag = {"If-None-Match": headers["ETag"]}
        status, headers, body = self.gateway.request_raw("GET", "/", headers=tag)
        self.assertEqual((status, body), (304, b""))
        self.assertEqual(headers["Cache-Control"], "no-cache")

    def test_gzip(self):
        _, plain, body = self.gateway.request_raw("GET", "/app.js")
        _, packed, gzipped = self.gateway.request_raw("GET", "/app.js",
                                                      headers={"Accept-Encoding": "gzip"})
        self.assertEqual(packed["Content-Encoding"], "gzip")
        self.assertNotIn("Content-Encoding", plain)
        self.assertLess(len(gzipped), len(body))
        self.assertNotEqual(plain["ETag"], packed["ETag"])
        self.assertEqual(packed["Vary"], "Accept-Encoding")


class Listeners(unittest.TestCase):
    def test_several_and_unix(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "http")
            with Gateway(http=("127.0.0.1:0", "[::1]:0", "unix:" + path)) as gateway:
                names = gateway.addresses["http"]
                self.assertEqual(names[2], "unix:" + path)
                for name, host in zip(names, (names[0], names[1], "localhost")):
                    with tcp_connect(parse_address(name)) as sock:
                        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
                        self.assertEqual(read_response(sock)[0], 200, name)
            self.assertFalse(os.path.exists(path))


class AllowHost(unittest.TestCase):
    def test_names(self):
        with Gateway("--allow-host", "gateway.example") as gateway:
            port = gateway.address("http")[1]
            for host, status in (("gateway.example", 200), (f"GATEWAY.example:{port}", 200),
                                 ("other.example", 421)):
                self.assertEqual(gateway.get("/healthz", {"Host": host})[0], status, host)


class Limit(unittest.TestCase):
    """Beyond 1024 connections the next are told so, and those who are there are served."""

    MAX = 1024
    TOLD = 64

    def setUp(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limits[1] < 3 * self.MAX:
            self.skipTest(f"only {limits[1]} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)

    def ask(self, sock):
        sock.sendall(NEXT)
        return read_response(sock)

    def test_too_many(self):
        with Gateway() as gateway, contextlib.ExitStack() as stack:
            def connect():
                return stack.enter_context(tcp_connect(gateway.address("http")))

            first = connect()
            self.assertEqual(self.ask(first)[0], 200)
            held = [connect() for _ in range(self.MAX - 1)]
            self.assertEqual(self.ask(held[-1])[0], 200)
            status, headers, body = self.ask(connect())
            self.assertEqual((status, json.loads(body)["status"]), (503, 503))
            self.assertEqual((headers["retry-after"], headers["connection"]), ("5", "close"))
            contract.check_security(headers)
            self.assertEqual(self.ask(first)[0], 200)
            beyond = [connect() for _ in range(2 * self.TOLD)]
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(beyond[-1].recv(100), b"")
            self.assertEqual(self.ask(first)[0], 200)
            for sock in held + beyond:
                sock.close()
            wait_until(lambda: self.is_served(gateway), "newcomers are served again")

    def is_served(self, gateway):
        """Until it has seen the others go, it turns newcomers away, some without a word."""
        try:
            return gateway.get("/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


class Descriptors(unittest.TestCase):
    """Without a descriptor left it still says so, and goes on as soon as there is one."""

    def test_none_left(self):
        with Gateway(max_files=64) as gateway, contextlib.ExitStack() as stack:
            def connect():
                return stack.enter_context(tcp_connect(gateway.address("http")))

            def ask():
                sock = connect()
                sock.sendall(NEXT)
                return read_response(sock)

            held = []
            while (answer := ask())[0] == 200 and len(held) < 100:
                held.append(connect())
            status, headers, body = answer
            self.assertEqual((status, headers["content-type"]), (503, contract.PROBLEM))
            self.assertEqual((headers["retry-after"], headers["connection"]), ("5", "close"))
            self.assertEqual(json.loads(body)["detail"], "the gateway is out of descriptors")
            contract.check_security(headers)
            stack.close()
            wait_until(lambda: self.is_served(gateway), "newcomers are served again")

    is_served = Limit.is_served


class Targets(unittest.TestCase):
    """Test datagrams elsewhere: only where --allow-target says so, slowly, and never unseen."""

    def post(self, gateway, to, **more):
        address = "%s:%d" % to[:2]
        return gateway.post("/api/v1/datagrams", {"to": address, "text": "x"} | more)

    def test_allowed(self):
        with udp_socket() as inside, udp_socket(("127.0.0.2", 0)) as outside:
            own, other = inside.getsockname(), outside.getsockname()
            with Gateway(f"--allow-target=127.0.0.1/32:{own[1]}",
                         "--allow-target=0.0.0.0/0:9") as gateway:
                status, _, result = self.post(gateway, own, timeout_ms=1)
                self.assertEqual((status, result["timed_out"]), (200, True))
                self.assertEqual(inside.recv(100), b"x")
                gateway.wait_logged(f"test datagram of 1 bytes to 127.0.0.1:{own[1]}, asked for "
                                    "by 127.0.0.1:")
                for to in (other, (own[0], own[1] ^ 1), ("255.255.255.255", 9), ("224.0.0.1", 9),
                           ("169.254.1.1", 9), ("0.0.0.0", 9)):
                    self.assertEqual(self.post(gateway, to)[0], 403, to)
                self.assertEqual(self.post(gateway, own, text="x" * 1473)[0], 413)
                answers = [self.post(gateway, own, timeout_ms=1) for _ in range(20)]
                refused = [headers for status, headers, _ in answers if status == 429]
                self.assertTrue(refused)
                self.assertEqual({headers["Retry-After"] for headers in refused}, {"1"})
                time.sleep(1)
                self.assertEqual(self.post(gateway, own, timeout_ms=1)[0], 200)
                self.assertEqual(gateway.post("/api/v1/datagrams", {
                    "listener": "udp-upper", "text": "x"})[0], 200)
                outside.setblocking(False)
                self.assertRaises(BlockingIOError, outside.recv, 100)

    def test_malformed(self):
        done = subprocess.run([gateway_executable(), "--check-config", "--allow-target=host:9"],
                              env=clean_environment("/"), capture_output=True, text=True,
                              timeout=30, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('"host:9" is not a network with ports', done.stderr)


if __name__ == "__main__":
    unittest.main()
