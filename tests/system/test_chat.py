"""The TCP chat server over real sockets: framing, limits, and peers that misbehave."""

import os
import resource
import select
import socket
import tempfile
import time
import unittest
from contextlib import ExitStack

from gateway import (STORED_MAX, Gateway, GatewayTest, receive_all, receive_exactly, receive_line,
                     reset, tcp_connect, wait_until)
from programs import chat_client, netcat, run_course

PROMPT = b"Enter message to send or type Exit to disconnect: "
COURSE = (b"Hi", b"Testing Connection", b"Message1", b"Message2")
CONVERSATION = [(line, b"Your data was %d bytes" % len(line)) for line in COURSE]
CONVERSATION.append((b"Exit", b"Disconnect"))


class Talking:
    """What tests of the chat do over and over."""

    def say(self, sock, data, reply):
        """Sends, and receives exactly this reply and nothing more so far."""
        sock.sendall(data)
        self.assertEqual(receive_exactly(sock, len(reply)), reply)
        self.assert_quiet(sock)

    def assert_quiet(self, sock):
        sock.settimeout(0.03)
        try:
            with self.assertRaises(TimeoutError):
                self.fail(f"unexpected: {sock.recv(1000)!r}")
        finally:
            sock.settimeout(10)

    def assert_alive(self, gateway):
        with tcp_connect(gateway.chat) as sock:
            sock.sendall(b"alive")
            self.assertEqual(sock.recv(100), b"Your data was 5 bytes")

    def assert_does_not_spin(self, gateway):
        cpu = gateway.cpu_s()
        time.sleep(1)
        self.assertLess(gateway.cpu_s() - cpu, 0.3)


class ChatTest(Talking, GatewayTest):
    pass


class Course(ChatTest):
    """The transcript of the course, word for word."""

    SAID = b"".join(PROMPT + b"Received Message from Server: " + reply + b"\n"
                    for _, reply in CONVERSATION) + b"Now you are disconnected from the server\n"
    TYPED = b"".join(line + b"\n" for line, _ in CONVERSATION)

    def assert_recorded(self, line_end=b""):
        client = self.gateway.clients(service="tcp-chat")[-1]
        messages = self.gateway.wait_for_messages(len(CONVERSATION), client=client["id"])
        for message, (received, sent) in zip(messages, CONVERSATION, strict=True):
            self.assert_message(message, received, sent + line_end)
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("server", "exit"))

    def test_course_client(self):
        result = run_course("TCPClientTask.py", self.gateway.chat[1], stdin=self.TYPED)
        self.assertEqual((result.stdout, result.returncode, result.stderr), (self.SAID, 0, b""))
        self.assert_recorded()

    def test_our_client(self):
        result = chat_client(self.gateway.chat, stdin=self.TYPED)
        self.assertEqual((result.stdout, result.returncode, result.stderr), (self.SAID, 0, b""))
        self.assert_recorded()

    def test_netcat(self):
        """Sends lines, so it is answered in lines."""
        result = netcat(self.gateway.chat, stdin=self.TYPED)
        self.assertEqual(result.stdout, b"".join(reply + b"\n" for _, reply in CONVERSATION))
        self.assert_recorded(b"\n")

    def test_our_client_with_a_very_long_line(self):
        result = chat_client(self.gateway.chat, stdin=1000000 * b"x" + b"\nHi\nExit\n")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        lines = result.stdout.replace(PROMPT, b"").splitlines()
        sizes = [int(line.split()[-2]) for line in lines[:-2]]
        self.assertEqual((sum(sizes[:-1]), sizes[-1]), (1000000, 2))
        self.assertEqual(lines[-2], b"Received Message from Server: Disconnect")


