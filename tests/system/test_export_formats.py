"""Exports as other programs read them: Python's csv and json, and tshark.

tests/unit/export_feed.c writes an export of the records that a test describes.
"""

import base64
import csv
import io
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest

START_NS = 1767225600_000000000
STEP_NS = 5003
CHECK = ("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
         "-o", "tcp.check_checksum:TRUE", "-o", "tcp.analyze_sequence_numbers:TRUE")
WARNING = 0x600000
CLOSE_WAIT = 8


class Log:
    """The description of a log, record by record. Time moves on; a reply takes two microseconds."""

    def __init__(self):
        self.lines = []
        self.seq = 0
        self.now_ns = START_NS

    def add(self, kind, client, **members):
        self.now_ns += STEP_NS
        record = {"kind": kind, "seq": self.seq, "listener": client["local"],
                  "received_at": str(self.now_ns)} | client | members
        self.lines.append(json.dumps(record))

    def exchange(self, client, received, sent=None, **members):
        self.seq += 1
        members.setdefault("outcome", "replied" if sent is not None else "peer_gone")
        if sent is not None:
            members |= {"replied_at": str(self.now_ns + STEP_NS + 2000), "sent": sent.hex()}
        self.add("exchange", client, received=received.hex(), **members)

    def gap(self, count):
        self.lines.append(json.dumps({"kind": "gap", "from": self.seq + 1, "to": self.seq + count,
                                      "reason": "evicted"}))
        self.seq += count

    def export(self, form):
        done = subprocess.run([os.environ["EXPORT_FEED"], form], timeout=60, check=True,
                              input="\n".join(self.lines).encode(), stdout=subprocess.PIPE)
        return done.stdout


def udp_client(number=1, **members):
    return {"service": "udp-upper", "client": number, "peer": f"127.0.0.1:{40000 + number}",
            "local": "127.0.0.1:29999"} | members


def tcp_client(number=1, service="tcp-chat", **members):
    return {"service": service, "client": number, "peer": f"127.0.0.1:{40000 + number}",
            "local": "127.0.0.1:1060"} | members


STRANGE = [b"plain", b"", "straße €".encode(), b"a,b;c", b'say "hi"', b"two\nlines", b"cr\rlf\r\n",
           b"nul\0nul", bytes(range(32)), b"\x7f", b"\xff\xfe", b"\xc3", "\u2028\u0085".encode(),
           b"=1+1", b"+1", b"-1", b"@x", b"\t=1", b"\r=1", b'"=1"', b"'", "\ufeffbom".encode(),
           b'"', b'""', b",", b"\r\n", b"\n", os.urandom(100), b"x" * 65536]


class Csv(unittest.TestCase):
    def rows(self, log):
        text = log.export("csv").decode("utf-8")
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    def test_every_row_comes_back_with_its_bytes(self):
        log = Log()
        for payload in STRANGE:
            log.exchange(udp_client(), payload, payload)
        rows = self.rows(log)
        self.assertEqual([int(row["seq"]) for row in rows], list(range(1, len(STRANGE) + 1)))
        for payload, row in zip(STRANGE, rows):
            with self.subTest(payload=payload[:40]):
                self.assertNotIn(None, row)
                self.assertNotIn(None, row.values())
                self.assertEqual(base64.b64decode(row["received_base64"]), payload)
                self.assertEqual(base64.b64decode(row["sent_base64"]), payload)
                self.assertEqual(row["received_size"], str(len(payload)))
                self.assertFalse(row["received_text"].startswith(tuple("=+-@\t\r\n")))

    def test_text_comes_back_as_it_was(self):
        log = Log()
        for text in ("straße €", 'say "hi", you', "two\r\nlines", ""):
            log.exchange(udp_client(), text.encode(), text.upper().encode())
            row = self.rows(log)[-1]
            self.assertEqual(row["received_text"], text)
            self.assertEqual(row["sent_text"], text.upper())

    def test_columns(self):
        log = Log()
        log.exchange(udp_client(3, local="[::1]:12000", peer="[::1]:1600"), b"hi", b"HI")
        log.gap(4)
        first, gap = self.rows(log)
        self.assertEqual(first["client_address"], "[::1]:1600")
        self.assertEqual(first["client_id"], "3")
        self.assertEqual(first["listener"], "[::1]:12000")
        self.assertEqual(first["outcome"], "replied")
        self.assertEqual(first["service_us"], "2")
        self.assertRegex(first["received_at"], r"^2026-01-01T00:00:00\.\d{6}Z$")
        self.assertEqual((gap["seq"], gap["outcome"]), ("2", "gap"))
        self.assertEqual(gap["received_text"], "messages 2 to 5 are missing: evicted")


