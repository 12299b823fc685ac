"""A proxy in front: what the page does works through it, and what other pages do is refused."""

import contextlib
import http.client
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

from certificate import Certificate
from gateway import (TIMEOUT_S, EventStream, Gateway, GatewayTest, tcp_connect, udp_exchange,
                     wait_until)
from proxy import Proxy

DATAGRAMS = "/api/v1/datagrams"
BODY = {"listener": "udp-upper", "text": "x"}
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}


class Browser:
    """Asks a proxy as a page would that was loaded through it, under `name`."""

    def __init__(self, proxy, certificate=None, name="127.0.0.1"):
        self.proxy, self.tls = proxy, certificate and certificate.context()
        self.host = f"{name}:{proxy.address[1]}"
        self.origin = ("https://" if certificate else "http://") + self.host

    def connection(self):
        host, port = self.proxy.address
        if self.tls:
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self.tls)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)

    def ask(self, method, path, headers=None, body=None):
        """(status, body). A dict as body is sent as JSON."""
        headers = {"Host": self.host} | (headers or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        connection = self.connection()
        try:
            connection.request(method, self.proxy.prefix + path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def post(self, **headers):
        """Status, or the problem where it is refused; by default from the page itself."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        status, body = self.ask("POST", DATAGRAMS, {"Origin": self.origin} | names, BODY)
        return json.loads(body) if status == 403 else status


class ProxyTest(GatewayTest):
    certificate = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificate = Certificate()

    def use(self, browser):
        for path in ("/", "/app.js", "/app.css", "/api/v1/status", "/api/v1/openapi.json",
                     "/api/v1/export?format=csv"):
            self.assertEqual(browser.ask("GET", path, OWN_PAGE)[0], 200, path)
        self.follow(browser)
        self.assertEqual(browser.post(**{"Sec-Fetch-Site": "same-origin"}), 200)
        self.disconnect(browser)
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}):
            self.assertEqual(browser.post(**headers)["status"], 403, headers)

    def follow(self, browser):
        path = browser.proxy.prefix + "/api/v1/events?types=messages"
        headers = OWN_PAGE | {"Host": browser.host}
        with EventStream(browser.connection(), path, headers) as stream:
            self.assertEqual(stream.status, 200)
            udp_exchange(self.gateway.udp, b"followed")
            self.assertEqual(stream.next_of("messages")["event"], "messages")

    def disconnect(self, browser):
        with tcp_connect(self.gateway.chat) as sock:
            sock.sendall(b"Hi")
            sock.recv(100)
            path = f"/api/v1/clients/{self.gateway.client_of(sock)['id']}"
            foreign = {"Origin": "http://evil.example"}
            self.assertEqual(browser.ask("DELETE", path, foreign)[0], 403)
            own = OWN_PAGE | {"Origin": browser.origin}
            self.assertEqual(browser.ask("DELETE", path, own)[0], 204)
            self.assertEqual(sock.recv(100), b"")


class Through(ProxyTest):
    def test_all_that_the_page_does(self):
        for tls, host, prefix in itertools.product(
                (None, self.certificate), ("passed", "upstream", "name"), ("", "/lab/socklens")):
            with self.subTest(tls=bool(tls), host=host, prefix=prefix), \
                    Proxy(self.gateway, host, prefix, tls) as proxy:
                self.use(Browser(proxy, tls))

    def test_what_keeps_nginx_from_holding_events_back(self):
        with self.gateway.events("types=messages") as stream:
            self.assertEqual(stream.headers["X-Accel-Buffering"], "no")

    def test_to_a_gateway_that_speaks_tls_itself(self):
        with Gateway(*self.certificate.flags, tls=self.certificate.context()) as gateway:
            for host in ("passed", "upstream"):
                with Proxy(gateway, host, certificate=self.certificate) as proxy:
                    browser = Browser(proxy, self.certificate)
                    self.assertEqual(browser.post(Sec_Fetch_Site="same-origin"), 200)
                    self.assertEqual(browser.post(Origin="http://evil.example")["status"], 403)


class Readme(ProxyTest):
    """The configurations of docs/operate.md, where the machine has the program for them."""

    PREFIX = "/socklens"
    ATTEMPTS = 5  # to find a port that is still free when the program takes it

    flags = ("--allow-host=lab.example",)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def block(self, language):
        text = (Path(__file__).resolve().parents[2] / "docs/operate.md").read_text("utf-8")
        return re.search(f"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[1]

    def use_through(self, program, configure):
        """All of it through what runs with the file that `configure` makes for a port."""
        if not shutil.which(program[0]):
            self.skipTest(f"{program[0]} is not installed")
        for _ in range(self.ATTEMPTS):
            with socket.create_server(("127.0.0.1", 0)) as sock:
                address = sock.getsockname()
            with open(os.path.join(self.folder, "conf"), "w", encoding="utf-8") as file:
                file.write(configure(address[1]))
            with self.running(program) as process:
                if self.serves(process, address):
                    proxy = SimpleNamespace(address=address, prefix=self.PREFIX)
                    self.use(Browser(proxy, self.certificate, "lab.example"))
                    return
        self.fail(f"{program[0]} does not start")

    @contextlib.contextmanager
    def running(self, program):
        with subprocess.Popen(program, cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=os.environ | {"HOME": self.folder}) as process:
            try:
                yield process
            finally:
                process.terminate()

    def serves(self, process, address):
        """False where it has ended."""
        def connected():
            if process.poll() is not None:
                return "ended"
            with contextlib.suppress(OSError), tcp_connect(address):
                return "serves"
            return None
        return wait_until(connected, "it listens") == "serves"

    def replaced(self, text, *pairs):
        for old, new in pairs:
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        return text

    def test_nginx(self):
        def configure(port):
            server = self.replaced(
                self.block("nginx"), ("127.0.0.1:8080", self.gateway.addresses["http"][0]),
                ("listen 443 ", f"listen 127.0.0.1:{port} "),
                ("/etc/ssl/lab.pem", self.certificate.cert),
                ("/etc/ssl/lab.key", self.certificate.key))
            paths = "".join(f"{name}_temp_path {self.folder}/{name};\n"
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            user = "user root;\n" if os.geteuid() == 0 else ""
            return (f"{user}daemon off;\nworker_processes 1;\npid {self.folder}/pid;\n"
                    f"events {{}}\nhttp {{\naccess_log off;\n{paths}{server}}}\n")
        log = os.path.join(self.folder, "error.log")
        self.use_through(["nginx", "-e", log, "-c", os.path.join(self.folder, "conf")], configure)

    def test_caddy(self):
        def configure(port):
            files = f"{self.certificate.cert} {self.certificate.key}"
            site = self.replaced(
                self.block("caddyfile"), ("127.0.0.1:8080", self.gateway.addresses["http"][0]),
                ("lab.example {", f"https://lab.example:{port} {{\n    bind 127.0.0.1\n"
                                  f"    tls {files}"))
            return (f"{{\n    admin off\n    auto_https off\n    default_sni lab.example\n"
                    f"    storage file_system {self.folder}\n}}\n{site}")
        self.use_through(["caddy", "run", "--adapter", "caddyfile", "--config",
                          os.path.join(self.folder, "conf")], configure)


class OriginAlone(unittest.TestCase):
    """Over plain HTTP, under a name that is not localhost, a browser sends no Sec-Fetch-Site."""

    def test_host_passed_on(self):
        with Gateway("--allow-host=lab.example") as gateway, Proxy(gateway) as proxy:
            self.assertEqual(Browser(proxy, name="lab.example").post(), 200)

    def test_host_replaced(self):
        for host in ("upstream", "name"):
            with Gateway("--allow-host=lab.example") as gateway, Proxy(gateway, host) as proxy:
                browser = Browser(proxy, name="lab.example")
                problem = browser.post()
                self.assertEqual((problem["status"], problem["param"]), (403, "Origin"))
                self.assertIn(browser.origin, problem["detail"])
                self.assertIn("http://" + proxy.host_for(browser.host), problem["detail"])
                self.assertIn("proxy pass Host on", problem["allowed"])
                self.assertIn("--allow-origin " + browser.origin, problem["allowed"])

    def test_allowed(self):
        """What the 403 says is the cure is one."""
        with Gateway() as first, Proxy(first, "upstream") as proxy:
            browser = Browser(proxy, name="lab.example")
            cure = browser.post()["allowed"].split()[-2:]
            with Gateway("--allow-origin=https://other.example", *cure) as gateway:
                proxy.gateway = gateway
                self.assertEqual(browser.post(), 200)
                for origin in ("http://lab.example", browser.origin + "0", "http://evil.example",
                               browser.origin.replace("http:", "https:"), "null"):
                    self.assertEqual(browser.post(Origin=origin)["status"], 403, origin)
                self.assertEqual(browser.post(Sec_Fetch_Site="cross-site")["status"], 403)
                self.assertEqual(browser.post(Origin="https://other.example"), 200)

    def test_names_of_strangers(self):
        """DNS rebinding: a page under its own name, which leads here, is its own origin."""
        with Gateway("--allow-origin=https://lab.example") as gateway, Proxy(gateway) as proxy:
            for name in ("evil.example", "lab.example"):
                browser = Browser(proxy, name=name)
                for headers in ({}, {"Sec_Fetch_Site": "same-origin"}):
                    self.assertEqual(browser.post(**headers), 421, name)


class Settings(unittest.TestCase):
    def test_what_is_no_origin(self):
        for text in ("lab.example", "https://lab.example/socklens/", "null", "*"):
            with self.assertRaisesRegex(AssertionError, "--allow-origin: .* is not an origin"):
                Gateway("--allow-origin=" + text).kill()


if __name__ == "__main__":
    unittest.main()
