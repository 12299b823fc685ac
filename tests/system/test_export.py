"""Exports over HTTP: over the seam, live, and as the programs read them that they are made for."""

import csv
import http.client
import io
import json
import os
import re
import shutil
import socket
import subprocess
import time
import unittest

from gateway import (clean_environment, gateway_executable, receive_all, tcp_connect,
                     udp_exchange, wait_until)
from test_log import LogTest, flood, pages

NAME = r'^attachment; filename="socklens-\d{8}T\d{6}Z\.%s"$'


class Download:
    """An export that is read as it comes."""

    def __init__(self, gateway, query, timeout_s=10):
        self.connection = gateway.http_connection(timeout_s)
        self.connection.request("GET", "/api/v1/export?" + query)
        self.response = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.response.close()
        self.connection.close()

    def object(self):
        line = self.response.readline()
        return json.loads(line) if line else None


def export(gateway, query):
    with Download(gateway, query, 60) as download:
        if download.response.status != 200:
            raise AssertionError(download.response.read())
        return download.response.read()


def wait_written(gateway, newest):
    """Replies are there before their messages are in the file."""
    wait_until(lambda: gateway.status()["store"]["newest_seq"] == newest, f"{newest} in the file")


def objects(gateway, query):
    return [json.loads(line) for line in export(gateway, "format=ndjson" + query).splitlines()]


class Formats(LogTest):
    def test_all_of_both(self):
        with self.gateway() as gateway:
            flood(gateway, (f"{i} ".encode() + b"x" * 2000 for i in range(4000)))
            self.assertGreater(gateway.status()["log"]["oldest_seq"], 100)
            items, _ = pages(gateway, after=0, limit=1000)
            self.assertEqual(objects(gateway, ""), items)
            self.assertEqual(objects(gateway, "&text=%2077%20"), [])
            self.assertEqual([one["seq"] for one in objects(gateway, "&text=77%20X")],
                             [one["seq"] for one in items if "77 X" in one["sent"]["text"]])
            text = export(gateway, "format=csv").decode()
            rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
            self.assertEqual([int(row["seq"]) for row in rows], list(range(1, 4001)))
            for row, item in zip(rows, items):
                self.assertEqual(row["received_base64"], item["received"]["base64"])

    def test_headers(self):
        with self.gateway() as gateway:
            for name in ("ndjson", "csv", "spreadsheet", "pcapng"):
                for method in ("GET", "HEAD"):
                    status, headers, _ = gateway.request_raw(
                        method, f"/api/v1/export?format={name}")
                    self.assertEqual(status, 200)
                    self.assertRegex(headers["Content-Disposition"], NAME % name.replace("spreadsheet", "csv"))
                    self.assertTrue(headers["Content-Type"])
            for query, param in (("", "format"), ("format=xml", "format"),
                                 ("format=csv&follow=2", "follow"), ("format=csv&x=1", "x"),
                                 ("format=csv&since=yesterday", "since")):
                status, _, problem = gateway.get("/api/v1/export?" + query)
                self.assertEqual((status, problem["param"]), (400, param))

    def test_evicted_messages_are_a_gap(self):
        with self.gateway("--retain-messages", "100") as gateway:
            flood(gateway, [b"g" * 5000] * 2000)
            wait_until(lambda: gateway.status()["store"]["messages"] <= 100, "retention")
            gap, *items = objects(gateway, "")
            self.assertEqual(gap["gap"]["from"], 1)
            self.assertEqual(gap["gap"]["reason"], "evicted")
            self.assertEqual([one["seq"] for one in items], list(range(gap["gap"]["to"] + 1, 2001)))


FORMULA = re.compile(r'=(?:"(?:[^"]|"")*"|(?:UNI)?CHAR\(\d+\))(?:&(?:"(?:[^"]|"")*"|(?:UNI)?CHAR\(\d+\)))*')
TERM = re.compile(r'"((?:[^"]|"")*)"|(?:UNI)?CHAR\((\d+)\)')


