#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare measurements of two builds.

Reads lines "this RESULT" and "other RESULT" with results of tests/bench, each
build's in the order of rounds. Prints a line for each result that both have.
The ratio is the median of those of the rounds, so that load that comes and goes
meets both. Exits with 1 when one is above the bound, or when there is none.
"""
import collections
import statistics
import sys

BOUND = 1.05


def main():
    values = collections.defaultdict(lambda: {"this": [], "other": []})
    units = {}
    for line in sys.stdin:
        build, name, value, unit = line.split()[:4]
        values[name][build].append(float(value))
        units[name] = unit
    good = []
    for name, of in values.items():
        ratios = [this / other if other else float(this > 0) * BOUND * 2
                  for this, other in zip(of["this"], of["other"])]
        if not ratios:
            continue
        ratio = statistics.median(ratios)
        good.append(ratio <= BOUND)
        print(f"{name} {units[name]} this={statistics.median(of['this']):.4g} "
              f"other={statistics.median(of['other']):.4g} ratio={ratio:.3f} "
              f"bound={BOUND} {'pass' if good[-1] else 'fail'}", flush=True)
    sys.exit(0 if good and all(good) else 1)


if __name__ == "__main__":
    main()
