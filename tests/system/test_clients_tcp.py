"""socklens-tcp: against the course's server, and against servers that misbehave."""

import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from client_test import UDP_PROMPT, ClientTest
from gateway import receive_exactly, reset
from programs import CourseServer, Terminal, client_command, closed_port, serve, tcp_client


class TcpClient(ClientTest):
    """The slide's `print(' From Server: ', text)` gives two blanks before the text (its screenshot
    shows another version of the program); the client prints what the slide's code does."""

    def test_course_server(self):
        with CourseServer("TCPServer.py", "The server is ready to receive\n") as server:
            for _ in range(2):
                result = tcp_client(server.address, stdin=b"hello from tcp client\n")
                self.assert_ends(result, 0, UDP_PROMPT + b" From Server:  HELLO FROM TCP CLIENT\n")

    def test_course_server_reads_1024_bytes(self):
        """It closes with bytes unread, so its kernel resets the connection. What it said counts."""
        with CourseServer("TCPServer.py", "The server is ready to receive\n") as server:
            result = tcp_client(server.address, stdin=5000 * b"x" + b"\n")
        self.assert_ends(result, 1, UDP_PROMPT + b" From Server:  " + 1024 * b"X" + b"\n",
                         b"closed the connection without reading all of the message")

    def test_reply_in_parts(self):
        def conversation(sock):
            sock.recv(100)
            for part in (b"HE", b"L", b"LO"):
                sock.sendall(part)
                time.sleep(0.05)
        with serve(conversation) as server:
            result = tcp_client(server, stdin=b"hello\n")
        self.assert_ends(result, 0, UDP_PROMPT + b" From Server:  HELLO\n")

    def test_large_message_answered_while_it_is_sent(self):
        size = 8 << 20

        def conversation(sock):
            left = size
            while left > 0:
                data = sock.recv(65536)
                left -= len(data)
                sock.sendall(data.upper())
        with serve(conversation) as server:
            result = tcp_client(server, stdin=size * b"x" + b"\n")
        self.assertEqual(len(result.stdout), len(UDP_PROMPT + b" From Server:  ") + size + 1)
        self.assert_ends(result, 0)

    def test_empty_line_is_asked_again(self):
        def conversation(sock):
            sock.sendall(sock.recv(100).upper())
        with serve(conversation) as server:
            result = tcp_client(server, stdin=b"\nhi\n")
        self.assert_ends(result, 0, UDP_PROMPT + UDP_PROMPT + b" From Server:  HI\n",
                         b"TCP cannot carry an empty line")

    def test_no_server(self):
        port = closed_port(socket.SOCK_STREAM)
        result = tcp_client(("127.0.0.1", port), stdin=b"hi\n")
        self.assert_ends(result, 1, b"", b"socklens-tcp: cannot connect to 127.0.0.1:%d: Connection "
                         b"refused (is the server running there?)\n" % port)
        result = tcp_client(("localhost", port), stdin=b"hi\n")
        self.assert_ends(result, 1, b"", b"127.0.0.1:%d: Connection refused" % port)

    def test_no_reply(self):
        with serve(lambda sock: sock.recv(100)) as server:
            result = tcp_client(server, stdin=b"hi\n")
        self.assert_ends(result, 1, UDP_PROMPT, b"closed the connection without a reply")

    def test_reset(self):
        def conversation(sock):
            sock.recv(100)
            reset(sock)
        with serve(conversation) as server:
            result = tcp_client(server, stdin=b"hi\n")
        self.assert_ends(result, 1, UDP_PROMPT, b"reset the connection")

    def test_silent_server(self):
        with serve(lambda sock: receive_exactly(sock, 100)) as server:
            result = tcp_client(server, "-w", "200ms", stdin=b"hi\n")
        self.assert_ends(result, 1, UDP_PROMPT, b"no reply from 127.0.0.1:%d within 200 ms"
                         % server[1])

    def test_server_that_does_not_close(self):
        def conversation(sock):
            sock.sendall(sock.recv(100).upper())
            sock.recv(100)
        with serve(conversation) as server:
            result = tcp_client(server, "-w", "1", stdin=b"hi\n")
        self.assert_ends(result, 0, UDP_PROMPT + b" From Server:  HI\n", b"has not closed the "
                         b"connection, and sent nothing more for 500 ms")

    def test_what_arrives_is_shown_as_it_arrives(self):
        """Also from a server that forgets to close; on a terminal no character is torn."""
        shown = threading.Event()

        def conversation(sock):
            sock.recv(100)
            sock.sendall(b"FIRST \xc3")
            self.assertTrue(shown.wait(30))
            sock.sendall(b"\x9c\tLAST\n")
            sock.recv(100)
        with serve(conversation) as server:
            command = client_command("SOCKLENS_TCP", server, "-w", "20s", "hi")
            with Terminal(command) as terminal:
                terminal.wait_for(b" From Server:  FIRST ")
                shown.set()
                self.assertEqual(terminal.finish(60), 0)
        self.assertTrue(terminal.shown.expandtabs().startswith(
            b" From Server:  FIRST \xc3\x9c\tLAST\r\n".expandtabs()), terminal.shown)

    def test_a_reply_that_is_cut(self):
        def conversation(sock):
            size = len(receive_exactly(sock, 1000000))
            sock.sendall(65482 * (b"X" if size == 1000000 else b"?"))
        with serve(conversation) as server:
            result = tcp_client(server, stdin=1000000 * b"x" + b"\n")
        self.assert_ends(result, 1, None, b"is cut: 65482 of 1000000 bytes came")

    def test_a_short_reply_of_another_kind_is_whole(self):
        for reply in (b"OK", b"HE-", b"HELLO", b"HELLO\r\n"):
            def conversation(sock, reply=reply):
                sock.recv(100)
                sock.sendall(reply)
            with self.subTest(reply), serve(conversation) as server:
                self.assert_ends(tcp_client(server, "hello"), 0)

    def test_server_that_drips(self):
        def conversation(sock):
            while True:
                try:
                    sock.sendall(b".")
                except OSError:
                    return
                time.sleep(0.02)
        with serve(conversation) as server:
            started = time.monotonic()
            result = tcp_client(server, "-w", "3s", stdin=b"hi\n")
        self.assertEqual(result.returncode, 1)
        self.assertLess(time.monotonic() - started, 20)

    def test_server_that_never_stops(self):
        def conversation(sock):
            try:
                while True:
                    sock.sendall(65536 * b"x")
            except OSError:
                return
        with serve(conversation) as server:
            result = tcp_client(server, stdin=b"hi\n")
        self.assert_ends(result, 1, None, b"")

    def test_unix_path(self):
        with tempfile.TemporaryDirectory() as folder, \
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            path = os.path.join(folder, "socket")
            self.assert_ends(tcp_client(path, stdin=b"x\n"), 1, b"",
                             b"cannot connect to unix:" + path.encode() + b": No such file")
            listener.bind(path)
            listener.listen()
            command = client_command("SOCKLENS_TCP", path)
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            with listener.accept()[0] as sock:
                process.stdin.write(b"hi\n")
                process.stdin.flush()
                sock.sendall(sock.recv(100).upper())
            self.assertEqual(process.communicate(timeout=10)[0],
                             UDP_PROMPT + b" From Server:  HI\n")

    def test_no_input(self):
        with serve(lambda sock: sock.recv(100)) as server:
            result = tcp_client(server)
        self.assert_ends(result, 1, UDP_PROMPT + b"\n", b"nothing sent")


if __name__ == "__main__":
    unittest.main()
