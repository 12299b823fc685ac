#!/usr/bin/env python3
"""Adds up what the stages of .ci/run really did: count.py FOLDER

FOLDER holds one STAGE.status a stage that was started (its exit status; empty if it never ended)
and, for a stage that ran tests, STAGE.xml (meson's JUnit log, where each TAP line is one case) or
STAGE.tap. STAGE.again.xml is the log of those tests of STAGE.xml that ran a second time: it counts in
their place, and each of them is named. A stage with no such log counts as one check. One that ended with status 77 could not be
tried on this machine at all: it has said why, and counts for nothing. Any other that ended badly
counts as a failure even when each of its cases passed: it broke before, between or after them.
Closes with the line `N passed, N failed, N skipped`; exits 1 unless all passed.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def verdict(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def tests_in(log):
    """The verdicts of each test's cases. A test that reports no cases is one."""
    tests = {}
    for suite in ElementTree.parse(log).iter("testsuite"):
        reports_cases = " / " in suite.get("name", "")
        for case in suite.iter("testcase"):
            test = suite.get("name") if reports_cases else case.get("name")
            tests.setdefault(test, Counter())[verdict(case)] += 1
    return tests


def count_log(log):
    tests, again = tests_in(log), log.with_suffix(".again.xml")
    if again.exists():
        for test, cases in tests_in(again).items():
            print(f"{log.stem}: {test}: ran again, alone: "
                  f"{'failed again' if cases['failed'] else 'passed; it must not need that'}")
            tests[test] = cases
    return sum(tests.values(), Counter())


def count_tap(log):
    """A plan that was not kept is one failure more."""
    cases, planned = Counter(), None
    for line in log.read_text().splitlines():
        if match := re.match(r"(not )?ok\b(.*# SKIP\b)?", line, re.IGNORECASE):
            cases["failed" if match[1] else "skipped" if match[2] else "passed"] += 1
        elif match := re.match(r"1\.\.(\d+)", line):
            planned = int(match[1])
    cases["failed"] += planned != sum(cases.values())
    return cases


def count_cases(status_file):
    """None where the stage has no log of cases."""
    xml, tap = status_file.with_suffix(".xml"), status_file.with_suffix(".tap")
    try:
        return count_log(xml) if xml.exists() else count_tap(tap) if tap.exists() else None
    except ElementTree.ParseError:
        return Counter()


def count_stage(status_file):
    status = status_file.read_text().strip()
    ended_well = status == "0"
    if status == "77":
        return Counter()
    cases = count_cases(status_file)
    if cases is None:
        return Counter(passed=1) if ended_well else Counter(failed=1)
    ran_none = not cases["passed"] and not cases["failed"]
    if not cases["failed"] and (ran_none or not ended_well):
        cases["failed"] += 1
    return cases


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: count.py FOLDER")
    total = Counter()
    for status_file in sorted(Path(sys.argv[1]).glob("*.status")):
        cases = count_stage(status_file)
        told = (f"{cases['passed']} passed, {cases['failed']} failed, {cases['skipped']} skipped"
                if cases else "could not be tried on this machine: it says why above")
        print(f"{status_file.stem}: {told}")
        total += cases
    if not total:
        total["failed"] = 1
    print(f"{total['passed']} passed, {total['failed']} failed")
    sys.exit(1 if total["failed"] else 0)


if __name__ == "__main__":
    main()
