"""The TCP uppercase server over real sockets: one message, one reply, close."""

import os
import socket
import tempfile
import time
import unittest

from gateway import (STORED_MAX, Gateway, GatewayTest, receive_all, reset, tcp_connect,
                     wait_until)
from programs import netcat, run_course, tcp_client


class Course(GatewayTest):
    """The transcript of the course, word for word. Its code prints two blanks after the colon."""

    SAID = b"Input lowercase sentence:  From Server:  HELLO FROM TCP CLIENT\n"

    def setUp(self):
        self.seen = self.gateway.newest_seq()

    def assert_recorded(self, received, sent):
        message = self.gateway.wait_for_messages(1, after=self.seen)[0]
        self.assert_message(message, received, sent)
        client = self.gateway.wait_closed(message["client"]["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("server", "answered"))

    def test_course_client(self):
        result = run_course("TCPClient.py", self.gateway.tcp[1], stdin=b"hello from tcp client\n")
        self.assertEqual((result.stdout, result.returncode, result.stderr), (self.SAID, 0, b""))
        self.assert_recorded(b"hello from tcp client", b"HELLO FROM TCP CLIENT")

    def test_our_client(self):
        result = tcp_client(self.gateway.tcp, stdin=b"hello from tcp client\n")
        self.assertEqual((result.stdout, result.returncode, result.stderr), (self.SAID, 0, b""))
        self.assert_recorded(b"hello from tcp client", b"HELLO FROM TCP CLIENT")

    def test_netcat(self):
        result = netcat(self.gateway.tcp, stdin=b"hello from nc\n")
        self.assertEqual(result.stdout, b"HELLO FROM NC\n")
        self.assert_recorded(b"hello from nc\n", b"HELLO FROM NC\n")


class OneAnswer(GatewayTest):
    options = {"tcp_upper": ("127.0.0.1:0", "[::1]:0", "127.0.0.1:0")}

    def exchange(self, payload, index=0):
        """Sends, reads to the end, and checks the record."""
        sock = self.connect(self.gateway.address("tcp_upper", index))
        sock.sendall(payload)
        reply = receive_all(sock)
        client = self.assert_conversation(sock, (payload, reply))
        sock.close()
        return reply, self.gateway.wait_closed(client["id"])

    def test_record(self):
        sock = self.connect(self.gateway.tcp)
        sock.sendall(b"hello")
        self.assertEqual(receive_all(sock), b"HELLO")
        client = self.assert_conversation(sock, (b"hello", b"HELLO"))
        sock.close()
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["service"], client["transport"]), ("tcp-upper", "tcp"))
        self.assertEqual((client["closed_by"], client["close_reason"]), ("server", "answered"))
        self.assertEqual(client["local_address"], self.gateway.addresses["tcp_upper"][0])
        self.assertEqual(client["received"], {"messages": 1, "bytes": 5})
        self.assertEqual(client["sent"], {"messages": 1, "bytes": 5})
        self.assertGreater(client["rtt_us"], 0)
        self.assertLessEqual(client["opened_at"], client["last_seen_at"])
        self.assertLessEqual(client["last_seen_at"], client["closed_at"])

    def test_unicode_and_other_bytes(self):
        for payload, reply in (("straße".encode(), b"STRASSE"), (b"a\xffb", b"A\xffB"),
                               (b"a\rb\r\n", b"A\rB\r\n"), (b"\n", b"\n"), (b"\0", b"\0")):
            with self.subTest(payload=payload):
                self.assertEqual(self.exchange(payload)[0], reply)

    def test_several_addresses(self):
        for index, name in enumerate(self.gateway.addresses["tcp_upper"]):
            before = self.gateway.listener(name)
            reply, client = self.exchange(b"hi", index)
            self.assertEqual(reply, b"HI")
            self.assertEqual((client["listener"], client["local_address"]), (name, name))
            after = self.gateway.listener(name)
            self.assertEqual(after["connections"], before["connections"] + 1)
            self.assertEqual(after["received"]["messages"], before["received"]["messages"] + 1)

    def test_60_kb_message(self):
        """Written while the server sleeps, so that all of it is there when it looks."""
        payload = 60000 * b"x"
        sock = self.connect(self.gateway.tcp)
        with self.gateway.asleep():
            sock.sendall(payload)
        self.assertEqual(receive_all(sock), payload.upper())
        self.assert_conversation(sock, (payload, payload.upper()))

    def test_60_kb_message_of_our_client(self):
        """TCP may hand it over in parts; only the first is answered, and the client says so."""
        seen = self.gateway.newest_seq()
        result = tcp_client(self.gateway.tcp, stdin=60000 * b"x" + b"\n")
        reply = result.stdout.removeprefix(b"Input lowercase sentence:  From Server:  ")[:-1]
        self.assertGreater(len(reply), 0)
        self.assertEqual(reply, len(reply) * b"X")
        message = self.gateway.wait_for_messages(1, after=seen)[0]
        self.assertEqual(message["sent"]["size"], len(reply))

    def test_message_larger_than_is_kept(self):
        size = 150000
        sock = self.connect(self.gateway.tcp)
        with self.gateway.asleep():
            sock.settimeout(0.5)
            sent = 0
            while sent < size:
                try:
                    sent += sock.send((size - sent) * b"x")
                except TimeoutError:
                    break  # the kernel's buffers hold no more: enough if it is over the limit
            self.assertGreater(sent, STORED_MAX + 1000)
            sock.settimeout(10)
        reply = receive_all(sock)
        message = self.gateway.wait_for_message(sock)
        self.assertEqual(message["outcome"], "replied")
        self.assertEqual((message["received"]["size"], message["received"]["stored_size"],
                          message["received"]["truncated"]), (sent, STORED_MAX, True))
        self.assertEqual(message["sent"]["size"], len(reply))
        self.assertEqual(reply, len(reply) * b"X")
        self.assertGreaterEqual(len(reply), STORED_MAX)

    def test_second_message(self):
        """It comes too late; it is recorded, and its arrival does not destroy the reply."""
        sock = self.connect(self.gateway.tcp)
        sock.sendall(b"first")
        client = self.gateway.client_of(sock)
        self.gateway.wait_for_messages(1, client=client["id"])
        sock.sendall(b"second")
        self.assertEqual(receive_all(sock), b"FIRST")
        self.assert_conversation(sock, (b"first", b"FIRST"), (b"second", None, "after_close"))

    def test_nothing_said(self):
        sock = self.connect(self.gateway.tcp)
        client = self.gateway.client_of(sock)
        self.assertEqual(client["state"], "open")
        sock.close()
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("peer", "eof"))
        self.assertEqual(self.gateway.messages(client=client["id"]), [])

    def test_half_close(self):
        sock = self.connect(self.gateway.tcp)
        sock.sendall(b"half")
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(receive_all(sock), b"HALF")
        self.assert_conversation(sock, (b"half", b"HALF"))

    def test_message_and_end_at_once(self):
        sock = self.connect(self.gateway.tcp)
        with self.gateway.asleep():
            sock.sendall(b"both")
            sock.shutdown(socket.SHUT_WR)
        self.assertEqual(receive_all(sock), b"BOTH")
        self.assert_conversation(sock, (b"both", b"BOTH"))

    def test_resets(self):
        first = self.connect(self.gateway.tcp)
        client = self.gateway.client_of(first)
        reset(first)
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("peer", "reset"))
        for _ in range(200):
            sock = tcp_connect(self.gateway.tcp)
            sock.send(b"hello")
            reset(sock)
        self.assertEqual(self.exchange(b"alive")[0], b"ALIVE")
        wait_until(lambda: not self.gateway.clients(service="tcp-upper", state="open"),
                   "no connection is left")

    def test_reset_before_the_reply(self):
        sock = self.connect(self.gateway.tcp)
        client = self.gateway.client_of(sock)
        with self.gateway.asleep():
            sock.send(b"hello")
            reset(sock)
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]), ("peer", "reset"))
        for message in self.gateway.messages(client=client["id"]):
            self.assertEqual(message["outcome"], "peer_gone")

    def test_many_at_once(self):
        sockets = [self.connect(self.gateway.tcp) for _ in range(500)]
        for number, sock in enumerate(sockets):
            sock.sendall(b"number %d" % number)
        for number, sock in enumerate(sockets):
            self.assertEqual(receive_all(sock), b"NUMBER %d" % number)

    def test_disconnected_by_the_operator(self):
        sock = self.connect(self.gateway.tcp)
        client = self.gateway.client_of(sock)
        self.assertEqual(self.gateway.delete(f"/api/v1/clients/{client['id']}")[0], 204)
        self.assertEqual(receive_all(sock), b"")
        sock.close()
        client = self.gateway.wait_closed(client["id"])
        self.assertEqual((client["closed_by"], client["close_reason"]),
                         ("operator", "disconnected"))


