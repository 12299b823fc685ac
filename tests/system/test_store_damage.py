"""Logs that are damaged: whatever the bytes, it starts or says why not, and overwrites nothing.

Each mutated file is made of a seed, which is printed with what was done to the file.
SOCKLENS_TEST_DAMAGED=5000 tries so many of them instead of some dozens, SOCKLENS_TEST_SEED=7 others
than usual, SOCKLENS_TEST_SEED=7/123 the one of that seed alone. SOCKLENS_TEST_KEEP=FOLDER keeps
those that failed."""

import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from gateway import clean_environment, gateway_executable, tcp_connect, udp_exchange, wait_until
from store_file import StoreTest

FILES = int(os.environ.get("SOCKLENS_TEST_DAMAGED", "36"))
SEED, _, ONE = os.environ.get("SOCKLENS_TEST_SEED", "20").partition("/")
KEEP = os.environ.get("SOCKLENS_TEST_KEEP")
MESSAGES = 40
PAGE = 16384
WAL_HEADER, FRAME = 32, 24 + PAGE
TICKS = os.sysconf("SC_CLK_TCK")


def rows_of(path):
    """What sqlite3 can read of the messages, from a copy; nothing where it reads none."""
    rows = set()
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy.db")
        shutil.copy(path, copy)
        if os.path.exists(path + "-wal"):
            shutil.copy(path + "-wal", copy + "-wal")
        database = sqlite3.connect(copy)
        database.text_factory = bytes
        try:
            for row in database.execute("SELECT seq, received FROM messages ORDER BY seq"):
                rows.add(row)
        except (sqlite3.Error, OverflowError):
            pass
        database.close()
    return rows


def make_logs(folder):
    """One that was stopped, and one that was killed with all in its WAL."""
    paths = {}
    for name, number in (("stopped", signal.SIGTERM), ("killed", signal.SIGKILL)):
        paths[name] = os.path.join(folder, name + ".db")
        process, ready = start(paths[name], folder)
        udp, chat = address(ready, "udp_upper"), address(ready, "tcp_chat")
        for turn in range(MESSAGES - 4):
            udp_exchange(udp, b"old %d " % turn + b"x" * (turn * 40))
        for _ in range(2):
            with tcp_connect(chat) as sock:
                sock.sendall(b"Hi\nExit\n")
                while sock.recv(100):
                    pass
        wait_until(lambda path=paths[name]: len(rows_of(path)) == MESSAGES, "all is written")
        process.send_signal(number)
        process.wait(20)
        process.stderr.close()
    return paths


def address(ready, name):
    host, port = ready[name][0].rsplit(":", 1)
    return host, int(port)


def start(path, folder):
    """The process, and what its ready file says; None where it has ended before."""
    ready = os.path.join(folder, "ready.json")
    if os.path.exists(ready):
        os.unlink(ready)
    flags = [f"--{name}=127.0.0.1:0" for name in ("udp-upper", "tcp-upper", "tcp-chat", "http")]
    process = subprocess.Popen([gateway_executable(), "--store", path, "--ready-file", ready,
                                *flags], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True, env=clean_environment(folder))
    wait_until(lambda: os.path.exists(ready) or process.poll() is not None, "it starts or ends",
               30)
    if process.poll() is not None:
        return process, None
    with open(ready, encoding="utf-8") as file:
        return process, json.load(file)


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class DamageTest(StoreTest):
    @classmethod
    def setUpClass(cls):
        cls.logs_folder = tempfile.mkdtemp(prefix="socklens-logs-")
        cls.addClassCleanup(shutil.rmtree, cls.logs_folder, ignore_errors=True)
        cls.logs = make_logs(cls.logs_folder)

    def put(self, name="stopped"):
        for left in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, left))
        for suffix in ("", "-wal"):
            if os.path.exists(self.logs[name] + suffix):
                shutil.copy(self.logs[name] + suffix, self.file + suffix)

    def kept(self):
        """The rows of all files that are there, whatever their name."""
        rows = set()
        for name in self.files("messages.db"):
            if not name.endswith(("-wal", "-shm", ".lock", ".ballast")):
                rows |= rows_of(os.path.join(self.folder, name))
        return rows

    def survive(self, words, look_s=0.0, damaged=None, flags=()):
        """It starts on the file and serves, or says in one line why not; nothing is lost."""
        before = rows_of(self.file)
        process, ready = start(self.file, self.folder)
        self.addCleanup(process.kill)
        if ready:
            self.assertEqual(udp_exchange(address(ready, "udp_upper"), b"new"), b"NEW", words)
            if look_s:
                began = cpu_s(process.pid)
                time.sleep(look_s)
                self.assertLess(cpu_s(process.pid) - began, 0.5 * look_s + 0.2, words)
            process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
        if ready:
            self.assertEqual(process.returncode, 0, (words, stderr))
        else:
            self.assertEqual(process.returncode, 1, (words, stderr))
            self.assertEqual(len(stderr.splitlines()), 1, (words, stderr))
        self.assertEqual(before - self.kept(), set(), (words, stderr))
        if damaged is not None:
            self.assertEqual("damaged" in stderr, damaged, (words, stderr))
            self.assertTrue(ready, (words, stderr))
        return ready

    def write(self, sql):
        database = sqlite3.connect(self.file)
        database.executescript(sql)
        database.close()


