"""The UDP uppercase server over real sockets, and what its API says about it."""

import contextlib
import socket
import time
import unittest

from gateway import (Gateway, GatewayTest, format_address, udp_exchange, udp_socket,
                     wait_until)
from programs import netcat, run_course, udp_client

UDP_GRO = 104
UDP_SEGMENT = 103  # linux/udp.h; Python's socket module has no names for them


def outward_address():
    """An IPv4 address of this machine that is not loopback, or None. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return sock.getsockname()[0]


class Course(GatewayTest):
    """The transcripts of the course, word for word."""

    def setUp(self):
        self.seen = self.gateway.newest_seq()

    def next_message(self):
        """The one that came last may be on its way to the log while its reply is here already."""
        message = self.gateway.wait_for_messages(1, after=self.seen)[0]
        self.seen = message["seq"]
        return message

    def test_course_client(self):
        result = run_course("UDPClient.py", self.gateway.udp[1], stdin=b"Hello from client\n")
        self.assertEqual(result.stdout, b"Input lowercase sentence: HELLO FROM CLIENT\n")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assert_message(self.next_message(), b"Hello from client", b"HELLO FROM CLIENT")

    def test_our_client(self):
        result = udp_client(self.gateway.udp, stdin=b"Hello from client\n")
        self.assertEqual(result.stdout, b"Input lowercase sentence: HELLO FROM CLIENT\n")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assert_message(self.next_message(), b"Hello from client", b"HELLO FROM CLIENT")

    def free_port(self):
        with udp_socket() as sock:
            return sock.getsockname()[1]

    def test_clients_using_arguments(self):
        server = self.gateway.udp
        for text in (b"hello from client1", b"hello from client 2"):
            for name in ("course", "ours"):
                with self.subTest(text=text, client=name):
                    port = self.free_port()
                    if name == "ours":
                        result = udp_client(server, port, text.decode())
                    else:
                        result = run_course("UDPClient-usingarg.py", port, text.decode(),
                                            server[1])
                    self.assertEqual(result.stdout, text.upper() + b"\n")
                    message = self.next_message()
                    self.assert_message(message, text, text.upper())
                    self.assertEqual(message["client"]["address"], f"127.0.0.1:{port}")

    def test_netcat(self):
        result = netcat(self.gateway.udp, "-u", "-w", "1", stdin=b"hello from nc\n")
        self.assertEqual(result.stdout, b"HELLO FROM NC\n")
        self.assert_message(self.next_message(), b"hello from nc\n", b"HELLO FROM NC\n")


class Uppercase(GatewayTest):
    def exchange(self, payload):
        with udp_socket() as sock:
            sock.sendto(payload, self.gateway.udp)
            reply, source = sock.recvfrom(65535)
            self.assertEqual(source, self.gateway.udp)
            self.assert_conversation(sock, (payload, reply))
        return reply

    def test_as_python_has_it(self):
        for text in ("hello", "straße", "ŉot", "ﬁne ﬂow", "ΐΰ", "ας σοφός", "ი", "ı i İ", "ǆ ǅ Ǆ",
                     "e\u0301a\u0308", "\U0001f600 ok", "ᾳ ᾼ ῳ", "\u0149\u1e96", "a\0b", "日本語"):
            with self.subTest(text=text):
                self.assertEqual(self.exchange(text.encode()).decode(), text.upper())

    def test_every_code_point(self):
        """In datagrams of 5,000, whose upper case is at most 60,000 bytes."""
        points = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
        with udp_socket() as sock:
            for start in range(0, len(points), 5000):
                text = "".join(map(chr, points[start:start + 5000]))
                sock.sendto(text.encode(), self.gateway.udp)
                reply = sock.recv(65535).decode()
                if reply != text.upper():
                    wrong = [hex(ord(one)) for one, upper in zip(text, map(str.upper, text))
                             if udp_exchange(self.gateway.udp, one.encode()).decode() != upper]
                    self.fail(f"not as str.upper(): {wrong}")

    def test_bytes_that_are_not_utf8(self):
        for payload, expected in ((b"abc\xffdef", b"ABC\xffDEF"),
                                  (b"\xc3", b"\xc3"),
                                  (b"\xc3\xbc\xc3x", b"\xc3\x9c\xc3X"),
                                  (b"\xed\xa0\x80a", b"\xed\xa0\x80A"),
                                  (b"\xf5\x80\x80\x80z", b"\xf5\x80\x80\x80Z"),
                                  (b"\xc0\xafq", b"\xc0\xafQ"),
                                  (bytes(range(256)), bytes(range(256)).upper())):
            with self.subTest(payload=payload):
                self.assertEqual(self.exchange(payload), expected)

    def test_empty_datagram(self):
        self.assertEqual(self.exchange(b""), b"")

    def test_largest_datagram(self):
        self.assertEqual(self.exchange(65507 * b"x"), 65507 * b"X")

    def test_reply_that_grows_too_large(self):
        payload = 30000 * "ΐ".encode()  # 2 bytes, upper case 6
        with udp_socket(timeout_s=0.5) as sock:
            sock.sendto(payload, self.gateway.udp)
            with self.assertRaises(TimeoutError):
                sock.recv(65535)
            client = self.assert_conversation(sock, (payload, None, "reply_too_large"))
            self.assertEqual(client["unanswered"], 1)
            self.assertEqual(client["received"], {"messages": 1, "bytes": 60000})
            self.assertEqual(client["sent"], {"messages": 0, "bytes": 0})
            found = self.gateway.messages(outcome="reply_too_large")
            self.assertIn(client["id"], [message["client"]["id"] for message in found])
            sock.sendto(b"still here", self.gateway.udp)
            self.assertEqual(sock.recv(100), b"STILL HERE")

    def test_largest_reply(self):
        payload = 10917 * "ΐ".encode()  # 65,502 bytes upper case
        self.assertEqual(len(self.exchange(payload + b"abcde")), 65507)


def check_one_exchange(test, index, host):
    """The first message to a listener is counted there, and exactly once."""
    gateway = test.gateway
    server = gateway.address("udp_upper", index)
    name = gateway.addresses["udp_upper"][index]
    before = gateway.listener(name)
    with udp_socket((host, 0)) as sock:
        sock.sendto(b"over ip", server)
        reply, source = sock.recvfrom(100)
        test.assertEqual((reply, source[:2]), (b"OVER IP", server))
        client = test.assert_conversation(sock, (b"over ip", b"OVER IP"))
    test.assertEqual((client["listener"], client["local_address"]), (name, name))
    test.assertEqual((client["service"], client["transport"], client["state"]),
                     ("udp-upper", "udp", "open"))
    test.assertEqual([client[key] for key in ("closed_at", "closed_by", "close_reason", "rtt_us")],
                     4 * [None])
    one = {"messages": 1, "bytes": 7}
    expected = before | {"received": one, "sent": one, "open_clients": 1}
    test.assertEqual(gateway.listener(name), expected)
    test.assertEqual((before["received"]["messages"], before["connections"]), (0, 0))


class Addresses(GatewayTest):
    options = {"udp_upper": ("127.0.0.1:0", "127.0.0.1:0", "127.0.0.5:0")}

    def test_each_is_a_listener(self):
        for index in range(3):
            with self.subTest(index=index):
                check_one_exchange(self, index, "127.0.0.1")


class Ipv6(GatewayTest):
    options = {"udp_upper": ("[::1]:0", "[::1]:0", "[::]:0")}

    def test_one_address(self):
        check_one_exchange(self, 0, "::1")

    def test_wildcard_answers_from_the_address_that_was_asked(self):
        server = ("::1", self.gateway.address("udp_upper", 2)[1])
        with udp_socket(("::1", 0)) as sock:
            sock.connect(server)
            sock.send(b"who")
            self.assertEqual(sock.recv(100), b"WHO")
            client = self.assert_conversation(sock, (b"who", b"WHO"))
            self.assertEqual(client["local_address"], format_address(server))

    def test_our_client(self):
        result = udp_client(self.gateway.address("udp_upper", 1), 0, "straße")
        self.assertEqual((result.returncode, result.stdout), (0, b"STRASSE\n"))


class Datagrams(GatewayTest):
    """Who is answered, from where, and how it is counted."""

    # No IPv6 here: its ports are free for our IPv4 sockets, and a source port that is a listener's
    # is refused.
    options = {"udp_upper": ("127.0.0.1:0", "127.0.0.1:0", "0.0.0.0:0")}

    def wildcard_port(self):
        return self.gateway.address("udp_upper", 2)[1]

    def test_wildcard_answers_from_the_address_that_was_asked(self):
        for host in ("127.0.0.1", "127.0.0.2", "127.9.8.7"):
            with self.subTest(host=host), udp_socket(("127.0.0.1", 0)) as sock:
                server = (host, self.wildcard_port())
                sock.connect(server)  # others' replies are dropped
                sock.send(b"who")
                self.assertEqual(sock.recv(100), b"WHO")
                client = self.assert_conversation(sock, (b"who", b"WHO"))
                self.assertEqual(client["local_address"], format_address(server))
                self.assertEqual(client["listener"], self.gateway.addresses["udp_upper"][2])

    def test_one_socket_is_one_client(self):
        with udp_socket() as sock:
            for count in range(1, 6):
                sock.sendto(b"again %d" % count, self.gateway.udp)
                sock.recv(100)
            exchanges = [(b"again %d" % count, b"AGAIN %d" % count) for count in range(1, 6)]
            client = self.assert_conversation(sock, *exchanges)
            self.assertEqual(client["received"], {"messages": 5, "bytes": 35})
            self.assertEqual(client["sent"], {"messages": 5, "bytes": 35})
            # The same socket talking to another listener is another client.
            sock.sendto(b"other", self.gateway.address("udp_upper", 1))
            sock.recv(100)
            name = format_address(sock.getsockname())
            found = wait_until(lambda: len(self.gateway.clients(address=name)) == 2,
                               "two clients with the same address")
            self.assertTrue(found)

    def test_many_clients(self):
        sockets = [self.datagram_socket() for _ in range(500)]
        for number, sock in enumerate(sockets):
            sock.sendto(b"number %d" % number, self.gateway.udp)
        for number, sock in enumerate(sockets):
            self.assertEqual(sock.recv(100), b"NUMBER %d" % number)
        names = {format_address(sock.getsockname()) for sock in sockets}
        wait_until(lambda: names <= {one["address"] for one in self.gateway.clients(
            service="udp-upper", sort="-id")}, "500 clients")

    def test_bursts_are_answered_in_order(self):
        """Also as one send that the kernel cuts into datagrams (UDP_SEGMENT), as fast clients do."""
        sock = self.datagram_socket()
        sock.connect(self.gateway.udp)
        parts = [b"%099dx" % number for number in range(40)]
        for how in ("each", "segmented"):
            with self.subTest(how=how):
                if how == "each":
                    for part in parts:
                        sock.send(part)
                else:
                    control = [(socket.SOL_UDP, UDP_SEGMENT, (100).to_bytes(2, "little"))]
                    sock.sendmsg([b"".join(parts), b"tail"], control)
                expected = [part.upper() for part in parts]
                if how == "segmented":
                    expected.append(b"TAIL")
                self.assertEqual([sock.recv(65535) for _ in expected], expected)

    def test_segments_of_different_sizes(self):
        """Replies that grow do not fit the grouping that the requests came in."""
        sock = self.datagram_socket()
        sock.connect(self.gateway.udp)
        parts = ["ß" * 10, "a" * 20, "ŉ" * 10, "b" * 20]
        control = [(socket.SOL_UDP, UDP_SEGMENT, (20).to_bytes(2, "little"))]
        sock.sendmsg(["".join(parts).encode()], control)
        self.assertEqual([sock.recv(100).decode() for _ in parts], [p.upper() for p in parts])

    def test_client_that_receives_coalesced(self):
        sock = self.datagram_socket()
        sock.setsockopt(socket.SOL_UDP, UDP_GRO, 1)
        sock.connect(self.gateway.udp)
        control = [(socket.SOL_UDP, UDP_SEGMENT, (50).to_bytes(2, "little"))]
        sock.sendmsg([b"y" * 2000], control)
        data = b""
        while len(data) < 2000:
            data += sock.recv(65535)
        self.assertEqual(data, b"Y" * 2000)
        client = self.gateway.client_of(sock)
        wait_until(lambda: self.gateway.client(client["id"])["sent"]["messages"] == 40, "40 sent")

    def test_clients_that_are_gone(self):
        """Replies to a closed port bring ICMP errors back, which must not disturb others."""
        with udp_socket() as sock:
            for _ in range(200):
                with udp_socket() as gone:
                    gone.sendto(b"bye", self.gateway.udp)
            for number in range(20):
                sock.sendto(b"here %d" % number, self.gateway.udp)
                self.assertEqual(sock.recv(100), b"HERE %d" % number)
        name = self.gateway.addresses["udp_upper"][0]
        wait_until(lambda: self.gateway.listener(name)["received"]["messages"] >= 220,
                   "all are counted")


class Refused(GatewayTest):
    """What could be half of an echo loop is not answered, and recorded with its reason."""

    options = {"udp_upper": ("127.0.0.1:0", "0.0.0.0:0")}

    def assert_refused(self, sock, server, reason):
        before = self.gateway.listener(self.gateway.addresses["udp_upper"][server])["refused"]
        sock.settimeout(0.3)
        address = self.gateway.address("udp_upper", server)
        sock.sendto(b"loop", ("127.0.0.1", address[1]))
        with self.assertRaises(TimeoutError):
            sock.recv(100)
        client = self.assert_conversation(sock, (b"loop", None, reason))
        self.assertEqual(client["refused"], 1)
        after = self.gateway.listener(self.gateway.addresses["udp_upper"][server])["refused"]
        self.assertEqual(after, before + 1)

    def test_source_port_of_a_listener(self):
        first, second = (self.gateway.address("udp_upper", index)[1] for index in (0, 1))
        for server, port in ((0, first), (1, first)):
            with self.subTest(server=server):
                with udp_socket((f"127.0.0.{9 + server}", port)) as sock:
                    self.assert_refused(sock, server, "refused_own_listener")
        self.assertNotEqual(first, second)

    def test_source_port_of_a_reflecting_service(self):
        """Nobody can forge a loopback address, and the course's clients bind 1600, 1700, ..."""
        for port in (1600, 1700, 1800, 1900, 5353, 11211):
            with self.subTest(port=port), udp_socket(("127.0.0.7", port)) as sock:
                sock.sendto(b"here", self.gateway.udp)
                self.assertEqual(sock.recv(10), b"HERE")

    def test_remote_source_port_of_a_reflecting_service(self):
        host = outward_address()
        if host is None or host.startswith("127."):
            self.skipTest("this machine has only loopback addresses")
        with Gateway(udp_upper=[f"{host}:0"]) as gateway:
            result = udp_client(gateway.udp, 11211, "hello")
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"port 11211", result.stderr)
            message, = gateway.wait_for_messages(1)
            self.assertEqual(message["outcome"], "refused_reflecting_port")

    def test_broadcast(self):
        with udp_socket(timeout_s=0.3) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.sendto(b"all", ("127.255.255.255", self.gateway.address("udp_upper", 1)[1]))
            with self.assertRaises(TimeoutError):
                sock.recv(100)
            self.assert_conversation(sock, (b"all", None, "refused_not_unicast"))

    def test_loopback_has_no_rate_limit(self):
        with Gateway("--udp-rate", "5") as gateway, udp_socket() as sock:
            for number in range(50):
                sock.sendto(b"%d" % number, gateway.udp)
                self.assertEqual(sock.recv(10), b"%d" % number)

    def test_rate_limit(self):
        host = outward_address()
        if host is None or host.startswith("127."):
            self.skipTest("this machine has only loopback addresses")
        with Gateway("--udp-rate", "5", udp_upper=[f"{host}:0"]) as gateway, \
                udp_socket((host, 0), timeout_s=0.3) as sock:
            for _ in range(50):
                sock.sendto(b"x", gateway.udp)
            messages = gateway.wait_for_messages(50)
            replied = [one for one in messages if one["outcome"] == "replied"]
            refused = [one for one in messages if one["outcome"] == "refused_rate_limit"]
            self.assertEqual(len(replied) + len(refused), 50)
            self.assertTrue(4 <= len(replied) <= 10, len(replied))
            self.assertEqual(gateway.client_of(sock)["refused"], len(refused))
            for _ in replied:
                self.assertEqual(sock.recv(10), b"X")
            with self.assertRaises(TimeoutError):
                sock.recv(10)
            time.sleep(0.5)  # 5 a second: one or two tokens are back
            sock.sendto(b"y", gateway.udp)
            self.assertEqual(sock.recv(10), b"Y")


