"""Fault rules: over the API, in the settings, and in what people read afterwards."""

import base64
import json
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest
from pathlib import Path

from gateway import (Gateway, GatewayTest, clean_environment, gateway_executable, udp_socket,
                     wait_until)

FAULTS = "/api/v1/faults"
FATES_7 = "....xx.x....x....x..."  # of loss 30% seed 7, as docs/faults.md defines them


def ping(gateway, sock, text=b"ping"):
    """Sends one message; returns what comes back within a moment, or None."""
    sock.sendto(text, gateway.udp)
    sock.settimeout(0.2)
    try:
        return sock.recv(100)
    except TimeoutError:
        return None


class Rules(GatewayTest):
    def setUp(self):
        self.sock = udp_socket()
        self.addCleanup(self.sock.close)
        self.addCleanup(lambda: self.gateway.delete(FAULTS + "?confirm=yes"))

    def add(self, rule, **members):
        status, headers, body = self.gateway.post(
            FAULTS, {"listener": "udp-upper", "rule": rule} | members)
        self.assertEqual(status, 201, body)
        self.assertEqual(headers["Location"], f"{FAULTS}/{body['name']}")
        return body

    def rule(self, name):
        return next(rule for rule in self.gateway.get(FAULTS)[2]["items"] if rule["name"] == name)

    def exchange(self, text=b"ping"):
        """One message, and its record."""
        after = self.gateway.newest_seq()
        self.sock.sendto(text, self.gateway.udp)
        self.gateway.wait_for_seq(after + 1)
        return self.gateway.get(f"/api/v1/messages/{after + 1}")[2]

    def test_fates_are_as_told(self):
        told = self.gateway.get("/api/v1/fates?rule=loss%2030%25%20seed%207&count=21")[2]
        self.assertEqual(told, {"rule": "loss 30% seed 7", "fates": FATES_7, "hits": 5})
        self.add("loss 30% seed 7", name="kurose")
        fates = "".join(".x"[self.exchange()["outcome"] == "reply_lost"] for _ in FATES_7)
        self.assertEqual(fates, FATES_7)
        rule = self.rule("kurose")
        self.assertEqual((rule["looked_at"], rule["hits"]), (21, 5))
        self.assertEqual(rule["next"], "xxx..xx..xx.x..x..xx")

    def test_a_message_says_what_was_done_to_it(self):
        self.add("loss every 1", name="all")
        message = self.exchange()
        self.assertEqual(message["outcome"], "reply_lost")
        self.assertIsNone(message["sent"])
        self.assertEqual(message["faults"], [{"rule": "all", "text": "loss every 1",
                                              "effect": "loss", "side": "sent", "n": 1}])

    def test_every_effect_is_seen(self):
        for rule, outcome, members in (
                ("loss", "reply_lost", {}),
                ("loss on received", "lost", {}),
                ("truncate 2", "replied", {"from": 4, "to": 2}),
                ("corrupt seed 1", "replied", {"changes": 1}),
                ("duplicate 2", "replied", {"copies": 2}),
                ("delay 10ms", "replied", {"us": 10000}),
                ("rate 8kbit/s", "replied", {"us": 4000}),
                ("reorder within 20ms", "replied", {"after": 0})):
            with self.subTest(rule):
                name = self.add(rule)["name"]
                message = self.exchange()
                fault, = message["faults"]
                self.assertEqual((message["outcome"], fault["rule"], fault["effect"]),
                                 (outcome, name, rule.split()[0]))
                for key, value in members.items():
                    self.assertEqual(len(fault[key]) if key == "changes" else fault[key], value)
                self.gateway.delete(f"{FAULTS}/{name}")

    def test_what_leaves_is_what_the_client_gets(self):
        self.add("corrupt 3 seed 5")
        self.add("truncate 6")
        message = self.exchange(b"ping pong")
        sent = base64.b64decode(message["sent"]["base64"])
        self.sock.settimeout(10)
        self.assertEqual(self.sock.recv(100), sent)
        changed = bytearray(b"PING P")
        for change in next(fault for fault in message["faults"] if "changes" in fault)["changes"]:
            self.assertEqual(f"{changed[change['at']]:02x}", change["was"])
            changed[change["at"]] = int(change["is"], 16)
        self.assertEqual(bytes(changed), sent)
        self.assertEqual(message["received"]["text"], "ping pong")

    def test_a_near_miss_names_the_rule(self):
        self.add("delay 1ms", name="slow")
        self.add("loss every 1", name="kurose")
        seq = self.exchange(b"wanted")["seq"]
        status, _, problem = self.gateway.get(
            f"/api/v1/messages?after={seq - 1}&outcome=replied&min=1&strict=1")
        self.assertEqual((status, problem["near"]), (
            409, [f"seq {seq}: outcome is reply_lost (rule kurose), not replied"]))
        problem = self.gateway.get(
            f"/api/v1/messages?after={seq - 1}&fault=rate&min=1&strict=1")[2]
        self.assertIn(": fault is loss", problem["near"][0])

    def test_a_change_is_in_force_when_it_is_answered(self):
        name = self.add("loss off")["name"]
        for _ in range(50):
            self.gateway.request("PATCH", f"{FAULTS}/{name}", {"enabled": True})
            self.assertEqual(self.exchange()["outcome"], "reply_lost")
            self.gateway.request("PATCH", f"{FAULTS}/{name}", {"enabled": False})
            self.assertEqual(self.exchange()["outcome"], "replied")

    def test_restart_and_change(self):
        name = self.add("loss at 2", name="second")["name"]
        self.assertEqual(self.exchange()["outcome"], "replied")
        self.gateway.request("PATCH", f"{FAULTS}/{name}", {"restart": True})
        self.assertEqual(self.exchange()["outcome"], "replied")
        self.assertEqual(self.exchange()["outcome"], "reply_lost")
        changed = self.gateway.request("PATCH", f"{FAULTS}/{name}", {"rule": "loss at 1"})[2]
        self.assertEqual((changed["name"], changed["rule"], changed["looked_at"]),
                         ("second", "loss at 1", 0))
        self.assertEqual(self.exchange()["outcome"], "reply_lost")

    def test_a_rule_ends_by_itself(self):
        rule = self.add("loss for 100ms")
        self.assertIsNotNone(rule["ends_at"])
        wait_until(lambda: not self.rule(rule["name"])["enabled"], "it is over")
        self.assertEqual(self.exchange()["outcome"], "replied")

    def test_put_replaces_all_or_nothing(self):
        self.add("loss off")
        before = self.gateway.get(FAULTS)[2]["items"]
        status, _, problem = self.gateway.request("PUT", FAULTS, {
            "rules": "udp-upper delay 1ms\n\n# a comment\nudp-upper los 3%\n"})
        self.assertEqual((status, problem["param"]), (400, "rules"))
        self.assertIn('line 4: "los" is no effect; did you mean "loss"?', problem["detail"])
        self.assertEqual([rule["rule"] for rule in self.gateway.get(FAULTS)[2]["items"]],
                         [rule["rule"] for rule in before])
        rules = self.gateway.request("PUT", FAULTS, {
            "rules": "udp-upper delay 1ms\r\nudp-upper loss every 9 name ninth"})[2]["items"]
        self.assertEqual([(rule["name"], rule["rule"]) for rule in rules],
                         [("delay", "delay 1ms"), ("ninth", "loss every 9")])
        self.assertEqual(self.gateway.request("PUT", FAULTS, {"rules": ""})[2]["items"], [])

    def test_mistakes_name_what_is_right(self):
        self.add("loss off", name="there")
        for body, status, param, words in (
                ({"listener": "udp-upper", "rule": "loss 30"}, 400, "rule", "try 30%"),
                ({"listener": "udp-upper", "rule": "slice 3"}, 409, "rule", "UDP has none"),
                ({"listener": "udp-upper", "rule": "down"}, 409, "rule", "no listener takes"),
                ({"listener": "udp-uper", "rule": "loss"}, 404, "rule", 'mean "udp-upper"?'),
                ({"listener": "tcp-chat", "rule": "loss"}, 409, "rule", "TCP listener"),
                ({"listener": "udp-upper", "rule": "loss", "name": "there"}, 409, "name",
                 "already"),
                ({"listener": "udp-upper", "rule": "loss", "name": "No"}, 400, "rule", '"No"'),
                ({"listener": "udp-upper"}, 400, "rule", "no rule"),
                ({"rule": "loss"}, 400, "listener", "no listener"),
                ({"listener": "udp-upper", "scenario": "nice"}, 404, "scenario", '"nice"'),
                ({"listener": "udp-upper", "scenario": "rdt-2.1", "name": "x"}, 400, "name",
                 "names of their own")):
            with self.subTest(body):
                got, _, problem = self.gateway.post(FAULTS, body)
                self.assertEqual((got, problem.get("param")), (status, param))
                self.assertIn(words, problem["detail"])
        self.assertEqual(len(self.gateway.get(FAULTS)[2]["items"]), 1)

    def test_there_is_an_end_to_rules(self):
        for _ in range(16):
            self.add("loss off")
        status, _, problem = self.gateway.post(FAULTS, {"listener": "udp-upper", "rule": "loss"})
        self.assertEqual(status, 429, problem)
        names = [rule["name"] for rule in self.gateway.get(FAULTS)[2]["items"]]
        self.assertEqual(names, ["loss", *(f"loss-{i}" for i in range(2, 17))])

    def test_scenarios(self):
        for scenario in self.gateway.get("/api/v1/scenarios")[2]["items"]:
            with self.subTest(scenario["name"]):
                rules = self.gateway.post(FAULTS, {
                    "listener": "udp-upper", "scenario": scenario["name"], "seed": 7})[2]["items"]
                self.assertEqual(len(rules), len(scenario["rules"]))
                self.gateway.delete(FAULTS + "?confirm=yes")

    def test_a_rule_for_one_client(self):
        with udp_socket() as other:
            address = f"127.0.0.1:{self.sock.getsockname()[1]}"
            self.add(f"loss client {address}")
            self.assertIsNone(ping(self.gateway, self.sock))
            self.assertEqual(ping(self.gateway, other), b"PING")

    def test_what_is_held_is_counted(self):
        self.add("delay 1m")
        self.sock.sendto(b"ping", self.gateway.udp)
        wait_until(lambda: self.gateway.get(FAULTS)[2]["held"]["messages"] == 1, "it is held")
        self.gateway.delete(FAULTS + "?confirm=yes")
        self.assertEqual(self.exchange(b"now")["outcome"], "replied")
        self.assertEqual(self.gateway.get(FAULTS)[2]["held"]["messages"], 1)