def cell_value(cell):
    """What a spreadsheet shows: string literals, with a quote doubled, and CHAR(n), joined by &.
    https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3: 255 characters a
    literal, 8,192 a formula, 32,767 a cell."""
    if not FORMULA.fullmatch(cell) or len(cell) > 8192:
        raise AssertionError(f"no formula: {cell[:80]!r}")
    value = ""
    for literal, code in TERM.findall(cell):
        if len(literal) > 255:
            raise AssertionError(f"a literal of {len(literal)}")
        value += chr(int(code)) if code else literal.replace('""', '"')
    return value


class Spreadsheet(LogTest):
    """No text is read as something else, and none runs as a formula."""

    TEXTS = ("1/2", "00123", "12345678901234567890", "straße", "1e5", "TRUE", "-5", "+1", "@x",
             "=1+1", "x;=1+1", "x,=1+1", "x|@y", "a\tb", "\t=1", "line\nfeed\r\n=1", '"', '""=1""',
             '";=1+1', "'00", " both ", "", "=\"a\"&1", "日本語" * 90, "x" * 300, '"' * 300,
             "2026-01-31", "12:30", "#N/A", "\ufeffmark", "1" * 3000)

    def test_texts(self):
        with self.gateway() as gateway:
            for text in self.TEXTS:
                udp_exchange(gateway.udp, text.encode())
            items = gateway.wait_for_messages(len(self.TEXTS))
            data = export(gateway, "format=spreadsheet")
            wait_written(gateway, len(self.TEXTS))
            done = subprocess.run(
                [gateway_executable(), "export", "--format=spreadsheet", "--store", self.file],
                capture_output=True, timeout=60, check=True)
            self.assertEqual(done.stdout, data)
        self.assertTrue(data.startswith(b"\xef\xbb\xbf"))
        self.assertTrue(data[3:].isascii(), "whatever the reader takes the file to be written in")
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
        self.assertEqual(len(rows), len(items))
        for row, item, text in zip(rows, items, self.TEXTS):
            self.assertEqual(cell_value(row["received_text"]), text)
            self.assertEqual(cell_value(row["sent_text"]), item["sent"]["text"])
            self.assertEqual(cell_value(row["client_address"]), item["client"]["address"])
            self.assertEqual(cell_value(row["received_at"]), item["received_at"])
        # A reader with another separator finds no cell that a stranger has made a formula.
        for separator in ";\t|":
            for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""),
                                  delimiter=separator):
                for cell in row:
                    self.assertNotIn(cell[:1], ("=", "+", "-", "@"), (separator, cell))

    def test_what_is_too_long_is_plain_and_cut_at_a_character(self):
        with self.gateway() as gateway:
            for text in ("ä" * 5000, "ä" * 20000, "7" * 60000):
                udp_exchange(gateway.udp, text.encode())
            gateway.wait_for_messages(3)
            text = export(gateway, "format=spreadsheet").decode("utf-8-sig")
        cells = [row["received_text"]
                 for row in csv.DictReader(io.StringIO(text, newline=""), strict=True)]
        self.assertEqual(cells, ["ä" * 5000, "ä" * 16383, "7" * 32767])


