"""Journal and store as one log: pages, streams and single messages over the seam."""

import os
import shutil
import tempfile
import threading
import unittest

from gateway import Gateway, tcp_connect, udp_exchange, udp_socket, wait_until

WINDOW = 10
PACE_BYTES = 1 << 20


def is_written(gateway):
    status = gateway.status()
    return status["store"]["newest_seq"] == status["log"]["newest_seq"]


def flood(gateway, payloads):
    """Sends datagrams and waits for the replies, so that none is lost, and now and then for the
    file, which must not fall a whole (small) journal behind. In the end all are in the log, to
    which nothing else may come meanwhile."""
    payloads = list(payloads)
    last = gateway.newest_seq() + len(payloads)
    unwritten = 0
    with udp_socket() as sock:
        for start in range(0, len(payloads), WINDOW):
            part = payloads[start:start + WINDOW]
            for payload in part:
                sock.sendto(payload, gateway.udp)
            for _ in part:
                sock.recv(65535)
            unwritten += 2 * sum(map(len, part))
            if unwritten > PACE_BYTES:
                unwritten = 0
                wait_until(lambda: is_written(gateway), "everything in the file")
    gateway.wait_for_seq(last)


def pages(gateway, **query):
    """Every item of all pages, and their gaps."""
    items, gaps, cursor = [], [], {}
    while True:
        page = gateway.fetch("messages", **query, **cursor)
        items += page["items"]
        gaps += [page["gap"]] if "gap" in page else []
        if not page["page"]["has_more"]:
            return items, gaps
        cursor = {"cursor": page["page"]["next"]}