class Guarded(GatewayTest):
    def test_a_change_needs_its_method_and_type(self):
        for method, path in (("POST", FAULTS), ("PUT", FAULTS), ("PATCH", FAULTS + "/x")):
            status = self.gateway.request_raw(method, path, b"{}", {"Content-Type": "text/plain"})[0]
            self.assertEqual(status, 415, (method, path))
            status = self.gateway.request(method, path, {}, {"Origin": "http://evil.example"})[0]
            self.assertEqual(status, 403, (method, path))


class Settings(unittest.TestCase):
    RULE = "udp-upper loss at 1 name first"

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = Path(folder.name, "socklens.conf")

    def start(self, text, *flags):
        self.file.write_text(text)
        gateway = Gateway("--config", str(self.file), *flags)
        self.addCleanup(gateway.kill)
        return gateway

    def test_rules_precede_the_first_message(self):
        gateway = self.start("", "--fault", self.RULE, "--fault", "udp-upper delay 1ms every 2")
        with udp_socket() as sock:
            sock.sendto(b"ping", gateway.udp)
            gateway.wait_for_seq(1)
        self.assertEqual(gateway.get("/api/v1/messages/1")[2]["outcome"], "reply_lost")
        self.assertEqual([rule["name"] for rule in gateway.get(FAULTS)[2]["items"]],
                         ["first", "delay"])

    def test_file_and_environment(self):
        gateway = self.start(f"fault = {self.RULE}\nfault = udp-upper loss starts \"a, b\"\n")
        self.assertEqual([rule["rule"] for rule in gateway.get(FAULTS)[2]["items"]],
                         ["loss at 1", 'loss starts "a, b"'])
        gateway.stop()
        with Gateway(env={"SOCKLENS_FAULT": f'{self.RULE}; udp-upper loss contains "a;b"'}) as other:
            self.assertEqual([rule["rule"] for rule in other.get(FAULTS)[2]["items"]],
                             ["loss at 1", 'loss contains "a;b"'])

    def test_reload_keeps_what_the_api_changed(self):
        gateway = self.start(f"fault = {self.RULE}\n")
        gateway.request("PATCH", FAULTS + "/first", {"enabled": False})
        self.file.write_text(f"fault = {self.RULE}\nudp-rate = 9999\n")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_logged("reading the settings again")
        wait_until(lambda: "9999" in gateway.stderr, "it is read")
        self.assertFalse(gateway.get(FAULTS)[2]["items"][0]["enabled"])
        self.file.write_text("fault = udp-upper delay 1ms\n")
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: [rule["rule"] for rule in gateway.get(FAULTS)[2]["items"]]
                   == ["delay 1ms"], "the new rules")

    def test_mistakes_end_the_start(self):
        for text, words in (
                ("udp-upper los 3%", 'fault: "los" is no effect; did you mean "loss"?'),
                ("loss 3%", "does not begin with a listener's name"),
                ("udp-upper slice 3", "UDP has none")):
            with self.subTest(text):
                self.file.write_text(f"fault = {text}\n")
                done = subprocess.run(
                    [gateway_executable(), "--config", str(self.file), "--check-config"],
                    capture_output=True, text=True, timeout=30, check=False,
                    env=clean_environment(self.folder))
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(f"{self.file}:1: ", done.stdout + done.stderr)
                self.assertIn(words.removeprefix("fault: "), done.stdout + done.stderr)