class Framing(ChatTest):
    flags = ("--tcp-gap", "500ms")  # longer than a stall of the test

    def test_without_line_ends(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"Hi", b"Your data was 2 bytes")
        self.say(sock, b"Hello there", b"Your data was 11 bytes")
        self.assert_conversation(sock, (b"Hi", b"Your data was 2 bytes"),
                                 (b"Hello there", b"Your data was 11 bytes"))

    def test_lines_of_all_kinds(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"Hi\n", b"Your data was 2 bytes\n")
        self.say(sock, b"Hi\r\n", b"Your data was 2 bytes\n")
        self.say(sock, b"\n", b"Your data was 0 bytes\n")
        self.say(sock, b"\r\r\n", b"Your data was 1 bytes\n")
        self.assert_conversation(sock, (b"Hi", b"Your data was 2 bytes\n"),
                                 (b"Hi", b"Your data was 2 bytes\n"),
                                 (b"", b"Your data was 0 bytes\n"),
                                 (b"\r", b"Your data was 1 bytes\n"))
        client = self.gateway.client_of(sock)
        self.assertEqual([message["line_end"] for message in
                          self.gateway.messages(client=client["id"])],
                         ["lf", "crlf", "lf", "crlf"])

    def test_joined_lines(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"a\nbb\r\nccc\n",
                 b"Your data was 1 bytes\nYour data was 2 bytes\nYour data was 3 bytes\n")

    def test_split_lines(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"first\n", b"Your data was 5 bytes\n")
        for part in (b"sec", b"ond", b"\r"):
            self.say(sock, part, b"")
        self.say(sock, b"\nthi", b"Your data was 6 bytes\n")
        self.say(sock, b"rd\n", b"Your data was 5 bytes\n")
        self.assert_conversation(sock, (b"first", b"Your data was 5 bytes\n"),
                                 (b"second", b"Your data was 6 bytes\n"),
                                 (b"third", b"Your data was 5 bytes\n"))

    def test_byte_by_byte(self):
        sock = self.connect(self.gateway.chat)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.say(sock, b"x\n", b"Your data was 1 bytes\n")
        for byte in b"slowly typed":
            sock.sendall(bytes([byte]))
            time.sleep(0.002)
        self.say(sock, b"\n", b"Your data was 12 bytes\n")

    def test_first_without_then_with_line_ends(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"Hi", b"Your data was 2 bytes")
        self.say(sock, b"Ho\n", b"Your data was 2 bytes\n")
        self.say(sock, b"unfinished", b"")
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(receive_all(sock), b"Your data was 10 bytes\n")
        client = self.assert_conversation(sock, (b"Hi", b"Your data was 2 bytes"),
                                          (b"Ho", b"Your data was 2 bytes\n"),
                                          (b"unfinished", b"Your data was 10 bytes\n"))
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("peer", "eof"))

    def test_line_and_beginning_of_another_at_once(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"one\ntw", b"Your data was 3 bytes\n")
        self.say(sock, b"o\n", b"Your data was 3 bytes\n")

    def test_bytes_are_counted_not_characters(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, "ü€😀".encode(), b"Your data was 9 bytes")
        self.say(sock, b"\xff\x00\x1b", b"Your data was 3 bytes")
        self.assert_conversation(sock, ("ü€😀".encode(), b"Your data was 9 bytes"),
                                 (b"\xff\x00\x1b", b"Your data was 3 bytes"))

    def test_line_larger_than_is_kept(self):
        for size in (STORED_MAX - 1, STORED_MAX, STORED_MAX + 1, 1000000):
            with self.subTest(size=size):
                sock = self.connect(self.gateway.chat)
                self.say(sock, b"\n", b"Your data was 0 bytes\n")
                sock.sendall(size * b"x" + b"\r\nend\n")
                self.assertEqual(receive_line(sock), b"Your data was %d bytes\n" % size)
                self.assertEqual(receive_line(sock), b"Your data was 3 bytes\n")
                client = self.gateway.client_of(sock)
                message = self.gateway.wait_for_messages(3, client=client["id"])[1]
                kept = min(size, STORED_MAX)
                self.assertEqual((message["received"]["size"], message["received"]["stored_size"],
                                  message["received"]["truncated"]), (size, kept, size > kept))
                self.assertEqual(message["received"]["text"], kept * "x")

    def test_exit(self):
        for said, reply in ((b"Exit", b"Disconnect"), (b"Exit\n", b"Disconnect\n"),
                            (b"Exit\r\n", b"Disconnect\n"),
                            (b"Hi\nExit\n", b"Your data was 2 bytes\nDisconnect\n")):
            with self.subTest(said=said):
                sock = self.connect(self.gateway.chat)
                sock.sendall(said)
                self.assertEqual(receive_all(sock), reply)
                client = self.gateway.client_of(sock)
                sock.close()
                client = self.gateway.wait_closed(client["id"])
                self.assertEqual((client["closed_by"], client["close_reason"]), ("server", "exit"))

    def test_not_quite_exit(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"exit\nExit \n Exit\nExits\n",
                 b"Your data was 4 bytes\n" + 3 * b"Your data was 5 bytes\n")

    def test_exit_with_more_behind_it(self):
        sock = self.connect(self.gateway.chat)
        sock.sendall(b"Exit\nmore\nand more\n")
        self.assertEqual(receive_all(sock), b"Disconnect\n")
        # It is no message to anyone any more: kept as it came.
        self.assert_conversation(sock, (b"Exit", b"Disconnect\n"),
                                 (b"more\nand more\n", None, "after_close"))
        client = self.gateway.client_of(sock)
        self.assertEqual((client["received"]["messages"], client["unanswered"]), (2, 1))

    def test_exit_in_parts(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"\nEx", b"Your data was 0 bytes\n")
        sock.sendall(b"it\n")
        self.assertEqual(receive_all(sock), b"Disconnect\n")


