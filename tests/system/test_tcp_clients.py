"""What a client means does not depend on how its bytes were cut: the habits of real clients.

Each entry of CLIENTS writes as that client does; all of them at once, so that what has to wait for
the gap waits for it once. The gap is long here, for a pause of the test must stay below it."""

import multiprocessing
import os
import selectors
import socket
import subprocess
import time
import unittest
from dataclasses import dataclass

from gateway import (Gateway, GatewayTest, clean_environment, gateway_executable, receive_all,
                     receive_exactly, tcp_connect, wait_until)
from programs import netcat

GAP_S = 1.5
PAUSE_S = 0.02  # far below it
LINE_END_NAMES = {b"": "none", b"\n": "lf", b"\r\n": "crlf"}


def answer_of(size):
    return b"Your data was %d bytes" % size


@dataclass
class Client:
    name: str
    writes: tuple[bytes, ...]
    message: bytes  # that the chat takes it for
    line_end: bytes = b""
    half_closes: bool = False
    urgent: int | None = None  # the write that ends in an urgent byte
    answers: tuple[bytes, ...] = ()  # of the chat, where they are not those of one message

    @property
    def text(self):
        return b"".join(self.writes)

    @property
    def chat(self):
        end = b"\n" if self.line_end else b""
        return b"".join(self.answers) or answer_of(len(self.message)) + end

    @property
    def upper(self):
        """The first line, with its end, is the message."""
        line, end, _ = self.text.partition(b"\n")
        return (line + end).upper()


def each_byte(text):
    return tuple(bytes([byte]) for byte in text)


CLIENTS = [
    Client("course, waits for the reply", (b"hello there",), b"hello there"),
    Client("nc", (b"hello\n",), b"hello", b"\n"),
    Client("nc -N", (b"hello",), b"hello", half_closes=True),
    Client("ncat --crlf", (b"hello", b"\r\n"), b"hello", b"\r\n"),
    Client("telnet, line mode", (b"hello\r\n",), b"hello", b"\r\n"),
    Client("telnet, character mode", each_byte(b"hello\r\n"), b"hello", b"\r\n"),
    Client("Java writeBytes", each_byte(b"hello"), b"hello"),
    Client("Java println", (b"hello", b"\n"), b"hello", b"\n"),
    Client("Java writeUTF", (b"\0\5hello",), b"\0\5hello"),
    Client("Java writeUTF, ten characters", (b"\0\x0aten chars!",), b"",
           answers=(answer_of(1) + b"\n", answer_of(10) + b"\n")),
    Client("Go bufio", (b"hello ", b"x\n"), b"hello x", b"\n"),
    Client("Go, no line end", (b"hello ", b"x"), b"hello x"),
    Client("Node, several writes", (b"hel", b"lo", b" x", b"\n"), b"hello x", b"\n"),
    Client("C, strlen + 1", (b"hello\0",), b"hello\0"),
    Client("C, urgent", (b"he", b"llo\n"), b"hello", b"\n", urgent=0),
    Client("C, urgent at the begin", (b"h", b"ello\n"), b"hello", b"\n", urgent=0),
    Client("C, urgent at the end", (b"hel", b"lo\n"), b"hello", b"\n", urgent=1),
]
# A text cut in two at every place.
CLIENTS += [Client(f"cut at {at} of {text!r}", (text[:at], text[at:]), text.strip(b"\r\n"),
                   text[len(text.rstrip(b"\r\n")):])
            for text in (b"hello x\n", b"hi\r\n", b"Hi you") for at in range(1, len(text))]