class Values(DamageTest):
    """Numbers that somebody else has written there."""

    def test_numbers_of_meta(self):
        for key in ("next_seq", "next_client", "cleared_seq", "log_id"):
            for value in ("'abc'", "NULL", "x'00'", "-5", "9223372036854775807", "1.5", "0"):
                self.put()
                self.write(f"INSERT OR REPLACE INTO meta VALUES ('{key}', {value})")
                self.survive((key, value))
            self.put()
            self.write(f"DELETE FROM meta WHERE key = '{key}'")
            self.survive((key, "absent"))

    def test_gaps(self):
        for gaps in ("(1, 2, 'evicted', 1), (2, 2, 'evicted', 1)", "(5, 1, 'evicted', 1)",
                     "(-9223372036854775808, 9223372036854775807, 'evicted', 1)",
                     "(1, 'abc', 'evicted', 1)", "(1, 9223372036854775807, 'evicted', 1)",
                     "(0, 0, 'evicted', 1)", "(50, 45, 'evicted', 1), (60, 70, 'lost', 1)"):
            self.put()
            self.write(f"INSERT INTO gaps VALUES {gaps}")
            self.survive(gaps, 0.2)

    def test_messages(self):
        for change in ("outcome = 200", "received_at = -9223372036854775808",
                       "replied_at = 9223372036854775807, received_at = -9223372036854775807",
                       "received_size = -1", "line_end = 77", "client = -1", "listener = 99",
                       "peer = 'nonsense'", "received = 5", "sent = 5.5"):
            self.put()
            self.write(f"UPDATE messages SET {change} WHERE seq = 7")
            self.export(change)
            self.survive(change)

    def export(self, change):
        """Ends by itself, whatever stands there; undefined behaviour would be told by UBSan."""
        for form in ("ndjson", "csv", "pcapng"):
            done = subprocess.run([gateway_executable(), "export", f"--format={form}", "--store",
                                   self.file], capture_output=True, timeout=60, check=False,
                                  env=clean_environment(self.folder))
            self.assertIn(done.returncode, (0, 1), (change, form, done.stderr))
            self.assertNotIn(b"runtime error", done.stderr, (change, form))


class Lifecycle(DamageTest):
    def test_a_key_that_is_found_and_not_deleted(self):
        self.put()
        seq, at, kind, client = self.query("SELECT seq, at, kind, client FROM lifecycle "
                                           "WHERE kind = 2 ORDER BY seq LIMIT 1")[0]
        record = bytes([5, 1, 6, 1, 1, seq]) + struct.pack(">q", at) + bytes([kind, client])
        with open(self.file, "r+b") as file:
            data = file.read()
            self.assertIn(record, data)
            file.seek(data.index(record) + 5)
            file.write(b"\0")
        self.survive("a key of lifecycle", 2)


