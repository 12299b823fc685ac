"""Starts the real gateway for a test, talks to it, and stops it again.

    with Gateway("--transcript") as gateway:
        reply = udp_exchange(gateway.udp, b"hello")
        message = gateway.wait_for_messages(1)[0]

All services listen on 127.0.0.1 with ports that the kernel chooses; `gateway.addresses` has what
the ready file says. Every wait in here is bounded and says what it waited for.
"""

import atexit
import base64
import contextlib
import ctypes
import errno
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

import contract

START_TIMEOUT_S = 20  # a sanitizer build on a busy machine
STOP_TIMEOUT_S = 15
CONDITION_TIMEOUT_S = 60  # until something is so: machines that many share stand still for seconds
TIMEOUT_S = 10  # anything else
POLL_S = 0.01


class GatewayError(AssertionError):
    """The gateway did not do what a test relies on."""


def wait_until(probe, what, timeout_s=CONDITION_TIMEOUT_S):
    """Calls `probe` until it returns something true, and returns that."""
    deadline = time.monotonic() + timeout_s
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout_s} s still not: {what} (last: {result!r})")
        time.sleep(POLL_S)


def parse_address(text):
    """What socket.connect takes: ("127.0.0.1", 12000), ("::1", 12000) or a path."""
    if text.startswith("unix:"):
        return text.removeprefix("unix:")
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def format_address(address):
    """The API's text for what a socket calls itself."""
    if isinstance(address, (str, bytes)):
        return "unix:" + os.fsdecode(address)
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def family_of(address):
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def udp_socket(address=("127.0.0.1", 0), timeout_s=TIMEOUT_S):
    """A bound datagram socket with a timeout."""
    sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    sock.settimeout(timeout_s)
    sock.bind(address)
    return sock


def udp_exchange(server, payload, bind=None, timeout_s=TIMEOUT_S):
    """Sends one datagram and returns the reply, which must come from `server`."""
    any_port = ("::1", 0) if family_of(server) == socket.AF_INET6 else ("127.0.0.1", 0)
    with udp_socket(bind or any_port, timeout_s) as sock:
        sock.sendto(payload, server)
        reply, source = sock.recvfrom(65535)
        if source[:2] != server[:2]:
            raise AssertionError(f"sent to {server}, answered from {source}")
        return reply


