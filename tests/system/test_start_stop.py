"""Start and stop of the real program: banner, ready file, signals, ports in use."""

import contextlib
import json
import os
import pty
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from gateway import (START_TIMEOUT_S, TIMEOUT_S, Gateway, clean_environment, gateway_executable,
                     receive_all, tcp_connect, udp_exchange, wait_until)

# What the stop is allowed, and some for a sanitizer build on a busy machine.
STOP_S = 8


class Program(unittest.TestCase):
    """Runs the program without the harness, for what the harness cannot express."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.ready = os.path.join(self.folder, "ready.json")

    def start(self, *arguments, ready=True, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        given = {argument.partition("=")[0] for argument in arguments}
        rest = [f"{name}=127.0.0.1:0" for name in ("--udp-upper", "--tcp-upper", "--tcp-chat",
                                                   "--http") if name not in given]
        process = subprocess.Popen(
            [gateway_executable(), "--ready-file", self.ready, *rest, *arguments],
            stdin=subprocess.DEVNULL, env=clean_environment(self.folder), text=True, **options)
        self.addCleanup(self.end, process)
        if ready:
            wait_until(lambda: os.path.exists(self.ready) or process.poll() is not None,
                       "a ready file", START_TIMEOUT_S)
            self.assertIsNone(process.poll())
        return process

    def end(self, process):
        process.kill()
        process.communicate()

    def stop(self, process, sig=signal.SIGTERM):
        process.send_signal(sig)
        self.assertEqual(process.wait(STOP_S), 0)


class Banner(unittest.TestCase):
    def test_says_where_everything_is(self):
        with Gateway(udp_upper=("127.0.0.1:0", "[::1]:0"), tcp_upper=()) as gateway:
            text = wait_until(lambda: "Log" in gateway.stdout and gateway.stdout, "a banner")
            rows = [line.split(maxsplit=2) for line in text.splitlines()]
            self.assertRegex(text, r"^socklens \d+\.\d+\.\d+\n")
            self.assertIn(["UDP", "uppercase", gateway.addresses["udp_upper"][0]], rows)
            self.assertIn([gateway.addresses["udp_upper"][1]], rows)
            self.assertIn(["TCP", "uppercase", "off"], rows)
            self.assertIn(["TCP", "chat", gateway.addresses["tcp_chat"][0]], rows)
            self.assertIn(["Dashboard", gateway.http_url + "/"], rows)
            self.assertIn(["Log", "in", "memory, 64 MiB"], rows)


class ReadyFile(Program):
    def test_comes_when_all_listens_and_goes_at_the_stop(self):
        with open(self.ready, "w", encoding="utf-8") as file:
            file.write("left by an earlier run")
        process = self.start("--http=none", ready=False)
        text = ""

        def is_ours():
            nonlocal text
            try:
                with open(self.ready, encoding="utf-8") as file:
                    text = file.read()
            except FileNotFoundError:
                return False
            return text.startswith("{")

        wait_until(is_ours, "a ready file", START_TIMEOUT_S)
        # Whole at first sight, though written a moment ago.
        self.assertTrue(text.endswith('"http":[]}\n'), text)
        self.stop(process)
        self.assertEqual(os.listdir(self.folder), [])

    def test_does_not_replace_what_is_no_file(self):
        os.mkfifo(self.ready)
        process = self.start(ready=False)
        _, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(err, f"socklens: the ready file {self.ready} is not a regular file\n")
        self.assertTrue(stat.S_ISFIFO(os.stat(self.ready).st_mode))

    def test_cannot_be_written(self):
        self.ready = os.path.join(self.folder, "missing", "ready.json")
        process = self.start(ready=False)
        _, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"socklens: cannot write the ready file {self.ready}: "
                      "No such file or directory\n", err)


class Bind(Program):
    """Each form of --bind is reached over the families that its words say."""

    def families(self, *hosts):
        """Which of both loopback addresses are served, by each transport, and what the start said."""
        port = {"--udp-upper": ":0", "--tcp-upper": ":0"}
        process = self.start(*(f"--bind={host}" for host in hosts), "--store=memory",
                             *(f"{name}={where}" for name, where in port.items()))
        with open(self.ready, encoding="utf-8") as file:
            ready = json.load(file)
        reached = []
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            ports = {key: self.port_of(ready[key], family) for key in ("udp_upper", "tcp_upper")}
            with contextlib.suppress(OSError), \
                    socket.socket(family, socket.SOCK_DGRAM) as datagrams:
                datagrams.settimeout(TIMEOUT_S)
                datagrams.connect((host, ports["udp_upper"]))
                datagrams.send(b"x")
                self.assertEqual(datagrams.recv(10), b"X")
                with socket.create_connection((host, ports["tcp_upper"]), TIMEOUT_S) as stream:
                    stream.sendall(b"x\n")
                    self.assertEqual(stream.recv(10), b"X\n")
                reached.append(host)
        process.terminate()
        out, _ = process.communicate(timeout=TIMEOUT_S)
        return reached, out

    def port_of(self, addresses, family):
        """That of the family's own address. Both have one port, unless it is another's in one."""
        own = [where for where in addresses if where.startswith("[") == (family == socket.AF_INET6)]
        return int((own or addresses)[0].rpartition(":")[2])

    def test_each_form(self):
        four, six = ["127.0.0.1"], ["::1"]
        for hosts, reached in (((), four + six), (("*",), four + six), (("localhost",), None),
                               (("0.0.0.0",), four), (("::",), six), (("0.0.0.0", "::"), four + six),
                               (("127.0.0.1", "::1"), four + six), (("::1", "127.0.0.1"), four + six),
                               (("[::1]",), six), (("127.0.0.1",), four), (("127.0.0.2",), [])):
            with self.subTest(bind=hosts):
                found, said = self.families(*hosts)
                if reached is not None:
                    self.assertEqual(found, reached)
                self.assertEqual("no IPv4" in said, hosts == ("::",))

    def test_what_is_refused(self):
        for hosts, words in ((("*", "127.0.0.1"), "nothing can stand beside it"),
                             (("127.0.0.1,::1",), "not a host name"),
                             (("192.0.2.1",), "no such address")):
            with self.subTest(bind=hosts):
                process = self.start(*(f"--bind={host}" for host in hosts), "--udp-upper=:0",
                                     "--store=memory", ready=False)
                _, err = process.communicate(timeout=TIMEOUT_S)
                self.assertNotEqual(process.returncode, 0)
                self.assertIn(words, err)


class Joined(unittest.TestCase):
    """With several workers a stranger can join a port: it is said."""

    def check(self, kind, key):
        with Gateway("--workers", "2") as gateway, socket.socket(socket.AF_INET, kind) as stranger:
            where = gateway.addresses[key][0]
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            stranger.bind(gateway.address(key))
            if kind == socket.SOCK_STREAM:
                stranger.listen()
            wait_until(lambda: f"another process has joined {where}" in gateway.stderr, "a warning")
            stranger.close()
            wait_until(lambda: f"no other process takes traffic of {where}" in gateway.stderr,
                       "the end of it")
            self.assertEqual(gateway.stderr.count("has joined"), 1)

    def test_udp(self):
        self.check(socket.SOCK_DGRAM, "udp_upper")

    def test_tcp(self):
        self.check(socket.SOCK_STREAM, "tcp_upper")

    def test_one_worker(self):
        with Gateway() as gateway, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with self.assertRaises(OSError):
                stranger.bind(gateway.udp)


class PortInUse(Program):
    def check(self, option, kind, protocol):
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind(("127.0.0.1", 0))
            if kind == socket.SOCK_STREAM:
                taken.listen()
            port = taken.getsockname()[1]
            process = self.start(f"--{option}=127.0.0.1:{port}", ready=False)
            out, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual((process.returncode, out), (1, ""))
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertRegex(err, rf"^socklens: cannot listen on {protocol} 127\.0\.0\.1:{port}: "
                              rf"Address already in use \(.*--{option}=.*\)\n$")
        self.assertFalse(os.path.exists(self.ready))

    def test_udp(self):
        self.check("udp-upper", socket.SOCK_DGRAM, "udp")

    def test_tcp(self):
        self.check("tcp-chat", socket.SOCK_STREAM, "tcp")

    def test_http(self):
        self.check("http", socket.SOCK_STREAM, "http")

    def leave_time_wait(self):
        """A port like the course's server leaves it: it closes first, without SO_REUSEADDR."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            with socket.create_connection(listener.getsockname()) as client:
                listener.accept()[0].close()
                self.assertEqual(client.recv(1), b"")
            return listener.getsockname()[1]

    def test_after_a_server_that_closed_first(self):
        for option in ("tcp-upper", "tcp-chat", "http"):
            with self.subTest(option=option):
                port = self.leave_time_wait()
                process = self.start(f"--{option}=127.0.0.1:{port}", ready=False)
                _, err = process.communicate(timeout=TIMEOUT_S)
                self.assertEqual(process.returncode, 1)
                self.assertRegex(err, rf"TIME_WAIT.* free in \d+ s.*--{option}=")
                self.assertNotIn("another socklens", err)

    def test_again_after_itself(self):
        """The gateway closes first too, and can be started again at once."""
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            where = f"127.0.0.1:{unused.getsockname()[1]}"
        for _ in range(3):
            process = self.start(f"--tcp-upper={where}")
            with tcp_connect(("127.0.0.1", int(where.rpartition(":")[2]))) as client:
                client.sendall(b"x\n")
                self.assertEqual(receive_all(client), b"X\n")
            self.stop(process)
        host, port = where.split(":")
        with socket.create_server((host, int(port))) as other:  # it sets SO_REUSEADDR
            self.assertEqual(other.getsockname()[1], int(port))

    def test_by_another_gateway(self):
        with Gateway() as gateway:
            address = gateway.addresses["udp_upper"][0]
            process = self.start(f"--udp-upper={address}", ready=False)
            _, err = process.communicate(timeout=TIMEOUT_S)
            self.assertEqual(process.returncode, 1)
            self.assertIn("Address already in use", err)