class Clients(ChatTest):
    flags = ("--tcp-gap", "300ms")
    options = {"tcp_chat": ("127.0.0.1:0", "[::1]:0", "0.0.0.0:0")}

    def test_record(self):
        sock = self.connect(self.gateway.chat)
        client = self.gateway.client_of(sock)
        self.assertEqual((client["service"], client["transport"], client["state"]),
                         ("tcp-chat", "tcp", "open"))
        self.assertEqual(client["local_address"], self.gateway.addresses["tcp_chat"][0])
        self.assertEqual([client[name] for name in ("closed_at", "closed_by", "close_reason")],
                         3 * [None])
        self.say(sock, b"four", b"Your data was 4 bytes")
        self.gateway.wait_for_messages(1, client=client["id"])
        detail = self.gateway.client(client["id"])
        self.assertEqual(detail["received"], {"messages": 1, "bytes": 4})
        self.assertEqual(detail["sent"], {"messages": 1, "bytes": 21})
        self.assertEqual(detail["tcp_info"]["state"], "ESTABLISHED")
        for name in ("rtt_us", "rttvar_us", "snd_cwnd", "snd_mss", "rcv_mss"):
            self.assertGreater(detail["tcp_info"][name], 0, name)
        for name in ("retransmits", "total_retransmits", "lost", "unacked"):
            self.assertGreaterEqual(detail["tcp_info"][name], 0, name)
        sock.close()
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("peer", "eof"))
        self.assertGreater(client["rtt_us"], 0)

    def test_addresses(self):
        for index, host in ((1, "::1"), (2, "127.0.0.2"), (2, "127.0.0.1")):
            name = self.gateway.addresses["tcp_chat"][index]
            with self.subTest(listener=name, host=host):
                port = self.gateway.address("tcp_chat", index)[1]
                sock = self.connect((host, port))
                self.say(sock, b"x", b"Your data was 1 bytes")
                client = self.assert_conversation(sock, (b"x", b"Your data was 1 bytes"))
                self.assertEqual(client["listener"], name)
                host = f"[{host}]" if ":" in host else host
                self.assertEqual(client["local_address"], f"{host}:{port}")

    def test_many_clients_at_once(self):
        sockets = [self.connect(self.gateway.chat) for _ in range(500)]
        for turn in range(3):
            for number, sock in enumerate(sockets):
                sock.sendall(number * b"x" + b"%d\n" % turn)
            for number, sock in enumerate(sockets):
                self.assertEqual(receive_line(sock), b"Your data was %d bytes\n" % (number + 1))
        name = self.gateway.addresses["tcp_chat"][0]
        self.assertGreaterEqual(self.gateway.listener(name)["open_clients"], 500)
        for sock in sockets:
            sock.close()
        wait_until(lambda: self.gateway.listener(name)["open_clients"] == 0, "all are closed")

    def test_disconnected_by_the_operator(self):
        sock, other = self.connect(self.gateway.chat), self.connect(self.gateway.chat)
        self.say(sock, b"Hi", b"Your data was 2 bytes")
        client = self.gateway.client_of(sock)
        self.assertEqual(self.gateway.delete(f"/api/v1/clients/{client['id']}")[0], 204)
        self.assertEqual(receive_all(sock), b"")
        sock.close()
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]),
                         ("operator", "disconnected"))
        self.say(other, b"still here", b"Your data was 10 bytes")

    def test_operator_ends_what_a_silent_peer_holds(self):
        """The peer neither reads nor closes: it goes all the same, soon."""
        sock = self.connect(self.gateway.chat)
        fill(sock)
        client = self.gateway.client_of(sock)
        self.gateway.delete(f"/api/v1/clients/{client['id']}")
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual(client["close_reason"], "disconnected")

    def test_resets(self):
        for said in (b"", b"Hi", b"Hi\n" * 1000, b"unfin\nished"):
            with self.subTest(said=said[:12]):
                sock = self.connect(self.gateway.chat)
                client = self.gateway.client_of(sock)
                with self.gateway.asleep():
                    sock.sendall(said)
                    reset(sock)
                client = self.gateway.wait_closed(client["id"])
                self.assertEqual((client["closed_by"], client["close_reason"]), ("peer", "reset"))
        self.assert_alive(self.gateway)

    def test_reset_in_the_middle_of_a_line(self):
        sock = self.connect(self.gateway.chat)
        self.say(sock, b"whole\nhal", b"Your data was 5 bytes\n")
        client = self.gateway.client_of(sock)
        reset(sock)
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("peer", "reset"))
        messages = self.gateway.wait_for_messages(2, client=client["id"])
        self.assert_message(messages[1], b"hal", None, "unfinished")

    def test_reset_with_replies_unread(self):
        sock = self.connect(self.gateway.chat)
        client = self.gateway.client_of(sock)
        fill(sock)
        reset(sock)
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("peer", "reset"))
        outcomes = [one["outcome"] for one in self.gateway.messages(client=client["id"])]
        self.assertIn("peer_gone", outcomes)
        self.assert_alive(self.gateway)

    def test_reset_storm(self):
        for number in range(300):
            sock = tcp_connect(self.gateway.chat)
            if number % 2:
                sock.send(b"Hi\n")
            reset(sock)
        self.assert_alive(self.gateway)
        name = self.gateway.addresses["tcp_chat"][0]
        wait_until(lambda: self.gateway.listener(name)["open_clients"] == 0, "none is left")

    def test_half_closed_peer_is_answered(self):
        sock = self.connect(self.gateway.chat)
        sock.sendall(b"a\nbb\n")
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(receive_all(sock), b"Your data was 1 bytes\nYour data was 2 bytes\n")


