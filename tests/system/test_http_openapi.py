"""The API's description: it is served, it is sound, and every operation does what it says.

Every other test that asks the API holds the answers against it too: see contract.py.
"""

import json
import unittest

import contract
from gateway import GatewayTest, tcp_connect, udp_exchange

DATAGRAMS = "/api/v1/datagrams"
FAULTS = "/api/v1/faults"


class Document(GatewayTest):
    def test_it_is_the_source(self):
        status, headers, document = self.gateway.get("/api/v1/openapi.json")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        self.assertEqual(document, contract.DESCRIPTION.document)
        tag = {"If-None-Match": headers["ETag"]}
        self.assertEqual(self.gateway.get("/api/v1/openapi.json", tag)[0], 304)

    def test_it_is_sound(self):
        contract.self_check(contract.DESCRIPTION)
        operations = [operation for item in contract.DESCRIPTION.document["paths"].values()
                      for method, operation in item.items() if method != "parameters"]
        names = [operation["operationId"] for operation in operations]
        self.assertEqual(len(set(names)), len(names))
        for operation in operations:
            self.assertTrue(operation["summary"])
            self.assertTrue(operation["description"])
            self.assertIn("default", operation["responses"])
            for parameter in operation.get("parameters", ()):
                self.assertTrue(contract.DESCRIPTION.resolve(parameter)["description"])

    def test_answers_have_examples(self):
        for item in contract.DESCRIPTION.document["paths"].values():
            for operation in (item[method] for method in set(item) - {"parameters"}):
                for status, response in operation["responses"].items():
                    content = contract.DESCRIPTION.resolve(response).get("content", {})
                    for name, media in content.items():
                        if name.endswith("json") and operation["operationId"] != "getDescription":
                            self.assertIn("example", media, (operation["operationId"], status))

    def test_times_say_what_they_measure(self):
        schemas = contract.DESCRIPTION.document["components"]["schemas"]
        times = [(name, schema["properties"][key]["description"])
                 for name, schema in schemas.items() for key in ("service_us", "rtt_us")
                 if key in schema.get("properties", {})]
        self.assertEqual(len(times), 5, times)
        for name, words in times:
            with self.subTest(schema=name):
                self.assertRegex(words, "^(From when the gateway read it|The kernel's smoothed "
                                        "round-trip time|From sending the datagram)")

    def test_schemas_are_used(self):
        text = json.dumps(contract.DESCRIPTION.document)
        components = contract.DESCRIPTION.document["components"]
        for kind in set(components) - {"securitySchemes"}:
            for name in components[kind]:
                self.assertTrue(f'"#/components/{kind}/{name}"' in text, name)


