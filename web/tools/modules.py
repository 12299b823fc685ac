"""Install the locked npm packages into web/node_modules, once for each lock file.

Several build trees share that folder, so the check and the installation happen under a lock
on the lock file itself: the second build waits and finds the work done.
"""

import fcntl
import hashlib
import pathlib
import subprocess
import sys


def fingerprint(web: pathlib.Path) -> str:
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        digest.update((web / name).read_bytes())
    return digest.hexdigest()


def install(web: pathlib.Path, npm: str) -> None:
    mark = web / "node_modules" / ".installed-for"
    wanted = fingerprint(web)
    if mark.is_file() and mark.read_text() == wanted:
        return
    done = subprocess.run([npm, "ci"], cwd=web, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n`npm ci` failed in {web}: the dashboard's build needs its npm "
                 "packages once (a release archive brings the built dashboard in web/dist instead)")
    mark.write_text(wanted)


def main() -> None:
    web, npm, stamp = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    with open(web / "package-lock.json", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install(web, npm)
    stamp.write_text(fingerprint(web))


main()
