"""SIGHUP and --print-config: settings that change, and where they come from."""

import contextlib
import re
import signal
import sqlite3
import subprocess
import tempfile
import unittest
from pathlib import Path

from gateway import (TIMEOUT_S, Gateway, clean_environment, gateway_executable, receive_all,
                     tcp_connect, udp_exchange, wait_until)


class ConfigTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = Path(folder.name, "socklens.conf")


class Reload(ConfigTest):
    def start(self, text, *flags, **options):
        self.file.write_text(text)
        gateway = Gateway("--config", str(self.file), *flags, **options)
        self.addCleanup(gateway.kill)
        return gateway

    def reload(self, gateway, text, last_line):
        """Writes the file anew, and waits for that line of the log. Returns the lines of this reload:
        on a busy machine those of the start may come late."""
        before = len(gateway.stderr)
        self.file.write_text(text)
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: last_line in gateway.stderr[before:], last_line)
        lines = [line.split(" ", 1)[1] for line in gateway.stderr[before:].splitlines()]
        return lines[lines.index("info reading the settings again"):]

    def test_says_what_changes_and_what_cannot(self):
        gateway = self.start("udp-rate = 100\nworkers = 1\n")
        lines = self.reload(gateway, "udp-rate = 200\nworkers = 2\n\ntcp-idle = 2h\n", "udp-rate")
        self.assertEqual(lines, [
            "info reading the settings again",
            "warning workers: stays 1 until a restart; then it will be 2",
            f"info tcp-idle: 1h is now 2h ({self.file}:4)",
            f"info udp-rate: 100 is now 200 ({self.file}:1)"])
        # What has been taken over is no news the next time.
        lines = self.reload(gateway, "workers = 2\nudp-rate = 200\n", "tcp-idle")
        self.assertEqual(lines[1:], [
            "warning workers: stays 1 until a restart; then it will be 2",
            "info tcp-idle: 2h is now 1h (default)"])
        self.reload(gateway, "udp-rate = 200\n", "the settings have not changed")
        gateway.stop()

    def test_a_mistake_changes_nothing(self):
        gateway = self.start("tcp-idle = 1h\n")
        lines = self.reload(gateway, "tcp-idle = 50ms\nudp-rat = 3\n", "are not changed")
        self.assertEqual(lines[1:], [
            f'error {self.file}:2: unknown key "udp-rat"; did you mean "udp-rate"?',
            "error the settings are not changed"])
        with tcp_connect(gateway.chat) as sock:
            sock.settimeout(0.3)
            with self.assertRaises(TimeoutError):
                sock.recv(1)
        gateway.stop()

    def test_command_line_and_environment_still_win(self):
        gateway = self.start("", "--udp-rate", "7", env={"SOCKLENS_TCP_IDLE": "3h"})
        self.reload(gateway, "udp-rate = 9\ntcp-idle = 1m\n", "the settings have not changed")
        gateway.stop()

    def test_idle_times_hold_for_who_is_there_already(self):
        gateway = self.start("")
        with tcp_connect(gateway.chat) as sock:
            sock.sendall(b"Hi")
            sock.recv(100)
            udp_exchange(gateway.udp, b"hello")
            self.reload(gateway, "tcp-idle = 100ms\nudp-idle = 100ms\n", "udp-idle")
            self.assertEqual(receive_all(sock), b"")
        wait_until(lambda: not gateway.clients(state="open"), "all clients are closed")
        reasons = {client["close_reason"] for client in gateway.clients()}
        self.assertEqual(reasons, {"idle_timeout", "forgotten"})
        gateway.stop()

    def count_admitted(self, gateway, connections):
        socks = [tcp_connect(gateway.chat) for _ in range(connections)]
        try:
            return sum(self.is_served(sock) for sock in socks)
        finally:
            for sock in socks:
                sock.close()
            wait_until(lambda: not gateway.clients(state="open"), "all clients are gone")

    def is_served(self, sock):
        try:
            sock.sendall(b"Hi")
            return sock.recv(100) != b""
        except OSError:
            return False

    def test_connection_limits(self):
        gateway = self.start("")
        self.assertEqual(self.count_admitted(gateway, 5), 5)
        self.reload(gateway, "max-connections = 3\n", "max-connections")
        self.assertEqual(self.count_admitted(gateway, 5), 3)
        self.reload(gateway, "max-connections-per-address = 2\n", "max-connections-per-address")
        self.assertEqual(self.count_admitted(gateway, 5), 2)
        self.reload(gateway, "max-connections-per-address = 0\n", "is now 0")
        self.assertEqual(self.count_admitted(gateway, 5), 5)
        self.reload(gateway, "max-connections-per-address = 1\n", "is now 1 ")
        self.assertEqual(self.count_admitted(gateway, 5), 1)
        gateway.stop()

    def test_log_level(self):
        gateway = self.start("log-level = error\n")
        self.file.write_text("log-level = info\n")

        def speaks():
            gateway.process.send_signal(signal.SIGHUP)
            return gateway.stderr

        line = wait_until(speaks, "a line in the log").splitlines()[0]
        self.assertTrue(line.endswith("info reading the settings again"), line)
        gateway.stop()

    def test_token(self):
        token = Path(self.folder, "token")
        token.write_text("a" * 20 + "\n")
        gateway = self.start("", "--token-file", str(token))

        def status(letter):
            headers = {"Authorization": "Bearer " + letter * 20}
            return gateway.get("/api/v1/status", headers=headers)[0]

        self.assertEqual((status("a"), status("b")), (200, 401))
        token.write_text("b" * 20 + "\n")
        self.reload(gateway, "", "the settings have not changed")
        wait_until(lambda: (status("a"), status("b")) == (401, 200), "the new token counts")
        token.write_text("short\n")
        self.reload(gateway, "", "the token stays as it was")
        self.assertEqual((status("a"), status("b")), (401, 200))
        gateway.stop()

    def test_retention(self):
        store = str(Path(self.folder, "messages.db"))
        gateway = self.start("", "--store", store)
        for number in range(20):
            udp_exchange(gateway.udp, b"message %d" % number)
        self.reload(gateway, "retain-messages = 5\n", "retain-messages")
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
            wait_until(lambda: database.execute("SELECT count(*) FROM messages").fetchone()[0] <= 5,
                       "the store keeps 5 messages")
        gateway.stop()


