"""What a quiet client waits for an answer while others behave badly.

One client asks the chat, the uppercase server and /healthz in turn, and notes how long each answer
takes; beside it nobody, or one kind of bad neighbour. Calm and disturbed parts alternate, so that a
machine that is slower for a while is slower for both. A row gives the 99th percentiles in
milliseconds. The server may run on both CPUs. The neighbours run on the client's CPU, and the quiet
client goes before them there, at once where it may have a real-time priority: what is measured is
what the server does to it, not what it loses to them.
"""

import contextlib
import http.client
import multiprocessing
import os
import selectors
import socket
import ssl
import subprocess
import time
import urllib.parse
from pathlib import Path

from processes import PRIORITY, BenchError, Server, end_process

LIMIT_MS = 50
LIMIT_RATIO = 10
ANSWER_TIMEOUT_S = 30
FLOODERS = 256
SEARCHES = 4
STREAMS = 1000
HANDSHAKES = 200
QUESTIONS = ("chat", "uppercase", "/healthz")

_forking = multiprocessing.get_context("fork")


def split_address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def connect(address):
    peer = socket.create_connection(split_address(address), timeout=ANSWER_TIMEOUT_S)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


# The quiet client.

class Quiet:
    """Asks each server in turn, one question at a time."""

    def __init__(self, addresses, tls):
        self.addresses = addresses
        self.chat = connect(addresses["tcp_chat"])
        host, port = split_address(addresses["http"])
        self.web = http.client.HTTPSConnection(
            host, port, timeout=ANSWER_TIMEOUT_S, context=ssl._create_unverified_context()
        ) if tls else http.client.HTTPConnection(host, port, timeout=ANSWER_TIMEOUT_S)

    def ask_chat(self):
        self.chat.sendall(b"quiet\n")
        answer = self.chat.recv(100)
        if answer != b"Your data was 5 bytes\n":
            raise BenchError(f"the chat answered {answer!r}")

    def ask_uppercase(self):
        with connect(self.addresses["tcp_upper"]) as peer:
            peer.sendall(b"quiet\n")
            answer = peer.recv(100)
        if answer != b"QUIET\n":
            raise BenchError(f"the uppercase server answered {answer!r}")

    def ask_health(self):
        self.web.request("GET", "/healthz")
        answer = self.web.getresponse()
        answer.read()
        if answer.status != 200:
            raise BenchError(f"/healthz answered {answer.status}")

    def measure(self, seconds):
        """Returns the milliseconds that each answer took, a list a question."""
        times = {question: [] for question in QUESTIONS}
        ask = dict(zip(QUESTIONS, (self.ask_chat, self.ask_uppercase, self.ask_health)))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for question in QUESTIONS:
                begin = time.monotonic()
                ask[question]()
                times[question].append((time.monotonic() - begin) * 1000)
            time.sleep(0.002)
        return times


# The bad neighbours. Each gets the server's addresses and an event that is set once it is at work.

def flood(addresses, at_work):
    """Connections that send line feeds as fast as they are taken, and read the answers."""
    chooser = selectors.DefaultSelector()
    for number in range(FLOODERS):
        peer = connect(addresses["tcp_chat" if number % 2 else "tcp_upper"])
        peer.setblocking(False)
        chooser.register(peer, selectors.EVENT_READ | selectors.EVENT_WRITE, number)
    at_work.set()
    lines = b"\n" * 65536
    while True:
        for key, events in chooser.select():
            try:
                if events & selectors.EVENT_WRITE:
                    key.fileobj.send(lines)
                if events & selectors.EVENT_READ and not key.fileobj.recv(262144):
                    raise ConnectionError
            except BlockingIOError:
                pass
            except ConnectionError:  # the uppercase server answers once
                chooser.unregister(key.fileobj)
                key.fileobj.close()
                peer = connect(addresses["tcp_chat" if key.data % 2 else "tcp_upper"])
                peer.setblocking(False)
                chooser.register(peer, selectors.EVENT_READ | selectors.EVENT_WRITE, key.data)