class Wal(DamageTest):
    """What a killed run has left, and SQLite passes over."""

    def start_and_read(self):
        process, ready = start(self.file, self.folder)
        self.assertTrue(ready)
        process.send_signal(signal.SIGTERM)
        return process.communicate(timeout=60)[1]

    def test_a_loss_is_told(self):
        size = os.path.getsize(self.logs["killed"] + "-wal")
        frames = (size - WAL_HEADER) // FRAME
        self.assertGreater(frames, 10)
        for frame in (0, frames // 2, frames - 6):
            for offset in (8, 24 + 5000):  # in its salt, in its page
                self.flip(WAL_HEADER + frame * FRAME + offset)
                self.assertIn("WAL of the log", self.start_and_read(), (frame, offset))

    def test_a_damaged_header_is_told(self):
        """Each field: magic number, version, page size, number, salts, checksums."""
        for offset in range(0 if FILES > 100 else 3, WAL_HEADER, 1 if FILES > 100 else 4):
            for bits in (0xff, 1):
                self.flip(offset, bits)
                self.assertIn("WAL of the log", self.start_and_read(), (offset, bits))

    def flip(self, offset, bits=0xff):
        """In one byte of the WAL that a killed run has left."""
        self.put("killed")
        with open(self.file + "-wal", "r+b") as file:
            file.seek(offset)
            byte = file.read(1)
            file.seek(offset)
            file.write(bytes([byte[0] ^ bits]))

    def test_nothing_is_told_without_one(self):
        for name in ("killed", "stopped"):
            self.put(name)
            self.assertNotIn("WAL of the log", self.start_and_read())


class Header(DamageTest):
    def test_each_byte(self):
        """With one value each in the short form."""
        chance = random.Random(SEED)
        offsets = range(100) if FILES > 100 else sorted({18, 19, 47, 59, 63, 71} |
                                                        set(chance.sample(range(100), 14)))
        for offset in offsets:
            for value in ((0, 1, 2, 0x36, 0x7f, 0xff) if FILES > 100 else (0x36, 0xff)):
                self.put()
                with open(self.file, "r+b") as file:
                    file.seek(offset)
                    file.write(bytes([value]))
                self.survive((offset, value))


class Mutation:
    """Random damage to a file or a WAL; a seed makes it, and `words` say what it was."""

    KINDS = ("bytes", "region", "page", "short", "header", "swap")

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.log = self.chance.choice(("stopped", "stopped", "killed"))
        self.kind = self.chance.choice(self.KINDS)
        self.words = f"seed {seed}: {self.log}, {self.kind}"

    def apply(self, path):
        if self.log == "killed":
            path, first, step, header = path + "-wal", WAL_HEADER, FRAME, WAL_HEADER + 24
        else:
            first, step, header = 0, PAGE, 200
        size = os.path.getsize(path)
        pages = range(first, size, step)
        with open(path, "r+b") as file:
            if self.kind == "short":
                file.truncate(self.note(self.chance.randrange(size)))
            elif self.kind == "swap":
                self.swap(file, self.chance.choice(pages), self.chance.choice(pages), step)
            elif self.kind == "page":
                self.overwrite(file, self.chance.choice(pages), step)
            elif self.kind == "header":
                self.overwrite(file, self.chance.randrange(min(header, size)), 1)
            elif self.kind == "region":
                self.overwrite(file, self.chance.randrange(size), self.chance.randrange(1, 600))
            else:
                for _ in range(self.chance.choice((1, 1, 3, 20))):
                    self.overwrite(file, self.chance.randrange(size), 1)

    def note(self, offset):
        self.words += f" {offset}"
        return offset

    def overwrite(self, file, offset, length):
        file.seek(self.note(offset))
        file.write(self.chance.choice((self.chance.randbytes(length), bytes(length))))

    def swap(self, file, one, other, length):
        parts = []
        for offset in (one, other):
            file.seek(self.note(offset))
            parts.append(file.read(length))
        for offset, part in zip((other, one), parts):
            file.seek(offset)
            file.write(part)


class Bytes(DamageTest):
    """Files with random damage; the words of a failure name the seed and what was done."""

    def test_mutated_files(self):
        for number in [int(ONE)] if ONE else range(FILES):
            mutation = Mutation(f"{SEED}/{number}")
            self.put(mutation.log)
            mutation.apply(self.file)
            print(mutation.words, file=sys.stderr, flush=True)
            kept = self.keep(f"{SEED}-{number}")
            with self.subTest(mutation.words):
                self.survive(mutation.words, 0.1)
                for path in kept:
                    os.unlink(path)

    def keep(self, name):
        """Copies for a folder that somebody has asked for; those of a failure stay there."""
        kept = []
        for suffix in ("", "-wal"):
            if KEEP and os.path.exists(self.file + suffix):
                kept.append(os.path.join(KEEP, f"{name}.db{suffix}"))
                shutil.copy(self.file + suffix, kept[-1])
        return kept
