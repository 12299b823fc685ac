"""--tls-cert and --tls-key: what holds over plain HTTP holds over TLS too, and what TLS adds."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import unittest

import test_export
import test_http_api
import test_http_events
import test_http_guard
import test_http_token
from certificate import Certificate, new_folder, openssl
from gateway import (Gateway, GatewayTest, clean_environment, gateway_executable, receive_all,
                     tcp_connect, udp_exchange, wait_until)
from test_config import ConfigTest

HEAD_DEADLINE_S = 15
HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class OverTls:
    """Has a GatewayTest run against a gateway with a certificate."""

    @classmethod
    def setUpClass(cls):
        certificate = Certificate()
        cls.flags = (*cls.flags, *certificate.flags)
        cls.options = cls.options | {"tls": certificate.context()}
        super().setUpClass()


# --- what is the same ---

class FramesOverTls(OverTls, test_http_guard.Frames):
    pass


class RoutesOverTls(OverTls, test_http_guard.Routes):
    pass


class AssetsOverTls(OverTls, test_http_guard.Assets):
    pass


class StatusOverTls(OverTls, test_http_api.Status):
    pass


class MessagesOverTls(OverTls, test_http_api.Messages):
    pass


class WaitingOverTls(OverTls, test_http_api.Waiting):
    pass


class ClientsOverTls(OverTls, test_http_api.Clients):
    pass


class DatagramsOverTls(OverTls, test_http_api.Datagrams):
    pass


class EventsOverTls(OverTls, test_http_events.Events):
    pass


class RightsOverTls(OverTls, test_http_guard.Rights):
    def test_our_own_page(self):
        self.assertEqual(self.post(), 200)
        self.assertEqual(self.post(Origin="https://" + self.host()), 200)
        self.assertEqual(self.post(Sec_Fetch_Site="same-origin"), 200)

    def test_a_page_that_did_not_come_over_tls(self):
        """Anybody on the way can make one of that name."""
        self.assertEqual(self.post(Origin="http://" + self.host()), 403)


class ExportOverTls(OverTls, GatewayTest):
    def test_formats(self):
        for number in range(50):
            udp_exchange(self.gateway.udp, b"x" * 1000 + b"%d" % number)
        for name in ("ndjson", "csv", "pcapng"):
            with test_export.Download(self.gateway, f"format={name}") as download:
                self.assertEqual(download.response.status, 200)
                self.assertGreater(len(download.response.read()), 100000)

    def test_more_than_a_socket_takes_at_once(self):
        for _ in range(300):
            udp_exchange(self.gateway.udp, b"y" * 9000)
        with test_export.Download(self.gateway, "format=ndjson") as download:
            time.sleep(0.5)
            self.assertEqual(download.response.read().count(b"\n"), 350)


# --- what TLS adds ---

class Handshakes(OverTls, GatewayTest):
    def plain(self):
        sock = tcp_connect(self.gateway.address("http"))
        self.addCleanup(sock.close)
        return sock

    def ask(self, context):
        """(the TLS version, the cipher's name) of a request that was answered."""
        with context.wrap_socket(self.plain(), server_hostname="localhost") as sock:
            sock.sendall(HEALTHZ)
            self.assertTrue(receive_all(sock).startswith(b"HTTP/1.1 200 "))
            return sock.version(), sock.cipher()[0]

    def careless(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    def test_versions(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
                              (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            context = self.careless()
            context.minimum_version = context.maximum_version = version
            self.assertEqual(self.ask(context)[0], name)

    def test_old_versions_and_ciphers(self):
        old = self.careless()
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        weak = self.careless()
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("ECDHE+AES+SHA:AES128-GCM-SHA256:@SECLEVEL=0")
        for context in (old, weak):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.ask(context)
        self.assertEqual(self.gateway.get("/healthz")[0], 200)

    def test_strangers_do_not_trust_it(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask(ssl.create_default_context())

    def test_no_strict_transport_security(self):
        """It goes by name and for all ports: localhost is not one gateway's alone."""
        headers = self.gateway.get("/api/v1/status")[1]
        self.assertNotIn("Strict-Transport-Security", headers)

    def test_plaintext_is_not_answered(self):
        sock = self.plain()
        sock.sendall(HEALTHZ)
        with contextlib.suppress(ConnectionResetError):
            self.assertNotIn(b"HTTP/", receive_all(sock))
        self.assertEqual(self.gateway.get("/healthz")[0], 200)

    def test_handshakes_that_do_not_end(self):
        """A peer that is silent, or stops within its first words, is cut as one without TLS is."""
        hello = self.client_hello()
        socks = [self.plain() for _ in range(50)]
        started = time.monotonic()
        for number, sock in enumerate(socks):
            sock.sendall(hello[:number * len(hello) // len(socks)])
        self.assertEqual(self.gateway.get("/healthz")[0], 200)
        for sock in socks:
            sock.settimeout(3 * HEAD_DEADLINE_S)
            with contextlib.suppress(ConnectionResetError):
                self.assertNotIn(b"HTTP/", receive_all(sock))
        self.assertGreater(time.monotonic() - started, HEAD_DEADLINE_S - 2)
        wait_until(lambda: self.gateway.status()["http"]["connections"] == 1, "they are gone")

    def client_hello(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.gateway.tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        return outgoing.read()

    def begin(self, words=b"", finish=False):
        """A connection on which a handshake is over and `words` were said."""
        sock = self.gateway.tls.wrap_socket(self.plain(), server_hostname="localhost")
        self.addCleanup(sock.close)
        sock.sendall(words)
        if finish:
            sock.recv(1)
        return sock

    def say(self, words, end=False, urgent=False):
        sock = self.plain()
        sock.sendall(words)
        if urgent:
            sock.send(b"!", socket.MSG_OOB)
        if end:
            sock.shutdown(socket.SHUT_WR)

    def test_silence_costs_no_processor_time(self):
        hello = self.client_hello()
        for what, begin in {
                "nothing said": lambda: self.say(b""),
                "five bytes": lambda: self.say(hello[:5]),
                "half a hello": lambda: self.say(hello[:len(hello) // 2]),
                "a hello": lambda: self.say(hello),
                "a hello and an urgent byte": lambda: self.say(hello[:60], urgent=True),
                "a hello and an end": lambda: self.say(hello, end=True),
                "a handshake": self.begin,
                "half a request": lambda: self.begin(HEALTHZ[:30]),
                "a request and its answer": lambda: self.begin(
                    HEALTHZ.replace(b"close", b"keep-alive"), finish=True),
                "a wait": lambda: self.begin(
                    b"GET /api/v1/messages?after=0&text=none&wait=60s HTTP/1.1\r\n"
                    b"Host: localhost\r\n\r\n"),
                "a stream": lambda: self.begin(
                    b"GET /api/v1/events?types=messages HTTP/1.1\r\nHost: localhost\r\n\r\n")
        }.items():
            with self.subTest(what):
                for _ in range(60):
                    begin()
                self.assertEqual(self.gateway.get("/healthz")[0], 200)
                wait_until(lambda: self.share() < 0.05, "the processor is left alone")
                self.doCleanups()

    def share(self):
        """Of one core, for a moment."""
        before, begun = self.gateway.cpu_s(), time.monotonic()
        time.sleep(0.3)
        return (self.gateway.cpu_s() - before) / (time.monotonic() - begun)

    def test_rubbish(self):
        hello = self.client_hello()
        for rubbish in (b"\x16\x03\x01\xff\xff" + b"x" * 70000, os.urandom(5000), b"\0" * 1000,
                        hello[:50] + os.urandom(len(hello) - 50), b"\x80\x2e\x01\x03\x01"):
            sock = self.plain()
            with contextlib.suppress(OSError):
                sock.sendall(rubbish)
                sock.shutdown(socket.SHUT_WR)
                receive_all(sock)
        self.assertEqual(self.gateway.get("/healthz")[0], 200)

    def test_renegotiation(self):
        """A peer must not make the gateway compute for nothing."""
        host, port = self.gateway.address("http")
        done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2"],
                              input=b"R\n" + HEALTHZ, capture_output=True, timeout=60,
                              check=False)
        self.assertNotIn(b"200 OK", done.stdout)

    def test_reader_that_reads_nothing(self):
        """It costs its own connection alone, as without TLS."""
        for _ in range(20):
            udp_exchange(self.gateway.udp, b"z" * 60000)
        sock = self.connect(self.gateway.address("http"))
        for _ in range(50):
            sock.sendall(b"GET /api/v1/messages HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertEqual(self.gateway.get("/healthz")[0], 200)

    @unittest.skipUnless(shutil.which("curl"), "curl is not here")
    def test_curl(self):
        url = self.gateway.http_url.replace("127.0.0.1", "localhost") + "/healthz"
        done = subprocess.run(["curl", "-sS", "--cacert", self.flags[1], url], timeout=60,
                              capture_output=True, check=False)
        self.assertEqual((done.stdout, done.stderr), (b'{"status":"ok"}', b""))


class Kinds(unittest.TestCase):
    def test_keys(self):
        for kind in ("rsa", "ed25519"):
            certificate = Certificate(kind)
            with Gateway(*certificate.flags, tls=certificate.context()) as gateway:
                self.assertEqual(gateway.get("/healthz")[0], 200)
                wait_until(lambda: gateway.http_url + "/" in gateway.stdout, "the banner")

    def test_healthcheck(self):
        """It does not ask whose certificate it is; without the setting it finds no gateway."""
        certificate = Certificate("rsa")
        with Gateway(*certificate.flags, tls=certificate.context()) as gateway:
            def check(*flags):
                done = subprocess.run([gateway_executable(), "--healthcheck", *flags,
                                       "--ready-file", gateway.ready_file], timeout=60,
                                      env=clean_environment("/"), capture_output=True, text=True,
                                      check=False)
                return done.returncode, done.stdout

            self.assertEqual(check(*certificate.flags), (0, "healthy\n"))
            self.assertEqual(gateway.messages(), [])
            self.assertEqual(check()[0], 1)

    def test_chain(self):
        """The root signs the certificate; the client knows the root alone."""
        folder = new_folder()
        root = Certificate(folder=folder, name="root")
        leaf = self.sign(folder, root)
        both = os.path.join(folder, "both.pem")
        with open(both, "w", encoding="ascii") as file:
            for path in (leaf.cert, root.cert):
                with open(path, encoding="ascii") as one:
                    file.write(one.read())
        with Gateway("--tls-cert", both, "--tls-key", leaf.key, tls=root.context()) as gateway:
            self.assertEqual(gateway.get("/healthz")[0], 200)

    def sign(self, folder, root):
        leaf = Certificate(folder=folder, name="leaf")
        request, names = os.path.join(folder, "leaf.csr"), os.path.join(folder, "names")
        with open(names, "w", encoding="ascii") as file:
            file.write("subjectAltName=IP:127.0.0.1\n")
        openssl("req", "-new", "-key", leaf.key, "-subj", "/CN=leaf", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", root.cert, "-CAkey", root.key,
                "-set_serial", "2", "-days", "30", "-extfile", names, "-out", leaf.cert)
        return leaf

    def test_token(self):
        certificate = Certificate()
        token = os.path.join(os.path.dirname(certificate.cert), "token")
        with open(token, "w", encoding="ascii") as file:
            file.write(test_http_token.TOKEN)
        with Gateway(*certificate.flags, "--token-file", token, http=("0.0.0.0:0",),
                     tls=certificate.context()) as gateway:
            gateway.addresses["http"][0] = gateway.addresses["http"][0].replace("0.0.0.0",
                                                                               "127.0.0.1")
            self.assertEqual(gateway.get("/api/v1/status")[0], 401)
            self.assertEqual(gateway.get("/api/v1/status", test_http_token.BEARER)[0], 200)

    def test_from_elsewhere_it_needs_a_token_all_the_same(self):
        certificate = Certificate()
        done = subprocess.run([gateway_executable(), *certificate.flags, "--http", "0.0.0.0:0"],
                              env=clean_environment("/"), capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("can be reached from other machines", done.stderr)


def like_anybody():
    """What takes from root the right to read everything (capabilities(7))."""
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


class Reload(unittest.TestCase):
    def serial(self, gateway):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(tcp_connect(gateway.address("http"))) as sock:
            return sock.getpeercert(True)

    def hang_up(self, gateway, sign):
        before = len(gateway.stderr)
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sign in gateway.stderr[before:], sign)

    def test_renewal(self):
        folder = new_folder()
        first = Certificate(folder=folder)
        with Gateway(*first.flags, tls=first.context()) as gateway:
            before = self.serial(gateway)
            with gateway.events("types=status") as stream:
                second = Certificate("rsa", folder=folder)
                self.hang_up(gateway, "certificate and key were read again")
                self.assertNotEqual(self.serial(gateway), before)
                self.assertEqual(stream.next_of("status")["event"], "status")
            gateway.tls = second.context()
            self.assertEqual(gateway.get("/healthz")[0], 200)
            after = self.serial(gateway)
            os.unlink(second.key)
            self.hang_up(gateway, "the certificate stays as it was: cannot read the key file")
            self.assertEqual(self.serial(gateway), after)
            Certificate(folder=folder, name="other")
            shutil.copy(os.path.join(folder, "other.key"), second.key)
            self.hang_up(gateway, "is not the one of the first certificate")
            self.assertEqual(self.serial(gateway), after)

    def test_other_files_wait_for_a_restart(self):
        folder = new_folder()
        first, second = Certificate(folder=folder), Certificate(folder=folder, name="second")
        config = os.path.join(folder, "socklens.conf")

        def write(certificate):
            with open(config, "w", encoding="utf-8") as file:
                file.write(f"tls-cert = {certificate.cert}\ntls-key = {certificate.key}\n")

        write(first)
        with Gateway("--config", config, tls=first.context()) as gateway:
            write(second)
            self.hang_up(gateway, f"tls-key: stays {first.key} until a restart")
            self.assertEqual(gateway.get("/healthz")[0], 200)


class Faults(ConfigTest):
    """Both the start and --check-config say in one line which file and what is wrong."""

    def assert_fault(self, fault, *flags, through=()):
        start = self.run_to_end("--http=127.0.0.1:0", "--udp-upper=none", "--tcp-upper=none",
                                "--tcp-chat=none", *flags, through=through)
        check = self.run_to_end("--check-config", *flags, through=through)
        self.assertEqual((start[0] != 0, check[0]), (True, 2))
        for err in (start[2], check[2]):
            self.assertIn(fault, err)
            self.assertEqual(err.count("\n"), 1, err)

    def flags(self, cert, key):
        return f"--tls-cert={cert}", f"--tls-key={key}"

    def test_faults(self):
        good = Certificate(folder=self.folder)
        other = Certificate("rsa", self.folder, "other")
        locked = os.path.join(self.folder, "locked")
        openssl("pkey", "-in", good.key, "-aes256", "-passout", "pass:x", "-out", locked)
        rubbish = self.write("rubbish\n", "rubbish")
        with open(good.cert, encoding="ascii") as file:
            cut = self.write(file.read()[:300], "cut")
        self.assert_fault("tls-cert: the private key of a is missing; add --tls-key", "--tls-cert=a")
        self.assert_fault("tls-key: the certificate of a is missing; add --tls-cert",
                          "--tls-key=a")
        self.assert_fault("cannot read the certificate file none: No such file or directory",
                          *self.flags("none", good.key))
        self.assert_fault("cannot read the key file none: No such file or directory",
                          *self.flags(good.cert, "none"))
        self.assert_fault(f"cannot read the key file {self.folder}: Is a directory",
                          *self.flags(good.cert, self.folder))
        for cert in (rubbish, cut, good.key, "/dev/null"):
            self.assert_fault(f"the certificate file {cert} holds no usable certificate in PEM",
                              *self.flags(cert, good.key))
        for key in (rubbish, good.cert, "/dev/null"):
            self.assert_fault(f"the key file {key} holds no usable private key in PEM format",
                              *self.flags(good.cert, key))
        self.assert_fault(f"the key file {locked} is locked with a passphrase",
                          *self.flags(good.cert, locked))
        self.assert_fault(f"the key in {other.key} is not the one of the first certificate in "
                          f"{good.cert}", *self.flags(good.cert, other.key))

    def test_unreadable(self):
        good = Certificate(folder=self.folder)
        os.chmod(good.key, 0)
        self.assert_fault(f"cannot read the key file {good.key}: Permission denied",
                          *self.flags(good.cert, good.key), through=like_anybody())

    def test_good_ones(self):
        good = Certificate(folder=self.folder)
        status, out, err = self.run_to_end("--check-config", *good.flags)
        self.assertEqual((status, err), (0, ""))
        status, out, err = self.run_to_end("--print-config", *good.flags)
        self.assertIn(f"tls-cert = {good.cert}", out)
        self.assertIn(f"tls-key = {good.key}", out)

    def test_expired(self):
        folder = new_folder()
        root = Certificate(folder=folder)
        request = os.path.join(folder, "csr")
        openssl("req", "-new", "-key", root.key, "-subj", "/CN=x", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", root.cert, "-CAkey", root.key,
                "-set_serial", "2", "-days", "-1", "-out", root.cert)
        with Gateway(*root.flags) as gateway:
            gateway.wait_logged(f"http: the certificate in {root.cert} has expired")


if __name__ == "__main__":
    unittest.main()