class Resumed(LogTest):
    """A reader goes on where it stopped, by whatever way it reads."""

    def command(self, *arguments):
        done = subprocess.run(
            [gateway_executable(), "export", "--format=ndjson", "--store", self.file, *arguments],
            capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_after_gives_what_follows(self):
        with self.gateway("--journal-size", "4M") as gateway:
            flood(gateway, (f"{i}".encode() + b"x" * 3000 for i in range(3000)))
            wait_written(gateway, 3000)
            self.assertGreater(gateway.status()["log"]["oldest_seq"], 100)
            for after in (0, 1, 50, 2990, 2999, 3000, 9999):
                expected = list(range(after + 1, 3001))
                for found in (objects(gateway, f"&after={after}"),
                              self.command(f"--after={after}")):
                    self.assertEqual([one["seq"] for one in found], expected, after)
            kept = objects(gateway, "&after=1000&text=77x")
            self.assertEqual([one["seq"] for one in kept],
                             [n for n in range(1001, 3001) if f"{n - 1}".endswith("77")])
            self.assertEqual(self.command("--after=1000", "--text=77x"), kept)
            for bad in ("-1", "x", "1.5", ""):
                status, _, problem = gateway.get(f"/api/v1/export?format=csv&after={bad}")
                self.assertEqual((status, problem["param"]), (400, "after"))

    def test_what_is_gone_behind_it(self):
        with self.gateway("--retain-messages", "100") as gateway:
            flood(gateway, [b"g" * 5000] * 2000)
            wait_written(gateway, 2000)
            wait_until(lambda: gateway.status()["store"]["messages"] <= 100, "retention")
            for found in (objects(gateway, "&after=500"), self.command("--after=500")):
                gap, *items = found
                self.assertEqual(gap["gap"]["from"], 501)
                self.assertEqual([one["seq"] for one in items],
                                 list(range(gap["gap"]["to"] + 1, 2001)))

    def test_follow_from_any_place(self):
        with self.gateway() as gateway:
            flood(gateway, [b"before"] * 5)
            gateway.wait_for_messages(5)
            for query, seqs in (("after=3", [4, 5]), ("since=now", []), ("since=1h&after=4", [5])):
                with Download(gateway, f"format=ndjson&follow=1&{query}") as download:
                    newest = gateway.newest_seq()
                    seqs = seqs + list(range(6, newest + 1)) if seqs else []
                    # One that begins now has to have begun: it counts as a stream then.
                    wait_until(lambda: gateway.status()["http"]["streams"] == 1, "the export")
                    udp_exchange(gateway.udp, b"live")
                    self.assertEqual([download.object()["seq"] for _ in range(len(seqs) + 1)],
                                     [*seqs, newest + 1], query)
                wait_until(lambda: gateway.status()["http"]["streams"] == 0, "its end")

    def test_stream(self):
        with self.gateway() as gateway:
            flood(gateway, [b"before"] * 5)
            gateway.wait_for_messages(5)
            with gateway.events("types=messages&after=3") as stream:
                items = stream.next_of("messages")["data"]["items"]
                self.assertEqual([one["seq"] for one in items], [4, 5])
            run = gateway.status()["run"]
            with gateway.events("types=messages&after=1",
                                {"Last-Event-ID": f"{run}:4"}) as stream:
                items = stream.next_of("messages")["data"]["items"]
                self.assertEqual([one["seq"] for one in items], [5], "the id is later than after")


class OneTable(LogTest):
    """Messages are chosen by the same parameters, by whatever way they are read."""

    def test_parameters(self):
        with self.gateway() as gateway:
            paths = gateway.fetch("openapi.json")["paths"]

            def parameters(path):
                return {one["$ref"].rpartition("/")[2]
                        for one in paths["/api/v1/" + path]["get"]["parameters"] if "$ref" in one}

            table = parameters("export")
            self.assertIn("after", table)
            self.assertEqual(parameters("events"), table)
            self.assertEqual(parameters("messages") - {"limit", "cursor"}, table)
        text = subprocess.run([gateway_executable(), "export", "--help"], capture_output=True,
                              text=True, timeout=30, check=True).stdout
        options = {name.replace("-", "_") for name in re.findall(r"^  (?:-\w, )?--([\w-]+)", text,
                                                                 re.MULTILINE)}
        self.assertEqual(options - {"format", "store", "output", "help"}, table)

    def test_times(self):
        """A time is written in the same ways everywhere."""
        with self.gateway() as gateway:
            flood(gateway, [b"x"] * 3)
            wait_written(gateway, 3)
            for since, count in (("now", 0), ("1h30m", 3), ("2026-01-01T00:00:00Z", 3)):
                found = [len(gateway.fetch("messages", since=since)["items"])]
                found.append(len(objects(gateway, f"&since={since}")))
                done = subprocess.run(
                    [gateway_executable(), "export", "--format=ndjson", "--store", self.file,
                     "--since", since], capture_output=True, timeout=60, check=True)
                found.append(len(done.stdout.splitlines()))
                self.assertEqual(found, [count] * 3, since)


class Live(LogTest):
    def test_follow(self):
        with self.gateway() as gateway:
            udp_exchange(gateway.udp, b"before")
            with Download(gateway, "format=ndjson&follow=1") as download:
                self.assertEqual(download.object()["received"]["text"], "before")
                for text in ("one", "two"):
                    udp_exchange(gateway.udp, text.encode())
                    self.assertEqual(download.object()["received"]["text"], text)
                gateway.process.terminate()
                self.assertIsNone(download.object())

    def test_reader_who_leaves_is_noticed(self):
        with self.gateway() as gateway:
            with Download(gateway, "format=csv&follow=1"):
                wait_until(lambda: gateway.status()["http"]["streams"] == 1, "the export")
            wait_until(lambda: gateway.status()["http"]["streams"] == 0, "its end")

    def test_slow_reader_costs_little(self):
        with self.gateway() as gateway:
            flood(gateway, [b"s" * 8000] * 1000)
            before = gateway.memory_bytes()
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(gateway.address("http"))
            with sock:
                sock.sendall(b"GET /api/v1/export?format=ndjson HTTP/1.1\r\nHost: localhost\r\n"
                             b"Connection: close\r\n\r\n")
                time.sleep(0.5)
                self.assertLess(gateway.memory_bytes() - before, 8 << 20)
                used = gateway.cpu_s()
                time.sleep(1)
                self.assertLess(gateway.cpu_s() - used, 0.2)
                sock.settimeout(60)
                text = receive_all(sock)
            self.assertEqual(text.count(b'{"seq":'), 1000)
            self.assertTrue(text.endswith(b"0\r\n\r\n"))


@unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
class Capture(LogTest):
    FIELDS = ("_ws.malformed", "_ws.expert.severity", "udp.payload", "tcp.payload",
              "tcp.flags.syn", "tcp.flags.fin", "tcp.stream")

    def traffic(self, gateway):
        udp_exchange(gateway.udp, b"hello")
        with tcp_connect(gateway.tcp) as sock:
            sock.sendall(b"shout")
            receive_all(sock)
        with tcp_connect(gateway.chat) as sock:
            sock.sendall(b"by line\r\n")
            sock.recv(100)
            sock.sendall(b"Exit\n")
            receive_all(sock)
        gateway.wait_for_messages(4)
        wait_until(lambda: len(gateway.clients(state="closed")) == 2, "both connections closed")

    def check(self, path):
        done = subprocess.run(["tshark", "-r", path, "-T", "fields", "-o", "ip.check_checksum:TRUE",
                               *(part for field in self.FIELDS for part in ("-e", field))],
                              timeout=60, check=True, stdout=subprocess.PIPE, text=True)
        rows = [dict(zip(self.FIELDS, line.split("\t"))) for line in done.stdout.splitlines()]
        self.assertEqual({row["_ws.malformed"] for row in rows}, {""})
        payloads = [bytes.fromhex(row["udp.payload"] or row["tcp.payload"]) for row in rows]
        for payload in (b"hello", b"HELLO", b"shout", b"SHOUT", b"by line\r\n",
                        b"Your data was 7 bytes\n", b"Exit\n", b"Disconnect\n"):
            self.assertIn(payload, payloads)
        for flag in ("tcp.flags.syn", "tcp.flags.fin"):
            self.assertEqual(sum(row[flag] in ("1", "True") for row in rows), 4, rows)

    def test_from_journal_and_file(self):
        path = os.path.join(self.folder, "capture.pcapng")
        with self.gateway() as gateway:
            self.traffic(gateway)
            with open(path, "wb") as file:
                file.write(export(gateway, "format=pcapng"))
            self.check(path)
        with self.gateway() as gateway:  # all of it comes from the file now
            with open(path, "wb") as file:
                file.write(export(gateway, "format=pcapng"))
            self.check(path)

    def test_live(self):
        path = os.path.join(self.folder, "live.pcapng")
        with self.gateway() as gateway:
            with Download(gateway, "format=pcapng&follow=1") as download, open(path, "wb") as file:
                self.traffic(gateway)
                data = bytearray()
                while data.count(b" closed by ") < 2:
                    data += download.response.read1(65536)
                gateway.process.terminate()
                data += download.response.read()
                file.write(data)
            self.check(path)


class Offline(LogTest):
    """The command that reads the file by itself."""

    def run_command(self, *arguments):
        return subprocess.run([gateway_executable(), "export", *arguments], timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=clean_environment(self.folder))

    def export(self, *arguments):
        done = self.run_command("--store", self.file, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def test_same_as_over_http(self):
        with self.gateway() as gateway:
            flood(gateway, (f"{i} text".encode() for i in range(500)))
            with tcp_connect(gateway.chat) as sock:
                sock.sendall(b"Exit")
                receive_all(sock)
            wait_until(lambda: gateway.clients(state="closed"), "the connection's end")
            wait_until(lambda: gateway.status()["store"]["newest_seq"] == 501, "all in the file")
            for form in ("ndjson", "csv"):  # while the gateway runs
                self.assertEqual(self.export("--format", form),
                                 export(gateway, f"format={form}"))
        with self.gateway() as gateway:
            expected = {form: export(gateway, f"format={form}")
                        for form in ("ndjson", "csv", "pcapng")}
            found = export(gateway, "format=ndjson&text=77&service=udp-upper&min_size=7")
        for form, data in expected.items():
            self.assertEqual(self.export("--format", form), data)
        self.assertEqual(self.export("--format=ndjson", "--text", "77", "--service", "udp-upper",
                                     "--min-size", "7"), found)
        self.assertEqual(found.count(b"\n"), 5)
        path = os.path.join(self.folder, "out.csv")
        self.assertEqual(self.export("--format=csv", "-o", path), b"")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), expected["csv"])

    def test_what_goes_meanwhile_is_told(self):
        """A slow reader, and a gateway that clears the file before it has come far."""
        with self.gateway() as gateway:
            flood(gateway, (b"%d " % i + b"x" * 3000 for i in range(3000)))
            wait_until(lambda: gateway.status()["store"]["newest_seq"] == 3000, "all in the file")
            process = subprocess.Popen([gateway_executable(), "export", "--format=ndjson",
                                        "--store", self.file], stdout=subprocess.PIPE,
                                       env=clean_environment(self.folder))
            with process:
                lines = [process.stdout.readline()]
                self.assertEqual(gateway.delete("/api/v1/messages?confirm=yes")[0], 204)
                wait_until(lambda: gateway.status()["store"]["messages"] == 0, "an empty file")
                lines += process.stdout.readlines()
            self.assertEqual(process.returncode, 0)
        # It may have read on while the file was being cleared: then there is more than one gap.
        expected = 1
        for record in map(json.loads, lines):
            gap = record.get("gap", {"from": record.get("seq"), "to": record.get("seq")})
            self.assertEqual(gap["from"], expected)
            self.assertEqual(gap.get("reason", "cleared"), "cleared")
            expected = gap["to"] + 1
        self.assertEqual((gap["to"], gap.get("reason")), (3000, "cleared"))

    def test_errors(self):
        with self.gateway():
            pass
        for arguments, status, word in (
                ((), 2, "--format"), (("--format", "xml"), 2, "xml"),
                (("--format=csv", "--colour"), 2, "--colour"),
                (("--format=csv", "more"), 2, "more"), (("--format",), 2, "--format"),
                (("--format=csv", "--store", self.file, "--since", "yesterday"), 2, "since"),
                (("--format=csv", "--store", self.file + ".none"), 1, self.file + ".none"),
                (("--format=csv", "--store", __file__), 1, __file__),
                (("--format=csv", "--store", self.file, "-o", "/nowhere/x"), 1, "/nowhere/x"),
                (("--format=csv", "--store", self.file, "-o", "/dev/full"), 1, "/dev/full")):
            done = self.run_command(*arguments)
            text = done.stderr.decode()
            self.assertEqual(done.returncode, status, (arguments, text))
            self.assertRegex(text, r"^socklens export: [^\n]+\n$")
            self.assertIn(word, text)
        self.assertIn(b"--format FORMAT", self.run_command("--help").stdout)


if __name__ == "__main__":
    unittest.main()
