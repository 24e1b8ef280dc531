"""The only reader of environment variables. Everything else gets values.

Each group has a prefix; ``docs/settings.md`` lists them all (a test compares the two).
"""

from settings.client import ClientSettings, ListenSettings
from settings.inherited import git_environment, inherited_environment
from settings.local_stack import StackSettings
from settings.values import LOOPBACK
from settings.worker import EdgeSettings, WorkerSettings

__all__ = [
    "LOOPBACK",
    "ClientSettings",
    "EdgeSettings",
    "ListenSettings",
    "StackSettings",
    "WorkerSettings",
    "git_environment",
    "inherited_environment",
]
