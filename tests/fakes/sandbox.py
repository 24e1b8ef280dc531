"""Temporal's sandbox, for tests that have a worker each."""

from __future__ import annotations

from dataclasses import dataclass, field

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import _Definition


@dataclass(frozen=True)
class PreparedRunner(SandboxedWorkflowRunner):
    """The sandbox as it is, but that it loads a workflow for trial once, and not for each worker.

    A worker tries all of its workflows when it is made, which would be much of what the tests of workflows do.
    """

    tried: set[type] = field(default_factory=set, init=False)

    def prepare_workflow(self, defn: _Definition) -> None:
        """Load it if no worker of this process has."""
        if defn.cls not in self.tried:
            super().prepare_workflow(defn)
            self.tried.add(defn.cls)


PREPARED = PreparedRunner()
