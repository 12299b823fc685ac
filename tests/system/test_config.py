"""Command line, environment and config file of the real program."""

import json
import os
import re
import signal
import subprocess
import tempfile
import unittest

from gateway import (START_TIMEOUT_S, TIMEOUT_S, Gateway, clean_environment, gateway_executable,
                     receive_all, tcp_connect, wait_until)

SOMEWHERE = ("--udp-upper=127.0.0.1:0", "--tcp-upper=127.0.0.1:0", "--tcp-chat=127.0.0.1:0",
             "--http=127.0.0.1:0")


class ConfigTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, text, name="socklens.conf"):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        return name

    def run_to_end(self, *arguments, through=(), **env):
        """For what ends by itself, started `through` a command: (status, stdout, stderr)."""
        done = subprocess.run([*through, gateway_executable(), *arguments], cwd=self.folder, text=True,
                              env=clean_environment(self.folder) | env, timeout=START_TIMEOUT_S,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def assert_one_line(self, result, status, line):
        self.assertEqual(result, (status, "", f"socklens: {line}\n"))


class Words(ConfigTest):
    def test_help_names_every_option_once(self):
        status, out, err = self.run_to_end("--help")
        self.assertEqual((status, err), (0, ""))
        names = re.findall(r"^  (--[a-z-]+)", out, re.MULTILINE)
        self.assertEqual(len(names), len(set(names)))
        for name in ("--udp-upper", "--tcp-upper", "--tcp-chat", "--http", "--bind", "--workers",
                     "--transcript", "--ready-file", "--config", "--check-config"):
            self.assertIn(name, names)
        self.assertIn("(default :12000)", out)
        self.assertEqual([line for line in out.splitlines() if len(line) > 100], [])

    def test_every_option_of_the_help_can_stand_in_a_file(self):
        for name in re.findall(r"^  --([a-z-]+)", self.run_to_end("--help")[1], re.MULTILINE):
            if name in ("help", "version", "check-config", "config",
                        "healthcheck"):
                continue
            self.write(f"{name} = \x01\n")
            status, _, err = self.run_to_end("--config=socklens.conf", "--check-config")
            self.assertNotIn("unknown key", err, name)
            self.assertIn(status, (0, 2))

    def test_version(self):
        status, out, err = self.run_to_end("--version")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"^socklens \d+\.\d+\.\d+\n$")


class Mistakes(ConfigTest):
    def test_wrong_flags(self):
        for argument, line in (
                ("--udp-uper=:1", "--udp-uper: unknown option; did you mean --udp-upper?"),
                ("--workers=abc", '--workers: "abc" is not a number from 1 to 64'),
                ("--ready-file", "--ready-file: FILE is missing"),
                ("serve", 'unexpected argument "serve"; see --help')):
            with self.subTest(argument):
                self.assert_one_line(self.run_to_end(argument), 2, line)

    def test_wrong_variable(self):
        self.assert_one_line(self.run_to_end(SOCKLENS_WORKERS="abc"), 2,
                             'SOCKLENS_WORKERS: "abc" is not a number from 1 to 64')

    def test_wrong_file_in_one_line(self):
        self.write("; the course's\n\nudp-uper = :12001\nworkers = 0\n")
        self.assert_one_line(self.run_to_end("--config=socklens.conf"), 2,
                             'socklens.conf:3: unknown key "udp-uper"; did you mean "udp-upper"? '
                             "(and 1 more: see --check-config)")

    def test_missing_file(self):
        self.assert_one_line(self.run_to_end(SOCKLENS_CONFIG="gone.conf"), 2,
                             "cannot read gone.conf: No such file or directory")

    def test_unknown_variable_is_a_warning(self):
        status, _, err = self.run_to_end("--check-config", SOCKLENS_WORKRES="1")
        self.assertEqual((status, err), (0, "SOCKLENS_WORKRES: unknown variable; "
                                            "did you mean SOCKLENS_WORKERS?\n"))


class CheckConfig(ConfigTest):
    def test_valid_file(self):
        self.write("[socklens]\nudp_upper = :0, [::1]:0\ntcp-chat = none\n")
        self.assertEqual(self.run_to_end("--config", "socklens.conf", "--check-config"),
                         (0, "socklens.conf: configuration is valid\n", ""))

    def test_valid_without_file(self):
        self.assertEqual(self.run_to_end("--check-config", "--workers=2"),
                         (0, "configuration is valid\n", ""))

    def test_all_problems_with_their_lines(self):
        self.write("workers = 1\nworkers = 2\ntcp-idle = soon\nnonsense\n")
        status, out, err = self.run_to_end("--config=socklens.conf", "--check-config",
                                           "--udp-rate=x")
        self.assertEqual((status, out), (2, ""))
        self.assertEqual(err.splitlines(), [
            'socklens.conf:2: "workers" is already set in line 1',
            'socklens.conf:3: tcp-idle: "soon" is not a time: '
            "a number with ms, s, m, h or d, like 30s",
            'socklens.conf:4: expected "name = value"',
            '--udp-rate: "x" is not a number from 0 to 1000000000'])


