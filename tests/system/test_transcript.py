"""--transcript prints what the course's servers print."""

import json
import os
import signal
import subprocess
import tempfile
import unittest

from gateway import (START_TIMEOUT_S, TIMEOUT_S, Gateway, clean_environment, gateway_executable,
                     parse_address, receive_all, tcp_connect, udp_exchange, udp_socket, wait_until)


def say(sock, text):
    sock.sendall(text.encode())
    return sock.recv(4096).decode()


class Transcript(unittest.TestCase):
    def expect(self, gateway, lines):
        """The transcript is exactly these lines, soon."""
        text = "".join(line + "\n" for line in lines)
        try:
            wait_until(lambda: gateway.stdout == text, "the transcript")
        except AssertionError:
            self.assertEqual(gateway.stdout, text)

    def test_conversation_of_the_course(self):
        with Gateway("--transcript", udp_upper=(), tcp_upper=()) as gateway:
            with tcp_connect(gateway.chat) as sock:
                for text in ("Hi", "Testing Connection", "Message1", "Message2"):
                    self.assertEqual(say(sock, text), f"Your data was {len(text)} bytes")
                self.assertEqual(say(sock, "Exit"), "Disconnect")
                self.assertEqual(receive_all(sock), b"")
                server, client = gateway.chat, sock.getsockname()
            self.expect(gateway, [
                f"Listening at {server}",
                f"The server now is connected to: {client}",
                f"Socket connects between {server} and {client}",
                "Received Message from Client: Hi",
                "Received Message from Client: Testing Connection",
                "Received Message from Client: Message1",
                "Received Message from Client: Message2",
                "Received Message from Client: Exit",
                "Reply sent, Server socket closed",
                f"Listening at {server}"])

    def test_datagrams_of_the_course(self):
        with Gateway("--transcript", tcp_chat=()) as gateway:
            ports = []
            for text in (b"hello from client1", b"hello from client 2"):
                with udp_socket() as sock:
                    ports.append(sock.getsockname())
                    sock.sendto(text, gateway.udp)
                    self.assertEqual(sock.recv(4096), text.upper())
            self.expect(gateway, [
                "The server is ready to receive",
                "The server is ready to receive",
                "This message:  hello from client1",
                f"is received from: {ports[0]}",
                "This message:  hello from client 2",
                f"is received from: {ports[1]}"])

    def test_tcp_uppercase_is_silent_as_in_the_course(self):
        with tempfile.TemporaryFile("w+") as out:
            with Pipe(out) as gateway:
                with tcp_connect(gateway.tcp) as sock:
                    sock.sendall(b"hello from tcp client")
                    self.assertEqual(receive_all(sock), b"HELLO FROM TCP CLIENT")
                gateway.stop()
            out.seek(0)
            self.assertEqual(out.read(), "The server is ready to receive\n" * 2
                             + f"Listening at {gateway.chat}\n")

    def test_banner_stays_out_of_it(self):
        with Gateway("--transcript") as gateway:
            wait_until(lambda: "Dashboard" in gateway.stderr, "a banner on stderr")
            self.assertNotIn("socklens", gateway.stdout)

    def test_two_clients_at_once(self):
        with Gateway("--transcript", udp_upper=(), tcp_upper=()) as gateway:
            with tcp_connect(gateway.chat) as one, tcp_connect(gateway.chat) as two:
                say(one, "from one")
                say(two, "from two")
                say(one, "from one again")
                first, second, server = one.getsockname(), two.getsockname(), gateway.chat
            lines = wait_until(lambda: gateway.stdout.count("Listening") == 3
                               and gateway.stdout.splitlines(), "both have gone")
        for lead in (f"The server now is connected to: {first}",
                     f"The server now is connected to: {second}"):
            at = lines.index(lead)
            self.assertEqual(lines[at + 1], "Socket connects between "
                                            f"{server} and {lead.partition(': ')[2]}")
        said = [line for line in lines if "Received" in line]
        self.assertEqual(said, [f"{first}: Received Message from Client: from one",
                                f"{second}: Received Message from Client: from two",
                                f"{first}: Received Message from Client: from one again"])
        self.assertIn(f"Client {first} closed without Exit, Server socket closed", lines)
        self.assertIn(f"Client {second} closed without Exit, Server socket closed", lines)

    def test_the_address_stands_in_front_only_while_several_are_connected(self):
        with Gateway("--transcript", udp_upper=(), tcp_upper=()) as gateway:
            server = gateway.chat

            with tcp_connect(server) as one:
                say(one, "alone")
                with tcp_connect(server) as two:
                    second = two.getsockname()
                    say(two, "hello")
                    say(one, "together")
                    say(two, "Exit")
                    self.assertEqual(receive_all(two), b"")
                wait_until(lambda: gateway.stdout.count("Listening") == 2, "the second has gone")
                say(one, "alone again")
                say(one, "Exit")
                self.assertEqual(receive_all(one), b"")
                first = one.getsockname()
                self.expect(gateway, [
                    f"Listening at {server}",
                    f"The server now is connected to: {first}",
                    f"Socket connects between {server} and {first}",
                    "Received Message from Client: alone",
                    f"The server now is connected to: {second}",
                    f"Socket connects between {server} and {second}",
                    f"{second}: Received Message from Client: hello",
                    f"{first}: Received Message from Client: together",
                    f"{second}: Received Message from Client: Exit",
                    f"{second}: Reply sent, Server socket closed", f"Listening at {server}",
                    "Received Message from Client: alone again",
                    "Received Message from Client: Exit",
                    "Reply sent, Server socket closed", f"Listening at {server}"])

    def test_control_characters_cannot_drive_the_terminal(self):
        with Gateway("--transcript") as gateway:
            udp_exchange(gateway.udp, b"\x1b[2J\r\nListening at\xff")
            line = "This message:  \\x1b[2J\\r\\nListening at\\xff\n"
            wait_until(lambda: line in gateway.stdout, "the message")

    def test_what_is_said_at_the_end_is_printed(self):
        with tempfile.TemporaryFile("w+") as out:
            with Pipe(out) as gateway, tcp_connect(gateway.chat) as sock:
                say(sock, "Hi")
                client = sock.getsockname()
                gateway.stop()
            out.seek(0)
            self.assertTrue(out.read().endswith(
                "Received Message from Client: Hi\n"
                f"Client {client} was disconnected as the server stops, Server socket closed\n"))


