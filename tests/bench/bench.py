#!/usr/bin/env python3
"""Runs socklens and bare servers side by side under the same load and prints how they compare.

Each row is a kind of traffic. A round measures both sides once, one right after the other, and the
order changes from round to round, so that a machine that slows down or is shared slows both. After
some rounds both sides are started anew. Each round gives one ratio, socklens / bare; the table shows
the median of the rounds and, in brackets, between which values the middle half of them lies. Many
short rounds beat a few long ones.

Two measures are printed:

- work: exchanges per second of the server's CPU time. This is the one the targets are about: client
  and server share a small machine, and a client that cannot keep up says nothing about the server.
- rate: exchanges per second of wall time, with the part of its CPU that the server was busy. Below
  about 95% busy the client was the limit, not the server.

Every process that serves is pinned to one CPU and the load generator to another, at a high priority
where that is allowed, for both sides alike. On a loopback interface, delivering a packet is work of
the one who sends it. When other programs take more than a tenth of these CPUs during a round, it is
measured again, up to twice as many rounds in all, and the quietest ones count.

Memory is the growth of the server's resident memory per connection, from a thousand idle
connections to as many as the limit on open files allows; kernel memory is not in it.

Fairness is what a quiet client waits for its answers beside bad neighbours: see fairness.py.
"""

import argparse
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

from fairness import is_unfair, measure_fairness  # noqa: E402
from memory import measure_memory  # noqa: E402
from processes import BenchError, Stage  # noqa: E402
from traffic import QUIET_SHARE, all_rows, busy, measure_rows, rate, work  # noqa: E402

MEMORY_TARGET_BYTES = 256
SELF_CHECK_TOLERANCE = 0.05


def short(value):
    if value >= 1e6:
        return f"{value / 1e6:.2f}M"
    return f"{value / 1e3:.0f}k" if value >= 1e4 else f"{value:.0f}"


def spread(ratios):
    low, middle, high = statistics.quantiles(ratios * 2, n=4, method="inclusive")
    return f"{middle:5.2f} ({low:.2f}-{high:.2f})"


def target_of(result, options):
    return result.row.target_stored if options.store else result.row.target


def is_missed(result, options):
    target = target_of(result, options)
    return target is not None and not statistics.median(result.ratios(work)) >= target


def verdict(result, options):
    if options.quick:
        return "right"  # wrong replies have ended the run; it is too short for more
    if options.self_check:
        ratio = statistics.median(result.ratios(work))
        return "as expected" if abs(ratio - 1) <= SELF_CHECK_TOLERANCE else "NOISY: not 1"
    target = target_of(result, options)
    if target is None:
        return ""
    return f"{'MISSED' if is_missed(result, options) else 'met'} (>= {target:g})"


def disturbance(result):
    others = statistics.median(r.others for r in result.rounds)
    return f", others used {100 * others:.0f}% of the CPUs" if others > QUIET_SHARE else ""


def losses(runs):
    lost, sent = (sum(run["all"][key] for run in runs) for key in ("lost", "sent"))
    return f"{100 * lost / sent:.2g}%" if lost else "0"


def print_row(result, options):
    median = statistics.median
    cells = [f"{result.row.name:<34}"]
    for measure in (work, rate):
        cells += [f"{short(median(map(measure, result.subject))):>6}",
                  f"{short(median(map(measure, result.base))):>6}",
                  f"{spread(result.ratios(measure)):<18}"]
    shares = "/".join(f"{100 * median(map(busy, runs)):.0f}%"
                      for runs in (result.subject, result.base))
    lost = f"{losses(result.subject)}/{losses(result.base)}"
    print(" ".join([*cells, f"{shares:>9}", f"{lost:>9}", verdict(result, options)])
          + disturbance(result), flush=True)


def print_head(options):
    name = "bare again" if options.self_check else "socklens"
    print(f"{name} against bare servers: {options.rounds} rounds of {options.seconds:g} s, "
          f"server on CPU {options.server_cpu}, client on CPU {options.client_cpu} of "
          f"{os.cpu_count()}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")
    if options.optimization in ("0", "g") and not options.self_check:
        print("note: this build is not optimised; configure with -Dbuildtype=release to compare")
    side = "again" if options.self_check else "lens"
    print(f"{'':<34} work: exchanges per server CPU s   rate: exchanges per second       busy"
          f"      lost target\n"
          f"{'':<34} {side:>6} {'bare':>6} {'ratio (quartiles)':<18} {side:>6} {'bare':>6} "
          f"{'ratio (quartiles)':<18} {side + '/bare':>9} {side + '/bare':>9} for work", flush=True)


def is_memory_missed(memory):
    return memory["subject"]["idle_bytes"] > MEMORY_TARGET_BYTES


