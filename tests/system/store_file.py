"""What the tests of the log's file share: the file itself, and traffic that remembers itself."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from gateway import Gateway, udp_socket, wait_until


class Traffic:
    """Numbered datagrams from one client in the background; `replied` has when each was answered."""

    WINDOW = 32  # on their way at once

    def __init__(self, server, payload=b"", pause_s=0.0):
        self.server, self.payload, self.pause_s = server, payload, pause_s
        self.replied = {}  # number: monotonic time
        self.sent = 0
        self.sock = udp_socket(timeout_s=0.2)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.connect(server)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.ending.set()
        self.thread.join(10)
        self.sock.close()

    def run(self):
        while not self.ending.is_set():
            try:
                self.send_window()
                time.sleep(self.pause_s)
            except OSError:  # nobody there (any more), or an answer that was lost
                time.sleep(0.001)

    def send_window(self):
        for _ in range(self.WINDOW):
            self.sent += 1
            self.sock.send(b"n%d " % self.sent + self.payload)
        for _ in range(self.WINDOW):
            number = int(self.sock.recv(65536)[1:].split(b" ", 1)[0])
            self.replied[number] = time.monotonic()

    def replied_before(self, moment):
        return {number for number, at in list(self.replied.items()) if at < moment}


class StallProbe:
    """Watches, in a process of its own, for how long the machine stands still; see stall_probe.py."""

    def __init__(self, folder):
        script = os.path.join(os.path.dirname(__file__), "stall_probe.py")
        self.process = subprocess.Popen([sys.executable, script, folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def end(self):
        """Returns the longest stall in seconds."""
        return float(self.process.communicate(timeout=60)[0])


class StoreTest(unittest.TestCase):
    """A folder for the log, and the file in it."""

    maxDiff = 4000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="socklens-store-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.file = os.path.join(self.folder, "messages.db")

    def gateway(self, *flags, **options):
        """One that logs into the file; all datagrams are answered, however many."""
        return Gateway("--store", self.file, "--udp-rate", "0", *flags, **options)

    def query(self, sql):
        """All rows, read beside whoever writes."""
        database = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=10)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def number(self, sql):
        return self.query(sql)[0][0]

    def count(self):
        return self.number("SELECT count(*) FROM messages")

    def wait_for_count(self, count):
        """Until so many are in the file, which may not be there yet, or be another one soon."""
        def written():
            try:
                return self.count() == count
            except sqlite3.DatabaseError:  # not there, or just being moved aside
                return False
        wait_until(written, f"{count} messages are in the file")

    def shell(self, sql):
        """What the sqlite3 program prints."""
        done = subprocess.run(["sqlite3", self.file, sql], capture_output=True, text=True,
                              timeout=30, check=True)
        return done.stdout

    def files(self, part):
        return [name for name in os.listdir(self.folder) if part in name]

    def file_bytes(self):
        total = 0
        for suffix in ("", "-wal"):
            try:
                total += os.stat(self.file + suffix).st_size
            except FileNotFoundError:
                pass
        return total

    def assert_whole(self):
        """No broken page, and no hole that is not said."""
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        oldest, newest, count = self.query("SELECT min(seq), max(seq), count(*) FROM messages")[0]
        if count == 0:
            return
        lost = self.number("SELECT coalesce(sum(to_seq - from_seq + 1), 0) FROM gaps "
                           f"WHERE from_seq > {oldest} AND to_seq < {newest}")
        self.assertEqual(newest - oldest + 1, count + lost)

    def numbers(self, since=0):
        """Of a Traffic's datagrams in the file, in its order."""
        rows = self.query("SELECT CAST(substr(received, 2, instr(received, ' ') - 2) AS INTEGER) "
                          f"FROM messages WHERE seq >= {since} ORDER BY seq")
        return [row[0] for row in rows]
