"""The three C clients: their command line, and what they do alike."""

import os
import socket
import subprocess
import unittest

from client_test import ClientTest
from gateway import executable, receive_all
from programs import client_command, run, serve, serve_datagrams


class CommandLine(ClientTest):
    def test_help_and_version(self):
        for variable in ("SOCKLENS_UDP", "SOCKLENS_TCP", "SOCKLENS_CHAT"):
            name = os.path.basename(executable(variable)).encode()
            for flag in ("-h", "--help"):
                result = run([executable(variable), flag])
                self.assert_ends(result, 0)
                self.assertTrue(result.stdout.startswith(b"Usage: " + name), result.stdout)
                for word in (b"--server", b"--port", b"--wait", b"--version", b"escaped"):
                    self.assertIn(word, result.stdout)
            result = run([executable(variable), "--version"])
            self.assert_ends(result, 0)
            self.assertRegex(result.stdout, rb"^" + name + rb" \d+\.\d+\.\d+\n$")

    def test_wrong_usage_is_one_line_and_status_2(self):
        for arguments, said in (
                (["--nonsense"], b"--nonsense is not an option"),
                (["-x"], b"-x is not an option"),
                (["--wait=1s", "-x"], b"-x is not an option"),
                (["--help=3"], b"--help=3 is not an option"),
                (["-s"], b"-s needs a value"),
                (["--server"], b"--server needs a value"),
                (["-s", ""], b"a name or an address"),
                (["-p", "0"], b"1 to 65535"),
                (["-p", "65536"], b"1 to 65535"),
                (["-p", "12x"], b'"12x"'),
                (["-w", "soon"], b'"soon"'),
                (["-w", "0s"], b"1ms to 1d"),
                (["-w", "0"], b"such as 500ms, 2s or 2"),
                (["-w", "1.2.3"], b"1ms to 1d"),
                (["-s", "localhost:"], b"is not a port"),
                (["-s", "localhost:0"], b"1 to 65535"),
                (["-s", "localhost:1", "-p", "2"], b"with -s or with -p"),
                (["127.0.0.1", "12000"], b"-s 127.0.0.1 -p 12000"),
                (["localhost", "12000", "-v"], b"-s localhost -p 12000"),
                (["-w", "9d"], b"1ms to 1d")):
            for variable in ("SOCKLENS_UDP", "SOCKLENS_TCP", "SOCKLENS_CHAT"):
                with self.subTest(arguments=arguments, variable=variable):
                    self.assert_ends(run([executable(variable), *arguments]), 2, b"", said)

    def test_wrong_usage_of_one_client(self):
        for variable, arguments, said in (
                ("SOCKLENS_UDP", ["1600"], b"no arguments, or BIND_PORT MESSAGE after"),
                ("SOCKLENS_UDP", ["1600", "a", "b"], b"no arguments, or BIND_PORT MESSAGE after"),
                ("SOCKLENS_UDP", ["65536", "a"], b'0 to 65535, not "65536"'),
                ("SOCKLENS_UDP", ["port", "a"], b'0 to 65535, not "port"'),
                ("SOCKLENS_UDP", ["-r", "1001"], b"0 to 1000"),
                ("SOCKLENS_UDP", ["-r", "-1"], b"0 to 1000"),
                ("SOCKLENS_UDP", ["-s", "unix:/tmp/x"], b"UDP has no unix: paths"),
                ("SOCKLENS_TCP", ["hello", "there"], b"no arguments, or MESSAGE after"),
                ("SOCKLENS_CHAT", ["hello"], b"there are no arguments"),
                ("SOCKLENS_UDP", ["--lf"], b"--lf is not an option"),
                ("SOCKLENS_TCP", ["-b", "65536"], b"0 to 65535"),
                ("SOCKLENS_TCP", ["-s", "unix:/tmp/x", "-4"], b"none of -4, -6 and -b"),
                ("SOCKLENS_TCP", ["-r", "1"], b"-r is not an option"),
                ("SOCKLENS_CHAT", ["--retries", "1"], b"--retries is not an option"),
                ("SOCKLENS_CHAT", ["-s", "unix:"], b"unix"),
                ("SOCKLENS_CHAT", ["-s", "unix:" + 200 * "x"], b"107"),
                ("SOCKLENS_CHAT", ["-s", "unix:/tmp/x", "-p", "1"], b"no port")):
            with self.subTest(arguments=arguments, variable=variable):
                self.assert_ends(run([executable(variable), *arguments]), 2, b"", said)

    def test_unknown_host(self):
        for variable in ("SOCKLENS_UDP", "SOCKLENS_TCP", "SOCKLENS_CHAT"):
            command = [executable(variable), "-s", "nowhere.invalid"]
            self.assert_ends(run(command, b"x\n"), 1, None, b"nowhere.invalid")

    def test_output_that_cannot_be_written(self):
        def answer(sock):
            sock.sendto(b"HI", sock.recvfrom(100)[1])
        with serve_datagrams(answer) as server, open("/dev/full", "wb") as full:
            result = subprocess.run(client_command("SOCKLENS_UDP", server, 0, "hi"), stdout=full,
                                    stderr=subprocess.PIPE, timeout=30, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"cannot write", result.stderr)

    def test_habits_of_netcat(self):
        for where in (lambda s: ["-s", f"127.0.0.1:{s[1]}"], lambda s: ["-s", f"localhost:{s[1]}"],
                      lambda s: ["-4", "-s", "localhost", "-p", str(s[1])]):
            with serve(lambda sock: sock.sendall(sock.recv(100).upper())) as server:
                result = run([executable("SOCKLENS_TCP"), *where(server), "-w", "5", "hello"])
                self.assert_ends(result, 0, b" From Server:  HELLO\n")
            with serve_datagrams(lambda sock: sock.sendto(b"HI", sock.recvfrom(9)[1])) as server:
                result = run([executable("SOCKLENS_UDP"), *where(server), "-w5", "0", "hi"])
                self.assert_ends(result, 0, b"HI\n")

    def test_family(self):
        for variable, arguments in (("SOCKLENS_TCP", ["x"]), ("SOCKLENS_UDP", ["0", "x"])):
            result = run([executable(variable), "-6", "-s", "127.0.0.1", *arguments])
            self.assert_ends(result, 1, b"", b"127.0.0.1 has no IPv6 address")
            result = run([executable(variable), "-4", "-s", "[::1]:9", *arguments])
            self.assert_ends(result, 1, b"", b"::1 has no IPv4 address")

    def test_verbose_names_both_addresses(self):
        peers = []

        def conversation(sock):
            peers.append(sock.getpeername())
            sock.sendall(sock.recv(100).upper())
        with serve(conversation) as server:
            result = run(client_command("SOCKLENS_TCP", server, "-v", "hello"))
        self.assertRegex(result.stderr.decode(), (
            rf"connected from 127\.0\.0\.1:{peers[0][1]} to 127\.0\.0\.1:{server[1]}, "
            r"RTT \d+\.\d{3} ms\n.*: 5 bytes from 127.*, the last after \d+\.\d+ ms\n"))

        def answer(sock):
            data, source = sock.recvfrom(100)
            peers.append(source)
            sock.sendto(data.upper(), source)
        with serve_datagrams(answer) as server:
            result = run(client_command("SOCKLENS_UDP", server, "-v", 0, "hello"))
        self.assertEqual((result.returncode, result.stdout), (0, b"HELLO\n"))
        self.assertRegex(result.stderr.decode(), (
            rf"sending from 127\.0\.0\.1:{peers[1][1]} to 127\.0\.0\.1:{server[1]}\n"
            r".*: 5 bytes, RTT \d+\.\d+ ms\n"))

    def test_bind_port_of_a_stream(self):
        peers = []

        def conversation(sock):
            peers.append(sock.getpeername()[1])
            sock.sendall(sock.recv(100).upper())
        # Not from where the kernel takes ports for others, which run beside this.
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            port = int(file.read().split()[0]) - 1 - os.getpid() % 1000
        with serve(conversation, connections=2) as server:
            for _ in range(2):  # the server closes first, so that TIME_WAIT is on its side
                self.assert_ends(run(client_command("SOCKLENS_TCP", server, "-b", port, "hello")),
                                 0, b" From Server:  HELLO\n")
        self.assertEqual(peers, [port, port])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = run(client_command("SOCKLENS_CHAT", server, "-b", port))
            self.assert_ends(result, 1, b"", b"cannot bind port %d: Address already in use" % port)