class PrintConfig(ConfigTest):
    def run_program(self, *arguments, **environment):
        return subprocess.run([gateway_executable(), *arguments], capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False,
                              env=clean_environment(self.folder) | environment)

    def print(self, *arguments, **environment):
        done = self.run_program("--print-config", *arguments, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def settings(self, text):
        rows = re.findall(r"^([\w-]+) = (.*?) +; (.*)$", text, re.M)
        return [(name, value) for name, value, _ in rows], {
            name: (value, place) for name, value, place in rows}

    def test_says_where_each_value_comes_from(self):
        self.file.write_text("tcp-idle = 2h\n\n[socklens]\nlog_level = debug\nudp-rate = 3\n")
        text = self.print("--config", str(self.file), "--udp-rate=4", "--transcript",
                          SOCKLENS_UDP_IDLE="7m", SOCKLENS_UDP_RATE="5")
        _, found = self.settings(text)
        self.assertEqual(found["tcp-idle"], ("2h", f"{self.file}:1"))
        self.assertEqual(found["log-level"], ("debug", f"{self.file}:4"))
        self.assertEqual(found["udp-rate"], ("4", "--udp-rate"))
        self.assertEqual(found["udp-idle"], ("7m", "SOCKLENS_UDP_IDLE"))
        self.assertEqual(found["transcript"], ("yes", "--transcript"))
        self.assertEqual(found["http-open"], ("no", "default"))
        self.assertEqual(found["workers"], ("1", "default"))
        self.assertIn("# ready-file is not set\n", text)

    def test_can_be_read_again(self):
        text = self.print("--tcp-chat=:1060", "--tcp-chat=unix:/tmp/chat", "--udp-upper=none",
                          "--bind=[::1]", "--ready-file=/tmp/a b", "--allow-host=a.example",
                          SOCKLENS_HTTP="127.0.0.1:1, 127.0.0.1:2")
        self.file.write_text(text)
        again = self.print("--config", str(self.file))
        self.assertEqual(self.settings(again)[0], self.settings(text)[0])
        self.assertEqual(re.findall("^#.*", again, re.M), re.findall("^#.*", text, re.M))
        self.assertEqual(re.findall(r"^(?:http|tcp-chat) = (\S+)", again, re.M),
                         [":1060", "unix:/tmp/chat", "127.0.0.1:1", "127.0.0.1:2"])

    def test_what_cannot_stand_in_a_file_is_said(self):
        for value, reason in (("a ;b", "has blanks or comment signs that are not allowed in"),
                              ("a\nb", "has control characters, which are not allowed in"),
                              ("a" * 200, "is too long for")):
            text = self.print("--ready-file", value)
            self.assertIn(f"# ready-file: its value {reason} a file\n", text)
            self.file.write_text(text)
            self.print("--config", str(self.file))

    def test_a_long_path_costs_the_comment_and_not_the_value(self):
        deep = Path(self.folder, "d" * 100, "e" * 100)
        deep.mkdir(parents=True)
        file = deep / "socklens.conf"
        file.write_text("udp-rate = 3\n")
        text = self.print("--config", str(file))
        self.assertIn("udp-rate = 3\n", text)

    def test_mistakes_come_first(self):
        done = self.run_program("--print-config", "--udp-rate=x")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--udp-rate", done.stderr)


if __name__ == "__main__":
    unittest.main()
