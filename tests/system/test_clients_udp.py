"""socklens-udp: against the course's servers, and against servers that misbehave."""

import contextlib
import signal
import socket
import subprocess
import threading
import time
import unittest

from client_test import UDP_PROMPT, ClientTest
from gateway import udp_socket
from programs import (CourseServer, Terminal, client_command, closed_port, serve_datagrams,
                      udp_client)


@contextlib.contextmanager
def serve_from(sock, other=None):
    """Answers one datagram of `sock` from `other`, or from itself; the port."""
    def work():
        data, source = sock.recvfrom(100)
        (other or sock).sendto(data.upper(), source)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield sock.getsockname()[1]
    thread.join(10)


class UdpClient(ClientTest):
    def test_course_server(self):
        with CourseServer("UDPServer.py", "The server is ready to receive\n") as server:
            result = udp_client(server.address, stdin=b"Hello from client\n")
            self.assert_ends(result, 0, UDP_PROMPT + b"HELLO FROM CLIENT\n")

    def test_course_server_using_arguments(self):
        with CourseServer("UDPServer-usingarg.py", "The server is ready to receive\n") as server:
            ports = []
            for message in ("hello from client1", "hello from client 2"):
                with udp_socket() as free:
                    ports.append(free.getsockname()[1])
                result = udp_client(server.address, ports[-1], message)
                self.assert_ends(result, 0, message.upper().encode() + b"\n")
            self.assertEqual(server.output,
                             "The server is ready to receive\n"
                             "This message:  hello from client1\n"
                             f"is received from: ('127.0.0.1', {ports[0]})\n"
                             "This message:  hello from client 2\n"
                             f"is received from: ('127.0.0.1', {ports[1]})\n")

    def answer(self, reply, *arguments, stdin=b"", host="127.0.0.1", name=None):
        """What the client received from and printed for a server that answers `reply`."""
        received = []

        def conversation(sock):
            data, source = sock.recvfrom(65535)
            received.append(data)
            sock.sendto(reply(data), source)
        with serve_datagrams(conversation, host) as server:
            result = udp_client((name or server[0], server[1]), *arguments, stdin=stdin)
        return received[0], result

    def test_line_without_end_empty_line_and_crlf(self):
        for stdin, sent in ((b"abc", b"abc"), (b"\n", b""), (b"abc\r\n", b"abc"),
                            (b"a b\nnext\n", b"a b"), (b"a\rb\n", b"a\rb")):
            with self.subTest(stdin=stdin):
                received, result = self.answer(bytes.upper, stdin=stdin)
                self.assertEqual(received, sent)
                self.assert_ends(result, 0, UDP_PROMPT + sent.upper() + b"\n")

    def test_bytes_that_are_no_text(self):
        received, result = self.answer(lambda data: data, stdin=b"\xff\x00\x1b[2J\xfe\n")
        self.assertEqual(received, b"\xff\x00\x1b[2J\xfe")
        self.assert_ends(result, 0, UDP_PROMPT + b"\xff\x00\x1b[2J\xfe\n")

    def test_largest_message_and_reply(self):
        received, result = self.answer(bytes.upper, stdin=65507 * b"x" + b"\n")
        self.assertEqual(len(received), 65507)
        self.assert_ends(result, 0, UDP_PROMPT + 65507 * b"X" + b"\n")

    def test_message_too_large_for_a_datagram(self):
        result = udp_client(("127.0.0.1", closed_port()), stdin=65508 * b"x" + b"\n")
        self.assert_ends(result, 1, UDP_PROMPT, b"at most 65,507")

    def test_message_that_looks_like_an_option(self):
        received, result = self.answer(bytes.upper, 0, "-x")
        self.assertEqual(received, b"-x")
        self.assert_ends(result, 0, b"-X\n")

    def test_ipv6(self):
        _, result = self.answer(bytes.upper, 0, "hi", host="::1")
        self.assert_ends(result, 0, b"HI\n")
        _, result = self.answer(bytes.upper, 0, "hi", host="::1", name="[::1]")
        self.assert_ends(result, 0, b"HI\n")

    def test_name_whose_first_address_does_not_answer(self):
        _, result = self.answer(bytes.upper, 0, "hi", name="localhost")
        self.assert_ends(result, 0, b"HI\n")

    def test_nobody_listens(self):
        started = time.monotonic()
        port = closed_port()
        result = udp_client(("127.0.0.1", port), "-w", "30s", 0, "hi")
        self.assert_ends(result, 1, b"", b"nobody listens at 127.0.0.1:%d" % port)
        self.assertLess(time.monotonic() - started, 15)

    def test_lost_datagram(self):
        with udp_socket() as silent:
            port = silent.getsockname()[1]
            started = time.monotonic()
            result = udp_client(silent.getsockname(), "-w", "300ms", 0, "hi")
            took_s = time.monotonic() - started
        self.assert_ends(result, 1, b"", b"socklens-udp: no reply from 127.0.0.1:%d within 300 ms "
                         b"(is the server running? UDP does not say)\n" % port)
        self.assertGreaterEqual(took_s, 0.3)
        self.assertLess(took_s, 15)

    def test_default_wait(self):
        with udp_socket() as silent:
            started = time.monotonic()
            result = udp_client(silent.getsockname(), 0, "hi")
            self.assert_ends(result, 1, b"", b"within 2 s (is the server running?")
            self.assertGreaterEqual(time.monotonic() - started, 2)

    def test_retries(self):
        received = []

        def third_time(sock):
            for _ in range(3):
                data, source = sock.recvfrom(100)
                received.append((data, source))
            sock.sendto(b"HI", source)
        with serve_datagrams(third_time) as server:
            result = udp_client(server, "--wait", "200ms", "--retries=2", 0, "hi")
        self.assert_ends(result, 0, b"HI\n")
        self.assertEqual(len(set(received)), 1, "each from the same port")

        with udp_socket() as silent:
            result = udp_client(silent.getsockname(), "-w", "50ms", "-r", 2, 0, "hi")
            self.assert_ends(result, 1, b"", b"within 50 ms of each of 3 datagrams")
            self.assertEqual([silent.recv(10) for _ in range(3)], 3 * [b"hi"])

    def test_the_server_is_believed_before_a_stranger(self):
        with udp_socket() as stranger:
            name = b"127.0.0.1:%d" % stranger.getsockname()[1]

            def conversation(sock):
                _, source = sock.recvfrom(100)
                stranger.sendto(b"FROM A STRANGER", source)
                sock.sendto(b"FROM THE SERVER", source)
            with serve_datagrams(conversation) as server:
                result = udp_client(server, 0, "hi")
        self.assert_ends(result, 0, b"FROM THE SERVER\n", b"15 bytes from %s, which was not asked" % name)

    def test_reply_from_another_address_is_shown_and_named(self):
        """A server on every address, asked at 127.0.1.1: the kernel answers from 127.0.0.1."""
        with udp_socket(("0.0.0.0", 0)) as sock, serve_from(sock) as port:
            result = udp_client(("127.0.1.1", port), 0, "hi")
        self.assert_ends(result, 0, b"HI\n", b"the reply came from 127.0.0.1:%d, not from "
                         b"127.0.1.1:%d, which was asked" % (port, port))

    def test_reply_from_another_port_is_shown_and_named(self):
        with udp_socket() as sock, udp_socket() as other, serve_from(sock, other) as port:
            result = udp_client(("127.0.0.1", port), 0, "hi")
            self.assert_ends(result, 0, b"HI\n", b"the reply came from 127.0.0.1:%d, not from "
                             b"127.0.0.1:%d, which was asked" % (other.getsockname()[1], port))

    def test_every_address_is_this_machine(self):
        with udp_socket(("0.0.0.0", 0)) as sock, serve_from(sock) as port:
            self.assert_ends(udp_client(("0.0.0.0", port), 0, "hi"), 0, b"HI\n")

    def test_nobody_listens_on_ipv6(self):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
            port = sock.getsockname()[1]
        result = udp_client(("::1", port), "-w", "30s", 0, "hi")
        self.assert_ends(result, 1, b"", b"nobody listens at [::1]:%d" % port)

    def shown_on_a_terminal(self, reply):
        def answer(sock):
            sock.sendto(reply, sock.recvfrom(100)[1])
        with serve_datagrams(answer) as server:
            with Terminal(client_command("SOCKLENS_UDP", server, 0, "hi")) as terminal:
                self.assertEqual(terminal.finish(), 0)
                return terminal.shown

    def test_a_tab_is_a_tab_on_a_terminal(self):
        shown = self.shown_on_a_terminal(b"A\tB\x1b[2J\tC\n")
        self.assertIn(shown.expandtabs(), (b"A\tB\\x1b[2J\tC\r\n".expandtabs(),))

    def test_port_that_is_taken(self):
        with udp_socket(("0.0.0.0", 0)) as taken:
            port = taken.getsockname()[1]
            result = udp_client(("127.0.0.1", closed_port()), port, "hi")
        self.assert_ends(result, 1, b"", b"cannot bind port %d: Address already in use" % port)

    def test_no_input(self):
        self.assert_ends(udp_client(("127.0.0.1", 9)), 1, UDP_PROMPT + b"\n", b"nothing sent")

    def test_escapes_on_a_terminal_only(self):
        self.assertEqual(self.shown_on_a_terminal(b"A\x1b[31m\\B"), b"A\\x1b[31m\\\\B\r\n")

    def test_backslash_alone_is_left_as_it_is(self):
        self.assertEqual(self.shown_on_a_terminal(b"C:\\TEMP \xc3\x9c"), b"C:\\TEMP \xc3\x9c\r\n")

    def test_a_pause_does_not_disturb_it(self):
        """SIGSTOP and SIGCONT interrupt poll(2)."""
        with udp_socket() as server:
            process = subprocess.Popen(client_command("SOCKLENS_UDP", server.getsockname(), 0, "x"),
                                       stdout=subprocess.PIPE)
            _, source = server.recvfrom(10)
            for _ in range(3):
                process.send_signal(signal.SIGSTOP)
                process.send_signal(signal.SIGCONT)
            server.sendto(b"X", source)
            self.assertEqual(process.communicate(timeout=10)[0], b"X\n")
            self.assertEqual(process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
