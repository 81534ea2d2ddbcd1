# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""Runs weir over a trace and says in words what went wrong."""

import os
import re
import subprocess

import connlog

SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:")
TIMEOUT = 300


def run(weir, trace, directory, arguments=(), may_fail=False):
    """Run weir once, with its logs in `directory`, which is created.

    Returns (rows of conn.log, None), or (rows or None, what went wrong). Without a conn.log there
    are no rows. With `may_fail`, exit status 1 is nothing wrong; a sanitizer report always is.
    """
    os.makedirs(directory, exist_ok=True)
    try:
        done = subprocess.run([weir, "-r", trace, "-l", directory, *arguments],
                              capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return None, f"weir still ran after {TIMEOUT} s"
    errors = done.stderr.decode(errors="replace").strip()
    problem = None
    if SANITIZER.search(errors):
        problem = "sanitizer report:\n" + "\n".join(errors.splitlines()[:40])
    elif done.returncode < 0:
        problem = f"weir was killed by signal {-done.returncode}: {errors[-1000:]}"
    elif done.returncode and not (may_fail and done.returncode == 1):
        says = errors or done.stdout.decode(errors="replace").strip()
        problem = f"weir ended with status {done.returncode}: {says[-1000:]}"
    log = os.path.join(directory, "conn.log")
    if not os.path.exists(log):
        return [], problem
    try:
        return connlog.read(log), problem
    except connlog.LogError as error:
        return None, problem or str(error)


def check(weir, arguments):
    """Let weir check its arguments; returns None, or what it says is wrong with them."""
    done = subprocess.run([weir, "--check", *arguments], capture_output=True, timeout=TIMEOUT,
                          check=False)
    return done.stderr.decode(errors="replace").strip() if done.returncode else None
