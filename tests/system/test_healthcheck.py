"""socklens --healthcheck: it asks every listener, says which one failed, and leaves no trace."""

import contextlib
import os
import re
import socket
import subprocess
import tempfile
import threading
import unittest

from gateway import (TIMEOUT_S, Gateway, clean_environment, format_address, gateway_executable,
                     receive_all, tcp_connect, udp_exchange, udp_socket, wait_until)

WORDS = b"socklens health check"
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

    def assert_no_trace(self, gateway):
        self.assertEqual(gateway.messages(), [])
        self.assertEqual(gateway.clients(), [])
        status = gateway.status()
        self.assertEqual(status["clients"], {"open": 0, "closed": 0})
        for listener in status["listeners"]:
            self.assertEqual(listener["received"]["messages"], 0, listener)
            self.assertEqual(listener["connections"], 0, listener)

    def probes(self, gateway):
        text = gateway.request_raw("GET", "/metrics")[2].decode()
        found = re.findall(r'socklens_health_probes_total{service="([a-z-]+)"} (\d+)', text)
        return {service: int(count) for service, count in found}


class Healthy(HealthTest):
    def test_every_listener_is_asked_and_the_log_stays_empty(self):
        odd = "unix:" + self.path('a "chat"\\')
        with Gateway(udp_upper=("127.0.0.1:0", "[::1]:0", "0.0.0.0:0"),
                     tcp_upper=("[::]:0", "unix:" + self.path("upper")),
                     tcp_chat=("0.0.0.0:0", "[::1]:0", odd),
                     http=("127.0.0.1:0", "[::1]:0", "unix:" + self.path("web"))) as gateway:
            for count in (1, 2, 3):
                self.assertEqual(self.check_gateway(gateway), (0, "healthy"))
                self.assertEqual(self.probes(gateway), {
                    "udp-upper": 3 * count, "tcp-upper": 2 * count, "tcp-chat": 3 * count})
            self.assert_no_trace(gateway)

    def test_the_settings_tell_where_it_listens(self):
        with Gateway() as gateway:
            env = {f"SOCKLENS_{key.upper()}": addresses[0]
                   for key, addresses in gateway.addresses.items()}
            self.assertEqual(self.check(**env), (0, "healthy"))
            self.assertEqual(self.probes(gateway),
                             {"udp-upper": 1, "tcp-upper": 1, "tcp-chat": 1})

    def test_with_several_workers(self):
        with Gateway("--workers", "3", udp_upper=("127.0.0.1:0", "[::1]:0")) as gateway:
            for _ in range(5):
                self.assertEqual(self.check_gateway(gateway), (0, "healthy"))
            self.assert_no_trace(gateway)

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
            with tcp_connect(gateway.chat) as another:
                self.assertEqual(another.recv(1), b"")
            self.assertEqual(len(gateway.clients()), 1)

    def test_with_as_many_web_connections_as_there_may_be(self):
        """Busy is not ill. Nobody announces the probes then, so they are messages."""
        with Gateway("--max-http-connections", "8") as gateway, contextlib.ExitStack() as stack:
            for _ in range(8):
                idle = stack.enter_context(tcp_connect(gateway.address("http")))
                idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertIn(b" 200 ", idle.recv(4096))
            self.assertEqual(self.check_gateway(gateway), (0, "healthy"))
            stack.close()
            wait_until(lambda: gateway.get("/healthz")[0] == 200, "it has seen them go")
            self.assertEqual(len(gateway.wait_for_messages(3)), 3)

    def test_without_a_web_server_the_probes_are_messages(self):
        with Gateway("--transcript", http=()) as gateway:
            self.assertEqual(self.check_gateway(gateway), (0, "healthy"))
            wait_until(lambda: gateway.stdout.count(WORDS.decode()) >= 2, "they are shown")

    def test_a_server_that_is_off_is_not_asked(self):
        with Gateway(udp_upper=(), tcp_upper=()) as gateway:
            self.assertEqual(self.check_gateway(gateway), (0, "healthy"))
            self.assertEqual(self.probes(gateway),
                             {"udp-upper": 0, "tcp-upper": 0, "tcp-chat": 1})


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
        addresses = {key: values[0] for key, values in gateway.addresses.items()} | others
        return {f"SOCKLENS_{key.upper()}": value for key, value in addresses.items()}

    def test_nobody_listens(self):
        with Gateway() as gateway:
            env = self.settings(gateway)
        refused = [f"{name} {env['SOCKLENS_' + name.upper().replace('-', '_')]}: Connection refused"
                   for name in ("http", "udp-upper", "tcp-upper", "tcp-chat")]
        self.assert_faults(self.check(**env), *refused)

    def test_a_udp_listener_that_does_not_answer(self):
        with Gateway() as gateway, udp_socket() as silent:
            address = format_address(silent.getsockname())
            self.assert_faults(self.check(**self.settings(gateway, udp_upper=address)),
                               f"udp-upper {address}: no answer")
            for _ in range(2):  # a datagram may be lost: it asks again
                self.assertEqual(silent.recv(100), WORDS)

    def test_a_tcp_listener_that_accepts_nobody(self):
        with Gateway() as gateway, self.stream_server() as address:
            self.assert_faults(self.check(**self.settings(gateway, tcp_chat=address)),
                               f"tcp-chat {address}: no answer")

    def test_a_server_that_hangs_up(self):
        with Gateway() as gateway, self.stream_server(lambda one: one.recv(100)) as address:
            self.assert_faults(self.check(**self.settings(gateway, tcp_upper=address)),
                               f"tcp-upper {address}: it closed without an answer")

    def test_an_answer_that_is_wrong(self):
        def echo(connection):
            connection.sendall(connection.recv(100))
        with Gateway() as gateway, self.stream_server(echo) as address:
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
                status, said = self.check_gateway(gateway)
            self.assertEqual(status, 1)
            self.assertEqual(said.count("no answer"), 4, said)

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


