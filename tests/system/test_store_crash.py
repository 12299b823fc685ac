"""The log survives: a kill at any moment, a stop, a damaged file."""

import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time

from gateway import Gateway, clean_environment, gateway_executable, tcp_connect, udp_exchange, \
    udp_socket, wait_until
from store_file import StallProbe, StoreTest, Traffic

# For a long run: SOCKLENS_TEST_KILLS=500
KILLS = int(os.environ.get("SOCKLENS_TEST_KILLS", "6"))


class Kill(StoreTest):
    def test_all_but_the_last_second_is_there(self):
        """Again and again on the same file, at random moments under load. A second of which the
        machine stood still for a part is as much longer."""
        chance = random.Random(int(os.environ.get("SOCKLENS_TEST_SEED", time.time_ns())))
        for turn in range(KILLS):
            with self.subTest(turn=turn):
                self.kill_once(chance.uniform(0.05, 2.2))

    def kill_once(self, after_s):
        gateway = self.gateway()
        probe = StallProbe(self.folder)
        try:
            first = gateway.status()["log"]["newest_seq"] + 1
            with Traffic(gateway.udp) as traffic, tcp_connect(gateway.chat) as chat:
                chat.sendall(b"I am here")
                time.sleep(after_s)
                killed = time.monotonic()
                gateway.process.send_signal(signal.SIGKILL)
                gateway.process.wait()
            stalled_s = probe.end()
        finally:
            gateway.kill()
        self.check(first, traffic.replied_before(killed - 1 - stalled_s), after_s, stalled_s)

    def check(self, first, must, after_s, stalled_s):
        self.assert_whole()
        found = [number for number in self.numbers(first) if number]
        self.assertEqual(found, sorted(found), "out of order")
        self.assertEqual(must - set(found), set(), f"lost though older than {1 + stalled_s:.2f} s "
                                                   f"({after_s:.2f} s)")
        if after_s > 1.5 + stalled_s:
            self.assertTrue(must, "the test is void: nothing was old enough")

    def test_clients_that_were_open_get_an_end(self):
        gateway = self.gateway()
        try:
            log_id = gateway.status()["log"]["id"]
            with tcp_connect(gateway.chat) as chat:
                chat.sendall(b"one\ntwo\n")
                self.wait_for_count(2)
                gateway.process.send_signal(signal.SIGKILL)
                gateway.process.wait()
        finally:
            gateway.kill()
        self.assertEqual(self.query("SELECT closed_at FROM client_log"), [(None,)])
        with self.gateway() as gateway:
            self.assertNotEqual(gateway.status()["log"]["id"], log_id)
            self.assertEqual(gateway.status()["log"]["newest_seq"], 2)
            self.assertEqual(
                self.query("SELECT closed_by, close_reason, received_messages, received_bytes, "
                           "sent_messages FROM client_log"),
                [("server", "shutdown", 2, 8, 2)])

    def test_the_next_run_goes_on_where_it_ended(self):
        for turn in range(3):
            gateway = self.gateway()
            try:
                udp_exchange(gateway.udp, b"turn %d" % turn)
                self.wait_for_count(turn + 1)
                gateway.process.send_signal(signal.SIGKILL)
                gateway.process.wait()
            finally:
                gateway.kill()
        self.assertEqual(self.query("SELECT seq, received_text, sent_text FROM log"),
                         [(turn + 1, f"turn {turn}", f"TURN {turn}") for turn in range(3)])
        self.assertEqual(self.query("SELECT count(DISTINCT id) FROM clients"), [(3,)])


class Stop(StoreTest):
    def test_everything_is_there(self):
        gateway = self.gateway()
        self.addCleanup(gateway.kill)
        log_id = gateway.status()["log"]["id"]
        with Traffic(gateway.udp) as traffic, tcp_connect(gateway.chat) as chat:
            chat.sendall(b"I stay")
            time.sleep(0.7)
            traffic.end()
            newest = gateway.status()["log"]["newest_seq"]
            gateway.stop()
        self.assertEqual(sorted(self.files("messages.db")), ["messages.db", "messages.db.lock"])
        self.assert_whole()
        self.assertEqual(self.count(), newest)
        self.assertEqual(set(traffic.replied) - set(self.numbers()), set())
        self.assertEqual(self.query("SELECT count(*) FROM clients WHERE closed_at IS NULL"), [(0,)])
        with self.gateway() as gateway:
            self.assertEqual(gateway.status()["log"]["id"], log_id)
            self.assertEqual(gateway.status()["log"]["newest_seq"], newest)
            udp_exchange(gateway.udp, b"next")
            wait_until(lambda: gateway.status()["log"]["newest_seq"] == newest + 1,
                       "the next message goes on where the last run ended")
            status, _, message = gateway.get(f"/api/v1/messages/{newest + 1}")
            self.assertEqual(status, 200)
            self.assertGreater(message["client"]["id"], 2)