class Loop(unittest.TestCase):
    """An automatic answer to an automatic answer ends, whatever the other end is."""

    def assert_ended(self, gateway):
        def received():
            return gateway.listener(gateway.addresses["udp_upper"][0])["received"]["messages"]

        def stands():
            before = received()
            time.sleep(0.3)
            return received() == before
        wait_until(stands, "no more datagrams come")
        self.assertLess(received(), 10000)

    def test_two_gateways(self):
        with Gateway() as first, contextlib.ExitStack() as stack:
            with udp_socket() as sock, first.asleep():
                port = sock.getsockname()[1]
                for _ in range(3):
                    sock.sendto(b"ping", first.udp)
                sock.close()
                second = stack.enter_context(Gateway(udp_upper=[f"127.0.0.1:{port}"]))
            wait_until(lambda: first.messages(outcome="refused_loop") or
                       second.messages(outcome="refused_loop"), "the loop is noticed")
            self.assert_ended(first)
            self.assert_ended(second)

    def test_server_that_adds_to_it(self):
        with Gateway() as gateway, udp_socket(timeout_s=2) as server:
            server.sendto(b"ping", gateway.udp)
            with contextlib.suppress(TimeoutError):
                while True:
                    text, peer = server.recvfrom(1024)
                    server.sendto(b"Echo: " + text[:1000], peer)
            self.assert_ended(gateway)

    def test_server_in_upper_case(self):
        """Plays the course's UDPServer.py, whose port a forged datagram gave as its own."""
        with Gateway() as gateway, udp_socket(timeout_s=2) as server, udp_socket() as client:
            server.sendto(b"ping", gateway.udp)
            with contextlib.suppress(TimeoutError):
                while True:
                    text, peer = server.recvfrom(2048)
                    server.sendto(text.decode().upper().encode(), peer)
            self.assert_ended(gateway)
            for _ in range(100):
                client.sendto(b"PING", gateway.udp)
                self.assertEqual(client.recv(10), b"PING")


