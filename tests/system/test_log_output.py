"""Standard error and the transcript on an output that takes nothing, and how much a peer can log.

Nobody who serves may wait for the reader of a line: traffic is answered, and SIGTERM ends in time."""

import fcntl
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from gateway import (START_TIMEOUT_S, STOP_TIMEOUT_S, TIMEOUT_S, Gateway, clean_environment,
                     gateway_executable, parse_address, receive_all, tcp_connect, udp_exchange,
                     wait_until)

PIPE_BYTES = 4096  # the smallest pipe, so that few lines fill it
LISTENERS = ("udp-upper", "tcp-upper", "tcp-chat", "http")
REQUESTS = 10000
BURST = 100  # lines of one kind that are written at once; then one a second
MISSING = re.compile(r"lines of this log that are missing here: (\d+)")
STANDS_FOR = re.compile(r"\(the last of (\d+) such lines\)")

DATAGRAM = re.compile(r"test datagram of 1 bytes to \S+, asked for by \S+")
DATAGRAM_BODY = b'{"listener":"udp-upper","text":"x"}'


def small_pipe():
    """(read end, write end)"""
    ends = os.pipe()
    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return ends


def held_by(reader):
    """Bytes that stand in the pipe."""
    return struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"\0" * 4))[0]


def is_full(reader):
    """The gateway's thread waits for a reader. A write of up to PIPE_BUF bytes waits until all of
    it fits, so how much stands in the pipe by then is chance."""
    held = held_by(reader)
    time.sleep(0.5)
    return held > 0 and held_by(reader) == held


def head(method, path, body=b"", **fields):
    """A request as it stands on the wire."""
    fields = {"Host": "localhost", "Content-Length": str(len(body)),
              "Content-Type": "application/json"} | fields
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def pipeline(address, request, status, count, source="127.0.0.1"):
    """Sends so many on one connection, and returns how many had this status; one that the gateway
    closes behind an answer has the others unanswered."""
    wanted = re.compile(rb"HTTP/1\.1 " + status + rb" ")
    answers, end = b"", b"HTTP/1.1 "
    with socket.create_connection(address, TIMEOUT_S, (source, 0)) as sock:
        try:
            sock.sendall(request * count)
            while answers.count(end) < count and (data := sock.recv(1 << 18)):
                answers += data
        except ConnectionError:
            pass
    return len(wanted.findall(answers))


def post_datagrams(address, count):
    """Each has a line on standard error."""
    sent = pipeline(address, head("POST", "/api/v1/datagrams", DATAGRAM_BODY), b"200", count)
    assert sent == count, sent


class Served:
    """A gateway whose standard error and standard output the test chooses."""

    def __init__(self, stderr, stdout, *flags):
        self.folder = tempfile.mkdtemp(prefix="socklens-output-")
        self.ready = os.path.join(self.folder, "ready.json")
        addresses = [f"--{name}=127.0.0.1:0" for name in LISTENERS]
        self.process = subprocess.Popen(
            [gateway_executable(), "--ready-file", self.ready, *addresses, *flags],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
            env=clean_environment(self.folder))
        self.addresses = {}

    def wait_ready(self):
        wait_until(lambda: os.path.exists(self.ready), "a ready file", START_TIMEOUT_S)
        with open(self.ready, encoding="utf-8") as file:
            self.addresses = {key: parse_address(value[0])
                              for key, value in json.load(file).items() if value}

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def exchange(self, text=b"hello"):
        """One on each service, each answered."""
        assert udp_exchange(self.addresses["udp_upper"], text) == text.upper()
        with tcp_connect(self.addresses["tcp_chat"]) as sock:
            size = len(text.rstrip(b"\n"))
            sock.sendall(text.rstrip(b"\n") + b"\nExit\n")
            answer = receive_all(sock)
            assert answer == b"Your data was %d bytes\nDisconnect\n" % size, answer
        connection = http.client.HTTPConnection(*self.addresses["http"], timeout=TIMEOUT_S)
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
        connection.close()
        assert status == 200, status


