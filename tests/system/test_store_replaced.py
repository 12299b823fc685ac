"""Another file in the log's place while it runs: it is kept, whatever it is; and who may have one."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from gateway import clean_environment, gateway_executable, udp_exchange, wait_until
from store_file import StoreTest


class Replaced(StoreTest):
    def fill(self, gateway, text, count):
        for number in range(count):
            udp_exchange(gateway.udp, b"%s %d" % (text, number))

    def make_log(self, path, text, count):
        with self.gateway() as gateway:
            self.fill(gateway, text, count)
        os.rename(self.file, path)

    def found(self, text):
        """In all logs of the folder."""
        count = 0
        for name in self.files("messages.db"):
            if name.endswith(("-wal", "-shm", ".lock", ".ballast")):
                continue
            database = sqlite3.connect(os.path.join(self.folder, name))
            try:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchone()[0], "ok")
                count += database.execute("SELECT count(*) FROM messages WHERE received LIKE ?",
                                          (text + " %",)).fetchone()[0]
            except sqlite3.DatabaseError:
                continue
            finally:
                database.close()
        return count

    def counts_agree(self, gateway):
        def agree():
            try:
                return gateway.status()["store"]["messages"] == self.count()
            except sqlite3.OperationalError:
                return False
        wait_until(agree, "the counts of status and file agree")

    def make_killed_log(self, path, text, count):
        """All that it has is in its WAL."""
        gateway = self.gateway()
        self.addCleanup(gateway.kill)
        self.fill(gateway, text, count)
        self.wait_for_count(count)
        gateway.process.kill()
        gateway.process.wait()
        for suffix in ("", "-wal"):
            os.rename(self.file + suffix, path + suffix)
        os.unlink(self.file + "-shm")

    def check(self, *steps, make=None, pause_s=0.0):
        """Of the backup nothing is lost, nor of what this run has in memory."""
        backup = os.path.join(self.folder, "backup")
        (make or self.make_log)(backup, b"precious", 150)
        with self.gateway() as gateway:
            self.fill(gateway, b"before", 60)
            self.wait_for_count(60)
            for number, step in enumerate(steps):
                time.sleep(pause_s if number else 0)
                step(backup)
            # Before that line, what SQLite finds under these names may belong to different files.
            wait_until(lambda: "db was replaced: what" in gateway.stderr, "it is noticed")
            self.fill(gateway, b"after", 60)
            wait_until(lambda: self.found("after") == 60, "messages are kept again")
            self.counts_agree(gateway)
            self.assertEqual(gateway.fetch("messages/120")["received"]["text"], "after 59")
            said = gateway.stderr
        found = self.found("precious"), self.found("before")
        self.assertEqual(found, (150, 60), (said, self.files("")))
        self.assert_whole()

    def remove_wal(self, _=None):
        os.unlink(self.file + "-wal")

    def remove_file(self, _=None):
        os.unlink(self.file)

    def put_file(self, backup):
        os.rename(backup, self.file)

    def put_wal(self, backup):
        os.rename(backup + "-wal", self.file + "-wal")

    def put_empty_wal(self, backup):
        open(backup + "-wal", "wb").close()
        self.put_wal(backup)

    def test_by_another_log(self):
        self.check(self.put_file)

    def test_by_another_log_without_the_wal(self):
        self.check(self.remove_wal, self.put_file)

    def test_by_another_log_some_time_after_the_wal(self):
        """So that the gateway looks in between."""
        self.check(self.remove_wal, self.put_file, pause_s=1.6)

    def test_by_a_log_with_a_wal_of_its_own(self):
        self.check(self.put_empty_wal, self.put_file)

    def test_by_a_log_some_time_after_a_wal_of_its_own(self):
        self.check(self.put_empty_wal, self.put_file, pause_s=1.6)

    def test_by_a_log_that_is_in_its_wal(self):
        for pause_s in (0, 1.6):
            self.check(self.put_wal, self.put_file, pause_s=pause_s, make=self.make_killed_log)
            self.empty_folder()

    def test_by_another_log_and_its_wal_where_none_is(self):
        self.check(self.remove_file, self.put_wal, self.put_file, make=self.make_killed_log)

    def digest(self, path):
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def empty_folder(self):
        for name in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, name))

    def digests(self, part):
        return [self.digest(os.path.join(self.folder, name)) for name in self.files(part)]

    def test_by_a_log_just_before_its_wal(self):
        """Too late for the two to belong together, or just in time: all is kept either way."""
        backup = os.path.join(self.folder, "backup")
        for pause_s in (0, 0.02, 0.1, 0.5):
            self.make_killed_log(backup, b"precious", 150)
            digest = self.digest(backup + "-wal")
            with self.gateway() as gateway:
                self.fill(gateway, b"before", 60)
                self.wait_for_count(60)
                self.put_file(backup)
                wait_until(lambda: "db was replaced: what" in gateway.stderr, "it is noticed")
                time.sleep(pause_s)
                self.put_wal(backup)
                wait_until(lambda: digest in self.digests("db.replaced") or
                           "kept as" in gateway.stderr, "both are seen to")
                time.sleep(1.5)  # what else it may have to say
                self.fill(gateway, b"after", 60)
                wait_until(lambda: gateway.status()["store"]["messages"] == 120, "it goes on")
                self.counts_agree(gateway)
            self.assert_whole()
            kept = digest in self.digests("db.replaced") or self.found("precious") == 150
            self.assertTrue(kept, self.files(""))
            self.assertEqual((self.found("before"), self.found("after")), (60, 60))
            self.empty_folder()

    def test_the_wal_alone_is_removed(self):
        """What it held comes into the file by another way, whoever reads meanwhile."""
        with self.gateway() as gateway:
            self.fill(gateway, b"before", 60)
            self.wait_for_count(60)
            self.remove_wal()
            self.assertEqual(gateway.fetch("messages/1")["received"]["text"], "before 0")
            wait_until(lambda: "WAL of the log" in gateway.stderr, "it is noticed")
            self.fill(gateway, b"after", 60)
            self.wait_for_count(120)
            self.counts_agree(gateway)
            self.assertEqual(gateway.fetch("messages/1")["received"]["text"], "before 0")
        self.assertEqual(self.files("db.damaged") + self.files("db.replaced"), [])
        self.assertEqual((self.found("before"), self.found("after")), (60, 60))
        self.assert_whole()

    def test_a_wal_is_put_there_just_before_the_stop(self):
        with self.gateway() as gateway:
            self.fill(gateway, b"before", 60)
            self.wait_for_count(60)
            other = os.path.join(self.folder, "other-wal")
            with open(other, "wb") as file:
                file.write(b"somebody's" * 1000)
            digest = self.digest(other)
            os.rename(other, self.file + "-wal")
        self.assertIn(digest, self.digests("-wal"))
        self.assertEqual(self.found("before"), 60)

    def test_the_file_is_put_elsewhere(self):
        """The one that has gone is whole too: what was in its WAL has gone with it."""
        def replace(backup):
            os.rename(self.file, self.file + ".moved")
            os.rename(backup, self.file)
        backup = os.path.join(self.folder, "backup")
        self.make_log(backup, b"precious", 20)
        with self.gateway() as gateway:
            self.fill(gateway, b"before", 60)
            self.wait_for_count(60)
            replace(backup)
            wait_until(lambda: self.files("db.replaced"), "the other log is kept")
        database = sqlite3.connect(self.file + ".moved")
        self.assertEqual(database.execute("SELECT count(*) FROM messages").fetchone()[0], 60)
        database.close()

    def make_foreign(self, kind):
        path = os.path.join(self.folder, "other")
        if kind == "text":
            with open(path, "wb") as file:
                file.write(b"not a database at all" * 100)
        else:
            subprocess.run(["sqlite3", path, f"PRAGMA journal_mode = {kind}; CREATE TABLE mine (a); "
                            "INSERT INTO mine VALUES ('kept')"], check=True, timeout=30,
                           stdout=subprocess.DEVNULL)
        return path, self.digest(path)

    def test_by_what_is_no_log(self):
        for kind in ("text", "delete", "wal"):
            other, digest = self.make_foreign(kind)
            with self.gateway() as gateway:
                self.fill(gateway, b"before", 10)
                os.rename(other, self.file)
                wait_until(lambda: self.files("db.replaced") or self.files("db.damaged"),
                           "the other file is kept")
                self.counts_agree(gateway)
            aside = self.files("db.replaced") + self.files("db.damaged")
            self.assertEqual([self.digest(os.path.join(self.folder, name)) for name in aside],
                             [digest], kind)
            os.unlink(os.path.join(self.folder, aside[0]))
            os.unlink(self.file)

    def test_a_start_on_what_is_no_log(self):
        for kind in ("delete", "wal"):
            other, digest = self.make_foreign(kind)
            os.rename(other, self.file)
            done = subprocess.run([gateway_executable(), "--store", self.file, "--http=none"],
                                  capture_output=True, text=True, timeout=30, check=False,
                                  env=clean_environment(self.folder))
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("not a log of socklens", done.stderr)
            self.assertEqual(self.digest(self.file), digest, kind)
            self.assertEqual(self.files("messages.db"), ["messages.db"])
            os.unlink(self.file)

    def test_by_a_backup_of_its_own_that_it_goes_on_with(self):
        backup = os.path.join(self.folder, "backup")
        with self.gateway() as gateway:
            self.fill(gateway, b"first", 20)
        shutil.copy(self.file, backup)
        with self.gateway() as gateway:
            self.fill(gateway, b"second", 20)
            self.wait_for_count(40)
            os.rename(backup, self.file)
            wait_until(lambda: "replaced" in gateway.stderr, "it is noticed")
            self.wait_for_count(40)
            self.counts_agree(gateway)
            self.assertEqual(gateway.fetch("messages/40")["received"]["text"], "second 19")
            self.assertEqual(gateway.fetch("messages/1")["received"]["text"], "first 0")
        self.assertEqual(self.files("db.replaced"), [])
        self.assert_whole()

    def test_by_a_copy_of_this_run(self):
        backup = os.path.join(self.folder, "backup")
        with self.gateway() as gateway:
            self.fill(gateway, b"first", 20)
            self.wait_for_count(20)
            self.shell(f".backup {backup}")
            self.fill(gateway, b"second", 20)
            self.wait_for_count(40)
            os.rename(backup, self.file)
            wait_until(lambda: "replaced" in gateway.stderr, "it is noticed")
            self.wait_for_count(40)
            self.fill(gateway, b"third", 5)
            self.wait_for_count(45)
            self.counts_agree(gateway)
        self.assertEqual(self.files("db.replaced"), [])
        self.assertEqual(self.number("SELECT count(*) FROM runs"), 1)
        self.assert_whole()

    def test_just_before_the_stop(self):
        backup = os.path.join(self.folder, "backup")
        self.make_log(backup, b"precious", 50)
        with self.gateway() as gateway:
            self.fill(gateway, b"before", 50)
            self.wait_for_count(50)
            os.rename(backup, self.file)
        self.assertEqual((self.found("precious"), self.found("before")), (50, 50))


class Lock(StoreTest):
    """The file itself is locked, whatever its names are."""

    def refused(self, path):
        done = subprocess.run([gateway_executable(), "--store", path, "--udp-upper=127.0.0.1:0",
                               "--tcp-upper=none", "--tcp-chat=none", "--http=none"],
                              capture_output=True, text=True, timeout=30,
                              env=clean_environment(self.folder), check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("another socklens", done.stderr)

    def test_a_second_gateway(self):
        with self.gateway() as gateway:
            lock = self.file + ".lock"
            os.unlink(lock)
            self.refused(self.file)
            os.rename(lock, lock + ".old")
            self.refused(self.file)
            os.link(self.file, self.file + ".hard")
            self.refused(self.file + ".hard")
            os.symlink(self.file, self.file + ".soft")
            self.refused(self.file + ".soft")
            udp_exchange(gateway.udp, b"on")
            self.wait_for_count(1)