class Damage(StoreTest):
    def fill(self, count=20000):
        with self.gateway() as gateway:
            with Traffic(gateway.udp) as traffic:
                wait_until(lambda: traffic.sent >= count, "enough traffic", 60)
        self.assertGreaterEqual(self.count(), count / 2)

    def damage(self, offset, size):
        with open(self.file, "r+b") as file:
            file.seek(offset)
            file.write(os.urandom(size))

    def wait_said_damaged(self, gateway, aside):
        wait_until(lambda: re.search(f"is damaged .* moved to .*{aside}", gateway.stderr),
                   f"a line about {aside}")

    def check_serves_on(self, old_size):
        with self.gateway() as gateway:
            self.assertEqual(udp_exchange(gateway.udp, b"after"), b"AFTER")
            self.wait_for_count(1)
            aside = self.files("messages.db.damaged-")
            self.assertEqual(len(aside), 1, aside)
            self.wait_said_damaged(gateway, aside[0])
        self.assertEqual(os.stat(os.path.join(self.folder, aside[0])).st_size, old_size)
        self.assert_whole()

    def test_a_page_in_the_middle(self):
        self.fill()
        size = os.stat(self.file).st_size
        self.damage(size // 2 // 16384 * 16384, 16384)
        self.check_serves_on(size)

    def test_the_first_page(self):
        self.fill(100)
        size = os.stat(self.file).st_size
        self.damage(0, 4096)
        self.check_serves_on(size)

    def test_the_file_was_cut(self):
        self.fill()
        size = os.stat(self.file).st_size // 2
        os.truncate(self.file, size)
        self.check_serves_on(size)

    def test_a_page_of_a_large_file(self):
        """Which is not read as a whole at the start: found when it is, and then told as missing."""
        with self.gateway() as gateway, udp_socket() as sock:
            for seq in range(1, 1201):
                sock.sendto(b"%d " % seq + b"\xff" * 60000, gateway.udp)
                sock.recv(65536)
                if seq % 100 == 0:
                    self.wait_for_count(seq)
        size = os.stat(self.file).st_size
        self.assertGreater(size, 64 << 20)
        self.damage(size // 2 // 16384 * 16384, 64 * 16384)
        with self.gateway() as gateway:
            numbers, missing = self.read_on(gateway)
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
            self.assertGreater(len(numbers), 300)
            self.assertEqual(missing, (len(numbers) + 1, 1200))
            self.assertEqual(udp_exchange(gateway.udp, b"after"), b"AFTER")
            self.wait_for_count(1)
            aside = min(self.files("messages.db.damaged-"))  # the other one is its WAL
            self.wait_said_damaged(gateway, aside + ",")
            self.assertEqual(os.stat(os.path.join(self.folder, aside)).st_size, size)
            self.assertEqual(gateway.status()["store"]["state"], "recording")
        self.assert_whole()

    def read_on(self, gateway):
        """The messages' numbers page by page, and from where to where it says that some are gone:
        by a gap where it meets the broken page, or, where the file is aside by then, by the number
        of the oldest."""
        numbers, cursor = [], None
        while True:
            status, _, page = gateway.get("/api/v1/messages?after=0&limit=10" +
                                          (f"&cursor={cursor}" if cursor else ""))
            if status == 410:
                return numbers, (len(numbers) + 1, page["oldest_seq"] - 1)
            self.assertEqual(status, 200, page)
            numbers += [item["seq"] for item in page["items"]]
            if "gap" in page:
                self.assertEqual(page["gap"]["reason"], "evicted")
                return numbers, (page["gap"]["from"], page["gap"]["to"])
            cursor = page["page"]["next"]

    def test_the_file_is_removed_while_it_runs(self):
        with self.gateway() as gateway:
            udp_exchange(gateway.udp, b"before")
            self.wait_for_count(1)
            os.unlink(self.file)
            wait_until(lambda: os.path.exists(self.file), "a fresh file")
            udp_exchange(gateway.udp, b"after")
            self.wait_for_count(2)  # memory still had the first
            gateway.wait_logged("was removed")
        self.assert_whole()


class Place(StoreTest):
    def refused(self, *flags):
        """The one line in which a start is refused."""
        done = subprocess.run(
            [gateway_executable(), "--http=none", "--udp-upper=127.0.0.1:0", "--tcp-upper=none",
             "--tcp-chat=none", *flags],
            capture_output=True, text=True, timeout=20, env=clean_environment(self.folder))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        return done.stderr

    def test_a_second_gateway_is_refused(self):
        with self.gateway() as gateway:
            line = self.refused("--store", self.file)
            self.assertIn(self.file, line)
            self.assertIn(f"process {gateway.pid}", line)
            udp_exchange(gateway.udp, b"undisturbed")
            self.wait_for_count(1)

    def bring_up(self, dump):
        with open(os.path.join(os.path.dirname(__file__), dump), encoding="utf-8") as sql:
            subprocess.run(["sqlite3", self.file], stdin=sql, check=True, timeout=30)

    def assert_newest(self):
        """Its tables have the version of those that are made now."""
        new = self.folder + "/new.db"
        with Gateway("--store", new):
            pass
        with contextlib.closing(sqlite3.connect(new)) as database:
            version, = database.execute("PRAGMA user_version").fetchone()
        self.assertEqual(self.number("PRAGMA user_version"), version)

    def test_a_file_without_runs_is_brought_up(self):
        """What version 2 has left gets an identity of its run, and this start one of its own."""
        self.bring_up("store_version_2.sql")
        with self.gateway() as gateway:
            udp_exchange(gateway.udp, b"new")
            self.wait_for_count(4)
            old, own = self.query("SELECT uid FROM runs ORDER BY id")
            self.assertRegex(old[0], "^[0-9a-f]{32}$")
            self.assertEqual(own[0], gateway.status()["run"])
            self.assertEqual(gateway.fetch("messages/3")["run"], old[0])
            self.assertEqual(gateway.fetch("messages/4")["run"], own[0])
        self.assert_newest()
        self.assert_whole()

    def test_a_number_is_one_of_a_run(self):
        """Another run's link is refused; its stream goes on where the log does."""
        with self.gateway() as gateway:
            udp_exchange(gateway.udp, b"one")
            self.wait_for_count(1)
            first = gateway.status()["run"]
        with self.gateway() as gateway:
            udp_exchange(gateway.udp, b"two")
            second = gateway.status()["run"]
            self.assertNotEqual(first, second)
            self.assertEqual(gateway.fetch("messages/1")["run"], first)
            self.assertEqual(gateway.fetch("messages/1", run=first[:8])["received"]["text"], "one")
            for path in (f"messages/1?run={second}", f"messages/2?run={first[:8]}",
                         f"messages/3?run={first}", f"messages/2/raw?side=sent&run={first}"):
                status, _, body = gateway.get("/api/v1/" + path)
                self.assertEqual(status, 410, path)
                self.assertIn(first[:8], body["detail"])
            cursor = gateway.fetch("messages", limit=1)["page"]["next"]
            self.assertTrue(cursor.endswith("." + second[:8]), cursor)
            for good in (cursor, f"a1.{first[:8]}", f"b2.{second[:8]}"):
                self.assertEqual(gateway.get(f"/api/v1/messages?cursor={good}")[0], 200, good)
            for bad in (f"a2.{first[:8]}", "a1.00000000", f"b9.{second[:8]}"):
                status, _, problem = gateway.get(f"/api/v1/messages?cursor={bad}")
                self.assertEqual((status, problem["param"]), (410, "cursor"), bad)
            for run in ("", "1234567", "x" * 8, first + "0"):
                self.assertEqual(gateway.get(f"/api/v1/messages/1?run={run}")[0], 400, run)
            with gateway.events("types=messages", {"Last-Event-ID": f"{first}:1"}) as stream:
                event = next(event for event in stream if event["event"])
                self.assertEqual(event["event"], "messages")
                self.assertEqual([item["seq"] for item in event["data"]["items"]], [2])
            for unknown in (f"{first}:2", f"{'0' * 32}:1"):
                with gateway.events("types=messages", {"Last-Event-ID": unknown}) as stream:
                    self.assertEqual(stream.next_of("gap")["data"]["reason"], "restarted")

    def test_an_older_file_is_brought_up(self):
        """What version 1 has left goes on as if it were new."""
        self.bring_up("store_version_1.sql")
        done = subprocess.run([gateway_executable(), "export", "--format=ndjson", "--store",
                               self.file], capture_output=True, timeout=30, check=True)
        before = [json.loads(line) for line in done.stdout.splitlines()]
        with self.gateway() as gateway:
            items = gateway.fetch("messages", after=0)["items"]
            self.assertEqual([item["sent"]["text"] for item in items],
                             ["STRASSE", "HELLO", None, "Your data was 2 bytes"])
            self.assertEqual(items, before)
            with tcp_connect(gateway.chat) as chat:
                chat.sendall(b"new\r\n")
                self.wait_for_count(5)
            self.assertEqual(gateway.fetch("clients/1")["state"], "closed")
        self.assert_newest()
        self.assertEqual(self.query("SELECT seq, received_text, line_end FROM log WHERE seq > 3"),
                         [(4, "Hi", None), (5, "new", "CRLF")])
        self.assert_whole()

    def test_a_newer_file_is_refused(self):
        with self.gateway():
            pass
        self.shell("PRAGMA user_version = 99")
        self.assertIn("newer", self.refused("--store", self.file))
        self.assertEqual(self.files("damaged"), [])

    def test_a_folder_that_is_not_there(self):
        self.assertIn("/no/such/place/messages.db: No such file or directory",
                      self.refused("--store=/no/such/place/messages.db"))

    def default_place(self, **variables):
        with Gateway(env={"SOCKLENS_STORE": "", "HOME": self.folder} | variables) as gateway:
            wait_until(lambda: "Log" in gateway.stdout, "a banner")
            lines = [line.split(None, 1)[1] for line in gateway.stdout.splitlines()
                     if line.strip().startswith("Log")]
            return os.path.relpath(lines[0], self.folder), gateway.stderr

    def test_default_places(self):
        self.assertEqual(self.default_place()[0], ".local/state/socklens/messages.db")
        self.assertEqual(self.default_place(XDG_STATE_HOME=self.folder + "/xdg")[0],
                         "xdg/socklens/messages.db")
        os.mkdir(self.folder + "/state")
        self.assertEqual(self.default_place(STATE_DIRECTORY=self.folder + "/state")[0],
                         "state/messages.db")
        mode = os.stat(self.folder + "/.local/state/socklens/messages.db").st_mode
        self.assertEqual(mode & 0o777, 0o600)

    def test_in_memory_where_nothing_can_be_written(self):
        place, complaint = self.default_place(HOME="/proc/nowhere")
        self.assertTrue(place.endswith("in memory, 64 MiB"), place)
        self.assertIn("the log is in memory alone", complaint)


class People(StoreTest):
    def test_the_sqlite3_program_reads_it_while_it_runs(self):
        with self.gateway() as gateway:
            udp_exchange(gateway.udp, "straße".encode())
            udp_exchange(gateway.udp, b"\xff\x00")
            with tcp_connect(gateway.chat) as chat:
                chat.sendall(b"Hi")
                chat.recv(100)
            self.wait_for_count(3)
            self.assertEqual(  # a worker replies before it logs, so another may have been first
                self.shell("SELECT service, received_text, received_hex, sent_text, outcome FROM "
                           "log ORDER BY service DESC, received_hex").splitlines(),
                ["udp-upper|straße||STRASSE|replied",
                 "udp-upper||FF00||replied",
                 "tcp-chat|Hi||Your data was 2 bytes|replied"])
            self.assertEqual(self.shell("SELECT listener FROM log WHERE received_text LIKE 'h%'"),
                             gateway.addresses["tcp_chat"][0] + "\n")
            self.assertRegex(self.shell("SELECT received_at FROM log LIMIT 1"),
                             r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
            self.assertIn("-- ", self.shell(".schema messages"))
        self.assertEqual(
            self.shell("SELECT transport, closed_by, close_reason FROM client_log WHERE "
                       "service = 'tcp-chat'"), "tcp|peer|eof\n")
