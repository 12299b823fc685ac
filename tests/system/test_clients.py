"""The three C clients: against the course's own servers, and against servers that misbehave."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from gateway import executable, receive_exactly, reset, udp_socket, wait_until
from programs import (CourseServer, Terminal, chat_client, client_command, closed_port, run,
                      serve, serve_datagrams, tcp_client, udp_client)

UDP_PROMPT = b"Input lowercase sentence: "
CHAT_PROMPT = b"Enter message to send or type Exit to disconnect: "


class ClientTest(unittest.TestCase):
    def assert_ends(self, result, status, stdout=None, stderr=None):
        text = f"{result.args}: {result.returncode} {result.stdout!r} {result.stderr!r}"
        self.assertEqual(result.returncode, status, text)
        if stdout is not None:
            self.assertEqual(result.stdout, stdout, text)
        if stderr is None:
            self.assertEqual(result.stderr, b"", text)
        else:
            self.assertIn(stderr, result.stderr, text)
            self.assertEqual(result.stderr.count(b"\n"), 1, text)


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
                (["-w", "2"], b"such as 500ms or 2s"),
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
                ("SOCKLENS_TCP", ["hello"], b"there are no arguments"),
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

    def test_only_the_server_is_believed(self):
        with udp_socket() as stranger, udp_socket() as free:
            client_port = free.getsockname()[1]
            free.close()

            def conversation(sock):
                _, source = sock.recvfrom(100)
                stranger.sendto(b"FROM A STRANGER", source)
                time.sleep(0.1)
                sock.sendto(b"FROM THE SERVER", source)
            with serve_datagrams(conversation) as server:
                result = udp_client(server, client_port, "hi")
        self.assert_ends(result, 0, b"FROM THE SERVER\n")

    def test_port_that_is_taken(self):
        with udp_socket(("0.0.0.0", 0)) as taken:
            port = taken.getsockname()[1]
            result = udp_client(("127.0.0.1", closed_port()), port, "hi")
        self.assert_ends(result, 1, b"", b"cannot bind port %d: Address already in use" % port)

    def test_no_input(self):
        self.assert_ends(udp_client(("127.0.0.1", 9)), 1, UDP_PROMPT + b"\n", b"nothing sent")

    def test_escapes_on_a_terminal_only(self):
        def answer(sock):
            sock.sendto(b"A\x1b[31m\\B", sock.recvfrom(100)[1])
        with serve_datagrams(answer) as server:
            with Terminal(client_command("SOCKLENS_UDP", server, 0, "hi")) as terminal:
                self.assertEqual(terminal.finish(), 0)
                self.assertEqual(terminal.shown, b"A\\x1b[31m\\\\B\r\n")

    def test_backslash_alone_is_left_as_it_is(self):
        def answer(sock):
            sock.sendto(b"C:\\TEMP \xc3\x9c", sock.recvfrom(100)[1])
        with serve_datagrams(answer) as server:
            with Terminal(client_command("SOCKLENS_UDP", server, 0, "hi")) as terminal:
                self.assertEqual(terminal.finish(), 0)
                self.assertEqual(terminal.shown, b"C:\\TEMP \xc3\x9c\r\n")

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
            result = tcp_client(server, "-w", "200ms", stdin=b"hi\n")
        self.assert_ends(result, 1, UDP_PROMPT + b" From Server:  HI\n", b"may be more to come")

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
            result = tcp_client(server, "-w", "300ms", stdin=b"hi\n")
        self.assertEqual(result.returncode, 1)
        self.assertLess(time.monotonic() - started, 3)

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


def shown(*lines):
    """The chat client's output where nobody echoes what is typed: prompt and reply on one line."""
    return b"".join(CHAT_PROMPT + b"Received Message from Server: " + line + b"\n"
                    for line in lines)


FAREWELL = b"Now you are disconnected from the server\n"


