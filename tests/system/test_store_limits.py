"""The log stays within what it is allowed, and lives through a full disk."""

import os
import resource
import subprocess
import time

from gateway import udp_exchange, wait_until
from store_file import StallProbe, StoreTest, Traffic


class Retention(StoreTest):
    def test_by_count_under_load(self):
        with self.gateway("--retain-messages", "1000") as gateway:
            with Traffic(gateway.udp) as traffic:
                wait_until(lambda: traffic.sent > 30000, "enough traffic", 60)
                self.assertLess(self.count(), 20000)
            wait_until(lambda: self.count() == 1000, "only the newest are left")
            newest = gateway.status()["log"]["newest_seq"]
            wait_until(lambda: self.number("SELECT max(seq) FROM messages") == newest, "all came")
            self.assert_whole()
        self.assertEqual(self.count(), 1000)
        self.assertLess(self.file_bytes(), 1 << 20)

    def test_by_size_under_load(self):
        """Four megabytes are allowed, some forty come."""
        largest = 0
        with self.gateway("--retain-bytes", "4M") as gateway:
            with Traffic(gateway.udp, payload=b"x" * 1400 + b"\xff") as traffic:
                while traffic.sent < 15000:
                    largest = max(largest, self.file_bytes())
                    time.sleep(0.02)
            newest = gateway.status()["log"]["newest_seq"]
            wait_until(lambda: self.number("SELECT max(seq) FROM messages") == newest, "all came")
            wait_until(lambda: self.file_bytes() <= 4 << 20, "the file has shrunk")
        self.assertLess(largest, 12 << 20)
        self.assertLessEqual(self.file_bytes(), 4 << 20)
        self.assertGreater(self.count(), 500)
        self.assert_whole()

    def test_by_age(self):
        with self.gateway("--retain-age", "1s") as gateway:
            for _ in range(20):
                udp_exchange(gateway.udp, b"soon too old")
            wait_until(lambda: self.count() > 0, "they are written")
            wait_until(lambda: self.count() == 0, "they are gone")
            udp_exchange(gateway.udp, b"new")
            wait_until(lambda: self.query("SELECT seq FROM messages") == [(21,)], "numbers go on")

    def test_replies_come_all_the_time(self):
        """Deleting goes on beside the traffic, in steps that a worker does not feel."""
        with self.gateway() as gateway:
            with Traffic(gateway.udp) as traffic:
                wait_until(lambda: traffic.sent > 60000, "enough traffic", 60)
            wait_until(lambda: self.count() == gateway.status()["log"]["newest_seq"], "all written")
        probe = StallProbe(self.folder)
        with self.gateway("--retain-messages", "10") as gateway:
            slowest = 0
            while self.count() > 10 or slowest == 0:
                started = time.monotonic()
                udp_exchange(gateway.udp, b"quick?")
                slowest = max(slowest, time.monotonic() - started)
            self.assertLess(slowest, 1 + 2 * probe.end())
            wait_until(lambda: self.file_bytes() < 2 << 20, "the file has shrunk")


class FullDisk(StoreTest):
    """Traffic goes on, recording pauses and resumes by itself, and what is lost is said."""

    def fill_up(self, gateway, make_room):
        with Traffic(gateway.udp, payload=b"x" * 1000 + b"\xff") as traffic:
            wait_until(lambda: "no space for" in gateway.stderr, "it notices", 60)
            wait_until(lambda: gateway.get("/readyz")[0] == 503, "it is not ready", 60)
            self.assertEqual(gateway.get("/healthz")[0], 200)
            self.assertEqual(gateway.status()["store"]["state"], "disk_full")
            replied = len(traffic.replied)
            wait_until(lambda: len(traffic.replied) > replied + 10000, "traffic goes on", 60)
            make_room()
            wait_until(lambda: "the log goes on" in gateway.stderr, "recording goes on", 30)
            wait_until(lambda: gateway.get("/readyz")[0] == 200, "it is ready again", 60)
            newest = gateway.status()["log"]["newest_seq"]
            wait_until(lambda: self.number("SELECT max(seq) FROM messages") > newest, "new ones")

    def check(self):
        self.assert_whole()
        self.assertGreater(self.number("SELECT count(*) FROM gaps"), 0)
        self.assertEqual(self.number("SELECT count(*) + (SELECT sum(to_seq - from_seq + 1) FROM "
                                     "gaps) FROM messages"),
                         self.number("SELECT max(seq) FROM messages"))

    def test_a_limit_of_file_sizes(self):
        with self.gateway("--journal-size", "4M") as gateway:
            def limit(size):
                resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE,
                                 (size, resource.RLIM_INFINITY))
            limit(6 << 20)
            self.fill_up(gateway, lambda: limit(resource.RLIM_INFINITY))
        self.check()

    def mount(self):
        """A small file system at the folder; False where that is not allowed."""
        command = ["mount", "-t", "tmpfs", "-o", "size=16m", "socklens-test", self.folder]
        if subprocess.run(command, capture_output=True).returncode != 0:
            return False
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.folder], check=False)
        return True

    def test_a_full_file_system(self):
        if not self.mount():
            print("# no mount(8) here: tested by a limit of file sizes alone")
            return
        with self.gateway("--journal-size", "4M") as gateway:
            self.assertEqual(len(self.files("ballast")), 1)
            self.fill_up(gateway, lambda: subprocess.run(
                ["mount", "-o", "remount,size=256m", self.folder], check=True))
            wait_until(lambda: self.files("ballast"), "a new ballast")
        self.check()

    def test_retention_makes_room_by_itself(self):
        if not self.mount():
            print("# no mount(8) here: tested by a limit of file sizes alone")
            return
        filler = os.path.join(self.folder, "other")
        with self.gateway("--journal-size", "4M", "--retain-messages", "2000") as gateway:
            with Traffic(gateway.udp, payload=b"x" * 1000 + b"\xff") as traffic:
                wait_until(lambda: traffic.sent > 5000, "some traffic")
                with open(filler, "wb") as file:
                    try:
                        while True:
                            file.write(b"y" * 65536)
                            file.flush()
                    except OSError:
                        pass
                wait_until(lambda: "no space for" in gateway.stderr, "it notices", 60)
                os.unlink(filler)
                wait_until(lambda: "the log goes on" in gateway.stderr, "recording goes on", 30)
            wait_until(lambda: self.count() == 2000, "only the newest are left")
        self.assert_whole()

    def test_a_stop_on_a_full_disk_comes_to_an_end(self):
        gateway = self.gateway("--journal-size", "4M")
        self.addCleanup(gateway.kill)
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        with Traffic(gateway.udp, payload=b"x" * 1000 + b"\xff"):
            wait_until(lambda: "no space for" in gateway.stderr, "it notices", 60)
        gateway.stop()
        with self.gateway() as gateway:
            udp_exchange(gateway.udp, b"again")
        self.assert_whole()
