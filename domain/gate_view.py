"""A gate as people see it: the queue, who is tested on whom, who waits for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from domain.gate import Candidate, Gate
from domain.gate_decisions import Snapshot
from domain.gate_turns import Deployable
from domain.message import Message
from domain.workflow_ids import parse_candidate_key

#: So many of those ahead are named.
SHOWN = 3


class QueuePlace(Message):
    """One candidate: its place from 1, what it is tested on – role → release – and what it waits for.

    ``basis_ahead`` are those of its basis that are ahead of it in the queue, and not published yet.
    """

    place: int
    release: str
    run: str
    role: str
    state: str
    express: bool = False
    basis: dict[str, str] = Field(default_factory=dict)
    basis_ahead: tuple[str, ...] = ()
    waits_for: str


class TurnPlace(Message):
    """One published release that deploys, or waits for its turn to, or for the others of its turn."""

    release: str
    run: str
    role: str
    number: int
    state: str = ""
    verified: bool = False
    waits_for: str = ""


class GateView(Message):
    """All of a gate."""

    application: str
    published: Snapshot
    window: int
    queue: tuple[QueuePlace, ...] = ()
    deploying: tuple[TurnPlace, ...] = ()
    waiting: tuple[TurnPlace, ...] = ()
    frozen: dict[str, str] = Field(default_factory=dict)

    @property
    def why_frozen(self) -> str:
        """Who holds the turns and why, in one line; empty when nobody does."""
        return why_frozen(self.frozen)

    @property
    def runs(self) -> list[tuple[str, str]]:
        """Workflow and run of every release that the gate knows."""
        places: list[QueuePlace | TurnPlace] = [*self.queue, *self.deploying, *self.waiting]
        return [(each.release, each.run) for each in places]

    def ahead_of(self, release: str) -> tuple[str, ...]:
        """Who is ahead of a release in the queue, and in its basis."""
        return next((each.basis_ahead for each in self.queue if each.release == release), ())

    def reason(self, release: str) -> str | None:
        """``waits for …``: what a release waits for at the gate; ``None`` when it is not the gate that it waits for."""
        queued = next((each for each in self.queue if each.release == release), None)
        if queued is not None:
            return f"waits for {queued.waits_for}"
        turn = next((each for each in (*self.deploying, *self.waiting) if each.release == release), None)
        if turn is None or not turn.waits_for:
            return None
        return f"{'is verified in ci, and ' if turn.verified else ''}waits for {turn.waits_for}"


def view_of(application: str, gate: Gate) -> GateView:
    """The gate as it is now."""
    return GateView(
        application=application,
        published=gate.published,
        window=gate.window,
        queue=tuple(_place(gate, index) for index in range(len(gate.queue))),
        deploying=tuple(_turn(each, *_in_its_turn(gate, each)) for each in gate.deploying),
        waiting=tuple(_turn(each, "waits", _wait_for_turn(gate, each)) for each in gate.waiting),
        frozen=gate.frozen,
    )


def why_frozen(frozen: Mapping[str, str]) -> str:
    """``roll-forward:shop-cart: prod is affected; by hand: stock-taking (ann)``."""
    return "; ".join(f"{holder}: {reason}" for holder, reason in frozen.items())


def gate_page(view: GateView) -> str:
    """The page of a gate in the Temporal UI, as markdown."""
    parts = [
        f"## Gate of {view.application}",
        f"{len(view.queue)} in the queue, at most {view.window} tested at once; {_roles(view)} published",
    ]
    if view.frozen:
        parts.append(f"**Frozen**: {view.why_frozen}")
    if view.queue:
        rows = [f"| {each.place} | `{each.release}` | {each.state} | {each.waits_for} |" for each in view.queue]
        parts.append("\n".join(["| | release | state | waits for |", "|---:|---|---|---|", *rows]))
    turns = (*view.deploying, *view.waiting)
    if turns:
        rows = [f"| #{each.number} | `{each.release}` | {each.state} | {each.waits_for} |" for each in turns]
        parts.append("\n".join(["| | deploy turns | state | waits for |", "|---:|---|---|---|", *rows]))
    return "\n\n".join([*parts, f"- `onward gate {view.application}`"])


def _place(gate: Gate, index: int) -> QueuePlace:
    candidate, ahead = gate.queue[index], gate.queue[:index]
    release, run = parse_candidate_key(candidate.key)
    manifests = set((candidate.basis or {}).values())
    return QueuePlace(
        place=index + 1,
        release=release,
        run=run,
        role=candidate.role,
        state=_state(gate, candidate),
        express=candidate.express,
        basis=_basis(gate, candidate, ahead),
        basis_ahead=tuple(_name(each.key) for each in ahead if each.manifest in manifests),
        waits_for=_wait(gate, candidate, ahead),
    )


def _basis(gate: Gate, candidate: Candidate, ahead: Sequence[Candidate]) -> dict[str, str]:
    """Role → release; of what is neither published nor ahead any more, only the manifest is known."""
    known = {gate.published[role]: release for role, release in gate.releases.items() if role in gate.published}
    known |= {each.manifest: _name(each.key) for each in ahead}
    return {role: known.get(manifest, manifest[:19]) for role, manifest in (candidate.basis or {}).items()}


def _state(gate: Gate, candidate: Candidate) -> str:
    if gate.publishing is not None and gate.publishing.key == candidate.key:
        return "being published"
    if candidate.basis is None:
        return "queued"
    return {None: "being tested", True: "passed", False: "failed"}[candidate.passed]


def _wait(gate: Gate, candidate: Candidate, ahead: Sequence[Candidate]) -> str:
    state = _state(gate, candidate)
    if state == "being published":
        return "the published set to be written"
    if state == "queued":
        return f"a free place among the {gate.window} that are tested at once; {_names(ahead)} ahead of it"
    if state == "being tested":
        behind = [each for each in ahead if each.manifest in (candidate.basis or {}).values()]
        return f"its own regression to end{f', behind {_names(behind)}' if behind else ''}"
    if not ahead:
        return "its publication" if candidate.passed else "being told that it is rejected"
    unsettled = next((each for each in ahead if each.passed is None), ahead[0])
    if state == "passed":
        return (
            f"{_name(unsettled.key)}, which is ahead of it: it passed together with that one, and is published after it"
        )
    return f"{_name(unsettled.key)}, which is ahead of it: if that one fails, it is tested again without it"


def _in_its_turn(gate: Gate, release: Deployable) -> tuple[str, str]:
    """How far a release is in its turn, and what it waits for there."""
    if gate.in_prod:
        return "deploys to prod", ""
    if not release.verified:
        return "deploys to ci", ""
    return "verified in ci", f"{_numbered([each for each in gate.deploying if not each.verified])} to be verified in ci"


def _wait_for_turn(gate: Gate, release: Deployable) -> str:
    if gate.frozen and not release.express:
        return f"deploys to be allowed again, frozen: {why_frozen(gate.frozen)}"
    return f"its turn to deploy, after {_numbered(gate.deploying)}" if gate.deploying else "its turn to deploy"


def _numbered(releases: Sequence[Deployable]) -> str:
    return _and([f"{_name(each.key)} (#{each.number})" for each in releases])


def _turn(deployable: Deployable, state: str, waits_for: str) -> TurnPlace:
    release, run = parse_candidate_key(deployable.key)
    return TurnPlace(
        release=release,
        run=run,
        role=deployable.role,
        number=deployable.number,
        state=state,
        verified=deployable.verified,
        waits_for=waits_for,
    )


def _roles(view: GateView) -> str:
    return f"{len(view.published)} role{'' if len(view.published) == 1 else 's'}"


def _names(candidates: Sequence[Candidate]) -> str:
    return _and(
        [_name(each.key) for each in candidates[:3]] + ([f"{len(candidates) - 3} more"] if len(candidates) > 3 else [])
    )


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _name(key: str) -> str:
    return parse_candidate_key(key)[0]
