#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Add up test results.

Usage: sum_tests.py FILE...
       sum_tests.py --failed FILE

A FILE that ends in .json is meson's testlog.json; each of its TAP lines is a
case. Any other FILE has TAP lines itself. Prints each failure and each skip
with its reason, what a program that failed said last, and ends with the line
"N passed, N failed, N skipped".
Exits with 1 when anything failed, when nothing ran, or when a FILE is empty.

Where NAME-again.json lies beside NAME.json, it has the second run, alone, of
the programs that failed in the first. The second run counts; a program that
passed only then is named before the last line.

--failed prints the names of the programs that failed, one a line.
"""
import json
import os
import re
import sys

CASE = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*([^#]*?)\s*"
                  r"(?:#\s*(SKIP|TODO)\S*\s*(.*))?$", re.IGNORECASE)
GOOD_RESULTS = {"OK", "SKIP", "EXPECTEDFAIL"}
# What in a program's output says why it failed; so many lines of so many
# characters at most.
TELLING = re.compile(r"^not ok|Bail out!|ERROR|Assertion|FAIL|Sanitizer|Traceback")
TELLING_LINES = 6
TELLING_WIDTH = 400


class Sum:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.again = []

    def total(self):
        return self.passed + self.failed + self.skipped

    def add_failure(self, where, name, why):
        self.failed += 1
        print(f"FAILED  {where}: {name}{': ' if why else ''}{why}")

    def add_skip(self, where, name, why):
        self.skipped += 1
        print(f"skipped {where}: {name}: {why or 'no reason given'}")

    def add_case(self, where, match):
        bad, name, directive, why = match.groups()
        directive = (directive or "").upper()
        if directive == "SKIP":
            self.add_skip(where, name, why)
        elif bad and directive != "TODO":
            self.add_failure(where, name, why or "")
        else:
            self.passed += 1

    def add_tap(self, where, text):
        for line in text.splitlines():
            match = CASE.match(line)
            if match:
                self.add_case(where, match)

    def add_program(self, run):
        """One line of testlog.json: a program with any number of cases."""
        before = (self.total(), self.failed)
        self.add_tap(run["name"], run.get("stdout", ""))
        result = run["result"]
        if result not in GOOD_RESULTS:
            # A crash or a timeout can follow cases that all passed.
            if self.failed == before[1]:
                self.add_failure(run["name"], "the program itself", result)
        elif self.total() == before[0]:
            if result == "SKIP":
                self.add_skip(run["name"], "the program", "skipped itself")
            else:
                self.add_failure(run["name"], "the program", "ran no case")


def read_runs(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return [json.loads(line) for line in file]


def has_failed(run):
    return run["result"] not in GOOD_RESULTS


def telling(run):
    """What @run, which failed, said of it, or else said last."""
    text = run.get("stdout", "") + "\n" + run.get("stderr", "")
    words = [line for line in text.splitlines() if line.strip()]
    lines = [line for line in words if TELLING.search(line)] or words
    return "".join(f"\n        {line[:TELLING_WIDTH]}"
                   for line in lines[-TELLING_LINES:])


def add_log(total, path):
    """A testlog.json, and the second runs of what failed in it."""
    again_path = path[:-len(".json")] + "-again.json"
    again = {}
    if os.path.exists(again_path):
        again = {run["name"]: run for run in read_runs(again_path)}
    for run in read_runs(path):
        second = again.get(run["name"])
        if not has_failed(run):
            total.add_program(run)
        elif second and not has_failed(second):
            total.add_program(second)
            total.again.append(f"{run['name']} failed, and passed when run "
                               f"again, alone; first log: {path}"
                               f"{telling(run)}")
        else:
            total.add_program(second or run)
            print(f"        it said:{telling(run)}")
            if second:
                print(f"        and when run again, alone:{telling(second)}")


def add_file(total, path):
    before = total.total()
    if path.endswith(".json"):
        add_log(total, path)
    else:
        with open(path, encoding="utf-8", errors="replace") as file:
            total.add_tap(path, file.read())
    if total.total() == before:
        total.add_failure(path, "no test ran", "")


def main(paths):
    total = Sum()
    for path in paths:
        try:
            add_file(total, path)
        except (OSError, ValueError, KeyError) as error:
            total.add_failure(path, "no results", str(error))
    if total.total() == 0:
        total.add_failure("tests", "no test ran at all", "")
    for line in total.again:
        print(f"again   {line}")
    print(f"{total.passed} passed, {total.failed} failed, "
          f"{total.skipped} skipped")
    return 1 if total.failed else 0


def print_failed(path):
    for run in read_runs(path):
        if has_failed(run):
            print(run["name"].split(" / ")[-1])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--failed"]:
        sys.exit(print_failed(sys.argv[2]))
    sys.exit(main(sys.argv[1:]))