def replies(*sizes):
    return b"".join(b"Your data was %d bytes\n" % size for size in sizes)


class AllAtOnce(ChatTest):
    """What stands in the kernel when the gateway looks, and of which no news will come."""

    flags = ("--tcp-gap", "500ms")

    def test_more_than_one_read(self):
        with self.connect(self.gateway.chat) as sock:
            with self.gateway.asleep():
                for _ in range(20):
                    sock.sendall(b"x" * 9999 + b"\n")
            self.assertEqual(receive_exactly(sock, len(replies(9999)) * 20), replies(9999) * 20)

    def test_exactly_one_read(self):
        with self.connect(self.gateway.chat) as sock:
            with self.gateway.asleep():
                sock.sendall((b"x" * 1023 + b"\n") * 64)
            self.say(sock, b"ab\n", replies(*[1023] * 64, 2))

    def test_data_and_end(self):
        with self.connect(self.gateway.chat) as sock:
            with self.gateway.asleep():
                sock.sendall(b"a\nbb\n")
                sock.shutdown(socket.SHUT_WR)
            client = self.gateway.client_of(sock)
            self.assertEqual(receive_all(sock), replies(1, 2))
        self.assertEqual(self.gateway.wait_closed(client["id"])["close_reason"], "eof")

    def test_data_and_reset(self):
        with self.connect(self.gateway.chat) as sock:
            client = self.gateway.client_of(sock)
            with self.gateway.asleep():
                sock.sendall(b"a\n")
                reset(sock)
        self.assertEqual(self.gateway.wait_closed(client["id"])["close_reason"], "reset")

    def test_what_follows_urgent_data(self):
        """A read ends at the mark; the urgent byte stands in the stream where it was sent."""
        with self.connect(self.gateway.chat) as sock:
            with self.gateway.asleep():
                sock.sendall(b"one\n")
                sock.send(b"!", socket.MSG_OOB)
                sock.sendall(b"three\n")
            self.say(sock, b"", replies(3, 6))
            with self.gateway.asleep():
                sock.sendall(b"four")
                sock.send(b"!", socket.MSG_OOB)
            self.say(sock, b"", b"")
            self.say(sock, b"\n", replies(5))
        self.assert_does_not_spin(self.gateway)


