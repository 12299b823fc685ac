"""socklens --healthcheck: it says whether the gateway serves, or what does not, and logs no message."""

import contextlib
import os
import socket
import subprocess
import tempfile
import threading
import unittest

from gateway import (TIMEOUT_S, Gateway, StoppedThread, clean_environment, format_address,
                     gateway_executable, tcp_connect, udp_exchange, wait_until)

ENOUGH_S = 60  # it takes five seconds at most, on a machine that does not stand still


class HealthTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def check(self, *arguments, **env):
        """(status, the line it says)"""
        done = subprocess.run([gateway_executable(), "--healthcheck", *arguments], text=True,
                              env=clean_environment(self.folder) | env, timeout=ENOUGH_S,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        said = (done.stdout if done.returncode == 0 else done.stderr).splitlines()
        self.assertEqual(len(said), 1, done)
        return done.returncode, said[0]

    def check_gateway(self, gateway, *arguments):
        return self.check("--ready-file", gateway.ready_file, *arguments)

    def assert_faults(self, result, *faults):
        self.assertEqual(result, (1, "socklens: not healthy: " + "; ".join(faults)))

    def assert_no_messages(self, gateway):
        self.assertEqual(gateway.messages(), [])
        for listener in gateway.status()["listeners"]:
            self.assertEqual(listener["received"]["messages"], 0, listener)


class Healthy(HealthTest):
    def test_ready_file_tells_each_address_of_the_web_server(self):
        with Gateway(http=("127.0.0.1:0", "[::1]:0", "unix:" + self.path("web"))) as gateway:
            for _ in range(3):
                self.assertEqual(self.check_gateway(gateway), (0, "healthy"))
            self.assert_no_messages(gateway)
            self.assertEqual(gateway.status()["clients"], {"open": 0, "closed": 0})

    def test_settings_tell_where_it_listens(self):
        with Gateway() as gateway:
            env = {f"SOCKLENS_{key.upper()}": addresses[0]
                   for key, addresses in gateway.addresses.items()}
            self.assertEqual(self.check(**env), (0, "healthy"))

    def test_with_several_workers(self):
        with Gateway("--workers", "3", udp_upper=("127.0.0.1:0", "[::1]:0")) as gateway:
            for _ in range(5):
                self.assertEqual(self.check_gateway(gateway), (0, "healthy"))

    def test_with_a_token_on_all_addresses(self):
        with open(self.path("token"), "w", encoding="utf-8") as file:
            file.write("0123456789abcdef\n")
        flags = ("--token-file", self.path("token"))
        with Gateway(*flags, http=("0.0.0.0:0",)) as gateway:
            self.assertEqual(self.check_gateway(gateway, *flags), (0, "healthy"))
            self.assertEqual(self.check_gateway(gateway, "--http-open"), (0, "healthy"))

    def test_with_as_many_connections_as_there_may_be(self):
        with Gateway("--max-connections", "1") as gateway, tcp_connect(gateway.chat) as client:
            gateway.client_of(client)
            self.assertEqual(self.check_gateway(gateway), (0, "healthy"))
            self.assertEqual(len(gateway.clients()), 1)

    def test_with_as_many_web_connections_as_there_may_be(self):
        """Busy is not ill."""
        with Gateway("--max-http-connections", "8") as gateway, contextlib.ExitStack() as stack:
            for _ in range(8):
                idle = stack.enter_context(tcp_connect(gateway.address("http")))
                idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertIn(b" 200 ", idle.recv(4096))
            self.assertEqual(self.check_gateway(gateway), (0, "healthy"))

    def test_without_a_web_server_each_listener_is_asked_and_no_message_is_logged(self):
        odd = "unix:" + self.path('a "chat"\\')
        with Gateway("--transcript", udp_upper=("127.0.0.1:0", "[::1]:0", "0.0.0.0:0"),
                     tcp_upper=("[::]:0", "unix:" + self.path("upper")),
                     tcp_chat=("0.0.0.0:0", "[::1]:0", odd), http=()) as gateway:
            self.assertEqual(self.check_gateway(gateway), (0, "healthy"))
            udp_exchange(gateway.udp, b"the first message")
            wait_until(lambda: "the first message" in gateway.stdout, "it is shown")
            self.assertEqual(gateway.stdout.count("eceived"), 1, gateway.stdout)

    def test_without_a_web_server_and_with_as_many_connections_as_there_may_be(self):
        with Gateway("--max-connections", "1", http=()) as gateway, \
                tcp_connect(gateway.chat) as client:
            client.sendall(b"hello\n")
            self.assertEqual(client.recv(100), b"Your data was 5 bytes\n")
            self.assertEqual(self.check_gateway(gateway), (0, "healthy"))


class NotHealthy(HealthTest):
    @contextlib.contextmanager
    def stream_server(self, serve=None):
        """A listener of ours: `serve` gets its connections; without it nobody accepts."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def run():
                with listener.accept()[0] as connection:
                    connection.settimeout(TIMEOUT_S)
                    serve(connection)
            thread = threading.Thread(target=run, daemon=True)
            if serve:
                thread.start()
            yield format_address(listener.getsockname())
            if serve:
                thread.join()

    def settings(self, gateway, **others):
        """The gateway's addresses but for those of `others`."""
        addresses = {key: values[0] if values else "none"
                     for key, values in gateway.addresses.items()} | others
        return {f"SOCKLENS_{key.upper()}": value for key, value in addresses.items()}

    def test_nobody_listens(self):
        with Gateway() as gateway:
            env = self.settings(gateway)
        self.assert_faults(self.check(**env), f"http {env['SOCKLENS_HTTP']}: Connection refused")
        self.assert_faults(self.check(**env | {"SOCKLENS_HTTP": "none"}),
                           f"udp-upper {env['SOCKLENS_UDP_UPPER']}: nobody listens",
                           f"tcp-upper {env['SOCKLENS_TCP_UPPER']}: Connection refused",
                           f"tcp-chat {env['SOCKLENS_TCP_CHAT']}: Connection refused")

    def test_a_tcp_listener_that_accepts_nobody(self):
        with Gateway(http=()) as gateway, self.stream_server() as address:
            self.assert_faults(self.check(**self.settings(gateway, tcp_chat=address)),
                               f"tcp-chat {address}: no answer")

    def test_a_tcp_listener_of_something_else(self):
        def greet(connection):
            connection.sendall(b"SSH-2.0-OpenSSH")
        with Gateway(http=()) as gateway, self.stream_server(greet) as address:
            self.assert_faults(self.check(**self.settings(gateway, tcp_upper=address)),
                               f"tcp-upper {address}: it answered something else")

    def test_something_else_than_a_web_server(self):
        with Gateway() as gateway:
            address = gateway.addresses["tcp_upper"][0]
            status, said = self.check("--tcp-upper=none",
                                      **self.settings(gateway, http=address))
            self.assertEqual((status, said),
                             (1, f"socklens: not healthy: http {address}: it answered something "
                                 "else"))

    def test_a_gateway_that_hangs(self):
        with Gateway() as gateway:
            with gateway.asleep():
                result = self.check_gateway(gateway)
            self.assert_faults(result, f"http {gateway.addresses['http'][0]}: no answer")

    def test_a_worker_that_hangs(self):
        for name in ("UDP worker 1", "TCP worker 2"):
            with Gateway("--workers", "2") as gateway:
                with StoppedThread(gateway.process.pid, name):
                    self.assert_faults(self.check_gateway(gateway),
                                       f"http {gateway.addresses['http'][0]}: {name} is stuck")
                    status, headers, problem = gateway.get("/healthz")
                    self.assertEqual((status, headers["Socklens-Stuck"]), (500, name))
                    self.assertEqual(problem["detail"], f"{name} is stuck")
                wait_until(lambda: gateway.get("/healthz")[0] == 200, "it goes on")
                self.assertEqual(self.check_gateway(gateway), (0, "healthy"))

    def test_a_tcp_worker_that_hangs_without_a_web_server(self):
        with Gateway(http=()) as gateway:
            with StoppedThread(gateway.process.pid, "TCP worker 1"):
                status, said = self.check_gateway(gateway)
            self.assertEqual((status, said.count("no answer")), (1, 2), said)

    def test_without_the_ready_file_that_was_named(self):
        missing = self.path("nothing")
        self.assertEqual(self.check("--ready-file", missing),
                         (1, f"socklens: the ready file {missing} cannot be read: "
                             "No such file or directory"))

    def test_a_ready_file_of_something_else(self):
        file = self.path("ready")
        for text in ("", "{", "[]", '{"http":[1]}', '{"http":["\\x"]}', '{"http":["127.0.0.1:1"'):
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
            self.assertEqual(self.check("--ready-file", file),
                             (1, f"socklens: the ready file {file} is not one of this program"),
                             text)

    def test_a_port_that_only_the_kernel_knows(self):
        status, said = self.check("--http=127.0.0.1:0")
        self.assertEqual(status, 1)
        self.assertIn("--ready-file", said)

    def test_nothing_to_ask(self):
        off = [f"--{name}=none" for name in ("udp-upper", "tcp-upper", "tcp-chat", "http")]
        self.assertEqual(self.check(*off), (1, "socklens: there is nothing to ask: every listener "
                                               "is off"))


if __name__ == "__main__":
    unittest.main()