class Habits(GatewayTest):
    flags = ("--tcp-gap", f"{int(GAP_S * 1000)}ms")

    def talk(self, server, pause_s, nodelay):
        """[(client, its socket)], when all have written."""
        talks = []
        for client in CLIENTS:
            sock = self.connect(server, timeout_s=30)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, nodelay)
            talks.append((client, sock))
        for turn in range(max(len(client.writes) for client in CLIENTS)):
            for client, sock in talks:
                if turn < len(client.writes):
                    sock.send(client.writes[turn], socket.MSG_OOB if client.urgent == turn else 0)
                if turn == len(client.writes) - 1 and client.half_closes:
                    sock.shutdown(socket.SHUT_WR)
            time.sleep(pause_s)
        return talks

    def variants(self):
        for pause_s in (0, PAUSE_S):
            for nodelay in (0, 1):
                yield {"pause_s": pause_s, "nodelay": nodelay}

    def test_chat(self):
        for variant in self.variants():
            for client, sock in self.talk(self.gateway.chat, **variant):
                with self.subTest(client=client.name, **variant):
                    self.assertEqual(receive_exactly(sock, len(client.chat)), client.chat)
                    if client.answers:
                        continue
                    self.assert_conversation(sock, (client.message, client.chat))
                    message = self.gateway.wait_for_message(sock)
                    self.assertEqual(message["line_end"], LINE_END_NAMES[client.line_end])

    def test_upper(self):
        for variant in self.variants():
            for client, sock in self.talk(self.gateway.tcp, **variant):
                with self.subTest(client=client.name, **variant):
                    self.assertEqual(receive_all(sock), client.upper)
                    if client.answers:
                        continue
                    self.assert_conversation(sock, (client.text, client.upper))

    def test_exit_byte_by_byte(self):
        sock = self.connect(self.gateway.chat)
        for byte in each_byte(b"Exit"):
            sock.send(byte)
        self.assertEqual(receive_all(sock), b"Disconnect")

    def test_the_end_of_the_stream_costs_no_gap(self):
        for server, answer in ((self.gateway.chat, answer_of(4)), (self.gateway.tcp, b"HALF")):
            began = time.monotonic()
            for _ in range(20):
                sock = self.connect(server)
                sock.sendall(b"half")
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(receive_all(sock), answer)
                sock.close()
            self.assertLess(time.monotonic() - began, 20 * GAP_S / 2)

    def test_a_line_end_costs_no_gap(self):
        began = time.monotonic()
        chat = self.connect(self.gateway.chat)
        for _ in range(20):
            chat.sendall(b"hello\n")
            self.assertEqual(chat.recv(100), answer_of(5) + b"\n")
            sock = self.connect(self.gateway.tcp)
            sock.sendall(b"hello\n")
            self.assertEqual(receive_all(sock), b"HELLO\n")
        self.assertLess(time.monotonic() - began, 20 * GAP_S / 2)

    def test_a_file_is_answered_by_its_first_line(self):
        lines = b"".join(b"line %d\n" % number for number in range(40000))
        for options in (("-N",), ()):
            self.assertEqual(netcat(self.gateway.tcp, *options, stdin=lines).stdout, b"LINE 0\n")
        one = 30000 * b"ab"
        self.assertEqual(netcat(self.gateway.tcp, "-N", stdin=one).stdout, one.upper())

    def test_all_after_the_end_is_one_record(self):
        sock = self.connect(self.gateway.chat)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(b"Hi\nExit\n")
        self.assertEqual(receive_all(sock), answer_of(2) + b"\nDisconnect\n")
        for _ in range(500):
            sock.send(b"x")
        client = self.gateway.client_of(sock)
        sock.close()
        self.gateway.wait_closed(client["id"])
        messages = self.gateway.wait_for_messages(3, client=client["id"])
        self.assertEqual([one["outcome"] for one in messages],
                         ["replied", "replied", "after_close"])
        self.assertEqual(messages[2]["received"]["size"], 500)


class Gaps(unittest.TestCase):
    def test_what_waits_is_shown(self):
        with Gateway("--tcp-gap", "60s") as gateway:
            for server in (gateway.chat, gateway.tcp):
                sock = tcp_connect(server)
                sock.sendall(b"23 bytes ")
                sock.sendall(b"without an end")
                client = gateway.client_of(sock)
                wait_until(lambda: (gateway.client(client["id"])["pending"] or {})
                           .get("size") == 23, "all of it waits")
                self.assertLessEqual(client["opened_at"],
                                     gateway.client(client["id"])["pending"]["since"])
                self.assertEqual(gateway.messages(client=client["id"]), [])
                sock.shutdown(socket.SHUT_WR)
                gateway.wait_for_messages(1, client=client["id"])
                sock.close()
                self.assertIsNone(gateway.wait_closed(client["id"])["pending"])

    def test_default(self):
        with Gateway() as gateway, tcp_connect(gateway.chat) as sock:
            for said in (b"Hi", b"there"):
                sock.sendall(said)
                self.assertEqual(sock.recv(100), answer_of(len(said)))
            sock.sendall(b"line\nrest")  # a line feed does not make it wait for ever
            self.assertEqual(receive_exactly(sock, 44),
                             answer_of(4) + b"\n" + answer_of(4) + b"\n")

    def test_none(self):
        """What is there is a message, as one recv() of the course's server gives it."""
        with Gateway("--tcp-gap", "0") as gateway:
            with tcp_connect(gateway.tcp) as upper:
                with gateway.asleep():
                    upper.sendall(b"one\ntwo")
                self.assertEqual(receive_all(upper), b"ONE\nTWO")
            with tcp_connect(gateway.chat) as sock:
                sock.sendall(b"Hi")
                self.assertEqual(sock.recv(100), answer_of(2))
                sock.sendall(b"a\nunfi")
                self.assertEqual(sock.recv(100), answer_of(1) + b"\n")
                client = gateway.client_of(sock)
                wait_until(lambda: (gateway.client(client["id"])["pending"] or {}).get("size") == 4,
                           "four bytes wait")
                sock.sendall(b"nished\n")
                self.assertEqual(sock.recv(100), answer_of(10) + b"\n")


