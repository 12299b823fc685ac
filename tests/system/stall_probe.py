"""Measures for how long this machine stood still: a processor that ran nothing, a write(2) that did
not return. Nobody on it can keep a promise about time better than that.

    stall_probe.py FOLDER        until its standard input ends; then prints the longest, in seconds
"""

import os
import sys
import tempfile
import threading
import time

PAUSE_S = 0.005


def watch(step, stalls, ending):
    """Does `step` again and again; what it takes longer than the pause is a stall."""
    longest = 0
    before = time.monotonic()
    while not ending.is_set():
        time.sleep(PAUSE_S)
        step()
        now = time.monotonic()
        longest, before = max(longest, now - before - PAUSE_S), now
    stalls.append(longest)


def watch_processor(cpu, stalls, ending):
    os.sched_setaffinity(threading.get_native_id(), {cpu})
    watch(lambda: None, stalls, ending)


def watch_disk(folder, stalls, ending):
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        watch(lambda: file.write(b"x" * 16384), stalls, ending)


def main():
    stalls, ending = [], threading.Event()
    watchers = [threading.Thread(target=watch_processor, args=(cpu, stalls, ending))
                for cpu in os.sched_getaffinity(0)]
    watchers.append(threading.Thread(target=watch_disk, args=(sys.argv[1], stalls, ending)))
    for watcher in watchers:
        watcher.start()
    sys.stdin.read()
    ending.set()
    for watcher in watchers:
        watcher.join()
    print(max(stalls))


if __name__ == "__main__":
    main()
