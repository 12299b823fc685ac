"""Programs that are started with one of their standard descriptors closed."""

import json
import os
import socket
import subprocess
import tempfile
import unittest

from gateway import (START_TIMEOUT_S, TIMEOUT_S, clean_environment, executable, gateway_executable,
                     parse_address, receive_all, tcp_connect, udp_exchange, wait_until)
from programs import client_command, serve, serve_datagrams

CLOSED = {0: "<&-", 1: ">&-", 2: "2>&-"}


def start(closed, command, **options):
    """The command with descriptor `closed` closed, and the others as `options` say."""
    return subprocess.Popen(["sh", "-c", f'exec "$@" {CLOSED[closed]}', "sh", *command],
                            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
                               "stderr": subprocess.PIPE, **options})


def run(closed, command, stdin=b""):
    """(status, stdout, stderr), soon."""
    process = start(closed, command)
    try:
        out, error = process.communicate(stdin, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out, error


class Clients(unittest.TestCase):
    def setUp(self):
        self.received = []

    def answer_stream(self, sock):
        while data := sock.recv(1000):
            self.received.append(data)
            sock.sendall(b"Disconnect" if data == b"Exit" else data.upper())
            if data in (b"hello", b"Exit"):
                return

    def answer_datagram(self, sock):
        sock.settimeout(3)
        try:
            data, source = sock.recvfrom(1000)
        except TimeoutError:
            return
        self.received.append(data)
        sock.sendto(data.upper(), source)

    def talk(self, variable, closed):
        server = serve_datagrams if variable == "SOCKLENS_UDP" else serve
        answer = self.answer_datagram if variable == "SOCKLENS_UDP" else self.answer_stream
        stdin = b"" if closed == 0 else b"hello\n" if variable != "SOCKLENS_CHAT" else b"Exit\n"
        with server(answer) as address:
            return run(closed, client_command(variable, address), stdin)

    def test_input(self):
        for variable in ("SOCKLENS_UDP", "SOCKLENS_TCP", "SOCKLENS_CHAT"):
            with self.subTest(variable):
                self.received.clear()
                status, _, error = self.talk(variable, 0)
                self.assertIn(b"cannot read the input: Bad file descriptor", error)
                self.assertNotIn(b"prompt", b"".join(self.received))
                self.assertEqual(status, 1)

    def test_output(self):
        """The prompt reaches nobody, least of all the server; and the loss is told."""
        for variable in ("SOCKLENS_UDP", "SOCKLENS_TCP", "SOCKLENS_CHAT"):
            with self.subTest(variable):
                self.received.clear()
                status, out, error = self.talk(variable, 1)
                self.assertEqual(self.received,
                                 [b"Exit" if variable == "SOCKLENS_CHAT" else b"hello"])
                self.assertEqual((status, out), (1, b""))
                self.assertIn(b"cannot write to standard output: Bad file descriptor", error)

    def test_error(self):
        for variable in ("SOCKLENS_UDP", "SOCKLENS_TCP", "SOCKLENS_CHAT"):
            with self.subTest(variable):
                self.received.clear()
                status, out, _ = self.talk(variable, 2)
                self.assertEqual(self.received,
                                 [b"Exit" if variable == "SOCKLENS_CHAT" else b"hello"])
                self.assertEqual(status, 0)
                self.assertIn(b"Disconnect" if variable == "SOCKLENS_CHAT" else b"HELLO", out)

    def test_error_line_goes_to_nobody(self):
        def conversation(sock):
            self.received.append(receive_all(sock))
        with serve(conversation) as server:
            status, out, _ = run(2, client_command("SOCKLENS_TCP", server, "-w", "200ms"), b"hello\n")
        self.assertEqual((status, self.received), (1, [b"hello"]))
        self.assertNotIn(b"no reply", out)


class Servers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_gateway(self):
        for closed in CLOSED:
            for options in ((), ("--transcript",)):
                with self.subTest(closed=closed, options=options):
                    self.check_gateway(closed, options)

    def check_gateway(self, closed, options):
        ready = os.path.join(self.folder, f"ready-{closed}-{len(options)}.json")
        store = os.path.join(self.folder, f"log-{closed}-{len(options)}.db")
        process = start(closed, [gateway_executable(), "--ready-file", ready, "--store", store,
                                 *(f"--{name}=127.0.0.1:0" for name in
                                   ("udp-upper", "tcp-upper", "tcp-chat", "http")), *options],
                        env=clean_environment(self.folder), stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: os.path.exists(ready), "a ready file", START_TIMEOUT_S)
            with open(ready, encoding="utf-8") as file:
                addresses = json.load(file)
            for fd in CLOSED:
                kind = os.readlink(f"/proc/{process.pid}/fd/{fd}")
                self.assertEqual(kind, "/dev/null", "neither a socket nor the log")
            for _ in range(3):
                self.assertEqual(udp_exchange(parse_address(addresses["udp_upper"][0]), b"x"), b"X")
                with tcp_connect(parse_address(addresses["tcp_chat"][0])) as sock:
                    sock.sendall(b"Exit\n")
                    sock.shutdown(socket.SHUT_WR)
                    self.assertEqual(receive_all(sock), b"Disconnect\n")
            process.terminate()
            self.assertEqual(process.wait(TIMEOUT_S), 0)
        finally:
            process.kill()
            process.wait()

    def run_gateway(self, closed, *arguments):
        process = start(closed, [executable("SOCKLENS_EXE"), *arguments],
                        env=clean_environment(self.folder))
        try:
            out, error = process.communicate(timeout=TIMEOUT_S)
        finally:
            process.kill()
            process.wait()
        return process.returncode, out, error

    def test_commands(self):
        for closed in CLOSED:
            with self.subTest(closed):
                for command in ("--help", "--version", "--print-config", "--check-config"):
                    status, out, error = self.run_gateway(closed, command)
                    self.assertEqual((status, error), (0, b""), command)
                    self.assertEqual(bool(out), closed != 1, command)
                missing = os.path.join(self.folder, "missing.json")
                status, _, error = self.run_gateway(closed, "--healthcheck", "--ready-file", missing)
                self.assertEqual((status, bool(error)), (1, closed != 2))

    def test_export(self):
        """Its file does not become the descriptor that messages go to."""
        target = os.path.join(self.folder, "out.ndjson")
        store = os.path.join(self.folder, "log-2-0.db")
        self.check_gateway(2, ())
        for closed in CLOSED:
            with self.subTest(closed):
                status, _, error = self.run_gateway(closed, "export", "--format=ndjson",
                                                    "--store", store, "-o", target)
                self.assertEqual(status, 0, error)
                with open(target, encoding="utf-8") as file:
                    rows = [json.loads(line) for line in file]
                self.assertEqual(len(rows), 6)
                os.unlink(target)
                status, out, error = self.run_gateway(closed, "export", "--format=ndjson",
                                                      "--store", store)
                self.assertEqual(status, 1 if closed == 1 else 0, error)
                self.assertEqual(out.count(b"\n"), 0 if closed == 1 else 6)


if __name__ == "__main__":
    unittest.main()