def fill(sock, limit=200 << 20, quiet_s=0.5):
    """Sends lines "x" and reads nothing until the server stops reading, which must be before
    `limit` bytes. Returns the number of lines, and what is still to be sent of the last one."""
    sock.setblocking(False)
    block = b"x\n" * 32768
    sent, quiet_since = 0, time.monotonic()
    while time.monotonic() - quiet_since < quiet_s:
        try:
            sent += sock.send(block[sent % 2:])
            quiet_since = time.monotonic()
            if sent > limit:
                raise AssertionError(f"the server read {sent} bytes of one that does not read")
        except BlockingIOError:
            time.sleep(0.01)
    sock.settimeout(10)
    return (sent + 1) // 2, b"\n"[:sent % 2]


class SlowReaders(ChatTest):
    flags = ("--journal-size", "4M")  # which is the other thing that grows

    def test_slow_readers(self):
        slow = [self.connect(self.gateway.chat) for _ in range(4)]
        before = self.gateway.memory_bytes()
        filled = [fill(sock) for sock in slow]
        self.assertLess(self.gateway.memory_bytes() - before, 40 << 20)
        self.assert_alive(self.gateway)
        cpu = self.gateway.cpu_s()
        time.sleep(0.5)
        self.assertLess(self.gateway.cpu_s() - cpu, 0.25, "it spins")
        # Nothing was lost: every line is answered when they read at last.
        for sock, (lines, rest) in zip(slow, filled):
            self.read_replies(sock, lines * len(b"Your data was 1 bytes\n"), rest)
            self.say(sock, b"after\n", b"Your data was 5 bytes\n")

    def read_replies(self, sock, size, unsent):
        """Receives `size` bytes; sends the rest of the last line as soon as there is room."""
        while size > 0:
            readable, writable, _ = select.select([sock], [sock] if unsent else [], [], 10)
            self.assertTrue(readable or writable, f"{size} bytes are missing")
            if writable:
                unsent = unsent[sock.send(unsent):]
            if readable:
                data = sock.recv(1 << 20)
                self.assertTrue(data, f"{size} bytes are missing")
                size -= len(data)
        self.assertEqual(size, 0)