def tcp_connect(server, timeout_s=TIMEOUT_S, bind=None):
    """A connected stream socket (TCP, or Unix where `server` is a path) with a timeout."""
    sock = socket.socket(family_of(server), socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        if bind:
            sock.bind(bind)
        sock.connect(server)
    except BaseException:
        sock.close()
        raise
    return sock


def reset(sock):
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def receive_exactly(sock, size):
    """`size` bytes, or fewer where the peer closes before."""
    data = bytearray()
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            break
        data += part
    return bytes(data)


def receive_all(sock):
    """Everything until the peer closes."""
    data = bytearray()
    while part := sock.recv(65536):
        data += part
    return bytes(data)


def receive_line(sock):
    """Up to and with the next line end, byte by byte so that nothing after it is taken."""
    data = bytearray()
    while not data.endswith(b"\n"):
        part = sock.recv(1)
        if not part:
            break
        data += part
    return bytes(data)


class EventStream:
    """Server-Sent Events, one dict each: {"event": ..., "id": ..., "data": parsed JSON}.

    `data` is None for a comment (a heartbeat), whose text is then in "comment".
    """

    def __init__(self, connection, path, headers=None):
        self.connection = connection
        self.connection.request("GET", path, headers=headers or {})
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.headers = self.response.headers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.connection.close()

    def __iter__(self):
        return self

    def __next__(self):
        """The next event; StopIteration where the server ended the stream."""
        event = {"event": "message", "id": None, "data": None}
        lines = []
        while line := self.response.readline():
            text = line.decode().rstrip("\r\n")
            if text.startswith(":"):
                return {"event": None, "id": None, "data": None, "comment": text[1:].strip()}
            if not text and lines:
                return event | {"data": json.loads("\n".join(lines))}
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                lines.append(value)
            elif name:
                event[name] = value
        raise StopIteration

    def next_of(self, kind, timeout_s=TIMEOUT_S):
        """The next event of that kind; others are passed over."""
        deadline = time.monotonic() + timeout_s
        for event in self:
            if event["event"] == kind:
                return event
            if time.monotonic() > deadline:
                break
        raise AssertionError(f"no event of kind {kind!r} within {timeout_s} s")


class StoppedThread:
    """Inside the block, one thread of a process that this one has started stands still (ptrace(2))."""

    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
    WAIT_ALL = 0x40000000  # __WALL: for a thread, too

    def __init__(self, pid, name):
        self.tid = next(int(path.parent.name) for path in Path(f"/proc/{pid}/task").glob("*/comm")
                        if path.read_text("utf-8").strip() == name)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(self, request):
        zero = ctypes.c_void_p(0)
        if self.libc.ptrace(ctypes.c_long(request), ctypes.c_long(self.tid), zero, zero) < 0:
            code = ctypes.get_errno()
            if code == errno.EPERM and request == self.SEIZE:
                raise unittest.SkipTest("no thread may be stopped here")
            raise OSError(code, os.strerror(code))

    def __enter__(self):
        self.ptrace(self.SEIZE)
        self.ptrace(self.INTERRUPT)
        os.waitpid(self.tid, self.WAIT_ALL)

    def __exit__(self, *_):
        self.ptrace(self.DETACH)


class Gateway:
    """One running gateway. A list of addresses per service; an empty one leaves it at "none"."""

    live = []  # running now: their stderr is shown when a test fails

    def __init__(self, *flags, env=None, udp_upper=("127.0.0.1:0",), tcp_upper=("127.0.0.1:0",),
                 tcp_chat=("127.0.0.1:0",), http=("127.0.0.1:0",), max_files=None, wait=True,
                 tls=None):
        self.tls = tls  # an ssl.SSLContext where it speaks HTTPS
        self.folder = tempfile.mkdtemp(prefix="socklens-test-")
        self.ready_file = os.path.join(self.folder, "ready.json")
        self.addresses = {}
        self.process = None
        self.arguments = [gateway_executable(), *flags, "--ready-file", self.ready_file]
        for option, values in (("--udp-upper", udp_upper), ("--tcp-upper", tcp_upper),
                               ("--tcp-chat", tcp_chat), ("--http", http)):
            for value in values or ("none",):
                self.arguments += [option, value]
        self._start(env or {}, max_files)
        if wait:
            self.wait_ready()

    def _start(self, env, max_files):
        def prepare():
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where nohup runs the tests
            if max_files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (max_files, max_files))

        with open(self._path("stdout"), "wb") as out, open(self._path("stderr"), "wb") as err:
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=clean_environment(self.folder) | env, preexec_fn=prepare)
        Gateway.live.append(self)

    def wait_ready(self):
        """Until the ready file is there; an early end shows what the gateway said."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not os.path.exists(self.ready_file):
            if self.process.poll() is not None:
                self._fail(f"ended with status {self.process.returncode} before it was ready")
            if time.monotonic() > deadline:
                self._fail(f"was not ready within {START_TIMEOUT_S} s")
            time.sleep(POLL_S)
        with open(self.ready_file, encoding="utf-8") as file:
            self.addresses = json.load(file)

    def _fail(self, what):
        text = self.stderr
        self.kill()
        raise GatewayError(f"{' '.join(self.arguments)} {what}\n{text}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            show_output(self)
            self.kill()
        elif self.process is not None:
            self.stop()

    # --- the process ---

    @property
    def pid(self):
        return self.process.pid

    @property
    def stdout(self):
        return self._read("stdout")

    @property
    def stderr(self):
        return self._read("stderr")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _read(self, name):
        with open(self._path(name), "rb") as file:
            return file.read().decode("utf-8", "backslashreplace")

    def stop(self, sig=signal.SIGTERM, timeout_s=STOP_TIMEOUT_S):
        """Asks it to end, and insists on exit status 0 in time. Returns the seconds it took."""
        started = time.monotonic()
        self.process.send_signal(sig)
        try:
            status = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._fail(f"did not end within {timeout_s} s of signal {sig}")
        if status != 0:
            self._fail(f"ended with status {status} after signal {sig}")
        took_s = time.monotonic() - started
        if any(sign in self.stderr for sign in ("runtime error:", "Sanitizer:")):
            self._fail("was found at fault by a sanitizer")
        self.kill()
        return took_s

    def kill(self):
        """Ends it in any case and removes its folder. May be called again."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        if self in Gateway.live:
            Gateway.live.remove(self)
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def asleep(self):
        """It stands still inside the block, so that what is sent meanwhile is there at once."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        try:
            yield
            time.sleep(0.05)
        finally:
            self.process.send_signal(signal.SIGCONT)

    def wait_logged(self, words):
        """Until a line of its log has them: a thread of its own writes the lines, some time after
        what they tell of."""
        wait_until(lambda: words in self.stderr, f"a line with {words!r} in the log")

    def cpu_s(self):
        """Processor time it has used so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self):
        """Its resident memory."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # --- where it listens ---

    def address(self, key, index=0):
        return parse_address(self.addresses[key][index])

    @property
    def udp(self):
        return self.address("udp_upper")

    @property
    def tcp(self):
        return self.address("tcp_upper")

    @property
    def chat(self):
        return self.address("tcp_chat")

    @property
    def http_url(self):
        return ("https://" if self.tls else "http://") + self.addresses["http"][0]

    # --- its API ---

    def http_connection(self, timeout_s=TIMEOUT_S):
        host, port = self.address("http")
        if self.tls:
            return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=self.tls)
        return http.client.HTTPConnection(host, port, timeout=timeout_s)

    def request_raw(self, method, path, body=None, headers=None, timeout_s=TIMEOUT_S):
        """(status, headers, body as bytes). A dict as body is sent as JSON."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = self.http_connection(timeout_s)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            data = response.read()
            contract.check(method, path, response.status, response.headers, data)
            return response.status, response.headers, data
        finally:
            connection.close()

    def request(self, method, path, body=None, headers=None, timeout_s=TIMEOUT_S):
        """(status, headers, parsed JSON or None where the body is not JSON)."""
        status, replied, data = self.request_raw(method, path, body, headers, timeout_s)
        is_json = "json" in replied.get("Content-Type", "")
        return status, replied, json.loads(data) if is_json else None

    def get(self, path, headers=None, timeout_s=TIMEOUT_S):
        return self.request("GET", path, headers=headers, timeout_s=timeout_s)

    def post(self, path, body, headers=None, timeout_s=TIMEOUT_S):
        return self.request("POST", path, body, headers, timeout_s)

    def delete(self, path, headers=None):
        return self.request("DELETE", path, headers=headers)

    def events(self, query="", headers=None, timeout_s=TIMEOUT_S):
        """The live stream: `with gateway.events("types=messages") as stream: ...`"""
        path = "/api/v1/events" + ("?" + query if query else "")
        return EventStream(self.http_connection(timeout_s), path, headers)

    def fetch(self, path, **parameters):
        """The JSON of a GET that has to succeed."""
        names = {name.rstrip("_"): value for name, value in parameters.items()}
        query = urllib.parse.urlencode(names)
        status, _, document = self.get(f"/api/v1/{path}" + ("?" + query if query else ""))
        if status != 200:
            raise GatewayError(f"GET /api/v1/{path}?{query} answered {status}: {document}")
        return document

    def status(self):
        return self.fetch("status")

    def listener(self, address):
        """The status of the listener at that address (as the ready file writes it)."""
        listeners = self.status()["listeners"]
        found = [entry for entry in listeners if entry["address"] == address]
        if not found:
            raise GatewayError(f"no listener {address} in {listeners}")
        return found[0]

    def messages(self, **filters):
        """Up to 1000 messages, oldest first."""
        items = self.fetch("messages", **{"limit": 1000} | filters)["items"]
        return sorted(items, key=lambda item: item["seq"])

    def clients(self, **filters):
        """Up to 1000 clients, in the order in which they came."""
        return self.fetch("clients", **{"limit": 1000, "sort": "id"} | filters)["items"]

    def client_of(self, sock, timeout_s=TIMEOUT_S, **filters):
        """The client that this socket of ours is, as soon as the gateway knows it."""
        name = format_address(sock.getsockname())
        return wait_until(lambda: self._find_client(name, filters),
                          f"a client {name} with {filters}", timeout_s)

    def _find_client(self, name, filters):
        found = [one for one in self.clients(**filters) if one["address"] == name]
        return found[-1] if found else None

    def client(self, client_id):
        return self.fetch(f"clients/{client_id}")

    def wait_for_messages(self, count, timeout_s=TIMEOUT_S, **filters):
        """At least that many messages, oldest first."""
        def enough():
            items = self.messages(**filters)
            return items if len(items) >= count else None
        return wait_until(enough, f"{count} messages with {filters}", timeout_s)

    def wait_for_message(self, sock, timeout_s=TIMEOUT_S):
        """The newest message of the client that this socket of ours is."""
        return self.wait_for_messages(1, timeout_s, client=self.client_of(sock)["id"])[-1]

    def wait_for_seq(self, seq):
        """Until the log has that message: a reply is sent before its exchange is appended."""
        wait_until(lambda: self.newest_seq() >= seq, f"message {seq} in the log")

    def newest_seq(self):
        """To ask `after=` for what comes next."""
        return self.status()["log"]["newest_seq"]

    def wait_closed(self, client_id, timeout_s=TIMEOUT_S):
        """The client once it is closed."""
        def closed():
            client = self.client(client_id)
            return client if client["state"] == "closed" else None
        return wait_until(closed, f"client {client_id} is closed", timeout_s)