class Output(unittest.TestCase):
    """Cases that standard error and the transcript share; `side` is which of them is tried."""

    side = "stderr"
    flags = ("--log-level=debug",)

    def start(self, output):
        sides = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | {self.side: output}
        served = Served(sides["stderr"], sides["stdout"], *self.flags)
        self.addCleanup(served.end)
        served.wait_ready()
        return served

    def use(self, served):
        """More lines on either side than a small pipe holds, and each request answered."""
        post_datagrams(served.addresses["http"], 150)
        for _ in range(20):
            served.exchange(b"y" * 300 + b"\n")

    def stop(self, served):
        served.process.send_signal(signal.SIGTERM)
        try:
            self.assertEqual(served.process.wait(STOP_TIMEOUT_S), 0)
        except subprocess.TimeoutExpired:
            self.fail(f"it did not end within {STOP_TIMEOUT_S} s of SIGTERM")

    def pipe(self):
        reader, writer = small_pipe()
        self.addCleanup(os.close, reader)
        return reader, writer

    def test_a_pipe_that_nobody_reads(self):
        reader, writer = self.pipe()
        served = self.start(writer)
        os.close(writer)
        self.use(served)
        wait_until(lambda: is_full(reader), "the pipe is full")
        self.use(served)
        self.stop(served)

    def test_a_pipe_whose_reader_has_gone(self):
        reader, writer = small_pipe()
        served = self.start(writer)
        os.close(writer)
        os.close(reader)
        self.use(served)
        self.stop(served)

    def test_a_device_that_is_full(self):
        with open("/dev/full", "wb") as full:
            served = self.start(full)
        self.use(served)
        self.stop(served)

    def test_a_reader_that_is_stopped(self):
        """As Ctrl-S or a paused pager; once it goes on, it has what came, or is told the rest."""
        reader, writer = small_pipe()
        with tempfile.TemporaryFile("w+b") as read:
            other = subprocess.Popen(["cat"], stdin=reader, stdout=read)
            self.addCleanup(other.wait)
            self.addCleanup(other.kill)
            os.close(reader)
            served = self.start(writer)
            os.close(writer)
            served.exchange()
            other.send_signal(signal.SIGSTOP)
            self.use(served)
            self.use(served)
            other.send_signal(signal.SIGCONT)
            served.exchange(b"when it is read again")
            self.stop(served)
            other.wait(TIMEOUT_S)
            read.seek(0)
            self.check_read(read.read().decode())

    def check_read(self, text):
        self.assertRegex(text, r"info [A-Za-z ]+: stopping\n")
        self.assertIn("test datagram of 1 bytes", text)

    def test_an_end_while_its_reader_is_stopped(self):
        reader, writer = small_pipe()
        other = subprocess.Popen(["cat"], stdin=reader, stdout=subprocess.DEVNULL)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        os.close(reader)
        served = self.start(writer)
        os.close(writer)
        other.send_signal(signal.SIGSTOP)
        self.use(served)
        self.stop(served)


class Transcript(Output):
    side = "stdout"
    flags = ("--transcript",)

    def check_read(self, text):
        self.assertIn("when it is read again\n", text)
        self.assertEqual(text.count("Received Message from Client: yyy"), 40)


class Missing(unittest.TestCase):
    """Lines that standard error could not take stand as a number in its next line."""

    def test_in_a_file_that_could_not_grow(self):
        """As on a disk that was full; all lines are whole."""
        with Gateway() as gateway:
            size = len(gateway.stderr)
            resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE,
                             (size + 250, resource.RLIM_INFINITY))
            post_datagrams(gateway.address("http"), 50)
            wait_until(lambda: len(gateway.stderr) == size + 250, "the file is full")
            self.assertEqual(udp_exchange(gateway.udp, b"served"), b"SERVED")
            resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            post_datagrams(gateway.address("http"), 1)
            wait_until(lambda: MISSING.search(gateway.stderr), "the number of the missing lines")
            wait_until(lambda: gateway.stderr.endswith("\n"), "a whole line")
            whole = [line for line in gateway.stderr.splitlines() if DATAGRAM.search(line)]
            self.assertEqual(len(whole) + int(MISSING.search(gateway.stderr)[1]), 51)
            self.assertIn("(File too large)", gateway.stderr)


