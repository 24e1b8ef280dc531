"""Releases of ``cart`` by stage – cold, of one changed line, of a change of configuration – and Onward's own time.

Onward's own time is a release's wall time less what the same work took by hand (:mod:`benchmarks.by_hand`), in turn
with the releases, in the same run on the same machine. A slice goes while its release goes on, so that taking one
down is shown and not subtracted. A whole stack is started on free ports, and is gone afterwards.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import partial
from statistics import median
from typing import Any

from benchmarks.by_hand import ByHand
from benchmarks.memory import resident
from benchmarks.own_stack import own_stack
from domain.environment import ENVIRONMENTS
from domain.identity import Duty
from domain.release import Stage
from engines.docker_api import connect
from stack.places import StateDirectory
from stack.supervision import Supervisor
from tests.e2e.application import Application

ROUNDS = 3
AIM = 2.0  # seconds of Onward's own in a warm release

WALL = "the whole command"
#: What comes of one kind of release: the seconds of each stage, and of the command, in every round.
Times = defaultdict[str, list[float]]


def main() -> None:
    """Print the tables."""
    with own_stack() as stack:
        with closing(connect(stack.settings.docker_host)) as client:
            application = stack.application()
            _measured(application, ByHand(stack.settings, application, client))
        _memory(Supervisor(StateDirectory(stack.settings)))


def _measured(application: Application, by_hand: ByHand) -> None:
    cold, line, config, steps = Times(list), Times(list), Times(list), Times(list)
    application.release("catalog")
    for dockerfile in ("cart/Dockerfile", "cart/tests/integration/Dockerfile"):
        _in_no_cache(application, dockerfile)
    _release(application, cold)
    _change_line(application, 0)
    application.release("cart")  # the first update of what is deployed; from here on it is warm
    for number in range(1, ROUNDS + 1):
        _change_line(application, number)
        _release(application, line)
        _change_config(application, number)
        _release(application, config)
        _by_hand(by_hand, steps)
    hands = {name: median(times) for name, times in steps.items()}
    _table("cold: nothing of it was built, cart has never been deployed", cold, {})
    _table("warm: one line of cart's code has changed", line, _of_stages(hands, "another image"))
    _table("a change of cart's configuration alone", config, _of_stages(hands, "another variable", built=False))
    print(f"\ntaking the slice down, by hand: {hands['slice down']:.2f} s, while the release goes on")


def _in_no_cache(application: Application, dockerfile: str) -> None:
    """A first step that no build before had, so that the engine makes every layer anew."""
    first, _, rest = (application.repository / dockerfile).read_text().partition("\n")
    application.write(dockerfile, f"{first}\nLABEL cold={time.time_ns()}\n{rest}")


def _change_line(application: Application, number: int) -> None:
    old = f"PATIENCE = {3 + number}  #"
    application.change("cart/app.py", old, old.replace(str(3 + number), str(4 + number)))


def _change_config(application: Application, number: int) -> None:
    old = "LOG_LEVEL: info" if number == 1 else f"LOG_LEVEL: level{number - 1}"
    application.change("cart/service.yaml", old, f"LOG_LEVEL: level{number}")


def _release(application: Application, times: Times) -> None:
    start = time.perf_counter()
    document: dict[str, Any] = application.release("cart")
    times[WALL].append(time.perf_counter() - start)
    for stage in document["stages"]:
        times[stage["name"]].append(stage["seconds"])


def _by_hand(by_hand: ByHand, steps: Times) -> None:
    """Every step once."""
    _timed(steps, "fetch", by_hand.fetch)
    _timed(steps, "build and push", by_hand.build)
    _timed(steps, "slice up", by_hand.slice_up)
    _timed(steps, "suites", by_hand.suites)
    _timed(steps, "slice down", by_hand.slice_down)
    for each in ENVIRONMENTS:
        _timed(steps, f"another image in {each}", partial(by_hand.update, each, image=by_hand.image))
        _timed(steps, f"another variable in {each}", partial(by_hand.update, each))
        _timed(steps, f"smoke in {each}", partial(by_hand.smoke, each))


def _timed(steps: Times, name: str, step: Callable[[], None]) -> None:
    start = time.perf_counter()
    step()
    steps[name].append(time.perf_counter() - start)


def _of_stages(hands: Mapping[str, float], update: str, *, built: bool = True) -> dict[str, float]:
    """Stage → the seconds of the same work by hand."""
    stages: dict[str, float] = {
        Stage.SOURCE: hands["fetch"],
        Stage.BUILD: hands["build and push"] if built else 0,
        Stage.REGRESSION: hands["slice up"] + hands["suites"],
    }
    for each in ENVIRONMENTS:
        stages |= {Stage.deploy(each): hands[f"{update} in {each}"], Stage.verify(each): hands[f"smoke in {each}"]}
    return stages


def _table(title: str, times: Times, hands: Mapping[str, float]) -> None:
    """By stage; all are medians, so that the rows need not add up to the last one to the hundredth."""
    rounds = len(times[WALL])
    print(f"\n{title} ({f'median of {rounds} releases' if rounds > 1 else 'one release'})")
    print(f"  {'':18}{'Onward':>10}{'by hand':>10}{'own':>10}" if hands else f"  {'':18}{'Onward':>10}")
    seconds = {name: median(each) for name, each in times.items()}
    stages = [stage.value for stage in Stage]
    rows = {name: (seconds[name], hands.get(name, 0.0)) for name in stages}
    rows["outside of stages"] = (median(_outside(times, stages)), 0.0)
    rows[WALL] = (seconds[WALL], sum(hands.values()))
    for name, (took, by_hand) in rows.items():
        compared = f"{by_hand:>8.2f} s{took - by_hand:>8.2f} s" if hands else ""
        print(f"  {name:18}{took:>8.2f} s{compared}")
    if hands:
        took, by_hand = rows[WALL]
        print(f"  Onward's own time: {took - by_hand:.2f} s of {took:.2f} s (aim: under {AIM:.0f} s)")


def _outside(times: Times, stages: Iterable[str]) -> list[float]:
    """The command's start and end, and what the workflow does between two stages."""
    return [wall - sum(times[name][index] for name in stages) for index, wall in enumerate(times[WALL])]


def _memory(supervisor: Supervisor) -> None:
    print("\nmemory of the workers after that (resident)")
    for duty in Duty:
        print(f"  {duty:18}{resident(supervisor.pid(f'worker-{duty}')):>6.0f} MiB")


if __name__ == "__main__":
    main()