def search(addresses, at_work):
    """Searches whose text agrees with every place of every message but for its last letter."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(ANSWER_TIMEOUT_S)
        for _ in range(200):
            sender.sendto(b"a" * 60000, split_address(addresses["udp_upper"]))
            sender.recv(65536)
    at_work.set()
    path = "/api/v1/messages?" + urllib.parse.urlencode({"text": "a" * 2000 + "b"})
    request = f"GET {path} HTTP/1.1\r\nHost: {addresses['http']}\r\n\r\n".encode()
    chooser = selectors.DefaultSelector()

    def ask():
        peer = connect(addresses["http"])
        peer.sendall(request)
        chooser.register(peer, selectors.EVENT_READ)

    for _ in range(SEARCHES):
        ask()
    while True:
        for key, _ in chooser.select():
            key.fileobj.recv(65536)
            chooser.unregister(key.fileobj)
            key.fileobj.close()
            ask()


def leave_unread(addresses, at_work):
    """Event streams that nobody reads, and messages to fill them."""
    streams = []
    for _ in range(STREAMS):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(ANSWER_TIMEOUT_S)
        peer.connect(split_address(addresses["http"]))
        peer.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {addresses['http']}\r\n\r\n".encode())
        streams.append(peer)
    at_work.set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while True:
            for _ in range(10):
                sender.sendto(b"unread" * 20, split_address(addresses["udp_upper"]))
            time.sleep(0.01)


def hello_of_a_client():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = ssl._create_unverified_context().wrap_bio(incoming, outgoing)
    with contextlib.suppress(ssl.SSLWantReadError):
        wrapped.do_handshake()
    return outgoing.read()


def hang_in_handshakes(addresses, at_work):
    """TLS connections that begin a handshake and say no more, cut at different places."""
    hello = hello_of_a_client()
    held = []

    def begin(number):
        peer = connect(addresses["http"])
        peer.sendall(hello[:(5, len(hello) // 2, len(hello))[number % 3]])
        held.append((time.monotonic(), peer))

    for number in range(HANDSHAKES):
        begin(number)
    at_work.set()
    while True:
        time.sleep(0.05)
        if time.monotonic() - held[0][0] > 5:  # before the server's own deadline takes them
            held.pop(0)[1].close()
            begin(len(held))


ROWS = [  # name, neighbour, whether the dashboard speaks TLS
    (f"{FLOODERS} connections pipeline line feeds", flood, False),
    (f"{SEARCHES} hostile searches", search, False),
    (f"{STREAMS} event streams not read", leave_unread, False),
    (f"{HANDSHAKES} TLS handshakes hang", hang_in_handshakes, True),
]


# One row.

def make_certificate(folder):
    key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True, timeout=60)
    return ["--tls-cert", str(certificate), "--tls-key", str(key)]


def pin_below(cpu):
    os.sched_setaffinity(0, {cpu})
    os.setsid()  # where tasks are grouped by session, a priority counts within the session only
    os.nice(10)


def neighbour_process(neighbour, addresses, cpu, at_work):
    pin_below(cpu)
    neighbour(addresses, at_work)


@contextlib.contextmanager
def beside(neighbour, addresses, cpu):
    at_work = _forking.Event()
    process = _forking.Process(target=neighbour_process, daemon=True,
                               args=(neighbour, addresses, cpu, at_work))
    process.start()
    try:
        if not at_work.wait(ANSWER_TIMEOUT_S * 2):
            raise BenchError(f"{neighbour.__name__} did not get to work")
        yield
        if not process.is_alive():
            raise BenchError(f"{neighbour.__name__} broke off")
    finally:
        process.kill()
        process.join()


def quiet_process(addresses, tls, cpu, commands):
    os.sched_setaffinity(0, {cpu})
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        quiet = Quiet(addresses, tls)
        while (seconds := commands.recv()) is not None:
            commands.send(quiet.measure(seconds))
    except (BenchError, OSError, http.client.HTTPException) as error:
        commands.send(error)


def ask_quiet(commands, seconds):
    commands.send(seconds)
    if not commands.poll(seconds + ANSWER_TIMEOUT_S):
        raise BenchError(f"the quiet client had no answer in {ANSWER_TIMEOUT_S} s")
    answer = commands.recv()
    if isinstance(answer, Exception):
        raise BenchError(f"the quiet client: {answer}")
    return answer


def percentile_99(values):
    return sorted(values)[max(0, len(values) * 99 // 100 - 1)]


def start_server(stage, tls_options):
    options = stage.options
    command = [options.socklens, "--store", "memory", "--max-http-connections", str(STREAMS * 2)]
    for flag in ("--udp-upper", "--tcp-upper", "--tcp-chat", "--http"):
        command += [flag, "127.0.0.1:0"]
    stage.started += 1
    return Server([*command, *options.daemon_arg, *tls_options, "--ready-file"],
                  {options.server_cpu, options.client_cpu}, stage.folder,
                  f"fairness-{stage.started}")


def add_times(sums, times):
    for question in QUESTIONS:
        sums[question] += times[question]


def measure_row(stage, neighbour, tls):
    """Returns {question: (calm, disturbed)}: the 99th percentiles in milliseconds."""
    options = stage.options
    rounds, seconds = (1, 0.5) if options.quick else (5, 2)
    server = start_server(stage, make_certificate(stage.folder) if tls else [])
    ours, theirs = _forking.Pipe()
    quiet = _forking.Process(target=quiet_process, daemon=True,
                             args=(server.addresses, tls, options.client_cpu, theirs))
    quiet.start()
    calm, disturbed = ({question: [] for question in QUESTIONS} for _ in range(2))
    try:
        for _ in range(rounds):
            add_times(calm, ask_quiet(ours, seconds))
            with beside(neighbour, server.addresses, options.client_cpu):
                add_times(disturbed, ask_quiet(ours, seconds))
    finally:
        quiet.kill()
        quiet.join()
        end_process(server.process)
    return {question: (percentile_99(calm[question]), percentile_99(disturbed[question]))
            for question in QUESTIONS}


def is_unfair(figures):
    return any(disturbed > LIMIT_MS or disturbed > LIMIT_RATIO * calm
               for calm, disturbed in figures.values())


def print_row(name, figures, options):
    cells = [f"{calm:7.2f} {disturbed:7.2f} ({disturbed / calm:4.1f})"
             for calm, disturbed in figures.values()]
    verdict = "right" if options.quick else "MISSED" if is_unfair(figures) else "met"
    print(f"{name:<40} {'  '.join(cells)}  {verdict}", flush=True)


def measure_fairness(stage):
    """Prints a row a neighbour; returns {name: figures}."""
    print(f"a quiet client's 99th percentile in ms: alone, beside others (ratio); "
          f"met: below {LIMIT_MS} ms and at most {LIMIT_RATIO} times\n"
          f"{'':<40} " + "  ".join(f"{question:<22}" for question in QUESTIONS), flush=True)
    results = {}
    for name, neighbour, tls in ROWS:
        results[name] = measure_row(stage, neighbour, tls)
        print_row(name, results[name], stage.options)
    return results
