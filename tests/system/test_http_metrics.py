"""/metrics: the format, and that the numbers are those of what happened."""

import os
import shutil
import subprocess
import tempfile
import unittest

from gateway import Gateway, GatewayTest, reset, tcp_connect, udp_exchange, wait_until
from prometheus import FormatError, Page


class Metrics(GatewayTest):
    def page(self, gateway=None):
        status, headers, body = (gateway or self.gateway).request_raw("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        return Page(body.decode())

    def test_services(self):
        with Gateway() as gateway, tcp_connect(gateway.chat) as chat:
            for _ in range(3):
                udp_exchange(gateway.udp, b"hello")
            chat.sendall(b"Hi")
            self.assertEqual(chat.recv(100), b"Your data was 2 bytes")
            gateway.wait_for_messages(4)
            page = self.page(gateway)
            for name, value in (("received_messages_total", 3), ("received_bytes_total", 15),
                                ("sent_messages_total", 3), ("sent_bytes_total", 15),
                                ("kernel_drops_total", 0), ("clients", 3)):
                self.assertEqual(page.value("socklens_" + name, service="udp-upper"), value, name)
            self.assertEqual(page.value("socklens_connections_total", service="tcp-chat"), 1)
            self.assertEqual(page.value("socklens_messages_total", service="udp-upper",
                                        outcome="replied"), 3)
            self.assertEqual(page.value("socklens_service_duration_seconds_count",
                                        service="udp-upper"), 3)
            took = page.value("socklens_service_duration_seconds_sum", service="udp-upper")
            self.assertTrue(0 < took < 3, took)
            self.assertEqual(page.value("socklens_journal_messages"), 4)

    def test_store(self):
        self.assertNotIn("socklens_store_messages", self.page().types)
        with tempfile.TemporaryDirectory(prefix="socklens-test-") as folder:
            with Gateway("--store", os.path.join(folder, "messages.db")) as gateway:
                udp_exchange(gateway.udp, b"hello")

                def written():
                    return self.page(gateway).value("socklens_store_messages") == 1
                wait_until(written, "the message is in the file")
                page = self.page(gateway)
                self.assertEqual(page.value("socklens_store_recording"), 1)
                self.assertEqual(page.value("socklens_store_waiting_messages"), 0)
                self.assertEqual(page.value("socklens_store_lost_messages_total"), 0)
                self.assertGreater(page.value("socklens_store_file_bytes"), 0)

    def test_outcomes(self):
        before = self.page().value("socklens_messages_total", service="tcp-chat",
                                   outcome="unfinished")
        sock = self.connect(self.gateway.chat)
        sock.sendall(b"whole\nhal")
        self.assertEqual(sock.recv(100), b"Your data was 5 bytes\n")
        reset(sock)

        def counted():
            return self.page().value("socklens_messages_total", service="tcp-chat",
                                     outcome="unfinished") == before + 1
        wait_until(counted, "the unfinished line is counted")

    def answers(self, **labels):
        return self.page().samples.get(("socklens_http_requests_total",
                                        tuple(sorted(labels.items()))), 0)

    def test_requests(self):
        before = self.answers(method="GET", route="/api/v1/clients/{id}", status="404")
        for number in range(5):
            self.gateway.get(f"/api/v1/clients/{10 ** 9 + number}")
        self.assertEqual(self.answers(method="GET", route="/api/v1/clients/{id}", status="404"),
                         before + 5)
        self.gateway.get("/")
        self.assertGreater(self.answers(method="any", route="dashboard", status="200"), 0)

    def test_a_peer_cannot_make_series(self):
        self.page()
        before = set(self.page().samples)
        for number in range(30):
            self.gateway.get(f"/nothing/{number}?x={number}", {"X-Y": str(number)})
            self.gateway.request_raw(f"M{number}", "/healthz")
            udp_exchange(self.gateway.udp, b"x" * number)
        self.assertLessEqual(len(set(self.page().samples) - before), 3)

    def test_malformed_requests_are_counted(self):
        before = self.answers(method="any", route="none", status="400")
        with tcp_connect(self.gateway.address("http")) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nno colon\r\n\r\n")
            self.assertIn(b"400", sock.recv(100))
        self.assertEqual(self.answers(method="any", route="none", status="400"), before + 1)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_promtool(self):
        body = self.gateway.request_raw("GET", "/metrics")[2]
        done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True,
                              timeout=30, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))


class Checker(unittest.TestCase):
    """What the tests above rely on notices what it is for."""

    def test_faults(self):
        head = "# HELP a_total A.\n# TYPE a_total counter\n"
        Page(head + 'a_total{x="1"} 1\na_total{x="2"} 2\n')
        for text in (head + "a_total 1", head + "a_total 1\na_total 2\n", head + "b_total 1\n",
                     head + 'a_total{x="1} 1\n', head + 'a_total{x="1",x="2"} 1\n',
                     head + head, "# TYPE a_total counter\n", head + "a_total -1\n",
                     "# HELP a A.\n# TYPE a counter\n",
                     "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\n"
                     "a_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n"):
            with self.assertRaises(FormatError, msg=text):
                Page(text)


if __name__ == "__main__":
    unittest.main()
