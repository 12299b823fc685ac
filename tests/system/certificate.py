"""Certificates for tests, by openssl: with their key, self-signed, for 127.0.0.1 and localhost."""

import os
import ssl
import subprocess
import tempfile
import unittest

KINDS = {
    "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "rsa": ("rsa:2048",),
    "ed25519": ("ed25519",),
}
NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"


class Certificate:
    """`cert` and `key` are the files' paths; gone with the test run."""

    def __init__(self, kind="ec", folder=None, name="socklens", days=30):
        folder = folder or new_folder()
        self.cert = os.path.join(folder, name + ".pem")
        self.key = os.path.join(folder, name + ".key")
        openssl("req", "-x509", "-nodes", "-newkey", *KINDS[kind], "-keyout", self.key,
                "-out", self.cert, "-days", str(days), "-subj", f"/CN={name}",
                "-addext", NAMES)

    @property
    def flags(self):
        return "--tls-cert", self.cert, "--tls-key", self.key

    def context(self):
        """For a client that trusts this one and no other."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.cert)
        return context

    def server_context(self):
        """For a server that shows this one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


def new_folder():
    folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
    unittest.addModuleCleanup(folder.cleanup)
    return folder.name