class Volume(unittest.TestCase):
    """What 10,000 requests of a kind may write: some lines, and how many they stand for."""

    def log_of(self, gateway, line, took_s):
        """How many events the lines that match stand for; they are few."""
        gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(STOP_TIMEOUT_S), 0)
        text = gateway.stderr
        self.assertLess(len(text.splitlines()), BURST + took_s + 20, text[-2000:])
        self.assertLess(len(text), 300 * (BURST + took_s + 20))
        found = [one for one in text.splitlines() if re.search(line, one)]
        counts = [STANDS_FOR.search(one) for one in found]
        return sum(int(count[1]) if count else 1 for count in counts)

    def ask(self, gateway, request, answer):
        """The requests, several on their way at once; the seconds it took."""
        began, left = time.monotonic(), REQUESTS
        while left > 0:
            done = pipeline(gateway.address("http"), request, answer, min(left, 100))
            self.assertGreater(done, 0)
            left -= done
        return time.monotonic() - began

    def count(self, request, answer, line, *flags):
        with Gateway(*flags) as gateway:
            took_s = self.ask(gateway, request, answer)
            return self.log_of(gateway, line, took_s)

    def test_datagrams_to_a_listener(self):
        request = head("POST", "/api/v1/datagrams", DATAGRAM_BODY)
        self.assertEqual(self.count(request, b"200", DATAGRAM.pattern), REQUESTS)

    def test_clears(self):
        request = head("DELETE", "/api/v1/messages?confirm=yes")
        self.assertEqual(self.count(request, b"204", "were cleared over HTTP"), REQUESTS)

    def test_wrong_tokens(self):
        """From many addresses, as from one address the answers come slowly."""
        request = head("GET", "/api/v1/status", Authorization="Bearer wrong")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "token")
            with open(path, "w", encoding="ascii") as file:
                file.write("0123456789abcdef\n")
            os.chmod(path, 0o600)
            with Gateway("--token-file", path) as gateway:
                began = time.monotonic()
                for number in range(REQUESTS // 40):
                    self.assertEqual(pipeline(gateway.address("http"), request, b"401", 40,
                                              source=f"127.0.1.{number + 1}"), 40)
                counted = self.log_of(gateway, "wrong token from", time.monotonic() - began)
        self.assertEqual(counted, REQUESTS)

    def test_requests_that_are_refused(self):
        """None of them has to have a line, and all together are bounded."""
        kinds = (
            (head("GET", "/api/v1/nothing"), b"404"),
            (head("PUT", "/api/v1/status"), b"405"),
            (head("GET", "/api/v1/messages?limit=x"), b"400"),
            (head("POST", "/api/v1/datagrams", b"{"), b"400"),
            (head("POST", "/api/v1/datagrams", b'{"to":"192.0.2.1:9","text":"x"}'), b"403"),
            (head("POST", "/api/v1/datagrams", DATAGRAM_BODY, Origin="http://a.example"), b"403"),
            (head("GET", "/api/v1/status", Host="a.example"), b"421"),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", b"400"),
        )
        for request, answer in kinds:
            with self.subTest(request), Gateway("--log-level=debug") as gateway:
                self.log_of(gateway, ".", self.ask(gateway, request, answer))

    def test_connections_over_a_limit(self):
        with Gateway("--max-connections-per-address=1") as gateway, tcp_connect(gateway.chat):
            began = time.monotonic()
            for _ in range(REQUESTS // 10):
                tcp_connect(gateway.chat).close()
            closed = self.log_of(gateway, "closed at once", time.monotonic() - began)
        self.assertGreater(closed, 0)


if __name__ == "__main__":
    unittest.main()