def print_memory(memory, options):
    subject, base = memory["subject"], memory["base"]
    met = "MISSED" if is_memory_missed(memory) else "met"
    print(f"memory for an idle TCP connection: {subject['idle_bytes']:.0f} bytes "
          f"(bare {base['idle_bytes']:.0f}), measured on {subject['held']} connections: "
          + ("right" if options.quick else f"{met} (<= {MEMORY_TARGET_BYTES})"))
    if subject["held"] < options.idle:
        print(f"  a limit of the server's own refused {options.idle - subject['held']} more")
    print(f"  after each has had one message answered: {subject['talked_bytes']:.0f} bytes "
          f"(bare {base['talked_bytes']:.0f})")


def print_json(path, results, memory, fairness):
    record = {"rows": [{"name": r.row.name, "socklens": r.subject, "bare": r.base}
                       for r in results], "memory": memory, "fairness": fairness}
    Path(path).write_text(json.dumps(record, indent=1) + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--socklens", help="the daemon")
    add("--load", required=True, help="sl-load")
    add("--bare-udp", required=True, help="sl-bare-udp")
    add("--bare-tcp", required=True, help="sl-bare-tcp")
    add("--optimization", default="", help="how the daemon was built, for a note in the table")
    add("--rounds", type=int, default=30)
    add("--seconds", type=float, default=0.2, help="measured part of each run (0.2)")
    add("--warmup", type=float, default=0.05, help="before it (0.05)")
    add("--only", default="", help="only rows whose name contains this; 'memory' and 'fairness' are two")
    add("--idle", type=int, default=20000, help="idle connections, if open files allow (20000)")
    add("--server-cpu", type=int, help="default: the first allowed")
    add("--client-cpu", type=int, help="default: the last allowed")
    add("--store", help="run the daemon with this --store FILE; the targets are those with a store")
    add("--daemon-arg", action="append", default=[], metavar="ARG",
        help="a further argument of the daemon: --daemon-arg=--workers=2")
    add("--quick", action="store_true", help="a few seconds: only that it runs and answers right")
    add("--self-check", action="store_true", help="bare servers on both sides: expect ratios of 1")
    add("--strict", action="store_true", help="exit 1 when a target is missed")
    add("--json", metavar="FILE", help="all runs, for other programs")
    return parser.parse_args()


def raise_descriptor_limit():
    """Returns how many connections both sides may open; a little is left for what else they do."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    limit = hard if hard != resource.RLIM_INFINITY else 1 << 20
    return limit - min(2000, limit // 2)


def make_paths_absolute(options):
    for name in ("socklens", "load", "bare_udp", "bare_tcp", "store"):
        value = getattr(options, name)
        if value not in (None, "memory"):
            setattr(options, name, str(Path(value).resolve()))


def daemon_help(options):
    if options.self_check:
        return ""
    if not options.socklens:
        raise BenchError("--socklens or --self-check is needed")
    return subprocess.run([options.socklens, "--help"], capture_output=True, text=True,
                          check=False, timeout=10).stdout


def settle_options(options):
    cpus = sorted(os.sched_getaffinity(0))
    if options.server_cpu is None:
        options.server_cpu = cpus[0]
    if options.client_cpu is None:
        options.client_cpu = cpus[-1]
    if options.quick:
        options.rounds, options.seconds, options.idle = 1, 0.2, 200
    options.idle = min(options.idle, raise_descriptor_limit())
    make_paths_absolute(options)
    options.socklens_help = daemon_help(options)


def run(options):
    settle_options(options)
    chosen = [row for row in all_rows() if options.only in row.name
              and (not row.rule or options.self_check or "--fault" in options.socklens_help)]
    results, memory, fairness = [], None, {}
    print_head(options)
    with tempfile.TemporaryDirectory(prefix="socklens-bench-") as folder:
        stage = Stage(options, folder)
        with stage.running:
            for result in measure_rows(stage, chosen) if chosen else ():
                results.append(result)
                print_row(result, options)
        if options.only in "memory":
            with stage.running:
                memory = measure_memory(stage)
            print_memory(memory, options)
        if options.only in "fairness" and not options.self_check:
            with stage.running:
                fairness = measure_fairness(stage)
    if options.json:
        print_json(options.json, results, memory, fairness)
    missed = (any(is_missed(r, options) for r in results) or (memory and is_memory_missed(memory))
              or any(map(is_unfair, fairness.values())))
    judged = options.strict and not (options.self_check or options.quick)
    return 1 if missed and judged else 0


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(parse_arguments())
    except KeyboardInterrupt:
        return 130
    except (BenchError, subprocess.TimeoutExpired, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
