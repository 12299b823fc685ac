"""--token-file: who shows no token gets the page and the health checks, and nothing else."""

import os
import tempfile
import unittest

from gateway import Gateway, GatewayTest
from test_config import ConfigTest

TOKEN = "0123456789abcdef-._~+/="
BEARER = {"Authorization": "Bearer " + TOKEN}
GUARDED = ("/metrics", "/api/v1/openapi.json", "/api/v1/status", "/api/v1/rates",
           "/api/v1/clients", "/api/v1/clients/1", "/api/v1/messages", "/api/v1/messages/1",
           "/api/v1/messages/1/raw", "/api/v1/events", "/api/v1/export?format=csv",
           "/api/v1/messages?limit=0")


class Token(GatewayTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        cls.addClassCleanup(folder.cleanup)
        path = os.path.join(folder.name, "token")
        with open(path, "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        cls.flags = ("--token-file", path)
        super().setUpClass()

    def assert_refused(self, method, path, headers=None, body=None):
        status, replied, problem = self.gateway.request(method, path, body, headers)
        self.assertEqual((status, problem["status"]), (401, 401), (path, headers))
        self.assertEqual(problem["param"], "Authorization")
        self.assertEqual(replied["WWW-Authenticate"], 'Bearer realm="socklens"')
        self.assertNotIn(TOKEN, str(problem))

    def test_open_to_everyone(self):
        for path in ("/", "/app.js", "/app.css", "/healthz", "/readyz"):
            self.assertEqual(self.gateway.request_raw("GET", path)[0], 200, path)

    def test_without_a_token(self):
        for path in GUARDED:
            self.assert_refused("GET", path)
        self.assert_refused("DELETE", "/api/v1/clients/1")
        body = {"listener": "udp-upper", "text": "x"}
        self.assert_refused("POST", "/api/v1/datagrams", body=body)
        self.assertEqual(self.gateway.get("/api/v1/status", BEARER)[2]["log"]["messages"], 0)

    def test_with_the_token(self):
        for scheme in ("Bearer ", "bearer ", "BEARER "):
            answer = self.gateway.get("/api/v1/status", {"Authorization": scheme + TOKEN})
            self.assertEqual(answer[0], 200)
        self.assertEqual(self.gateway.get("/api/v1/messages?limit=0", BEARER)[0], 400)
        with self.gateway.events("types=status", BEARER) as stream:
            self.assertEqual(stream.next_of("status")["event"], "status")

    def test_with_another(self):
        for value in ("Bearer", "Bearer ", "Bearer x", "Bearer " + TOKEN[:-1],
                      "Bearer " + TOKEN + "x", "Bearer  " + TOKEN, "Basic " + TOKEN, TOKEN,
                      "Bearer " + TOKEN.upper(), f"Bearer {TOKEN}, Bearer {TOKEN}"):
            self.assert_refused("GET", "/api/v1/status", {"Authorization": value})


class Settings(ConfigTest):
    def start(self, content):
        self.write(content, "token")
        return self.run_to_end("--http=127.0.0.1:0", "--token-file=token")

    def test_files_that_are_none(self):
        for content in ("", "\n", "short\n", "x" * 257, "a b c d e f g h i j k l\n",
                        "0123456789abcdef two\n", "schlüsselschlüssel\n"):
            status, _, err = self.start(content)
            self.assertNotEqual(status, 0, content)
            self.assertIn("the first line of the token file token must be 16 to 256 letters", err)
        status, _, err = self.run_to_end("--http=127.0.0.1:0", "--token-file=missing")
        self.assertNotEqual(status, 0)
        self.assertIn("cannot read the token file missing: No such file or directory", err)

    def test_from_elsewhere(self):
        self.write(TOKEN, "token")
        path = os.path.join(self.folder, "token")
        with Gateway("--token-file", path, http=("0.0.0.0:0",)) as gateway:
            local = {"Host": "127.0.0.1"}
            self.assertEqual(gateway.get("/api/v1/status", local)[0], 401)
            self.assertEqual(gateway.get("/api/v1/status", local | BEARER)[0], 200)


if __name__ == "__main__":
    unittest.main()
