"""The event stream: order, resuming, filters, sampling, slow readers, many streams, the end."""

import random
import threading
import time
import unittest

from gateway import Gateway, GatewayTest, tcp_connect, udp_exchange, udp_socket, wait_until


def flood(gateway, count, payload=b"x", window=100):
    """Sends datagrams and waits for the replies, so that none is lost, and until all are in the
    log, to which nothing else may come meanwhile."""
    last = gateway.newest_seq() + count
    with udp_socket() as sock:
        for start in range(0, count, window):
            size = min(window, count - start)
            for _ in range(size):
                sock.sendto(payload, gateway.udp)
            for _ in range(size):
                sock.recv(65535)
    gateway.wait_for_seq(last)


def collect(stream, until_seq):
    """(numbers of messages, gaps, last id) up to that message or gap."""
    seqs, gaps, last_id = [], [], None
    for event in stream:
        last_id = event["id"] or last_id
        if event["event"] == "messages":
            seqs += [item["seq"] for item in event["data"]["items"]]
        elif event["event"] == "gap":
            gaps.append(event["data"])
        if (seqs and seqs[-1] >= until_seq) or (gaps and gaps[-1]["to"] >= until_seq):
            break
    return seqs, gaps, last_id


class Events(GatewayTest):
    def streams(self):
        return self.gateway.status()["http"]["streams"]

    def run_id(self):
        return self.gateway.status()["run"]

    def test_headers_and_first_events(self):
        with self.gateway.events() as stream:
            self.assertEqual(stream.status, 200)
            self.assertEqual(stream.headers["Content-Type"], "text/event-stream")
            self.assertEqual(stream.headers["Cache-Control"], "no-store")
            status = stream.next_of("status")["data"]
            self.assertEqual(status["run"], self.run_id())

    def test_status_comes_each_second(self):
        with self.gateway.events("types=status") as stream:
            stream.next_of("status")
            last = time.monotonic()
            for _ in range(20):  # a busy machine may hold some of them up
                stream.next_of("status")
                since, last = time.monotonic() - last, time.monotonic()
                if abs(since - 1) < 0.5:
                    return
        self.fail("no two came a second apart")

    def test_new_messages_come_soon_and_with_ids(self):
        after = self.gateway.newest_seq()
        with self.gateway.events("types=messages") as stream:
            udp_exchange(self.gateway.udp, b"event")
            event = stream.next_of("messages", 5)
            item = event["data"]["items"][0]
            self.assertEqual(event["id"], f"{self.run_id()}:{after + 1}")
            self.assertEqual({**item, "run": self.run_id()},
                             self.gateway.fetch(f"messages/{after + 1}"))

    def test_filter(self):
        with self.gateway.events("types=messages&text=wanted") as stream:
            flood(self.gateway, 50, b"other")
            udp_exchange(self.gateway.udp, b"WANTED 1")
            items = stream.next_of("messages")["data"]["items"]
            self.assertEqual([item["received"]["text"] for item in items], ["WANTED 1"])

    def test_clients_open_and_close(self):
        with self.gateway.events("types=clients") as stream:
            sock = tcp_connect(self.gateway.chat)
            name = "%s:%d" % sock.getsockname()
            self.assertEqual(self.state_of(stream, name, "open")["service"], "tcp-chat")
            sock.close()
            self.assertEqual(self.state_of(stream, name, "closed")["close_reason"], "eof")

    def state_of(self, stream, name, state):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            event = stream.next_of("clients")["data"]
            self.assertEqual(set(event), {"items", "more"})
            for client in event["items"]:
                if (client["address"], client["state"]) == (name, state):
                    return client
        self.fail(f"{name} was not told as {state}")

    def test_clients_come_at_most_twice_a_second(self):
        stop = threading.Event()
        sender = threading.Thread(target=self.keep_sending, args=(stop,))
        with self.gateway.events("types=clients") as stream:
            sender.start()
            stream.next_of("clients")
            started, count = time.monotonic(), 0
            while time.monotonic() - started < 2:
                stream.next_of("clients")
                count += 1
        stop.set()
        sender.join()
        self.assertIn(count, range(3, 6))

    def keep_sending(self, stop):
        while not stop.is_set():
            flood(self.gateway, 20)
            time.sleep(0.01)

    def test_resume(self):
        flood(self.gateway, 5)
        newest = self.gateway.wait_for_messages(5)[-1]["seq"]
        flood(self.gateway, 1500)
        last_id = {"Last-Event-ID": f"{self.run_id()}:{newest}"}
        with self.gateway.events("types=messages", last_id) as stream:
            seqs, gaps, _ = collect(stream, newest + 1500)
        self.assertEqual(gaps, [])
        self.assertEqual(seqs, list(range(newest + 1, newest + 1501)))

    def test_resume_of_another_log(self):
        flood(self.gateway, 3)
        for last_id in ("0" * 32 + ":7", "nonsense", self.run_id() + ":99999999"):
            with self.gateway.events("types=messages", {"Last-Event-ID": last_id}) as stream:
                self.assertEqual(stream.next_of("gap")["data"],
                                 {"from": 0, "to": 0, "reason": "restarted"})
                self.assertEqual(stream.next_of("messages")["data"]["items"][0]["seq"], 1)

    def test_cut_at_random_moments_loses_nothing(self):
        first = self.gateway.newest_seq() + 1
        sender = threading.Thread(target=flood, args=(self.gateway, 6000, b"y", 20))
        last_id, seqs = f"{self.run_id()}:{first - 1}", []
        chance = random.Random(4)
        sender.start()
        while not seqs or seqs[-1] < first + 5999:
            with self.gateway.events("types=messages", {"Last-Event-ID": last_id}) as stream:
                for _ in range(chance.randrange(1, 12)):
                    event = stream.next_of("messages")
                    seqs += [item["seq"] for item in event["data"]["items"]]
                    last_id = event["id"]
                    if seqs[-1] >= first + 5999:
                        break
        sender.join()
        self.assertEqual(seqs, list(range(first, first + 6000)))

    def test_sample(self):
        after = self.gateway.newest_seq()
        with self.gateway.events("types=messages&sample=10") as stream:
            flood(self.gateway, 3000)
            seqs, gaps, _ = collect(stream, after + 3000)
        for gap in gaps:
            self.assertEqual(gap["reason"], "sampled")
            self.assertEqual(gap["matched"], gap["to"] - gap["from"] + 1)
        covered = seqs + [seq for gap in gaps for seq in range(gap["from"], gap["to"] + 1)]
        self.assertEqual(sorted(covered), list(range(after + 1, after + 3001)))
        self.assertLess(len(seqs), 3000)

    def test_bad_parameters(self):
        for query, param in (("types=x", "types"), ("sample=0", "sample"), ("limit=5", "limit"),
                             ("service=x", "service")):
            status, headers, problem = self.gateway.get("/api/v1/events?" + query)
            self.assertEqual((status, problem["param"]), (400, param))

    def test_head(self):
        for _ in range(20):
            status, headers, body = self.gateway.request_raw("HEAD", "/api/v1/events")
            self.assertEqual((status, body), (200, b""))
            self.assertEqual(headers["Content-Type"], "text/event-stream")
        self.assertLess(self.streams(), 20)  # some of earlier tests may still be there

    def test_a_reader_that_went_is_noticed(self):
        with self.gateway.events() as stream:
            stream.next_of("status")
            self.assertGreaterEqual(self.streams(), 1)
        wait_until(lambda: self.streams() == 0, "it is gone")

    def test_idle_streams_cost_nothing(self):
        with self.gateway.events("types=messages"), self.gateway.events("types=messages"):
            time.sleep(0.3)
            before = self.gateway.cpu_s()
            time.sleep(2)
            self.assertLess(self.gateway.cpu_s() - before, 0.05)


