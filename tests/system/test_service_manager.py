"""What a service manager relies on: notifications, inherited sockets, units. No systemd needed."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from gateway import (TIMEOUT_S, Gateway, StoppedThread, clean_environment, gateway_executable,
                     receive_all, tcp_connect, udp_exchange, wait_until)

HERE = Path(__file__).resolve().parent
SYSTEMD = HERE.parents[1] / "packaging/systemd"
NAMES = ("udp_upper", "tcp_upper", "tcp_chat", "http")

needs_libsystemd = unittest.skipUnless(os.environ.get("WITH_SYSTEMD"), "built without libsystemd")


def inherit(sockets, command):
    entries = [f"{name}={sock.fileno()}" for name, sock in sockets]
    return [sys.executable, str(HERE / "inherit.py"), *entries, "--", *command]


class Heir(Gateway):
    """A gateway that is handed `sockets`: pairs of name and socket."""

    def __init__(self, sockets, *flags, **options):
        self.sockets = sockets
        super().__init__(*flags, **options)

    def _start(self, env, max_files):
        self.arguments = inherit(self.sockets, self.arguments)
        with open(self._path("stdout"), "wb") as out, open(self._path("stderr"), "wb") as err:
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=clean_environment(self.folder) | env,
                pass_fds=[sock.fileno() for _, sock in self.sockets])
        Gateway.live.append(self)


class Sockets(unittest.TestCase):
    def udp(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(("127.0.0.1", 0))
        return sock

    def tcp(self, host="127.0.0.1", listen=True):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.addCleanup(sock.close)
        sock.bind((host, 0))
        if listen:
            sock.listen(1024)
        return sock

    def all(self):
        return [(name, self.udp() if name == "udp_upper" else self.tcp()) for name in NAMES]

    def chat_with(self, server):
        with tcp_connect(server) as sock:
            sock.sendall(b"Exit")
            return receive_all(sock)


@needs_libsystemd
class Inherited(Sockets):
    def check_traffic(self, *flags):
        sockets = self.all()
        # Its own addresses are of no account then, not even ones that it could not have.
        taken = sockets[1][1].getsockname()[1]
        with Heir(sockets, *flags, tcp_upper=(f"127.0.0.1:{taken}",), http=()) as gateway:
            for name, sock in sockets:
                self.assertEqual(gateway.addresses[name], ["%s:%d" % sock.getsockname()])
            self.assertEqual(udp_exchange(gateway.udp, b"hello"), b"HELLO")
            for _ in range(20):
                self.assertEqual(self.chat_with(gateway.chat), b"Disconnect")
            with tcp_connect(gateway.tcp) as sock:
                sock.sendall(b"hello")
                self.assertEqual(receive_all(sock), b"HELLO")
            services = {item["service"] for item in gateway.wait_for_messages(22)}
            self.assertEqual(services, {"udp-upper", "tcp-upper", "tcp-chat"})

    def test_traffic(self):
        self.check_traffic()

    def test_traffic_with_several_workers(self):
        self.check_traffic("--workers", "3")

    def test_several_for_one_service_and_the_others_as_configured(self):
        sockets = [("tcp_chat", self.tcp()), ("tcp_chat", self.tcp())]
        with Heir(sockets) as gateway:
            self.assertEqual(len(gateway.addresses["tcp_chat"]), 2)
            for index in range(2):
                address = gateway.address("tcp_chat", index)
                self.assertEqual(self.chat_with(address), b"Disconnect")
            self.assertEqual(udp_exchange(gateway.udp, b"hello"), b"HELLO")

    def test_unix_socket_stays_where_it_is(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as sock:
            path = folder + "/chat"
            sock.bind(path)
            sock.listen()
            with Heir([("tcp_chat", sock)]) as gateway:
                self.assertEqual(gateway.addresses["tcp_chat"], ["unix:" + path])
                self.assertEqual(self.chat_with(path), b"Disconnect")
            self.assertTrue(os.path.exists(path))

    def test_draining_does_not_spin_on_a_socket_that_others_keep_open(self):
        gateway = Heir([("tcp_chat", self.tcp())], "--workers", "2")
        self.addCleanup(gateway.kill)
        with tcp_connect(gateway.chat) as sock:
            sock.sendall(b"Hi")
            sock.recv(100)
            used_s = gateway.cpu_s()
            gateway.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            # Nobody accepts this one: it stays where the next gateway finds it.
            with tcp_connect(gateway.chat):
                time.sleep(0.2)
                self.assertLess(gateway.cpu_s() - used_s, 0.15)
        self.assertEqual(gateway.process.wait(TIMEOUT_S), 0)


@needs_libsystemd
class Refused(Sockets):
    def check(self, name, sock, text, *flags):
        with tempfile.TemporaryDirectory(prefix="socklens-test-") as home:
            command = [gateway_executable(), "--store=memory", "--udp-upper=:0", "--tcp-upper=:0",
                       "--tcp-chat=:0", "--http=:0", *flags]
            done = subprocess.run(inherit([(name, sock)], command), pass_fds=[sock.fileno()],
                                  capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
                                  env=clean_environment(home))
        self.assertEqual((done.returncode, done.stderr), (1, f"socklens: {text}\n"))

    def test_wrong_kinds(self):
        begin = "cannot serve {} on inherited descriptor 3: "
        self.check("udp_upper", self.tcp(), begin.format("udp_upper") + "it is not a UDP socket")
        self.check("tcp_upper", self.udp(), begin.format("tcp_upper") +
                   "it is neither a TCP nor a Unix stream socket")
        self.check("tcp_chat", self.tcp(listen=False),
                   begin.format("tcp_chat") + "it does not listen")
        self.check("http", self.udp(),
                   begin.format("http") + "it is neither a TCP nor a Unix stream socket")
        with tempfile.TemporaryFile() as file:
            self.check("tcp_chat", file, begin.format("tcp_chat") + "it is not a socket")

    def test_unknown_name(self):
        self.check("chat", self.tcp(), 'inherited descriptor 3 is called "chat", and nothing here '
                   "is; FileDescriptorName= is udp_upper, tcp_upper, tcp_chat or http")

    def test_dashboard_for_everyone(self):
        sock = self.tcp("0.0.0.0")
        self.check("http", sock, f"http: the inherited socket 0.0.0.0:{sock.getsockname()[1]} can "
                   "be reached from other machines, which would see all traffic; bind it to "
                   "127.0.0.1, or give --token-file or --http-open")


class Visitors:
    """Clients that keep coming, each with one message, until the end."""

    def __init__(self, server):
        self.server = server
        self.refused = []
        self.answered = self.cut_off = 0
        self.over = False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def end(self):
        self.over = True
        self.thread.join(TIMEOUT_S)

    def work(self):
        while not self.over:
            try:
                with tcp_connect(self.server) as sock:
                    self.visit(sock)
            except OSError as error:
                self.refused.append(error)

    def visit(self, sock):
        try:
            sock.sendall(b"hello")
            answer = receive_all(sock)
        except OSError:
            answer = b""  # accepted by the gateway that then ended
        self.answered += answer == b"HELLO"
        self.cut_off += answer != b"HELLO"


@needs_libsystemd
class Restart(Sockets):
    def test_nobody_is_refused(self):
        sockets = [("tcp_upper", self.tcp()), ("udp_upper", self.udp())]
        server = sockets[0][1].getsockname()
        visitors = Visitors(server)
        for last in (False, False, False, True):
            with Heir(sockets):
                before = visitors.answered
                wait_until(lambda: visitors.answered > before + 20, "visitors are answered")
                if last:
                    visitors.end()
        self.assertEqual(visitors.refused, [])
        # Who was being served when a gateway ended was told so; one at a time comes here.
        self.assertLessEqual(visitors.cut_off, 3)

    def test_what_comes_in_between_is_answered_by_the_next(self):
        sockets = [("tcp_upper", self.tcp()), ("udp_upper", self.udp()), ("http", self.tcp())]
        Heir(sockets).stop()
        with tcp_connect(sockets[0][1].getsockname()) as stream, \
                tcp_connect(sockets[2][1].getsockname()) as web, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            stream.sendall(b"early")
            web.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            datagram.settimeout(TIMEOUT_S)
            datagram.sendto(b"early too", sockets[1][1].getsockname())
            with Heir(sockets):
                self.assertEqual(receive_all(stream), b"EARLY")
                self.assertEqual(datagram.recv(100), b"EARLY TOO")
                self.assertTrue(receive_all(web).startswith(b"HTTP/1.1 200 "))


@needs_libsystemd
class Notify(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.sock.close)
        self.sock.bind(folder.name + "/notify")
        self.sock.settimeout(TIMEOUT_S)
        self.env = {"NOTIFY_SOCKET": folder.name + "/notify"}

    def next(self):
        lines = self.sock.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def test_ready_and_stopping(self):
        with Gateway(env=self.env) as gateway:
            self.assertEqual(self.next(),
                             {"READY": "1", "STATUS": "0 clients, 0 messages in memory"})
            # Not before all listens.
            self.assertEqual(udp_exchange(gateway.udp, b"hello"), b"HELLO")
            gateway.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.next(), {"STOPPING": "1", "STATUS": "stopping"})

    def test_watchdog_is_fed_as_long_as_it_lives(self):
        env = self.env | {"WATCHDOG_USEC": "200000"}
        with Gateway(env=env) as gateway:
            self.assertEqual(self.next()["READY"], "1")
            udp_exchange(gateway.udp, b"hello")
            times, status = [], None
            while len(times) < 4 or times[-1] - times[-4] >= 3 * 0.2 or not status:
                note = self.next()
                status = note.get("STATUS", status)
                if "WATCHDOG" in note:
                    times.append(time.monotonic())
                self.assertLess(len(times), 100, "it was never fed in time")
            self.assertEqual(status, "1 clients, 1 messages in memory")
            with gateway.asleep():
                self.sock.setblocking(False)
                while self.receives():
                    pass
                time.sleep(0.4)
                self.assertFalse(self.receives())
            self.sock.settimeout(TIMEOUT_S)
            self.assertEqual(self.next()["WATCHDOG"], "1")

    def test_watchdog_is_not_fed_while_a_worker_hangs(self):
        with Gateway(env=self.env | {"WATCHDOG_USEC": "200000"}) as gateway:
            self.sock.setblocking(False)
            with StoppedThread(gateway.process.pid, "UDP worker 1"):
                # Reads on, because a full socket would hold the gateway up.
                wait_until(lambda: not self.receives() and "UDP worker 1 is stuck" in gateway.stderr,
                           "it is noticed")
                while self.receives():
                    pass
                time.sleep(0.4)
                self.assertFalse(self.receives())
            self.sock.settimeout(TIMEOUT_S)
            self.assertEqual(self.next()["WATCHDOG"], "1")

    def receives(self):
        try:
            return self.next()
        except BlockingIOError:
            return None

    def test_nothing_before_a_start_that_fails(self):
        with self.assertRaises(AssertionError):
            Gateway("--ready-file", "/proc/none/ready.json", env=self.env, udp_upper=("192.0.2.1:1",))
        self.sock.setblocking(False)
        self.assertIsNone(self.receives())


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not here")
class Units(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.units = []
        for source in sorted(SYSTEMD.iterdir()):
            unit = Path(folder.name, source.name.removesuffix(".in"))
            text = source.read_text("utf-8")
            unit.write_text(text.replace("@bindir@/socklens", gateway_executable())
                            .replace("@sysconfdir@", "/etc"))
            self.units.append(unit)

    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True,
                              timeout=TIMEOUT_S * 3, check=False)

    def test_are_valid(self):
        done = self.analyze("verify", "--man=no", *self.units)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_expose_little(self):
        service = next(unit for unit in self.units if unit.suffix == ".service")
        done = self.analyze("security", "--offline=yes", "--threshold=20", service)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_socket_units_have_the_names_and_ports_of_the_program(self):
        found = {}
        for unit in self.units:
            text = unit.read_text()
            if unit.suffix == ".socket":
                name = re.search("^FileDescriptorName=(.*)$", text, re.M)[1]
                kind, found[name] = re.search(r"^Listen(\w+)=(.*)$", text, re.M).groups()
                self.assertEqual(kind, "Datagram" if name == "udp_upper" else "Stream")
        self.assertEqual(found, {"udp_upper": "127.0.0.1:12000", "tcp_upper": "127.0.0.1:12000",
                                 "tcp_chat": "127.0.0.1:1060", "http": "127.0.0.1:8080"})


if __name__ == "__main__":
    unittest.main()