class Kept(unittest.TestCase):
    """What a rule did is in the file, and in what is exported from it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.store = folder.name + "/messages.db"
        with Gateway("--store", cls.store, "--journal-size", "4M", "--fault",
                     "udp-upper loss at 1 name first", "--fault",
                     "udp-upper truncate 2 at 1 starts \"PING\\\"\"") as gateway:
            with udp_socket() as sock:
                for text in (b"ping 1", b'ping"2', b"ping 3"):
                    sock.sendto(text, gateway.udp)
                gateway.wait_for_seq(3)
            cls.shown = gateway.messages()

    def test_the_log(self):
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT seq, outcome, fault_bits, faults FROM log ORDER BY seq"
                                    ).fetchall()
        self.assertEqual(rows[0][:3], (1, "reply_lost", 1))
        self.assertEqual(json.loads(rows[0][3])[0]["rule"], "first")
        self.assertEqual(rows[1][2], 8)
        self.assertEqual(rows[2][1:], ("replied", None, None))

    def test_export(self):
        done = subprocess.run([gateway_executable(), "export", "--format", "ndjson", "--store",
                               self.store], capture_output=True, text=True, timeout=30, check=True)
        exported = [json.loads(line) for line in done.stdout.splitlines()]
        for name in ("faults", "fault_bits"):
            self.assertEqual([message.get(name) for message in exported],
                             [message.get(name) for message in self.shown])
        self.assertEqual(exported[0]["faults"][0]["text"], "loss at 1")
        self.assertEqual([message.get("fault_bits") for message in exported], [1, 8, None])

    def test_filters(self):
        effects = {message["seq"]: [fault["effect"] for fault in message.get("faults", ())]
                   for message in self.shown}
        self.assertEqual(effects, {1: ["loss"], 2: ["truncate"], 3: []})
        with Gateway("--store", self.store) as gateway:
            for options, found in (
                    ({"fault": "loss"}, [1]), ({"fault": "none"}, [3]), ({"fault": "any"}, [2, 1]),
                    ({"fault": "loss,none"}, [3, 1]), ({"fault_not": "loss"}, [3, 2]),
                    ({"fault_not": "any"}, [3]), ({"fault": "any", "fault_not": "loss"}, [2]),
                    ({"fault": "delay"}, []), ({"fault": "loss", "outcome": "replied"}, [])):
                with self.subTest(options):
                    self.assertEqual([message["seq"] for message in
                                      gateway.fetch("messages", **options)["items"]], found)
                    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
                    done = subprocess.run(
                        [gateway_executable(), "export", "--format", "ndjson", "--store", self.store,
                         *flags], capture_output=True, text=True, timeout=30, check=True)
                    self.assertEqual([json.loads(line)["seq"] for line in done.stdout.splitlines()],
                                     found[::-1])
            status, _, problem = gateway.get("/api/v1/messages?fault=lost")
            self.assertEqual((status, problem["param"]), (400, "fault"))
            self.assertIn("any, none, loss", problem["allowed"])

    @unittest.skipUnless(shutil.which("tshark"), "tshark is not here")
    def test_capture(self):
        file = self.store + ".pcapng"
        subprocess.run([gateway_executable(), "export", "--format", "pcapng", "--store", self.store,
                        "-o", file], timeout=30, check=True)
        comments = subprocess.run(
            ["tshark", "-r", file, "-T", "fields", "-e", "frame.comment"], capture_output=True,
            text=True, timeout=60, check=True).stdout.splitlines()
        self.assertEqual(comments, [
            "seq 1 reply_lost; first: loss at 1, message 1",
            "seq 2 replied", 'reply to seq 2; truncate: truncate 2 at 1 starts "PING\\"", message 1',
            "seq 3 replied", "reply to seq 3"])

    def test_a_restart_shows_them(self):
        with Gateway("--store", self.store) as gateway:
            self.assertEqual(gateway.get("/api/v1/messages/1")[2]["faults"][0]["rule"], "first")

    def test_a_file_that_was_changed_breaks_nothing(self):
        copy = self.store + ".changed"
        shutil.copyfile(self.store, copy)
        with sqlite3.connect(copy) as database:
            database.execute("UPDATE messages SET faults = '[}' WHERE seq = 1")
            database.execute("UPDATE messages SET faults = '[1,\n2]' WHERE seq = 3")
        done = subprocess.run([gateway_executable(), "export", "--format", "ndjson", "--store",
                               copy], capture_output=True, text=True, timeout=30, check=True)
        exported = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([message.get("faults") for message in exported][::2], [None, [1, 2]])


if __name__ == "__main__":
    unittest.main()