class Ndjson(unittest.TestCase):
    def test_every_line_is_a_message_or_a_gap(self):
        log = Log()
        for payload in STRANGE:
            log.exchange(udp_client(), payload, payload)
        log.gap(3)
        log.exchange(udp_client(), b"refused", outcome="refused_rate_limit")
        lines = log.export("ndjson").split(b"\n")
        self.assertEqual(lines.pop(), b"")
        items = [json.loads(line) for line in lines]
        last, gap = items.pop(), items.pop()
        first = len(STRANGE) + 1
        self.assertEqual(gap, {"gap": {"from": first, "to": first + 2, "reason": "evicted"}})
        self.assertEqual((last["outcome"], last["sent"]), ("refused_rate_limit", None))
        for payload, item in zip(STRANGE, items, strict=True):
            self.assertEqual(base64.b64decode(item["received"]["base64"]), payload)
            self.assertEqual(base64.b64decode(item["sent"]["base64"]), payload)


@unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
class Capture(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def read(self, log, *fields, options=()):
        """The packets of the log's capture, a dictionary each."""
        path = os.path.join(self.folder, "capture.pcapng")
        with open(path, "wb") as file:
            file.write(log.export("pcapng"))
        # Its own settings, not those of the person who runs the test.
        env = os.environ | {"HOME": self.folder, "XDG_CONFIG_HOME": self.folder}
        wanted = [part for field in fields for part in ("-e", field)]
        done = subprocess.run(["tshark", "-r", path, *CHECK, *options, "-T", "fields",
                               "-E", "separator=/t", "-E", "aggregator=|", *wanted],
                              env=env, capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [dict(zip(fields, line.split("\t"), strict=True))
                for line in done.stdout.splitlines()]

    def assert_sound(self, log, severity=WARNING, options=()):
        """No checksum wrong, nothing malformed, no sequence number that surprises."""
        packets = self.read(log, "frame.number", "_ws.malformed", "_ws.expert.severity",
                            "_ws.expert.message", "tcp.analysis.flags", "ip.checksum.status",
                            "udp.checksum.status", "tcp.checksum.status", "frame.cap_len",
                            "frame.len", "ip.version", options=options)
        for packet in packets:
            whole = packet["frame.cap_len"] == packet["frame.len"]
            transport = packet["udp.checksum.status"] + packet["tcp.checksum.status"]
            with self.subTest(packet=packet):
                self.assertEqual(packet["_ws.malformed"], "")
                self.assertEqual(packet["tcp.analysis.flags"], "")
                levels = [int(level, 0) for level in packet["_ws.expert.severity"].split("|")
                          if level]
                self.assertLess(max(levels, default=0), severity)
                if packet["ip.version"] == "4":
                    self.assertEqual(packet["ip.checksum.status"], "1")
                if whole:
                    self.assertEqual(transport, "1")
        return len(packets)

    def streams(self, log):
        """The bytes of each TCP stream: {stream: {"in": bytes, "out": bytes}}."""
        result = {}
        for packet in self.read(log, "tcp.stream", "frame.packet_flags_direction", "tcp.payload"):
            sides = result.setdefault(int(packet["tcp.stream"]), {"in": b"", "out": b""})
            inbound = int(packet["frame.packet_flags_direction"], 0) == 1
            sides["in" if inbound else "out"] += bytes.fromhex(packet["tcp.payload"])
        return result

    def test_datagrams_of_every_size(self):
        for number, client in enumerate((udp_client(), udp_client(local="[::1]:29999",
                                                                  peer="[::1]:1600")), 1):
            log = Log()
            payloads = [random.Random(number).randbytes(size)
                        for size in (0, 1, 2, 3, 1472, 1473, 9000, 65506, 65507)]
            for payload in payloads:
                log.exchange(client, payload, payload[::-1])
            self.assertEqual(self.assert_sound(log), 2 * len(payloads))
            packets = self.read(log, "udp.payload", "udp.srcport")
            self.assertEqual([bytes.fromhex(packet["udp.payload"]) for packet in packets],
                             [side for payload in payloads for side in (payload, payload[::-1])])

    def test_times_are_exact_to_the_nanosecond(self):
        log = Log()
        log.exchange(udp_client(), b"a", b"A")
        told = json.loads(log.lines[0])
        packets = self.read(log, "frame.time_epoch")
        self.assertEqual([packet["frame.time_epoch"].replace(".", "") for packet in packets],
                         [told["received_at"], told["replied_at"]])

    def test_wildcard_listener_shows_the_address_that_was_reached(self):
        log = Log()
        log.exchange(udp_client(listener="0.0.0.0:29999", local="127.0.0.5:29999"), b"a", b"A")
        packets = self.read(log, "ip.src", "udp.srcport", "ip.dst", "udp.dstport",
                            "frame.interface_name", "frame.interface_description",
                            "frame.packet_flags_direction")
        self.assertEqual([list(packet.values()) for packet in packets], [
            ["127.0.0.1", "40001", "127.0.0.5", "29999", "0.0.0.0:29999", "udp-upper",
             "0x00000001"],
            ["127.0.0.5", "29999", "127.0.0.1", "40001", "0.0.0.0:29999", "udp-upper",
             "0x00000002"]])

    def test_default_port_as_data(self):
        log = Log()
        log.exchange(udp_client(local="127.0.0.1:12000"), b"a", b"A")
        self.assertEqual(self.assert_sound(log, options=("-d", "udp.port==12000,data")), 2)

    def test_comments(self):
        log = Log()
        log.exchange(udp_client(), b"a", b"A")
        log.exchange(udp_client(), b"b", outcome="refused_own_listener")
        log.gap(3)
        log.exchange(udp_client(), b"c", b"C")
        packets = self.read(log, "frame.comment")
        self.assertEqual([packet["frame.comment"] for packet in packets], [
            "seq 1 replied", "reply to seq 1", "seq 2 refused_own_listener",
            "seq 6 replied|messages 3 to 5 are missing before this: evicted", "reply to seq 6"])

    def test_connections_of_both_families(self):
        for client in (tcp_client(), tcp_client(local="[::1]:1060", peer="[::1]:40001"),
                       tcp_client(service="tcp-upper", local="127.0.0.1:12000"),
                       tcp_client(70000, peer="unix:", local="unix:", listener="unix:/run/chat")):
            log = Log()
            sizes = (1, 2, 0, 1000, 65494, 65495, 65496, 65536)
            received = [random.Random(size).randbytes(size) for size in sizes]
            log.add("opened", client)
            for payload in received:
                log.exchange(client, payload, payload + b"\n")
            log.exchange(client, b"late", outcome="after_close")
            log.add("closed", client, closed_by="server", reason="exit", tcp_state=7)
            with self.subTest(client=client):
                self.assert_sound(log)
                self.assertEqual(self.streams(log), {0: {
                    "in": b"".join(received) + b"late",
                    "out": b"".join(payload + b"\n" for payload in received)}})
                completeness = self.read(log, "tcp.completeness")[-1]["tcp.completeness"]
                self.assertEqual(completeness, "31")  # SYN, SYN-ACK, ACK, data, FIN

    def test_interleaved_connections(self):
        chance = random.Random(7)
        log = Log()
        clients = [tcp_client(number) for number in range(1, 21)]
        said = {client["client"]: {"in": b"", "out": b""} for client in clients}
        for client in clients[:10]:
            log.add("opened", client)
        for _ in range(400):
            client = chance.choice(clients)
            received = chance.randbytes(chance.choice((0, 1, 10, 1000)))
            sent = chance.choice((None, b"Your data was N bytes"))
            log.exchange(client, received, sent)
            said[client["client"]]["in"] += received
            said[client["client"]]["out"] += sent or b""
        for client in clients[5:15]:
            log.add("closed", client, closed_by="peer", reason="eof", tcp_state=CLOSE_WAIT)
        self.assert_sound(log)
        self.assertCountEqual([(sides["in"], sides["out"]) for sides in self.streams(log).values()],
                              [(sides["in"], sides["out"]) for sides in said.values()])

    def test_port_that_is_used_again(self):
        log = Log()
        for number in (1, 2, 3):
            client = tcp_client(number, peer="127.0.0.1:40000")
            log.add("opened", client)
            log.exchange(client, b"again", b"AGAIN")
            log.add("closed", client, closed_by="server", reason="answered", tcp_state=7)
        self.assertEqual(self.streams(log), {number: {"in": b"again", "out": b"AGAIN"}
                                             for number in range(3)})

    def test_reset_is_a_reset(self):
        log = Log()
        log.add("opened", tcp_client())
        log.exchange(tcp_client(), b"a", b"A")
        log.add("closed", tcp_client(), closed_by="peer", reason="reset")
        last = self.read(log, "tcp.flags.reset", "tcp.srcport", "frame.comment")[-1]
        self.assertEqual(list(last.values()), ["1", "40001", "client 1 closed by peer: reset"])

    def test_message_that_was_stored_in_part(self):
        log = Log()
        log.add("opened", tcp_client())
        log.exchange(tcp_client(), b"x" * 65536, b"ok", received_size=300000)
        log.exchange(tcp_client(), b"next", b"ok")
        self.assert_sound(log)
        packets = self.read(log, "tcp.len", "frame.packet_flags_direction", "frame.comment")
        inbound = [packet for packet in packets
                   if packet["frame.packet_flags_direction"] == "0x00000001"]
        self.assertEqual(sum(int(packet["tcp.len"]) for packet in inbound), 300004)
        self.assertIn("seq 1 replied, 65536 of 300000 bytes recorded",
                      [packet["frame.comment"] for packet in inbound])

    def test_nothing_at_all(self):
        self.assertEqual(self.read(Log(), "frame.number"), [])

    def test_gap_and_nothing_else(self):
        log = Log()
        log.gap(3)
        self.assertEqual(self.read(log, "frame.number"), [])


if __name__ == "__main__":
    unittest.main()