class Places(ConfigTest):
    """What --check-config accepts, starts; what it refuses, does not, and the option is named."""

    def setUp(self):
        super().setUp()
        self.write("", "plain")
        os.mkdir(os.path.join(self.folder, "folder"))
        os.mkfifo(os.path.join(self.folder, "fifo"))
        for name, sql in (("foreign.db", "CREATE TABLE mine (a)"),
                          ("newer.db", "CREATE TABLE mine (a); PRAGMA user_version = 99; "
                                       "PRAGMA application_id = 0x534c454e")):
            subprocess.run(["sqlite3", os.path.join(self.folder, name), sql], check=True, timeout=30)

    def start(self, *arguments, **env):
        """What it ends with, or 0 where it runs."""
        flags = [flag for flag in SOMEWHERE
                 if not any(flag.split("=")[0] in given for given in arguments)]
        ready = [] if any("ready-file" in given for given in arguments) else ["--ready-file=ready"]
        with subprocess.Popen([gateway_executable(), *flags, *ready, *arguments], cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True,
                              env=clean_environment(self.folder) | env) as process:
            self.addCleanup(process.kill)
            seen = []
            while "this is run" not in (line := process.stderr.readline()) and line:
                seen.append(line)
            if line:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            return process.returncode, "".join(seen)

    def test_what_cannot_work(self):
        for argument, option, words in (
                ("--store=/", "store", "Is a directory"),
                ("--store=folder", "store", "Is a directory"),
                ("--store=fifo", "store", "Invalid argument"),
                ("--store=missing/messages.db", "store", "No such file or directory"),
                ("--store=plain/messages.db", "store", "Not a directory"),
                ("--store=foreign.db", "store", "not a log of socklens"),
                ("--store=newer.db", "store", "written by a newer socklens"),
                ("--ready-file=folder", "ready-file", "not a regular file"),
                ("--ready-file=fifo", "ready-file", "not a regular file"),
                ("--ready-file=missing/ready", "ready-file", "No such file or directory"),
                ("--udp-upper=no.such.host.invalid:0", "udp-upper", "cannot resolve"),
                ("--tcp-upper=no.such.host.invalid:0", "tcp-upper", "cannot resolve"),
                ("--tcp-chat=192.0.2.1:0", "tcp-chat", "Cannot assign requested address"),
                ("--udp-upper=192.0.2.1:0", "udp-upper", "Cannot assign requested address"),
                ("--udp-upper=unix:socket", "udp-upper", "not supported for UDP"),
                ("--tcp-chat=unix:missing/socket", "tcp-chat", "No such file or directory"),
                ("--tcp-chat=unix:plain", "tcp-chat", "Address already in use"),
                ("--http=no.such.host.invalid:0", "http", "cannot resolve"),
                ("--bind=no.such.host.invalid", "udp-upper", "cannot resolve"),
                ("--token-file=missing", "http", "missing: No such file or directory"),
                ("--token-file=folder", "http", "folder: Is a directory"),
        ):
            with self.subTest(argument):
                flags = [] if argument.startswith("--bind") else \
                    [flag for flag in SOMEWHERE if not argument.startswith(flag.split("=")[0])]
                status, out, err = self.run_to_end("--check-config", argument, *flags)
                self.assertEqual((status, out), (2, ""), err)
                self.assertIn(f"{option}: ", err)
                self.assertIn(words, err)
                if not argument.startswith("--bind"):  # its other ports may be taken here
                    self.assertEqual(len(err.splitlines()), 1, err)
                    status, err = self.start(argument)
                    self.assertIn(status, (1, 2), err)
                    self.assertIn(words, err)

    def test_what_works(self):
        for arguments in (("--store=new.db",), ("--store=plain",), ("--store=memory",),
                          ("--ready-file=plain",), ("--ready-file=folder/ready",),
                          ("--udp-upper=localhost:0",), ("--tcp-chat=unix:socket",),
                          ("--udp-upper=none", "--tcp-upper=none", "--tcp-chat=none"),
                          ("--http=none",)):
            with self.subTest(arguments):
                others = [flag for flag in SOMEWHERE
                          if not any(flag.split("=")[0] in given for given in arguments)]
                before = sorted(os.listdir(self.folder))
                status, out, err = self.run_to_end("--check-config", *arguments, *others)
                self.assertEqual((status, out), (0, "configuration is valid\n"), err)
                self.assertEqual(sorted(os.listdir(self.folder)), before)
                self.assertEqual(self.start(*arguments)[0], 0)

    def test_beside_the_gateway_that_runs(self):
        """What that one has (ports, log, ready file) is no mistake, and stays as it is."""
        path = os.path.join(self.folder, "running.db")
        with Gateway("--store", path) as gateway:
            listeners = [f"--{name.replace('_', '-')}={places[0]}"
                         for name, places in gateway.addresses.items()]
            status, out, err = self.run_to_end("--check-config", "--store", path, "--ready-file",
                                               gateway.ready_file, *listeners)
            self.assertEqual((status, out), (0, "configuration is valid\n"), err)
            self.assertTrue(os.path.exists(gateway.ready_file))
            self.assertEqual(gateway.status()["store"]["state"], "recording")

    def test_nothing_to_serve(self):
        nothing = ("--udp-upper=none", "--tcp-upper=none", "--tcp-chat=none", "--http=none")
        line = "nothing to serve: all servers and http are none"
        self.assert_one_line(self.run_to_end(*nothing), 2, line)
        self.assertEqual(self.run_to_end("--check-config", *nothing), (2, "", line + "\n"))
        status, said = self.start(*nothing[:3])
        self.assertEqual(status, 0)
        self.assertIn("only the dashboard is served", said)

    def test_files_that_cannot_be_read(self):
        """Have one status, whichever option names them."""
        for option in ("config", "token-file"):
            for name in ("missing", "folder"):
                status, _, err = self.run_to_end(f"--{option}={name}", *SOMEWHERE)
                self.assertEqual(status, 2, err)
                self.assertIn(name, err)
        for flags in (("--tls-cert=missing", "--tls-key=plain"),
                      ("--tls-cert=plain", "--tls-key=missing")):
            status, _, err = self.run_to_end(*flags, *SOMEWHERE)
            self.assertEqual(status, 2, err)