class Stop(unittest.TestCase):
    def start(self, **options):
        gateway = Gateway(**options)
        self.addCleanup(gateway.kill)
        return gateway

    def chat_with(self, gateway):
        chat = tcp_connect(gateway.chat)
        self.addCleanup(chat.close)
        chat.sendall(b"Hi")
        self.assertEqual(chat.recv(100), b"Your data was 2 bytes")
        return chat

    def check_with_clients(self, sig):
        gateway = self.start()
        clients = [self.chat_with(gateway) for _ in range(20)] + [tcp_connect(gateway.tcp)]
        self.addCleanup(clients[-1].close)
        with gateway.events("types=messages,status") as stream:
            self.assertEqual(stream.status, 200)
            stream.next_of("status")
            self.assertLess(gateway.stop(sig), STOP_S)
            for _ in stream:
                pass  # it ends
        for client in clients:
            self.assertEqual(receive_all(client), b"")

    def test_sigterm_with_clients_and_a_stream(self):
        self.check_with_clients(signal.SIGTERM)

    def test_sigint_with_clients_and_a_stream(self):
        self.check_with_clients(signal.SIGINT)

    def test_a_waiting_request_is_answered(self):
        gateway = self.start()
        host, port = gateway.address("http")
        with tcp_connect((host, port)) as sock:
            sock.sendall(f"GET /api/v1/messages?wait=30s HTTP/1.1\r\nHost: {host}:{port}\r\n"
                         "Connection: close\r\n\r\n".encode())
            time.sleep(0.2)
            self.assertLess(gateway.stop(), STOP_S)
            self.assertTrue(receive_all(sock).startswith(b"HTTP/1.1 "))

    def test_at_once_after_the_start(self):
        for _ in range(5):
            self.start().stop()

    def test_ports_are_free_again(self):
        gateway = self.start()
        addresses = gateway.addresses
        self.chat_with(gateway)
        gateway.stop()
        again = self.start(udp_upper=addresses["udp_upper"], tcp_upper=addresses["tcp_upper"],
                           tcp_chat=addresses["tcp_chat"], http=addresses["http"])
        self.assertEqual(again.addresses, addresses)
        self.assertEqual(udp_exchange(again.udp, b"again"), b"AGAIN")


