"""The Grafana dashboard and the Prometheus example against what /metrics really has."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from gateway import GatewayTest

MONITORING = Path(__file__).resolve().parents[2] / "packaging/monitoring"


class Dashboard(GatewayTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="socklens-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.flags = ("--store", folder.name + "/messages.db")  # which has metrics too
        super().setUpClass()
        cls.dashboard = json.loads((MONITORING / "grafana.json").read_text("utf-8"))
        cls.expressions = [target["expr"] for panel in cls.dashboard["panels"]
                           for target in panel["targets"]]

    def page(self):
        status, _, body = self.gateway.request_raw("GET", "/metrics")
        self.assertEqual(status, 200)
        return body.decode()

    def test_asks_only_for_metrics_that_are_there(self):
        there = set(re.findall(r"^(socklens_\w+)[{ ]", self.page(), re.M))
        asked = set(re.findall(r"socklens_\w+", " ".join(self.expressions)))
        self.assertGreater(len(asked), 10)
        self.assertEqual(asked - there, set())

    def test_asks_only_for_labels_that_are_there(self):
        there = set(re.findall(r'[{,](\w+)="', self.page())) | {"instance"}
        asked = {name.strip() for expression in self.expressions
                 for names in re.findall(r"by \(([^)]*)\)", expression)
                 for name in names.split(",")}
        asked |= {name for expression in self.expressions
                  for name in re.findall(r"[{,](\w+)[=!]", expression)}
        self.assertEqual(asked - there, set())

    def test_counters_are_asked_for_their_rate(self):
        counters = re.findall(r"^# TYPE (\w+) counter", self.page(), re.M)
        for expression in self.expressions:
            for name in re.findall(r"socklens_\w+", expression):
                if name in counters:
                    self.assertRegex(expression, rf"(rate|increase)\({name}\b")

    def test_panels_do_not_overlap(self):
        taken = set()
        for panel in self.dashboard["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells
        ids = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_example_asks_where_the_gateway_is_by_default(self):
        text = (MONITORING / "prometheus.yml").read_text("utf-8")
        self.assertIn('targets: ["127.0.0.1:8080"]', text)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not here")
    def test_prometheus_understands_each_expression(self):
        rules = [{"record": f"panel:{number}", "expr": self.filled_in(expression)}
                 for number, expression in enumerate(self.expressions)]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"groups": [{"name": "panels", "rules": rules}]}, file)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True,
                                  text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(rules)} rules found", done.stdout)

    def filled_in(self, expression):
        """With what Grafana puts in the place of its variables."""
        filled = re.sub(r"\$__(rate_interval|range)", "1m", expression).replace("$instance", ".+")
        self.assertNotIn("$", filled)
        return filled

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not here")
    def test_prometheus_takes_the_example(self):
        done = subprocess.run(["promtool", "check", "config", MONITORING / "prometheus.yml"],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
