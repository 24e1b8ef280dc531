"""The health check of a container: one that images of every sort can run, and a cheap one.

A new task counts only once it is healthy, and Docker makes the first check one interval after
the start. A short interval therefore makes deploys fast – and, as each check is a process,
makes a machine with many containers busy. Engines from 25.0 have an interval of
its own for the start; for all engines the same is had by a check that remembers in ``/dev/shm``
that it has succeeded, and from then on sleeps the rest of the declared interval first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from domain.service import Health

#: Seconds between two checks until the first success, and the least time between two later ones.
STARTING_INTERVAL = 0.25

#: Seconds in which one request must be answered.
REQUEST_TIMEOUT = 3

HEALTHY_MARK = "/dev/shm/onward-healthy"  # noqa: S108 – inside of the container

#: The tools that images have, the cheapest first; each finds the status of the first answer. wget has
#: the engine's timeout only: with ``-T`` that of Debian's busybox-static 1.35 crashes. All of an answer
#: is read: a server that is hung up on tells its log.
REQUEST = """\
if command -v bash >/dev/null; then status=$(bash -c '
  exec 3<>/dev/tcp/127.0.0.1/{port} || exit
  printf "GET {path} HTTP/1.0\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n" >&3
  read -r -t {timeout} protocol status rest <&3; echo "$status"
  while read -r -t 1 line <&3; do :; done')
elif command -v wget >/dev/null; then status=$(
  wget -q -S -O /dev/null http://127.0.0.1:{port}{path} 2>&1 |
  while read -r protocol status rest; do case $first$protocol in HTTP/*) first=$status; echo "$status";; esac; done)
elif command -v curl >/dev/null; then status=$(
  curl -s -m {timeout} -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{port}{path})
elif command -v python3 >/dev/null; then status=$(python3 -c '
import http.client
connection = http.client.HTTPConnection("127.0.0.1", {port}, timeout={timeout})
connection.request("GET", "{path}")
answer = connection.getresponse()
answer.read()
print(answer.status)')
else echo "the image has no bash, wget, curl or python3: declare health.command"; exit 1; fi 2>/dev/null"""

CHECK = """\
if [ -e {mark} ]; then sleep {rest}; fi
{request}
case $status in
  2??) (: >{mark}) 2>/dev/null; exit 0;;
  "") echo "GET {path} on port {port}: no answer"; exit 1;;
  *) echo "GET {path} on port {port}: $status"; exit 1;;
esac"""


def healthcheck(health: Health, port: int) -> dict[str, Any]:
    """The engine's ``HealthConfig``; its durations are nanoseconds.

    A declared command runs as it is, at the declared interval, so that an image without a shell
    can have one. A path is asked by a generated check (``sh`` and one of bash, wget, curl,
    python3): only an answer 2xx is healthy, a redirect is not.
    """
    interval = health.interval.total_seconds()
    grace = health.start.total_seconds()
    if health.command is not None:
        return _config(["CMD", *health.command], interval, max(interval, REQUEST_TIMEOUT), grace, health.retries)
    rest = max(interval - STARTING_INTERVAL, 0)
    request = REQUEST.format(port=port, path=health.path, timeout=REQUEST_TIMEOUT)
    check = CHECK.format(mark=HEALTHY_MARK, rest=f"{rest:g}", request=request, path=health.path, port=port)
    # Before the first success the checks come faster than declared: retries are given as time.
    grace += health.retries * interval
    return _config(["CMD-SHELL", check], STARTING_INTERVAL, rest + 2 * REQUEST_TIMEOUT, grace, health.retries)


def last_complaint(checks: Sequence[Mapping[str, Any]]) -> str:
    """What the last check of a container printed, if it failed; nothing if it succeeded.

    One that failed and printed nothing is passed over: it died with its container, or the engine lost its words.

    :param checks: ``State.Health.Log`` of a container, from the oldest to the newest.
    """
    for check in reversed(checks):
        said = str(check["Output"]).strip()
        if said or not check["ExitCode"]:
            return said if check["ExitCode"] else ""
    return ""


def _config(test: list[str], interval: float, timeout: float, grace: float, retries: int) -> dict[str, Any]:
    return {
        "Test": test,
        "Interval": nanoseconds(interval),
        "Timeout": nanoseconds(timeout),
        "StartPeriod": nanoseconds(grace),
        "Retries": retries,
    }


def nanoseconds(duration: float | timedelta) -> int:
    """What Docker's API takes for a duration; a number means seconds."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    return math.ceil(seconds * 1000) * 1_000_000
