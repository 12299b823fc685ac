"""Test datagrams in a network of the test's own: link-local, broadcast and unreachable addresses."""

import os
import socket
import subprocess
import sys
import threading
import time
import unittest

from gateway import Gateway


def run(*command):
    subprocess.run(command, check=True)


def link_local(name, end):
    """The interface's own address, once it is sure that nobody else has it."""
    while time.monotonic() < end:
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            for line in file:
                address, _, _, scope, flags, at = line.split()
                if at == name and scope == "20" and not int(flags, 16) & 0x40:
                    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address))
        time.sleep(0.1)
    raise AssertionError(f"no link-local address at {name}")


@unittest.skipUnless(os.environ.get("SOCKLENS_TEST_INSIDE"), "runs in a network of its own")
class Inside(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "vA", "type", "veth", "peer", "name", "vB")
        run("ip", "link", "set", "vA", "up")
        run("ip", "link", "set", "vB", "up")
        run("ip", "address", "add", "10.77.0.1/24", "broadcast", "10.77.0.255", "dev", "vA")
        cls.own = link_local("vA", time.monotonic() + 30)

    def post(self, gateway, to, **more):
        return gateway.post("/api/v1/datagrams", {"to": to, "text": "ping", "timeout_ms": 3000} | more)

    def assert_served(self, gateway, to):
        status, _, result = self.post(gateway, to)
        self.assertEqual(status, 200, (to, result))
        self.assertEqual(result["reply"]["text"], "PING", to)
        self.assertEqual(result["to"], to)
        return result

    def test_own_listener_as_it_is_printed(self):
        with Gateway(f"--udp-upper=[{self.own}%vA]:0") as gateway:
            to = gateway.addresses["udp_upper"][0]
            result = self.assert_served(gateway, to)
            for address in (result["from"], result["from"].rsplit(":", 1)[0]):
                found = gateway.fetch("messages", address=address, limit=5, wait="5s")["items"]
                self.assertEqual([m["client"]["address"] for m in found], [result["from"]])
            for wrong in (f"[{self.own}]:9", f"[{self.own}%nosuch]:9"):
                status, _, problem = self.post(gateway, wrong)
                self.assertEqual(status, 400)
                self.assertIn("names no interface of this machine", problem["detail"])
            self.assertEqual(self.post(gateway, f"[{self.own}%vA]:9")[0], 403)

    def test_each_address_of_a_wildcard_listener(self):
        with Gateway("--udp-upper=0.0.0.0:0", "--udp-upper=[::]:0") as gateway:
            four, six = (next(address.rsplit(":", 1)[1] for address in gateway.addresses["udp_upper"]
                              if address.startswith(host)) for host in ("0.0.0.0", "[::]"))
            self.assert_served(gateway, f"127.0.0.1:{four}")
            self.assert_served(gateway, f"127.0.0.9:{four}")
            self.assert_served(gateway, f"10.77.0.1:{four}")
            self.assert_served(gateway, f"[::1]:{six}")
            self.assert_served(gateway, f"[{self.own}%vA]:{six}")
            for client in gateway.fetch("clients")["items"]:
                self.assert_served(gateway, client["local_address"])
            self.assertEqual(self.post(gateway, f"10.77.0.2:{four}")[0], 403)

    def test_allowed_link_local(self):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer:
            scope = socket.if_nametoindex("vA")
            peer.bind((self.own, 0, 0, scope))
            port = peer.getsockname()[1]
            to = f"[{self.own}%vA]:{port}"
            for network in (to, "[fe80::]/10:1-65535", "[fe80::/10]:1-65535",
                            f"[fe80::%vA/64]:{port}"):
                with Gateway("--allow-target", network) as gateway:
                    self.assertEqual(self.post(gateway, to, timeout_ms=1)[0], 200, network)
                    self.assertEqual(peer.recv(100), b"ping")
            for network in ("[::]/0:1-65535", "[fe80::%vB/64]:1-65535"):
                with Gateway("--allow-target", network) as gateway:
                    self.assertEqual(self.post(gateway, to, timeout_ms=1)[0], 403, network)

    def test_broadcast(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer, \
                Gateway("--allow-target=10.77.0.0/24:1-65535") as gateway:
            peer.bind(("10.77.0.255", 0))
            peer.settimeout(20)
            port = peer.getsockname()[1]

            def answer():
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
                    own.bind(("10.77.0.1", 0))
                    answer.address = "%s:%d" % own.getsockname()
                    data, sender = peer.recvfrom(100)
                    own.sendto(data.upper(), sender)

            thread = threading.Thread(target=answer)
            thread.start()
            status, _, result = self.post(gateway, f"10.77.0.255:{port}", timeout_ms=20000)
            thread.join()
            self.assertEqual(status, 200, result)
            self.assertEqual(result["reply"]["text"], "PING")
            self.assertEqual(result["reply_from"], answer.address)
            self.assertEqual(result["from"].split(":")[0], "10.77.0.1")
            self.assertEqual(self.post(gateway, "255.255.255.255:9")[0], 403)

    def test_what_the_kernel_refuses_has_its_reason(self):
        run("ip", "route", "add", "prohibit", "10.78.1.0/24")
        run("ip", "route", "add", "unreachable", "10.78.2.0/24")
        run("ip", "route", "add", "blackhole", "10.78.3.0/24")
        run("ip", "link", "set", "vB", "mtu", "1280")
        run("ip", "link", "set", "vA", "mtu", "1280")
        with Gateway("--allow-target=10.0.0.0/8:1-65535", "--allow-target=192.0.2.0/24:9",
                     "--allow-target=127.0.0.0/8:9", "--allow-target=[2001:db8::]/32:9") as gateway:
            for to, words in (("10.78.1.1:9", "a route of this machine prohibits it"),
                              ("10.78.2.1:9", "the host cannot be reached"),
                              ("10.78.3.1:9", "a route of this machine discards it"),
                              ("192.0.2.1:9", "there is no route to it"),
                              ("127.0.0.1:9", "nobody listens there"),
                              ("[2001:db8::1]:9", "there is no route to it")):
                status, _, problem = self.post(gateway, to)
                self.assertEqual(status, 502, (to, problem))
                self.assertIn(words, problem["detail"])
                self.assertNotIn("denied", problem["detail"])


class OwnNetwork(unittest.TestCase):
    def test_in_a_network_of_its_own(self):
        for network in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
            if subprocess.run([*network, "true"], capture_output=True, check=False).returncode == 0:
                break
        else:
            self.skipTest("nothing here gives a network of its own (unshare --net)")
        done = subprocess.run([*network, sys.executable, __file__, "Inside"], check=False,
                              env=os.environ | {"SOCKLENS_TEST_INSIDE": "1"}, timeout=600,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