class Unix(unittest.TestCase):
    def test_unix_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "upper")
            with Gateway(tcp_upper=["unix:" + path]) as gateway:
                self.assertEqual(gateway.addresses["tcp_upper"], ["unix:" + path])
                result = tcp_client(path, stdin=b"over unix\n")
                self.assertEqual(result.stdout,
                                 b"Input lowercase sentence:  From Server:  OVER UNIX\n")
                self.assertEqual(netcat(path, stdin=b"nc\n").stdout, b"NC\n")
                messages = gateway.wait_for_messages(2)
                self.assertEqual([one["received"]["text"] for one in messages],
                                 ["over unix", "nc\n"])
                for message in messages:
                    self.assertEqual(message["client"]["address"], "unix:")
                    self.assertEqual(message["listener"], "unix:" + path)
                    client = gateway.wait_closed(message["client"]["id"])
                    self.assertEqual((client["transport"], client["close_reason"]),
                                     ("unix", "answered"))
                    self.assertIsNone(client["rtt_us"])
            self.assertFalse(os.path.exists(path), "the path is removed at the end")


class Idle(unittest.TestCase):
    def test_silent_connection_is_closed(self):
        with Gateway("--tcp-idle", "300ms") as gateway:
            started = time.monotonic()
            with tcp_connect(gateway.tcp) as sock:
                self.assertEqual(receive_all(sock), b"")
                took_s = time.monotonic() - started
                client = gateway.client_of(sock)
            self.assertTrue(0.25 <= took_s < 3, took_s)
            client = gateway.wait_closed(client["id"])
            self.assertEqual((client["closed_by"], client["close_reason"]),
                             ("server", "idle_timeout"))


if __name__ == "__main__":
    unittest.main()