def flood(address, count, lines, stop):
    """Line feeds as fast as they are taken; the answers are read and thrown away."""
    chooser = selectors.DefaultSelector()
    for _ in range(count):
        sock = socket.create_connection(address)
        sock.setblocking(False)
        chooser.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
    room = bytearray(1 << 20)
    while not stop.is_set():
        for key, events in chooser.select(0.2):
            try:
                if events & selectors.EVENT_READ:
                    key.fileobj.recv_into(room)
                if events & selectors.EVENT_WRITE:
                    key.fileobj.send(lines)
            except OSError:
                pass


class Fairness(unittest.TestCase):
    """One peer with many connections takes nobody else's turn."""

    ENOUGH_S = 2.0  # unbounded visits made it 6 to 9 s

    def setUp(self):
        self.gateway = Gateway()
        self.addCleanup(self.gateway.kill)
        self.stop = multiprocessing.Event()

    def start_flood(self, server, lines):
        flooder = multiprocessing.Process(target=flood, args=(server, 256, lines, self.stop))
        flooder.start()
        self.addCleanup(flooder.join)
        self.addCleanup(self.stop.set)
        wait_until(lambda: self.gateway.status()["log"]["newest_seq"] > 20000, "a flood")

    def exchange(self):
        began = time.monotonic()
        with tcp_connect(self.gateway.tcp) as sock:
            sock.sendall(b"hello\n")
            self.assertEqual(receive_all(sock), b"HELLO\n")
        with tcp_connect(self.gateway.chat) as sock:
            sock.sendall(b"hello\n")
            self.assertEqual(sock.recv(100), answer_of(5) + b"\n")
        return time.monotonic() - began

    def assert_others_are_served(self):
        self.assertLess(sorted(self.exchange() for _ in range(9))[4], self.ENOUGH_S)
        done = subprocess.run([gateway_executable(), "--healthcheck", "--ready-file",
                               self.gateway.ready_file], env=clean_environment("/tmp"),
                              capture_output=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done)

    def test_long_pipelines(self):
        self.start_flood(self.gateway.chat, 65536 * b"\n")
        self.assert_others_are_served()

    def test_short_pipelines(self):
        self.start_flood(self.gateway.chat, 128 * b"\n")
        self.assert_others_are_served()


class Memory(unittest.TestCase):
    def test_unfinished_messages_are_bounded_in_sum(self):
        """Each byte in time, so that no gap passes: what all hold stays below the bound."""
        with Gateway("--tcp-gap", "60s", "--journal-size", "4M", max_files=4096) as gateway:
            before = gateway.memory_bytes()
            socks = []
            for _ in range(1500):
                sock = tcp_connect(gateway.chat)
                sock.setblocking(False)
                socks.append(sock)
                try:
                    sock.send(65536 * b"a")
                except (BlockingIOError, ConnectionError):
                    pass
            wait_until(lambda: "unfinished messages" in gateway.stderr, "a line in the log")
            reasons = {one["close_reason"] for one in gateway.clients(state="closed")}
            self.assertEqual(reasons, {"unfinished_limit"})
            if not os.environ.get("SANITIZED"):  # which keeps what was freed
                self.assertLess(gateway.memory_bytes() - before, 120 << 20)
            with tcp_connect(gateway.chat) as sock:  # who has little to say is served
                sock.sendall(b"hello\n")
                self.assertEqual(sock.recv(100), answer_of(5) + b"\n")
            for sock in socks:
                sock.close()


if __name__ == "__main__":
    unittest.main()
