#!/usr/bin/env python3
"""A count that is wrong in silence would make every green run worthless: tries count.py."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

COUNT = Path(__file__).with_name("count.py")
PASSED = '<testcase name="a"/>'
FAILED = '<testcase name="b"><failure/></testcase>'
CRASHED = '<testcase name="c"><error/></testcase>'
SKIPPED = '<testcase name="d"><skipped/></testcase>'


def log(*cases, name="socklens"):
    return f'<testsuites><testsuite name="{name}">{"".join(cases)}</testsuite></testsuites>'


class Count(unittest.TestCase):
    def check(self, files, line, status):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                Path(folder, name).write_text(text)
            done = subprocess.run(
                [sys.executable, COUNT, folder], capture_output=True, text=True, check=False
            )
        self.assertEqual(done.stdout.splitlines()[-1], line, done.stdout + done.stderr)
        self.assertEqual(done.returncode, status)

    def test_cases_and_checks_are_added_up(self):
        files = {"tests.status": "0", "tests.xml": log(PASSED, PASSED, SKIPPED), "style.status": "0\n"}
        self.check(files, "3 passed, 0 failed", 0)

    def test_skipped_cases_are_named_with_their_stage(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "tests.status").write_text("0")
            Path(folder, "tests.xml").write_text(log(PASSED, SKIPPED))
            done = subprocess.run([sys.executable, COUNT, folder], capture_output=True, text=True,
                                  check=False)
        self.assertEqual(done.stdout, "tests: 1 passed, 0 failed, 1 skipped\n1 passed, 0 failed\n")

    def test_failures_and_crashes_count(self):
        files = {"tests.status": "2", "tests.xml": log(PASSED, FAILED, CRASHED)}
        self.check(files, "1 passed, 2 failed", 1)

    def test_second_run_counts_in_place_of_the_first(self):
        name = "socklens:system / test_b"
        files = {"tests.status": "0", "tests.xml": log(PASSED, FAILED, FAILED, name=name)}
        self.check(files, "1 passed, 2 failed", 1)
        self.check(files | {"tests.again.xml": log(PASSED, name=name)}, "1 passed, 0 failed", 0)
        self.check(files | {"tests.again.xml": log(FAILED, name=name)}, "0 passed, 1 failed", 1)
        alone = {"tests.status": "0", "tests.xml": log(PASSED, FAILED),
                 "tests.again.xml": log(FAILED.replace("<failure/>", ""))}
        self.check(alone, "2 passed, 0 failed", 0)

    def test_stage_that_breaks_after_its_cases_fails(self):
        files = {"tests.status": "1", "tests.xml": log(PASSED)}
        self.check(files, "1 passed, 1 failed", 1)

    def test_stage_that_never_ended_fails(self):
        self.check({"tests.status": ""}, "0 passed, 1 failed", 1)

    def test_failed_check_fails(self):
        self.check({"style.status": "1"}, "0 passed, 1 failed", 1)

    def test_log_without_cases_fails(self):
        self.check({"tests.status": "0", "tests.xml": log()}, "0 passed, 1 failed", 1)

    def test_only_skipped_cases_fail(self):
        files = {"tests.status": "0", "tests.xml": log(SKIPPED)}
        self.check(files, "0 passed, 1 failed", 1)

    def test_broken_log_fails(self):
        files = {"tests.status": "0", "tests.xml": "<testsuites"}
        self.check(files, "0 passed, 1 failed", 1)

    def test_nothing_at_all_fails(self):
        self.check({}, "0 passed, 1 failed", 1)

    def test_tap(self):
        tap = "1..4\n# x\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no d\nok 4 - e\nokay\n"
        files = {"image.status": "1", "image.tap": tap}
        self.check(files, "2 passed, 1 failed", 1)

    def test_tap_that_stops_short_fails(self):
        files = {"image.status": "0", "image.tap": "1..2\nok 1 - a\n"}
        self.check(files, "1 passed, 1 failed", 1)

    def test_tap_without_a_plan_fails(self):
        self.check({"image.status": "0", "image.tap": "ok 1 - a\n"}, "1 passed, 1 failed", 1)

    def test_what_cannot_be_tried_counts_for_nothing(self):
        files = {"image.status": "77", "image.tap": "1..0 # SKIP\n", "style.status": "0"}
        self.check(files, "1 passed, 0 failed", 0)

    def test_only_what_cannot_be_tried_fails(self):
        self.check({"image.status": "77"}, "0 passed, 1 failed", 1)


if __name__ == "__main__":
    unittest.main()
