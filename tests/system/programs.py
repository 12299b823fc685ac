"""Runs the course's programs and our clients, and stands in for servers that behave oddly."""

import contextlib
import os
import pty
import socket
import subprocess
import sys
import tempfile
import threading

from gateway import TIMEOUT_S, executable, wait_until

COURSE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "course")


def course_command(script, *arguments):
    """`python3 -u SCRIPT ARGUMENTS` for a program of the course."""
    return [sys.executable, "-u", os.path.join(COURSE, script), *map(str, arguments)]


def run(command, stdin=b"", timeout_s=30):
    """Runs a command to its end: .returncode, .stdout and .stderr as bytes."""
    return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout_s, check=False)


def run_course(script, *arguments, stdin=b""):
    return run(course_command(script, *arguments), stdin)


def client_command(variable, server, *arguments):
    """One of our clients, pointed at a server's address; None leaves the client's default."""
    target = []
    if isinstance(server, str):
        target = ["-s", "unix:" + server]
    elif server is not None:
        target = ["-s", server[0], "-p", str(server[1])]
    return [executable(variable), *target, *map(str, arguments)]


def udp_client(server, *arguments, stdin=b""):
    return run(client_command("SOCKLENS_UDP", server, *arguments), stdin)


def tcp_client(server, *arguments, stdin=b""):
    return run(client_command("SOCKLENS_TCP", server, *arguments), stdin)


def chat_client(server, *arguments, stdin=b""):
    return run(client_command("SOCKLENS_CHAT", server, *arguments), stdin)


def netcat(server, *options, stdin=b""):
    """netcat-openbsd with a time limit of its own."""
    where = ["-U", server] if isinstance(server, str) else [server[0], str(server[1])]
    return run(["nc", "-w", "5", *options, *where], stdin)


def bound_ports(pid, protocol):
    """Ports that the process has bound, as /proc/PID/net/{tcp,udp} and its descriptors say."""
    inodes = set()
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(os.path.join(folder, name)))
    with open(f"/proc/{pid}/net/{protocol}", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return [int(row[1].rpartition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in inodes]


class CourseServer:
    """A server of the course on a port that the kernel chose."""

    def __init__(self, script, ready):
        self.protocol = "udp" if script.startswith("UDP") else "tcp"
        self.file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(course_command(script, 0), stdin=subprocess.DEVNULL,
                                        stdout=self.file, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: ready in self.output, f"{script} says {ready!r}")
            self.port = bound_ports(self.process.pid, self.protocol)[0]
        except BaseException:
            self.close()
            raise
        self.address = ("127.0.0.1", self.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def output(self):
        size = os.fstat(self.file.fileno()).st_size
        return os.pread(self.file.fileno(), size, 0).decode()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.file.close()


@contextlib.contextmanager
def serve(conversation, connections=1):
    """A TCP server that leads `conversation(socket)` with that many clients, one after another."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(TIMEOUT_S)
    failures = []

    def work():
        try:
            for _ in range(connections):
                sock, _ = listener.accept()
                with sock:
                    sock.settimeout(TIMEOUT_S)
                    conversation(sock)
        except Exception as error:  # shown where the test is
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()
    except BaseException:
        listener.shutdown(socket.SHUT_RDWR)  # nobody may be coming
        raise
    finally:
        thread.join(TIMEOUT_S)
        listener.close()
    if failures:
        raise AssertionError(f"the server in the test failed: {failures[0]!r}")


@contextlib.contextmanager
def serve_datagrams(conversation, host="127.0.0.1"):
    """A UDP server that calls `conversation(socket)` once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    failures = []
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.settimeout(TIMEOUT_S)

        def work():
            try:
                conversation(sock)
            except Exception as error:  # shown where the test is
                failures.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield sock.getsockname()
        thread.join(TIMEOUT_S)
    if failures:
        raise AssertionError(f"the server in the test failed: {failures[0]!r}")


class Terminal:
    """A command on a terminal of its own: what it shows, and what a person types."""

    def __init__(self, command):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        os.close(slave)
        self.shown = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def type(self, data):
        os.write(self.master, data)

    def _read(self):
        try:
            self.shown += os.read(self.master, 65536)
        except OSError:  # EIO: the program has ended
            return False
        return True

    def wait_for(self, text, timeout_s=TIMEOUT_S):
        """Reads until `text` is shown."""
        timer = threading.Timer(timeout_s, self.process.kill)
        timer.start()
        try:
            while text not in self.shown:
                if not self._read():
                    raise AssertionError(f"{text!r} was not shown: {self.shown!r}")
        finally:
            timer.cancel()

    def finish(self, timeout_s=TIMEOUT_S):
        """Reads to the end; the exit status."""
        timer = threading.Timer(timeout_s, self.process.kill)
        timer.start()
        while self._read():
            pass
        timer.cancel()
        return self.process.wait(timeout_s)


def closed_port(kind=socket.SOCK_DGRAM):
    """A loopback port that nobody has (just now)."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