class Signals(Program):
    def test_one_wish_that_arrives_twice_still_drains(self):
        process = self.start()
        process.send_signal(signal.SIGTERM)
        self.stop(process)

    def test_hangup_of_the_terminal_stops(self):
        pid, terminal = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # however the tests were started
            os.execve(gateway_executable(),
                      [gateway_executable(), "--store=memory", "--udp-upper=127.0.0.1:0",
                       "--tcp-upper=127.0.0.1:0", "--tcp-chat=127.0.0.1:0", "--http=127.0.0.1:0",
                       "--ready-file", self.ready], clean_environment(self.folder))
        wait_until(lambda: os.path.exists(self.ready), "a ready file", START_TIMEOUT_S)
        # With the terminal still there it is a person's wish, and the gateway goes on.
        os.kill(pid, signal.SIGHUP)
        time.sleep(0.2)
        self.assertEqual(os.waitpid(pid, os.WNOHANG), (0, 0))
        os.close(terminal)
        ended = wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, "the gateway ends", STOP_S)
        self.assertTrue(ended)

    def test_nohup_is_respected(self):
        process = self.start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        self.stop(process)


class Descriptors(Program):
    def test_without_standard_descriptors(self):
        process = self.start("--transcript", stdout=None, stderr=None,
                             preexec_fn=lambda: os.closerange(0, 3))
        for fd in range(3):
            self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{fd}"), "/dev/null")
        self.stop(process)

    def test_raises_the_limit_of_open_files(self):
        process = self.start()
        with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
            limits = [line.split() for line in file if line.startswith("Max open files")]
        self.assertEqual(limits[0][3], limits[0][4])
        self.stop(process)


if __name__ == "__main__":
    unittest.main()