class Limits(Talking, unittest.TestCase):
    """What one peer can take from the others."""

    def test_connections_in_all(self):
        with Gateway("--max-connections", "5") as gateway:
            held = [tcp_connect(gateway.chat) for _ in range(4)] + [tcp_connect(gateway.tcp)]
            wait_until(lambda: len(gateway.clients(state="open")) == 5, "five are there")
            self.assert_turned_away(gateway, gateway.chat)
            self.assert_turned_away(gateway, gateway.tcp)
            name = gateway.addresses["tcp_chat"][0]
            wait_until(lambda: gateway.listener(name)["rejected_connections"] == 1,
                       "the one turned away is counted")
            gateway.wait_logged("connection")
            held[0].sendall(b"Hi")
            self.assertEqual(held[0].recv(100), b"Your data was 2 bytes")
            held.pop().close()
            wait_until(lambda: len(gateway.clients(state="open")) == 4, "one has gone")
            self.assert_alive(gateway)
            for sock in held:
                sock.close()

    def test_connections_from_one_address(self):
        with Gateway("--max-connections-per-address", "2") as gateway:
            held = [tcp_connect(gateway.chat) for _ in range(2)]
            wait_until(lambda: len(gateway.clients(state="open")) == 2, "two are there")
            self.assert_turned_away(gateway, gateway.chat)
            self.assert_turned_away(gateway, gateway.tcp)
            other = tcp_connect(gateway.chat, bind=("127.0.0.2", 0))
            other.sendall(b"Hi")
            self.assertEqual(other.recv(100), b"Your data was 2 bytes")
            held.pop().close()
            wait_until(lambda: len(gateway.clients(state="open")) == 2, "one has gone")
            self.assert_alive(gateway)
            other.close()
            held.pop().close()

    def test_the_answered_make_room(self):
        """Whoever has his answer and stays does not keep others out."""
        for limit in ("--max-connections", "--max-connections-per-address"):
            with self.subTest(limit), Gateway(limit, "3") as gateway, ExitStack() as held:
                for _ in range(12):
                    sock = held.enter_context(tcp_connect(gateway.tcp))
                    sock.sendall(b"hello\n")
                    self.assertEqual(receive_all(sock), b"HELLO\n")
                wait_until(lambda: len(gateway.clients(state="open")) <= 3, "most have gone")
                reasons = {client["close_reason"] for client in gateway.clients(state="closed")}
                self.assertEqual(reasons, {"answered"})
                listener = gateway.listener(gateway.addresses["tcp_upper"][0])
                self.assertEqual(listener["rejected_connections"], 0)

    def assert_turned_away(self, gateway, server):
        with tcp_connect(server) as sock:
            try:
                self.assertEqual(sock.recv(100), b"")
            except ConnectionResetError:
                pass

    def test_idle_timeout(self):
        with Gateway("--tcp-idle", "400ms") as gateway:
            with tcp_connect(gateway.chat) as silent, tcp_connect(gateway.chat) as busy:
                client = gateway.client_of(silent)
                for _ in range(8):
                    busy.sendall(b"Hi")
                    self.assertEqual(busy.recv(100), b"Your data was 2 bytes")
                    time.sleep(0.1)
                self.assertEqual(receive_all(silent), b"")
                closed = gateway.wait_closed(client["id"])
                self.assertEqual((closed["closed_by"], closed["close_reason"]),
                                 ("server", "idle_timeout"))
                busy.sendall(b"Hi")
                self.assertEqual(busy.recv(100), b"Your data was 2 bytes")

    def test_idle_timeout_of_one_that_does_not_read(self):
        with Gateway("--tcp-idle", "700ms") as gateway, tcp_connect(gateway.chat) as sock:
            fill(sock, quiet_s=0.2)
            client = gateway.wait_closed(gateway.client_of(sock)["id"])
            self.assertEqual(client["close_reason"], "idle_timeout")