class ChatClient(ClientTest):
    def test_course_server(self):
        with CourseServer("TCPServerTask.py", "Listening at") as server:
            result = chat_client(server.address,
                                 stdin=b"Hi\nTesting Connection\nMessage1\nMessage2\nExit\n")
            self.assert_ends(result, 0, shown(
                b"Your data was 2 bytes", b"Your data was 18 bytes", b"Your data was 8 bytes",
                b"Your data was 8 bytes", b"Disconnect") + FAREWELL)
            listening = f"Listening at ('0.0.0.0', {server.port})\n"
            wait_until(lambda: server.output.count(listening) == 2, "it listens again")
            self.assertRegex(
                server.output.removeprefix(listening).removesuffix(listening),
                r"^The server now is connected to: \('127\.0\.0\.1', (\d+)\)\n"
                rf"Socket connects between \('127\.0\.0\.1', {server.port}\) "
                r"and \('127\.0\.0\.1', \1\)\n"
                r"Received Message from Client: Hi\n"
                r"Received Message from Client: Testing Connection\n"
                r"Received Message from Client: Message1\n"
                r"Received Message from Client: Message2\n"
                r"Received Message from Client: Exit\n"
                r"Reply sent, Server socket closed\n$")

    def test_as_a_person_sees_it(self):
        """The transcript of the course, with what the terminal echoes."""
        with CourseServer("TCPServerTask.py", "Listening at") as server:
            with Terminal(client_command("SOCKLENS_CHAT", server.address)) as terminal:
                for line in (b"Hi", b"Testing Connection", b"Exit"):
                    terminal.wait_for(CHAT_PROMPT)
                    terminal.shown, before = b"", terminal.shown
                    self.assertTrue(before.endswith(CHAT_PROMPT), before)
                    terminal.type(line + b"\n")
                self.assertEqual(terminal.finish(), 0)
                self.assertEqual(terminal.shown, b"Exit\r\nReceived Message from Server: Disconnect"
                                 b"\r\nNow you are disconnected from the server\r\n")

    def test_long_message_against_the_course_server(self):
        """It reads 1024 bytes at a time and confirms each part: all belong to one message."""
        with CourseServer("TCPServerTask.py", "Listening at") as server:
            result = chat_client(server.address, stdin=2500 * b"x" + b"\nHi\nExit\n")
        lines = result.stdout.replace(CHAT_PROMPT, b"").splitlines()
        sizes = [int(line.split()[-2]) for line in lines[:-2]]
        self.assertEqual(sum(sizes[:-1]), 2500)
        self.assertEqual(sizes[-1], 2)
        self.assertEqual(lines[-2:], [b"Received Message from Server: Disconnect",
                                      b"Now you are disconnected from the server"])
        self.assert_ends(result, 0)

    def converse(self, replies, stdin, *arguments):
        """Answers each recv() with the next of `replies`, each a list of separate sends."""
        heard = []

        def conversation(sock):
            for parts in replies:
                heard.append(sock.recv(65536))
                for part in parts:
                    sock.sendall(part)
                    time.sleep(0.05)
        with serve(conversation) as server:
            result = chat_client(server, *arguments, stdin=stdin)
        return heard, result

    def test_reply_in_parts(self):
        heard, result = self.converse([[b"Your da", b"ta was 2", b" bytes"], [b"Disc", b"onnect"]],
                                      b"Hi\nExit\n")
        self.assert_ends(result, 0, shown(b"Your data was 2 bytes", b"Disconnect") + FAREWELL)
        self.assertEqual(heard, [b"Hi", b"Exit"])

    def test_replies_with_line_ends(self):
        _, result = self.converse([[b"Your data was 2 bytes", b"\r\n"], [b"Disconnect\n"]],
                                  b"Hi\nExit\n")
        self.assert_ends(result, 0, shown(b"Your data was 2 bytes", b"Disconnect") + FAREWELL)

    def test_replies_joined(self):
        _, result = self.converse([[b"Your data was 3 bytesYour data was 2 bytes"],
                                   [b"Disconnect"]], b"hello\nExit\n")
        self.assert_ends(result, 0, shown(b"Your data was 3 bytes")
                         + b"Received Message from Server: Your data was 2 bytes\n"
                         + shown(b"Disconnect") + FAREWELL)

    def test_server_with_words_of_its_own(self):
        heard, result = self.converse([[b"got it"], [b"Your data was fine"], [b"bye"]],
                                      b"Hi\nHo\nExit\n")
        self.assert_ends(result, 0, shown(b"got it", b"Your data was fine", b"bye") + FAREWELL)
        self.assertEqual(heard, [b"Hi", b"Ho", b"Exit"])

    def test_server_that_counts_characters(self):
        heard, result = self.converse([[b"Your data was 1 bytes"], [b"Disconnect"]],
                                      "ü\nExit\n".encode())
        self.assert_ends(result, 0, shown(b"Your data was 1 bytes", b"Disconnect") + FAREWELL,
                         b"confirmed 1 of 2 bytes")
        self.assertEqual(heard, ["ü".encode(), b"Exit"])

    def test_server_that_speaks_first(self):
        def conversation(sock):
            sock.sendall(b"Welcome")
            time.sleep(0.2)
            self.assertEqual(sock.recv(100), b"Exit")
            sock.sendall(b"Disconnect")
        with serve(conversation) as server:
            with Terminal(client_command("SOCKLENS_CHAT", server)) as terminal:
                terminal.wait_for(b"Received Message from Server: Welcome\r\n" + CHAT_PROMPT)
                terminal.type(b"Exit\n")
                self.assertEqual(terminal.finish(), 0)

    def test_empty_line_is_asked_again(self):
        heard, result = self.converse([[b"Your data was 2 bytes"], [b"Disconnect"]],
                                      b"\nHi\nExit\n")
        self.assertEqual(heard, [b"Hi", b"Exit"])
        self.assert_ends(result, 0, CHAT_PROMPT + shown(b"Your data was 2 bytes", b"Disconnect")
                         + FAREWELL, b"TCP cannot carry an empty message")

    def test_end_of_input_disconnects_in_order(self):
        heard, result = self.converse([[b"Your data was 2 bytes"], [b"Disconnect"]], b"Hi")
        self.assertEqual(heard, [b"Hi", b"Exit"])
        self.assert_ends(result, 0, shown(b"Your data was 2 bytes") + CHAT_PROMPT +
                         b"\nReceived Message from Server: Disconnect\n" + FAREWELL)

    def test_only_exit_to_the_letter_leaves(self):
        heard, result = self.converse([[b"Your data was 4 bytes"], [b"Your data was 5 bytes"],
                                       [b"Disconnect"]], b"exit\nExit \nExit\n")
        self.assertEqual(heard, [b"exit", b"Exit ", b"Exit"])
        self.assertEqual(result.returncode, 0)

    def test_server_closes_before_the_reply(self):
        _, result = self.converse([[]], b"Hi\n")
        self.assert_ends(result, 1, CHAT_PROMPT, b"closed the connection")

    def test_server_closes_at_the_prompt(self):
        with serve(lambda sock: None) as server:
            command = client_command("SOCKLENS_CHAT", server)
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            self.assertEqual(process.wait(10), 1)
            self.assertIn(b"closed the connection", process.stderr.read())
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()

    def test_server_closes_after_the_last_part_of_its_reply(self):
        _, result = self.converse([[b"Your data was 2 bytes"]], b"Hi\nHo\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"Your data was 2 bytes", result.stdout)
        self.assertNotIn(FAREWELL, result.stdout)

    def test_reset(self):
        def conversation(sock):
            sock.recv(100)
            reset(sock)
        with serve(conversation) as server:
            result = chat_client(server, stdin=b"Hi\n")
        self.assert_ends(result, 1, CHAT_PROMPT, b"reset the connection")

    def test_silent_server(self):
        with serve(lambda sock: receive_exactly(sock, 100)) as server:
            result = chat_client(server, "-w", "200ms", stdin=b"Hi\n")
        self.assert_ends(result, 1, CHAT_PROMPT, b"no reply from 127.0.0.1:%d within 200 ms"
                         % server[1])

    def test_bytes_that_are_no_text(self):
        heard, result = self.converse([[b"Your data was 3 bytes"], [b"Disconnect"]],
                                      b"\xff\x00\x1b\nExit\n")
        self.assertEqual(heard, [b"\xff\x00\x1b", b"Exit"])
        self.assertEqual(result.returncode, 0)

    def test_very_long_line(self):
        size = 3 << 20

        def conversation(sock):
            left = size
            while left > 0:
                got = len(sock.recv(1000000))
                left -= got
                sock.sendall(b"Your data was %d bytes" % got)
            self.assertEqual(sock.recv(100), b"Exit")
            sock.sendall(b"Disconnect")
        with serve(conversation) as server:
            result = chat_client(server, stdin=size * b"x" + b"\nExit\n")
        self.assert_ends(result, 0)
        self.assertTrue(result.stdout.endswith(shown(b"Disconnect") + FAREWELL))

    def test_no_server(self):
        port = closed_port(socket.SOCK_STREAM)
        result = chat_client(("127.0.0.1", port))
        self.assert_ends(result, 1, b"", b"cannot connect to 127.0.0.1:%d" % port)

    def test_reader_of_its_output_goes_away(self):
        """As in `socklens-chat | head -1`: it ends, by SIGPIPE or with an error, and does not hang."""
        def conversation(sock):
            while sock.recv(100):
                sock.sendall(b"Your data was 2 bytes")
        with serve(conversation) as server:
            process = subprocess.Popen(client_command("SOCKLENS_CHAT", server),
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            process.stdout.close()
            process.stdin.write(b"Hi\n" * 10)
            process.stdin.close()
            self.assertNotEqual(process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