class Pipe:
    """A gateway whose stdout we choose."""

    def __init__(self, stdout):
        self.folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.ready = os.path.join(self.folder.name, "ready.json")
        self.process = subprocess.Popen(
            [gateway_executable(), "--transcript", "--ready-file", self.ready,
             "--udp-upper=127.0.0.1:0", "--tcp-upper=127.0.0.1:0", "--tcp-chat=127.0.0.1:0",
             "--http=127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
            env=clean_environment(self.folder.name))

    def __enter__(self):
        wait_until(lambda: os.path.exists(self.ready), "a ready file", START_TIMEOUT_S)
        with open(self.ready, encoding="utf-8") as file:
            addresses = json.load(file)
        self.udp = parse_address(addresses["udp_upper"][0])
        self.tcp = parse_address(addresses["tcp_upper"][0])
        self.chat = parse_address(addresses["tcp_chat"][0])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.folder.cleanup()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(TIMEOUT_S)
        if status != 0:
            raise AssertionError(f"status {status}: {self.process.stderr.read()}")


class SlowReaders(unittest.TestCase):
    def setUp(self):
        self.reader, self.writer = os.pipe()
        self.addCleanup(self.close, "reader")
        self.addCleanup(self.close, "writer")

    def close(self, name):
        if getattr(self, name) is not None:
            os.close(getattr(self, name))
        setattr(self, name, None)

    def fill(self, gateway):
        """Many times of what a pipe holds; each is answered all the same."""
        for _ in range(40):
            self.assertEqual(len(udp_exchange(gateway.udp, b"x" * 20000)), 20000)

    def test_nobody_reads(self):
        with Pipe(self.writer) as gateway:
            self.fill(gateway)
            gateway.stop()

    def test_the_reader_goes(self):
        with Pipe(self.writer) as gateway:
            self.close("writer")
            self.close("reader")
            self.fill(gateway)
            gateway.stop()
            self.assertIn(b"the transcript ends", gateway.process.stderr.read())

    def test_a_second_signal_ends_a_slow_stop(self):
        with Pipe(self.writer) as gateway:
            self.fill(gateway)
            gateway.process.send_signal(signal.SIGTERM)
            with self.assertRaises(subprocess.TimeoutExpired):
                gateway.process.wait(0.4)
            gateway.process.send_signal(signal.SIGTERM)
            self.assertEqual(gateway.process.wait(TIMEOUT_S), 1)
            self.assertIn(b"second signal", gateway.process.stderr.read())


if __name__ == "__main__":
    unittest.main()