class Descriptors(Talking, unittest.TestCase):
    """What happens when they run out."""

    def test_few_from_the_start(self):
        """It knows its limit and turns connections away, with some kept for the dashboard."""
        with Gateway(max_files=64) as gateway:
            held = [tcp_connect(gateway.chat) for _ in range(100)]
            name = gateway.addresses["tcp_chat"][0]
            wait_until(lambda: gateway.listener(name)["rejected_connections"] > 0,
                       "some are turned away")
            self.assertGreaterEqual(gateway.listener(name)["open_clients"], 10)
            held[0].sendall(b"Hi")
            self.assertEqual(held[0].recv(100), b"Your data was 2 bytes")
            self.assert_does_not_spin(gateway)
            for sock in held:
                sock.close()
            wait_until(lambda: gateway.listener(name)["open_clients"] == 0, "all have gone")
            self.assert_alive(gateway)

    def test_none_left(self):
        """EMFILE: newcomers are turned away with a line in the log, those who are there stay, it
        does not spin, and it goes on when there are descriptors again."""
        with Gateway() as gateway, tcp_connect(gateway.chat) as first:
            first.sendall(b"Hi")
            self.assertEqual(first.recv(100), b"Your data was 2 bytes")
            files = gateway.open_files() + 3
            before = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (files, before[1]))
            held = [tcp_connect(gateway.chat) for _ in range(20)]
            wait_until(lambda: "out of file descriptors" in gateway.stderr, "a line in the log")
            self.assert_does_not_spin(gateway)
            self.assertLess(gateway.stderr.count("\n"), 10)
            first.sendall(b"Still")
            self.assertEqual(first.recv(100), b"Your data was 5 bytes")
            for sock in held:
                sock.close()
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, before)
            wait_until(lambda: len(gateway.clients(state="open")) == 1, "only the first is left")
            name = gateway.addresses["tcp_chat"][0]
            self.assertGreaterEqual(gateway.listener(name)["rejected_connections"], 17)
            self.assert_alive(gateway)

    def test_none_left_for_the_dashboard(self):
        with Gateway() as gateway, tcp_connect(gateway.chat) as first:
            first.sendall(b"Hi")
            self.assertEqual(first.recv(100), b"Your data was 2 bytes")
            before = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (gateway.open_files(), before[1]))
            with tcp_connect(gateway.address("http")) as sock:
                sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                self.assert_does_not_spin(gateway)
            first.sendall(b"Still")
            self.assertEqual(first.recv(100), b"Your data was 5 bytes")
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, before)
            wait_until(lambda: gateway.get("/healthz")[0] == 200, "it answers again")


class Unix(Talking, unittest.TestCase):
    def test_unix_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "chat")
            with Gateway(tcp_chat=["127.0.0.1:0", "unix:" + path]) as gateway:
                self.assertEqual(gateway.addresses["tcp_chat"][1], "unix:" + path)
                result = chat_client(path, stdin=Course.TYPED)
                self.assertEqual((result.stdout, result.returncode), (Course.SAID, 0))
                self.assertEqual(netcat(path, stdin=b"Hi\nExit\n").stdout,
                                 b"Your data was 2 bytes\nDisconnect\n")
                first, second = tcp_connect(path), tcp_connect(path)
                for sock in (first, second):
                    self.say(sock, b"Hi", b"Your data was 2 bytes")
                clients = gateway.clients(state="open")
                self.assertEqual(len(clients), 2)
                for client in clients:
                    self.assertEqual((client["address"], client["transport"], client["listener"],
                                      client["rtt_us"]), ("unix:", "unix", "unix:" + path, None))
                gateway.delete(f"/api/v1/clients/{clients[0]['id']}")
                self.assertEqual(receive_all(first), b"")
                self.say(second, b"Ho", b"Your data was 2 bytes")
                first.close()
                second.close()

    def test_what_follows_a_descriptor(self):
        """A read ends behind bytes that came with one. Nobody asked for it: it is closed."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "chat")
            with Gateway(tcp_chat=["unix:" + path]) as gateway, tcp_connect(path) as sock:
                self.say(sock, b"a\n", replies(1))
                files = gateway.open_files()
                with gateway.asleep():
                    socket.send_fds(sock, [b"bb\n"], [sock.fileno()])
                    sock.sendall(b"ccc\n")
                self.say(sock, b"", replies(2, 3))
                self.assertEqual(gateway.open_files(), files)


if __name__ == "__main__":
    unittest.main()