class LogTest(unittest.TestCase):
    """Each test has a folder for its file, and gateways with the smallest journal on it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="socklens-log-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = os.path.join(self.folder, "messages.db")

    def gateway(self, *flags):
        return Gateway("--journal-size", "4M", "--store", self.file, *flags)


class Seam(LogTest):
    def test_both_ways_under_load(self):
        text = "x" * 1500
        sent = [f"{i} {text}".encode() for i in range(8000)]
        with self.gateway() as gateway:
            flood(gateway, sent[:4000])
            self.assertGreater(gateway.status()["log"]["oldest_seq"], 1)
            others = threading.Thread(target=flood, args=(gateway, sent[4000:]))
            others.start()
            try:
                backward, no_gaps = pages(gateway, limit=300)
                self.assertEqual(no_gaps, [])
                seqs = [item["seq"] for item in backward]
                self.assertEqual(seqs, list(range(seqs[0], 0, -1)))
                self.assertGreaterEqual(seqs[0], 4000)
            finally:
                others.join()
            forward, no_gaps = pages(gateway, after=0, limit=1000)
            self.assertEqual(no_gaps, [])
            self.assertEqual([item["seq"] for item in forward], list(range(1, 8001)))
            self.assertEqual([item["received"]["text"].encode() for item in forward], sent)
            by_seq = {item["seq"]: item for item in forward}
            for item in backward:
                self.assertEqual(item, by_seq[item["seq"]])
            self.one_by_one(gateway, by_seq)
            self.filters(gateway, forward)

    def one_by_one(self, gateway, by_seq):
        for seq in (1, 17, 4000, 8000):
            self.assertEqual(gateway.fetch(f"messages/{seq}"),
                             by_seq[seq] | {"run": gateway.status()["run"]})
            status, headers, data = gateway.request_raw("GET", f"/api/v1/messages/{seq}/raw")
            self.assertEqual((status, data.decode()), (200, by_seq[seq]["received"]["text"]))
            self.assertIn(f"message-{seq}-received.bin", headers["Content-Disposition"])
        self.assertEqual(gateway.get("/api/v1/messages/8001")[0], 404)

    def filters(self, gateway, forward):
        def both(expected, **query):
            backward, _ = pages(gateway, limit=400, **query)
            self.assertEqual([item["seq"] for item in reversed(backward)], expected)
            onward, _ = pages(gateway, after=0, limit=400, **query)
            self.assertEqual([item["seq"] for item in onward], expected)

        first, last = forward[10], forward[-10]
        both([item["seq"] for item in forward if "77 X" in item["sent"]["text"]], text="77 x")
        both([12], hex="313120787878", until=forward[100]["received_at"])  # "11 xxx"
        both(list(range(1, 8001)), service="udp-upper", outcome="replied")
        both([], service="tcp-chat")
        both([], outcome="send_failed")
        both([item["seq"] for item in forward if item["received_at"] >= last["received_at"]],
             since=last["received_at"])
        both([item["seq"] for item in forward if item["received_at"] < first["received_at"]],
             until=first["received_at"])
        both([item["seq"] for item in forward if item["received"]["size"] >= 1505], min_size=1505)
        clients = {item["client"]["id"] for item in forward}
        self.assertEqual(len(clients), 2)
        for client in clients:
            both([item["seq"] for item in forward if item["client"]["id"] == client],
                 client=client)

    def test_stream_from_the_beginning(self):
        with self.gateway() as gateway:
            flood(gateway, [b"y" * 3000] * 3000)
            log, run = gateway.status()["log"], gateway.status()["run"]
            self.assertGreater(log["oldest_seq"], 100)
            with gateway.events("types=messages", {"Last-Event-ID": f"{run}:0"}) as stream:
                seqs = []
                while len(seqs) < 3000:
                    event = next(stream)
                    self.assertNotEqual(event["event"], "gap")
                    if event["event"] == "messages":
                        seqs += [item["seq"] for item in event["data"]["items"]]
            self.assertEqual(seqs, list(range(1, 3001)))
            with gateway.events("types=messages&sample=5",
                                {"Last-Event-ID": f"{run}:10"}) as stream:
                gap = stream.next_of("gap")["data"]
                self.assertEqual(gap, {"from": 11, "to": 2995, "reason": "sampled",
                                       "matched": 2985})
                seqs = []
                while len(seqs) < 5:  # in one batch or, on a slow machine, in several
                    items = stream.next_of("messages")["data"]["items"]
                    seqs += [item["seq"] for item in items]
                self.assertEqual(seqs, list(range(2996, 3001)))

    def test_slow_reader_misses_nothing(self):
        with self.gateway() as gateway, gateway.events("types=messages") as stream:
            flood(gateway, [b"z" * 8000] * 2000)
            seqs = []
            while len(seqs) < 2000:
                seqs += [item["seq"] for item in stream.next_of("messages")["data"]["items"]]
            self.assertEqual(seqs, list(range(1, 2001)))


class Continuity(LogTest):
    def test_restart(self):
        with self.gateway() as gateway:
            flood(gateway, [b"before"] * 10)
            with tcp_connect(gateway.chat) as sock:
                sock.sendall(b"Hi")
                sock.recv(100)
                client = gateway.client_of(sock, state="open")
            gateway.wait_for_seq(11)
            log, run = gateway.status()["log"], gateway.status()["run"]
        with self.gateway() as gateway:
            udp_exchange(gateway.udp, b"after")
            gateway.wait_for_seq(12)
            self.assertEqual(gateway.status()["log"]["id"], log["id"])
            items, gaps = pages(gateway, limit=4)
            self.assertEqual(([item["seq"] for item in items], gaps),
                             (list(range(12, 0, -1)), []))
            self.assertEqual(gateway.fetch("messages/3")["received"]["text"], "before")
            before = gateway.fetch(f"clients/{client['id']}")
            self.assertEqual((before["address"], before["state"], before["listener"]),
                             (client["address"], "closed", client["listener"]))
            self.assertEqual(before["received"], {"messages": 1, "bytes": 2})
            self.assertEqual(gateway.delete(f"/api/v1/clients/{client['id']}")[0], 409)
            with gateway.events("types=messages", {"Last-Event-ID": f"{run}:9"}) as stream:
                seqs = []
                while len(seqs) < 3:
                    seqs += [one["seq"] for one in stream.next_of("messages")["data"]["items"]]
            self.assertEqual(seqs, [10, 11, 12])

    def test_status(self):
        with self.gateway() as gateway:
            flood(gateway, [b"1"] * 3)
            store = wait_until(lambda: gateway.status()["store"]["messages"] == 3
                               and gateway.status()["store"], "three messages in the file")
            self.assertEqual(set(store), {"path", "state", "oldest_seq", "newest_seq", "messages",
                                          "file_bytes", "wal_bytes", "lost", "gaps", "error"})
            self.assertEqual((store["state"], store["oldest_seq"], store["newest_seq"],
                              store["lost"], store["error"]), ("recording", 1, 3, 0, None))
            self.assertEqual(os.path.realpath(store["path"]), os.path.realpath(self.file))
            self.assertEqual(gateway.get("/readyz")[0], 200)


class Evicted(LogTest):
    def test_cursor_and_message(self):
        with self.gateway("--retain-messages", "500") as gateway:
            flood(gateway, [b"v" * 4000] * 1000)
            cursor = gateway.fetch("messages", limit=10)["page"]["next"]
            early = gateway.fetch("messages", after=0, limit=10)["items"][0]["seq"]
            flood(gateway, [b"v" * 4000] * 3000)

            def gone():
                status, _, problem = gateway.get(f"/api/v1/messages?cursor={cursor}")
                return status == 410 and problem

            problem = wait_until(gone, "the cursor's place to be gone")
            self.assertEqual(problem["param"], "cursor")
            self.assertGreater(problem["oldest_seq"], 1000)
            self.assertEqual(gateway.get(f"/api/v1/messages?cursor=a{early}")[0], 410)
            self.assertEqual(gateway.get(f"/api/v1/messages/{early}")[0], 410)
            page = gateway.fetch("messages", after=0, limit=1)
            self.assertEqual(page["gap"]["from"], 1)
            self.assertEqual(page["gap"]["to"], page["items"][0]["seq"] - 1)
            self.assertEqual(page["gap"]["reason"], "evicted")


class Cleared(LogTest):
    def check(self, gateway):
        flood(gateway, [b"c" * 3000] * 2000)
        run = gateway.status()["run"]
        cursor = gateway.fetch("messages", limit=10)["page"]["next"]
        for query in ("", "?confirm=no"):
            status, _, problem = gateway.delete("/api/v1/messages" + query)
            self.assertEqual((status, problem["param"]), (400, "confirm"))
        self.assertEqual(len(gateway.fetch("messages", limit=1)["items"]), 1)
        with gateway.events("types=messages") as stream, \
                gateway.events("types=messages&sample=10") as sampled:
            self.assertEqual(gateway.delete("/api/v1/messages?confirm=yes")[0], 204)
            gap = {"from": 1, "to": 2000, "reason": "cleared"}
            self.assertEqual(pages(gateway), ([], []))
            self.assertEqual(gateway.fetch("messages", after=0)["gap"], gap)
            udp_exchange(gateway.udp, b"new")
            self.assertEqual(stream.next_of("gap")["data"], gap)
            self.assertEqual(stream.next_of("messages")["data"]["items"][0]["seq"], 2001)
            self.assertEqual(sampled.next_of("gap")["data"], gap)
            self.assertEqual(sampled.next_of("messages")["data"]["items"][0]["seq"], 2001)
        with gateway.events("types=messages", {"Last-Event-ID": f"{run}:5"}) as stream:
            self.assertEqual(stream.next_of("gap")["data"], gap | {"from": 6})
        self.assertEqual([item["seq"] for item in pages(gateway)[0]], [2001])
        self.assertEqual(gateway.get(f"/api/v1/messages?cursor={cursor}")[0], 410)
        self.assertEqual(gateway.get("/api/v1/messages/1999")[0], 410)
        _, _, text = gateway.request_raw("GET", "/api/v1/export?format=ndjson")
        self.assertEqual(text.count(b"\n"), 2)
        self.assertIn(b'"cleared"', text)

    def test_journal_and_file(self):
        with self.gateway() as gateway:
            self.check(gateway)
            wait_until(lambda: gateway.status()["store"]["messages"] == 1, "the file to be empty")
            self.assertEqual(gateway.status()["store"]["lost"], 0)
        with self.gateway() as gateway:
            self.assertEqual([item["seq"] for item in pages(gateway)[0]], [2001])
            self.assertEqual(gateway.fetch("messages", after=0)["gap"],
                             {"from": 1, "to": 2000, "reason": "cleared"})

    def test_journal_alone(self):
        with Gateway("--store", "memory") as gateway:
            with udp_socket() as sock:
                for _ in range(5):
                    sock.sendto(b"x", gateway.udp)
                    sock.recv(100)
            gateway.wait_for_seq(5)
            self.assertEqual(gateway.delete("/api/v1/messages?confirm=yes")[0], 204)
            self.assertEqual(gateway.fetch("messages")["items"], [])
            self.assertEqual(gateway.delete("/api/v1/messages?confirm=yes")[0], 204)

    def test_other_origin(self):
        with self.gateway() as gateway:
            status, _, _ = gateway.delete("/api/v1/messages?confirm=yes",
                                          {"Origin": "http://example.org"})
            self.assertEqual(status, 403)


if __name__ == "__main__":
    unittest.main()