class Heartbeat(GatewayTest):
    def test_quiet_stream(self):
        with self.gateway.events("types=messages", timeout_s=15) as stream:
            started = time.monotonic()
            for event in stream:
                if event["event"] is None:
                    break
        self.assertIn(round(time.monotonic() - started), (9, 10, 11))


class SlowReader(unittest.TestCase):
    """A stream that nobody reads costs bounded memory and delays nobody."""

    def test_slow_reader_gets_a_gap(self):
        with Gateway("--journal-size", "4M") as gateway, \
                gateway.events("types=messages") as stream:
            before = gateway.memory_bytes()
            flood(gateway, 3000, b"z" * 8000, window=10)
            self.assertLess(gateway.memory_bytes() - before, 24 << 20)
            seqs, gaps, _ = collect(stream, gateway.newest_seq())
        self.assertGreater(len(gaps), 0)
        self.assertEqual({gap["reason"] for gap in gaps}, {"evicted"})
        covered = seqs + [seq for gap in gaps for seq in range(gap["from"], gap["to"] + 1)]
        self.assertEqual(sorted(covered), list(range(1, 3001)))


class Many(unittest.TestCase):
    STREAMS = 300

    def test_all_get_everything(self):
        gateway = Gateway()
        self.addCleanup(gateway.kill)
        streams = [gateway.events("types=messages") for _ in range(self.STREAMS)]
        flood(gateway, 200)
        for stream in streams:
            self.assertEqual(collect(stream, 200)[:2], (list(range(1, 201)), []))
        self.assertEqual(gateway.status()["http"]["streams"], self.STREAMS)
        took = gateway.stop()
        self.assertLess(took, 20)
        for stream in streams:
            self.assertEqual(list(stream), [])
            stream.close()


class Limit(unittest.TestCase):
    def test_streams_leave_room_for_requests(self):
        with Gateway() as gateway:
            most = gateway.status()["http"]["streams_max"]
            streams = [gateway.events("types=messages") for _ in range(most)]
            self.assertEqual({stream.status for stream in streams}, {200})
            status, headers, problem = gateway.get("/api/v1/events")
            self.assertEqual((status, problem["status"]), (503, 503))
            self.assertGreater(int(headers["Retry-After"]), 0)
            streams.pop().close()
            udp_exchange(gateway.udp, b"wake")
            udp_exchange(gateway.udp, b"wake")
            wait_until(lambda: gateway.status()["http"]["streams"] < most, "a free place", 25)
            for stream in streams:
                stream.close()


class Stop(unittest.TestCase):
    def test_ends_streams_and_waits(self):
        gateway = Gateway()
        self.addCleanup(gateway.kill)
        stream = gateway.events()
        stream.next_of("status")
        answers = []
        waits = [threading.Thread(target=lambda: answers.append(
            gateway.fetch("messages", after=0, wait="30s"))) for _ in range(5)]
        for wait in waits:
            wait.start()
        wait_until(lambda: gateway.status()["http"]["connections"] >= 7, "they wait")
        self.assertLess(gateway.stop(), 8)
        for wait in waits:
            wait.join(5)
        self.assertEqual([answer["items"] for answer in answers], [[]] * 5)
        self.assertIn([event["event"] for event in stream], ([], ["status"], ["clients"]))
        stream.close()


if __name__ == "__main__":
    unittest.main()