class Precedence(ConfigTest):
    def banner_of(self, *arguments, **env):
        with Gateway(*arguments, env=env) as gateway:
            return wait_until(lambda: "Log" in gateway.stdout and gateway.stdout, "a banner")

    def test_flag_over_environment_over_file(self):
        path = os.path.join(self.folder, self.write("journal-size = 5M\n"))
        self.assertIn("in memory, 5 MiB", self.banner_of(SOCKLENS_CONFIG=path))
        self.assertIn("in memory, 6 MiB",
                      self.banner_of("--config", path, SOCKLENS_JOURNAL_SIZE="6M"))
        self.assertIn("in memory, 7 MiB",
                      self.banner_of("--config", path, "--journal-size=7M",
                                     SOCKLENS_JOURNAL_SIZE="6M"))

    def test_listeners_from_file_and_environment(self):
        path = self.write("udp-upper = 127.0.0.1:0, 127.0.0.1:0\nudp-upper = 127.0.0.1:0\n"
                          "tcp-upper = 127.0.0.1:0\nhttp = 127.0.0.1:0\ntcp-chat = none\n"
                          "ready-file = ready.json\n")
        ready = os.path.join(self.folder, "ready.json")
        with subprocess.Popen([gateway_executable(), "--config", path], cwd=self.folder,
                              stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL,
                              env=clean_environment(self.folder)
                              | {"SOCKLENS_TCP_UPPER": "127.0.0.1:0 127.0.0.1:0"}) as process:
            self.addCleanup(process.kill)
            wait_until(lambda: os.path.exists(ready), "a ready file", START_TIMEOUT_S)
            with open(ready, encoding="utf-8") as file:
                addresses = json.load(file)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(TIMEOUT_S), 0)
        self.assertEqual({key: len(found) for key, found in addresses.items()},
                         {"udp_upper": 3, "tcp_upper": 2, "tcp_chat": 0, "http": 1})


class Exposure(ConfigTest):
    def test_dashboard_for_everyone_has_to_be_meant(self):
        for argument in ("--http=0.0.0.0:0", "--http=[::]:0", "--bind=0.0.0.0"):
            with self.subTest(argument):
                status, out, err = self.run_to_end(argument)
                self.assertEqual((status, out), (2, ""))
                self.assertRegex(err, r"^socklens: http: \S+ can be reached from other machines.*"
                                      r"--http-open.*\n$")

    def test_check_config_finds_it_too(self):
        self.write("http = 0.0.0.0:0\n")
        status, _, err = self.run_to_end("--config=socklens.conf", "--check-config")
        self.assertEqual(status, 2)
        self.assertIn("--http-open", err)

    def test_dashboard_for_everyone(self):
        with Gateway("--http-open", http=("0.0.0.0:0",)) as gateway:
            port = gateway.addresses["http"][0].removeprefix("0.0.0.0:")
            wait_until(lambda: f"http://127.0.0.1:{port}/ (and" in gateway.stdout, "a banner")
            gateway.wait_logged("warning http: everyone who can reach 0.0.0.0 sees all traffic\n")

    def test_unix_sockets_are_not_exposed(self):
        path = os.path.join(self.folder, "dashboard")
        with Gateway(http=("unix:" + path,)) as gateway:
            self.assertEqual(gateway.addresses["http"], ["unix:" + path])
            with tcp_connect(path) as sock:
                sock.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n"
                             b"Connection: close\r\n\r\n")
                self.assertTrue(receive_all(sock).startswith(b"HTTP/1.1 200 "))

    def test_servers_for_everyone_need_no_leave(self):
        with Gateway(udp_upper=("0.0.0.0:0",)) as gateway:
            self.assertRegex(gateway.addresses["udp_upper"][0], r"^0\.0\.0\.0:\d+$")


if __name__ == "__main__":
    unittest.main()
