"""A reader that keeps its transaction open: the log keeps to its bound, says why, and goes on."""

import os
import socket
import sqlite3
import subprocess
import time

from gateway import clean_environment, gateway_executable, udp_exchange, udp_socket, wait_until
from store_file import StoreTest

LIMIT = 8 << 20


class Reader(StoreTest):
    def flood(self, gateway, done):
        """Until it holds."""
        deadline = time.monotonic() + 60
        with udp_socket(timeout_s=0.2) as sock:
            while not done():
                self.assertLess(time.monotonic(), deadline)
                for _ in range(50):
                    sock.sendto(os.urandom(4000), gateway.udp)
                    try:
                        sock.recv(65536)
                    except socket.timeout:
                        pass

    def state(self, gateway):
        return gateway.status()["store"]["state"]

    def check_words(self, gateway):
        words = "read transaction"
        self.assertIn(words, gateway.status()["store"]["error"])
        gateway.wait_logged(words)
        status, _, problem = gateway.get("/readyz")
        self.assertEqual(status, 503)
        self.assertIn(words, problem["detail"])
        _, headers, _ = gateway.get("/healthz")
        self.assertIn(words, headers["Socklens-Log"])
        done = subprocess.run([gateway_executable(), "--healthcheck", "--ready-file",
                               gateway.ready_file],
                              capture_output=True, text=True, timeout=30, check=True,
                              env=clean_environment(self.folder))
        self.assertIn(words, done.stdout)
        _, _, page = gateway.request_raw("GET", "/metrics")
        self.assertIn(b'socklens_store_paused{reason="blocked"} 1', page)

    def test_it_keeps_to_its_bound_and_goes_on(self):
        with self.gateway("--retain-bytes", str(LIMIT)) as gateway:
            udp_exchange(gateway.udp, b"first")
            self.wait_for_count(1)
            reader = sqlite3.connect(self.file, isolation_level=None)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM messages").fetchone()
            self.flood(gateway, lambda: self.state(gateway) == "blocked")
            for _ in range(10):
                self.assertEqual(udp_exchange(gateway.udp, b"still"), b"STILL")
            self.assertLess(self.file_bytes(), 3 * LIMIT)
            self.check_words(gateway)
            reader.execute("ROLLBACK")
            reader.close()
            wait_until(lambda: self.state(gateway) == "recording", "it goes on")
            udp_exchange(gateway.udp, b"after")
            wait_until(lambda: self.number("SELECT count(*) FROM messages "
                                           "WHERE received = 'after'") == 1, "it is written")
        self.assert_whole()