class Operations(GatewayTest):
    """Answers are checked as they come; here each operation is called, well and badly."""

    def test_each_operation_answers_as_described(self):
        contract.seen.clear()
        gateway = self.gateway
        udp_exchange(gateway.udp, b"hello")
        udp_exchange(gateway.udp, b"\xff\xfe")
        with tcp_connect(gateway.chat) as chat:
            chat.sendall(b"Hi")
            chat.recv(100)
            client = gateway.client_of(chat)["id"]
            for path in contract.DESCRIPTION.document["paths"]:
                if path != "/api/v1/events":
                    gateway.get(path.replace("{id}", str(client)).replace("{seq}", "1"))
            gateway.delete(f"/api/v1/clients/{client}")
            gateway.wait_closed(client)
        for method, path, body, status in (
                ("DELETE", f"/api/v1/clients/{client}", None, 409),
                ("DELETE", "/api/v1/clients/999999", None, 404),
                ("GET", "/api/v1/clients/999999", None, 404),
                ("GET", "/api/v1/clients?sort=x", None, 400),
                ("GET", "/api/v1/messages?limit=0", None, 400),
                ("GET", "/api/v1/messages/999999", None, 404),
                ("GET", "/api/v1/messages/999999/raw", None, 404),
                ("GET", "/api/v1/messages/1/raw?side=x", None, 400),
                ("GET", "/api/v1/events?types=x", None, 400),
                ("PUT", "/api/v1/messages", None, 405),
                ("HEAD", "/api/v1/events", None, 200),
                ("GET", "/api/v1/export?format=ndjson", None, 200),
                ("GET", "/api/v1/export?format=csv", None, 200),
                ("GET", "/api/v1/export?format=pcapng", None, 200),
                ("POST", DATAGRAMS, {"listener": "udp-upper", "text": "x"}, 200),
                ("POST", DATAGRAMS, {"listener": "udp-upper"}, 400),
                ("DELETE", "/api/v1/messages", None, 400),
                ("DELETE", "/api/v1/messages?confirm=yes", None, 204),
                ("POST", FAULTS, {"listener": "udp-upper", "rule": "loss 30% seed 7"}, 201),
                ("POST", FAULTS, {"listener": "udp-upper", "scenario": "go-back-n"}, 201),
                ("POST", FAULTS, {"listener": "udp-upper", "rule": "los"}, 400),
                ("POST", FAULTS, {"listener": "udp-uper", "rule": "loss"}, 404),
                ("POST", FAULTS, {"listener": "tcp-chat", "rule": "loss"}, 409),
                ("PATCH", FAULTS + "/loss", {"enabled": False}, 200),
                ("PATCH", FAULTS + "/nothing", {"enabled": False}, 404),
                ("DELETE", FAULTS + "/loss", None, 204),
                ("DELETE", FAULTS + "/loss", None, 404),
                ("PUT", FAULTS, {"rules": "udp-upper delay 1ms\n"}, 200),
                ("PUT", FAULTS, {"rules": "delay 1ms\n"}, 400),
                ("DELETE", FAULTS, None, 400),
                ("DELETE", FAULTS + "?confirm=yes", None, 204),
                ("GET", "/api/v1/fates?rule=loss%2030%25%20seed%207", None, 200),
                ("POST", DATAGRAMS, {"to": "192.0.2.1:9", "text": "x"}, 403),
                ("POST", DATAGRAMS, {"listener": "udp-upper", "text": "x" * 65508}, 413)):
            self.assertEqual(gateway.request_raw(method, path, body)[0], status, (method, path))
        self.assert_all_were_called()

    def assert_all_were_called(self):
        described = {(method.upper(), path)
                     for path, item in contract.DESCRIPTION.document["paths"].items()
                     for method in item if method != "parameters"}
        called = {("GET" if method == "HEAD" else method, path)
                  for method, path, status in contract.seen if status < 300}
        self.assertEqual(described - called, set())

    def test_events(self):
        schemas = {"messages": "MessageEvent", "clients": "ClientEvent", "status": "Status",
                   "gap": "Gap"}
        kinds = set()
        with self.gateway.events() as stream:
            udp_exchange(self.gateway.udp, b"hello")
            for event in stream:
                if event["event"] is None:
                    continue
                kinds.add(event["event"])
                schema = {"$ref": f"#/components/schemas/{schemas[event['event']]}"}
                contract.DESCRIPTION.demand(schema, event["data"], event["event"])
                if kinds >= {"messages", "clients", "status"}:
                    break


class Validator(unittest.TestCase):
    """It finds what it is for."""

    def test_answers_unlike_the_description_are_found(self):
        description = contract.DESCRIPTION
        problem = {"type": "about:blank", "title": "Not Found", "status": 404}
        headers = {"Content-Type": "application/problem+json"}

        def refused(path, status, given, body, method="GET"):
            with self.assertRaises(contract.ContractError):
                description.check(method, path, status, given, json.dumps(body).encode())

        description.check("GET", "/healthz", 404, headers, json.dumps(problem).encode())
        refused("/healthz", 404, headers, problem | {"extra": 1})
        refused("/healthz", 404, headers, problem | {"status": "404"})
        refused("/healthz", 404, headers, {"title": "x"})
        refused("/healthz", 404, {"Content-Type": "text/html"}, problem)
        refused("/healthz", 200, {"Content-Type": "application/json"}, {"status": "bad"})
        refused("/healthz", 201, {"Content-Type": "application/json"}, {"status": "ok"})
        refused("/nothing", 404, headers, {})
        refused("/api/v1/clients/1", 204, headers, problem, "DELETE")
        for schema, value in (({"type": "integer"}, True), ({"format": "date-time"}, "yesterday"),
                              ({"minimum": 1}, 0), ({"maximum": 1}, 2), ({"pattern": "^a$"}, "b"),
                              ({"type": ["string", "null"]}, 1), ({"maxItems": 1}, [1, 2]),
                              ({"oneOf": [{"type": "null"}, {"const": 1}]}, 2),
                              ({"items": {"type": "null"}}, [None, 1])):
            self.assertTrue(description.faults(schema, value), (schema, value))
        with self.assertRaises(contract.ContractError):
            description.faults({"unknown": 1}, 1)


if __name__ == "__main__":
    unittest.main()