STORED_MAX = 65536  # bytes of one side that are kept


def payload_of(data, size=None):
    """How the API shows these bytes; `size` where there were more on the wire than are kept."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = None
    size = len(data) if size is None else size
    return {"size": size, "stored_size": len(data), "truncated": size > len(data), "text": text,
            "base64": base64.b64encode(data).decode()}


class GatewayTest(unittest.TestCase):
    """Tests that share one gateway; `options` are the arguments of Gateway."""

    maxDiff = 4000

    flags = ()
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway(*cls.flags, **cls.options)
        cls.addClassCleanup(cls.gateway.kill)

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()

    def connect(self, server, **options):
        """A connection that the end of the test closes."""
        sock = tcp_connect(server, **options)
        if self.gateway.tls and server == self.gateway.address("http"):
            sock = self.gateway.tls.wrap_socket(sock, server_hostname=server[0])
        self.addCleanup(sock.close)
        return sock

    def datagram_socket(self, *arguments, **options):
        sock = udp_socket(*arguments, **options)
        self.addCleanup(sock.close)
        return sock

    def assert_message(self, message, received, sent, outcome="replied"):
        """A message of the API has these bytes on its two sides; `sent` None: no reply."""
        self.assertEqual(message["outcome"], outcome, message)
        self.assertEqual(message["received"], payload_of(received))
        self.assertEqual(message["sent"], None if sent is None else payload_of(sent))
        for name in ("replied_at", "service_us"):
            self.assertEqual(message[name] is None, sent is None, message)

    def assert_conversation(self, sock, *exchanges):
        """These (received, sent) and nothing else stand in the log for this socket of ours."""
        client = self.gateway.client_of(sock)
        messages = self.gateway.wait_for_messages(len(exchanges), client=client["id"])
        self.assertEqual(len(messages), len(exchanges), messages)
        for message, exchange in zip(messages, exchanges):
            self.assert_message(message, *exchange)
            self.assertEqual(message["client"],
                             {"id": client["id"], "address": client["address"]})
            self.assertEqual(message["service"], client["service"])
            self.assertEqual(message["listener"], client["listener"])
        return client


def gateway_executable():
    return executable("SOCKLENS_EXE")


def executable(variable):
    """Path of a program under test; the build hands them over in the environment."""
    path = os.environ.get(variable)
    if not path:
        raise GatewayError(f"{variable} is not set: run this through `meson test -C build`")
    return path


def clean_environment(folder):
    """Ours without SOCKLENS_* (which would configure it), with a home of its own. The log stays in
    memory unless a test gives --store."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("SOCKLENS_", "XDG_", "STATE_DIRECTORY", "NOTIFY_", "LISTEN_"))}
    return kept | {"HOME": folder, "LC_ALL": "C.UTF-8", "SOCKLENS_STORE": "memory"}


def show_output(gateway):
    for name, text in (("stderr", gateway.stderr), ("stdout", gateway.stdout)):
        if text:
            lines = text.splitlines()[-100:]
            print(f"--- {name} of the gateway, pid {gateway.pid}", *lines, "---",
                  sep="\n", file=sys.stderr)


def show_live_output():
    for gateway in Gateway.live:
        show_output(gateway)


@atexit.register
def kill_live():
    for gateway in list(Gateway.live):
        gateway.kill()