class Memory(unittest.TestCase):
    """What is remembered about clients that have no connection, and for how long."""

    def test_forgotten_after_silence(self):
        with Gateway("--udp-idle", "300ms") as gateway, udp_socket() as sock:
            sock.sendto(b"a", gateway.udp)
            sock.recv(10)
            first = gateway.client_of(sock)
            self.assertEqual(first["state"], "open")
            client = gateway.wait_closed(first["id"])
            self.assertEqual((client["closed_by"], client["close_reason"]), ("server", "forgotten"))
            self.assertIsNotNone(client["closed_at"])
            sock.sendto(b"b", gateway.udp)
            self.assertEqual(sock.recv(10), b"B")
            again = gateway.client_of(sock, state="open")
            self.assertNotEqual(again["id"], first["id"])

    def test_table_that_is_full(self):
        """The one idle longest goes."""
        with Gateway("--max-udp-clients", "128") as gateway, contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(udp_socket()) for _ in range(130)]
            for sock in sockets:
                sock.sendto(b"a", gateway.udp)
                self.assertEqual(sock.recv(10), b"A")
            names = [format_address(sock.getsockname()) for sock in sockets]
            wait_until(lambda: len(gateway.clients(state="closed")) == 2, "two clients went")
            gone = gateway.clients(state="closed")
            self.assertEqual([one["address"] for one in gone], names[:2])
            self.assertEqual({one["close_reason"] for one in gone}, {"evicted"})
            self.assertEqual([one["address"] for one in gateway.clients(state="open")], names[2:])
            sockets[0].sendto(b"back", gateway.udp)
            self.assertEqual(sockets[0].recv(10), b"BACK")

    def test_what_the_kernel_dropped_is_counted(self):
        with Gateway() as gateway, udp_socket() as sock:
            size, count = 2000, 0
            with gateway.asleep():
                # More than any receive buffer that it may have asked for.
                for count in range(1, 40001):
                    sock.sendto(size * b"x", gateway.udp)
            name = gateway.addresses["udp_upper"][0]

            def settled():
                one = gateway.listener(name)
                return one if one["received"]["messages"] + one["kernel_drops"] == count else None
            # The kernel tells the count with the next datagram that it does deliver.
            time.sleep(0.3)
            sock.sendto(size * b"x", gateway.udp)
            count += 1
            listener = wait_until(settled, f"{count} datagrams received or dropped")
            self.assertGreater(listener["kernel_drops"], 0)
            self.assertGreater(listener["received"]["messages"], 0)


if __name__ == "__main__":
    unittest.main()
