#!/usr/bin/env python3
"""Adds up what the stages of .ci/run really did: count.py FOLDER

FOLDER holds one STAGE.status a stage that was started (its exit status; empty if it never ended)
and, for a stage that ran tests, STAGE.xml: meson's JUnit log, where each TAP line is one case.
A stage with no such log counts as one check. A stage that ended badly counts as a failure even
when each of its cases passed: it broke before, between or after them.
Closes with the line `N passed, N failed, N skipped`; exits 1 unless all passed.
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def count_log(log):
    cases = Counter()
    for case in ElementTree.parse(log).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            cases["failed"] += 1
        elif case.find("skipped") is not None:
            cases["skipped"] += 1
        else:
            cases["passed"] += 1
    return cases


def count_stage(status_file):
    ended_well = status_file.read_text().strip() == "0"
    log = status_file.with_suffix(".xml")
    if not log.exists():
        return Counter(passed=1) if ended_well else Counter(failed=1)
    try:
        cases = count_log(log)
    except ElementTree.ParseError:
        cases = Counter()
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
        print(f"{status_file.stem}: {cases['passed']} passed, {cases['failed']} failed,"
              f" {cases['skipped']} skipped")
        total += cases
    if not total:
        total["failed"] = 1
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    sys.exit(1 if total["failed"] else 0)


if __name__ == "__main__":
    main()
