"""Another file in the log's place while it runs: it is kept, whatever it is; and who may have one."""

import os
import shutil
import signal
import sqlite3
import subprocess
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

    def check(self, replace, old_left=True):
        """Of the backup nothing is lost, nor of what this run has in memory."""
        backup = os.path.join(self.folder, "backup")
        self.make_log(backup, b"precious", 150)
        with self.gateway() as gateway:
            self.fill(gateway, b"before", 60)
            self.wait_for_count(60)
            # Both steps of some replacements are one for a gateway that looks before or after them.
            os.kill(gateway.process.pid, signal.SIGSTOP)
            replace(backup)
            os.kill(gateway.process.pid, signal.SIGCONT)
            wait_until(lambda: "replaced" in gateway.stderr or "removed" in gateway.stderr,
                       "it is noticed")
            self.fill(gateway, b"after", 60)
            wait_until(lambda: self.found("after") == 60, "messages are kept again")
            self.counts_agree(gateway)
            self.assertEqual(gateway.fetch("messages/120")["received"]["text"], "after 59")
        self.assertEqual(self.found("precious"), 150 if old_left else 0)
        self.assertEqual(self.found("before"), 60)
        self.assert_whole()

    def test_by_another_log(self):
        self.check(lambda backup: os.rename(backup, self.file))

    def test_by_another_log_without_the_wal(self):
        def replace(backup):
            os.unlink(self.file + "-wal")
            os.rename(backup, self.file)
        self.check(replace)

    def test_by_a_log_with_a_wal_of_its_own(self):
        def replace(backup):
            open(backup + "-wal", "wb").close()
            os.rename(backup + "-wal", self.file + "-wal")
            os.rename(backup, self.file)
        self.check(replace)

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

    def test_by_what_is_no_log(self):
        for content in (b"not a database at all" * 100, None):
            other = os.path.join(self.folder, "other")
            if content:
                with open(other, "wb") as file:
                    file.write(content)
            else:
                subprocess.run(["sqlite3", other, "CREATE TABLE mine (a); INSERT INTO mine "
                                "VALUES ('kept')"], check=True, timeout=30)
            with open(other, "rb") as file:
                size = len(file.read())
            with self.gateway() as gateway:
                self.fill(gateway, b"before", 10)
                os.rename(other, self.file)
                wait_until(lambda: self.files("db.replaced") or self.files("db.damaged"),
                           "the other file is kept")
                self.counts_agree(gateway)
            aside = [name for name in self.files("db.replaced") + self.files("db.damaged")]
            self.assertEqual([os.path.getsize(os.path.join(self.folder, name)) for name in aside],
                             [size])
            os.unlink(os.path.join(self.folder, aside[0]))
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