def lines_of(sock):
    with sock.makefile("rb") as file:
        yield from file


class Textbook(ClientTest):
    """Servers as textbooks write them in other languages: what they wait for can be sent."""

    def read_a_line(self, sock):
        """Java's readLine(): nothing happens before a line end."""
        line = next(lines_of(sock), b"")
        if line.endswith(b"\n"):
            sock.sendall(line.rstrip(b"\r\n").upper() + b"\n")

    def read_lines(self, sock):
        for line in lines_of(sock):
            line = line.rstrip(b"\r\n")
            sock.sendall(b"Disconnect\n" if line == b"Exit" else b"Your data was %d bytes\n"
                         % len(line))
            if line == b"Exit":
                return

    def read_to_the_end(self, sock):
        sock.sendall(receive_all(sock).upper())

    def test_tcp_client(self):
        for option in ("--lf", "-L", "--crlf", "-C"):
            with self.subTest(option), serve(self.read_a_line) as server:
                self.assert_ends(run(client_command("SOCKLENS_TCP", server, option, "hello")), 0,
                                 b" From Server:  HELLO\n\n")
        for option in ("--shutdown", "-N"):
            with self.subTest(option), serve(self.read_to_the_end) as server:
                self.assert_ends(run(client_command("SOCKLENS_TCP", server, option, "hello")), 0,
                                 b" From Server:  HELLO\n")

    def test_chat_client(self):
        for option in ("--lf", "--crlf"):
            with self.subTest(option), serve(self.read_lines) as server:
                result = run(client_command("SOCKLENS_CHAT", server, option), b"Hi\nExit\n")
                self.assertEqual(result.returncode, 0, result)
                self.assertIn(b"Server: Your data was 2 bytes\n", result.stdout)
                self.assertIn(b"Server: Disconnect\nNow you are", result.stdout)
        for stdin, text in ((b"Hi\nthere\n", b"HI\nTHERE\n"), (b"Hi\nExit\n", b"HI\nEXIT\n")):
            with self.subTest(stdin), serve(self.read_to_the_end) as server:
                result = run(client_command("SOCKLENS_CHAT", server, "-LN"), stdin)
                self.assertEqual(result.returncode, 0, result)
                self.assertIn(b"Server: " + text + b"Now you are", result.stdout)

    def test_chat_client_that_closes_its_side_hears_all(self):
        with serve(self.read_lines) as server:
            result = run(client_command("SOCKLENS_CHAT", server, "-LN"), b"Hi\nthere\n")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn(b"Your data was 2 bytes", result.stdout)
        self.assertIn(b"Your data was 5 bytes", result.stdout)
        self.assertTrue(result.stdout.endswith(b"Now you are disconnected from the server\n"))

    def test_what_to_try_is_said(self):
        line, end = b"--lf or --crlf", b"--shutdown"
        for variable, stdin in (("SOCKLENS_TCP", b"hello\n"), ("SOCKLENS_CHAT", b"Hi\n")):
            for conversation in (self.read_a_line, self.read_to_the_end):
                with serve(conversation) as server:
                    result = run(client_command(variable, server, "-w", "300ms"), stdin)
                self.assert_ends(result, 1, None, b"no reply")
                self.assertIn(line, result.stderr)
                self.assertIn(end, result.stderr)
        with serve(self.read_to_the_end) as server:
            result = run(client_command("SOCKLENS_TCP", server, "-L", "-w", "300ms", "hello"))
        self.assert_ends(result, 1, b"", b"needs --shutdown")
        self.assertNotIn(line, result.stderr)


if __name__ == "__main__":
    unittest.main()