class OnlyProbes(HealthTest):
    """What is kept out of the log is a probe and nothing else."""

    def test_words_that_nobody_announced_are_a_message(self):
        with Gateway() as gateway:
            self.assertEqual(udp_exchange(gateway.udp, WORDS), WORDS.upper())
            with tcp_connect(gateway.tcp) as client:
                client.sendall(WORDS)
                self.assertEqual(receive_all(client), WORDS.upper())
            texts = [one["received"]["text"] for one in gateway.wait_for_messages(2)]
            self.assertEqual(texts, [WORDS.decode()] * 2)
            self.assertEqual(sum(self.probes(gateway).values()), 0)

    def test_other_words_from_an_announced_port_are_a_message(self):
        with Gateway() as gateway, udp_socket() as client:
            self.announce(gateway, client.getsockname()[1])
            for words in (b"hello", WORDS + b"!", WORDS[:-1] + b"K"):
                client.sendto(words, gateway.udp)
                self.assertEqual(client.recv(100), words.upper())
            self.assertEqual(len(gateway.wait_for_messages(3)), 3)
            client.sendto(WORDS, gateway.udp)
            self.assertEqual(client.recv(100), WORDS.upper())
            self.assertEqual(len(gateway.messages()), 3)

    def test_other_words_on_an_announced_connection_get_no_answer(self):
        with Gateway() as gateway, socket.socket() as client:
            client.settimeout(TIMEOUT_S)
            client.bind(("127.0.0.1", 0))
            port = client.getsockname()[1]
            self.announce(gateway, port)
            client.connect(gateway.chat)
            client.sendall(b"Hi")
            self.assertEqual(client.recv(100), b"")
            self.assert_no_trace(gateway)

    def test_an_announcement_is_good_for_one_connection(self):
        with Gateway() as gateway:
            with socket.socket() as client:
                client.settimeout(TIMEOUT_S)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                client.bind(("127.0.0.1", 0))
                port = client.getsockname()[1]
                self.announce(gateway, port)
                client.connect(gateway.chat)
                client.sendall(WORDS)
                self.assertEqual(receive_all(client), b"Your data was 21 bytes")
            self.assert_no_trace(gateway)
            with socket.socket() as client:
                client.settimeout(TIMEOUT_S)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                client.bind(("127.0.0.1", port))
                client.connect(gateway.tcp)
                client.sendall(WORDS)
                self.assertEqual(receive_all(client), WORDS.upper())
            self.assertEqual(len(gateway.wait_for_messages(1)), 1)

    def test_between_others(self):
        """A probe in the midst of a batch leaves the others as they are."""
        with Gateway() as gateway, udp_socket() as one, udp_socket() as other:
            self.announce(gateway, one.getsockname()[1])
            with gateway.asleep():
                for number in range(5):
                    other.sendto(b"before %d" % number, gateway.udp)
                one.sendto(WORDS, gateway.udp)
                for number in range(5):
                    other.sendto(b"after %d" % number, gateway.udp)
            self.assertEqual(one.recv(100), WORDS.upper())
            wanted = [b"before %d" % n for n in range(5)] + [b"after %d" % n for n in range(5)]
            self.assertEqual([other.recv(100) for _ in wanted], [w.upper() for w in wanted])
            texts = [item["received"]["text"] for item in gateway.wait_for_messages(10)]
            self.assertEqual(texts, [w.decode() for w in wanted])

    def test_what_is_announced_must_be_ports(self):
        with Gateway() as gateway:
            for ports in ("", "x", "0", "65536", "1,", ",1", "1,,2", "-1", "1,2 ",
                          ",".join(["1"] * 257)):
                status, _, problem = gateway.get("/healthz?probes=" + ports.replace(" ", "%20"))
                self.assertEqual((status, problem.get("param")), (400, "probes"), ports)
            self.assertEqual(gateway.get("/healthz?probes=" + ",".join(["1"] * 256))[0], 200)

    def announce(self, gateway, port):
        self.assertEqual(gateway.get(f"/healthz?probes={port}")[0], 200)


if __name__ == "__main__":
    unittest.main()
