"""Holds every answer that a test provokes against the API's own description.

`check` is called for each request that gateway.py makes. The schemas are a subset of JSON Schema
2020-12 (json-schema.org): a keyword that is not known here is an error, so that none is skipped.
"""

import datetime
import json
import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "api" / "openapi.json"
ANNOTATIONS = {"description", "example", "examples", "default"}
PROBLEM = "application/problem+json"
# On every answer, whatever it is.
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
POLICY = ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
          "form-action 'none'")
TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    "integer": int, "number": (int, float),
}


class ContractError(AssertionError):
    """An answer that the description does not allow."""


def is_type(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def is_time(text):
    return (re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text)
            and datetime.datetime.fromisoformat(text))


class Description:
    def __init__(self, document):
        self.document = document
        self.paths = [(re.compile(re.sub(r"\\\{\w+\\\}", "[0-9]+", re.escape(path).replace(
                           r"\{name\}", "[a-z0-9-]+"))), path, item)
                      for path, item in document["paths"].items()]

    # --- schemas ---

    def resolve(self, item):
        while "$ref" in item:
            found = self.document
            for name in item["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            item = found
        return item

    def faults(self, schema, value, at="$"):
        """What is wrong with the value, as sentences."""
        schema = self.resolve(schema)
        found = []
        for keyword, rule in schema.items():
            if keyword in ANNOTATIONS:
                continue
            check = getattr(self, f"_{keyword}", None)
            if check is None:
                raise ContractError(f"{at}: unknown keyword {keyword}")
            found += check(rule, value, at, schema)
        return found

    def _type(self, rule, value, at, _):
        names = [rule] if isinstance(rule, str) else rule
        fits = any(is_type(value, name) for name in names)
        return [] if fits else [f"{at}: not {rule}: {value!r}"]

    def _enum(self, rule, value, at, _):
        return [] if value in rule else [f"{at}: {value!r} is none of {rule}"]

    def _const(self, rule, value, at, _):
        return [] if value == rule else [f"{at}: {value!r} is not {rule!r}"]

    def _required(self, rule, value, at, _):
        return [f"{at}: no {name}" for name in rule
                if isinstance(value, dict) and name not in value]

    def _properties(self, rule, value, at, _):
        items = value.items() if isinstance(value, dict) else ()
        return [fault for name, item in items if name in rule
                for fault in self.faults(rule[name], item, f"{at}.{name}")]

    def _additionalProperties(self, rule, value, at, schema):
        if rule is not False:
            raise ContractError(f"{at}: additionalProperties can only be false here")
        names = value if isinstance(value, dict) else ()
        return [f"{at}: {name} is not described" for name in names
                if name not in schema["properties"]]

    def _items(self, rule, value, at, _):
        items = value if isinstance(value, list) else ()
        return [fault for number, item in enumerate(items)
                for fault in self.faults(rule, item, f"{at}[{number}]")]

    def _maxItems(self, rule, value, at, _):
        return [f"{at}: over {rule} items"] if len(value) > rule else []

    def _minimum(self, rule, value, at, _):
        below = is_type(value, "integer") and value < rule
        return [f"{at}: {value} is below {rule}"] if below else []

    def _maximum(self, rule, value, at, _):
        over = is_type(value, "integer") and value > rule
        return [f"{at}: {value} is over {rule}"] if over else []

    def _minLength(self, rule, value, at, _):
        short = isinstance(value, str) and len(value) < rule
        return [f"{at}: shorter than {rule}"] if short else []

    def _pattern(self, rule, value, at, _):
        return [] if not isinstance(value, str) or re.search(rule, value) else [f"{at}: {value!r}"]

    def _format(self, rule, value, at, _):
        if rule != "date-time":
            raise ContractError(f"{at}: unknown format {rule}")
        return [] if not isinstance(value, str) or is_time(value) else [f"{at}: no time: {value!r}"]

    def _oneOf(self, rule, value, at, _):
        tried = [self.faults(option, value, at) for option in rule]
        fitting = sum(not faults for faults in tried)
        return [] if fitting == 1 else [f"{at}: fits {fitting} of oneOf", *tried[0]]

    # --- answers ---

    def find(self, method, path):
        """(path of the description, operation), or None."""
        method = "get" if method == "HEAD" else method.lower()
        for pattern, name, item in self.paths:
            if pattern.fullmatch(path.partition("?")[0]) and method in item:
                return name, item[method]
        return None

    def demand(self, schema, value, what):
        faults = self.faults(schema, value)
        if faults:
            raise ContractError(f"{what}: " + "; ".join(faults[:5]))

    def check(self, method, target, status, headers, body):
        """Raises ContractError where the answer is not as described. Returns (method, path of the
        description, status), with "" as path of what it does not have."""
        what = f"{method} {target} answered {status}"
        found = self.find(method, target)
        if found is None:
            if status >= 400:
                self._check_body(what, {"content": {PROBLEM: {"schema": {
                    "$ref": "#/components/schemas/Problem"}}}}, method, headers, body)
            return method, "", status
        name, operation = found
        responses = operation["responses"]
        response = responses.get(str(status), responses["default"] if status >= 400 else None)
        if response is None:
            raise ContractError(f"{what}, which is not described")
        self._check_body(what, self.resolve(response), method, headers, body)
        return method, name, status

    def _check_body(self, what, response, method, headers, body):
        content = response.get("content")
        given = headers.get("Content-Type")
        if content is None:
            if body or given:
                raise ContractError(f"{what} with a body of {given}, which is not described")
            return
        if given not in content:
            raise ContractError(f"{what} with {given}, not {list(content)}")
        schema = content[given]["schema"]
        if method == "HEAD" or headers.get("Content-Encoding"):
            return
        if given.endswith("json") and "ndjson" not in given:
            self.demand(schema, json.loads(body), what)


def self_check(description):
    """Examples fit their schemas, and whatever is referred to is there."""
    document = description.document

    def walk(item):
        if isinstance(item, dict):
            description.resolve(item)
            if "schema" in item and "example" in item and "in" not in item:
                description.demand(item["schema"], item["example"], "example")
            if "schema" in item and "example" in item and "in" in item:
                description.demand(item["schema"], item["example"], item["name"])
            for value in item.values():
                walk(value)
        elif isinstance(item, list):
            for value in item:
                walk(value)
    walk(document)


DESCRIPTION = Description(json.loads(SOURCE.read_text("utf-8")))
seen = set()


def check_security(headers):
    """`headers` is a dict, or what http.client gives."""
    given = {name.lower(): value for name, value in headers.items()}
    policy = given.get("content-security-policy", "")
    faults = [name for name, value in SECURITY.items() if given.get(name.lower()) != value]
    faults += [part for part in POLICY if part not in policy]
    faults += [name for name in given if name.startswith("access-control-")]
    if faults or "unsafe" in policy:
        raise ContractError(f"security headers: {faults}, {policy}")


def check(method, target, status, headers, body):
    check_security(headers)
    seen.add(DESCRIPTION.check(method, target, status, headers, body))

