"""Which duty holds which key, by the name of the setting (DESIGN: duties and keys)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from domain.errors import InvalidInput
from domain.identity import Duty

_STORES = frozenset({Duty.BUILD, Duty.CI, Duty.PROD})

#: A duty needs all of its own keys, but for :data:`OPTIONAL`, and must have none of another's.
KEYS: Mapping[str, frozenset[Duty]] = {
    "s3_access_key": _STORES,
    "s3_secret_key": _STORES,
    "trusted_keys": frozenset({Duty.CI, Duty.PROD}),
    "build_docker_host": frozenset({Duty.BUILD}),
    "signing_key": frozenset({Duty.BUILD}),
    "verdict_key": frozenset({Duty.CI}),
    "ci_docker_host": frozenset({Duty.CI}),
    "prod_docker_host": frozenset({Duty.PROD}),
    "channels": frozenset({Duty.CI}),
}
OPTIONAL = frozenset({"channels"})


def refuse_keys(duty: Duty, given: Collection[str], variable: Callable[[str], str]) -> None:
    """A duty starts with all of its own keys and none of another's.

    :param given: the settings that have a value.
    :param variable: how a setting is called where it is given.
    :raises InvalidInput: naming each variable that is missing, or must not be there.
    """
    foreign = [variable(name) for name, duties in KEYS.items() if name in given and duty not in duties]
    if foreign:
        raise InvalidInput(
            f"the {duty} duty must not hold {', '.join(foreign)}",
            where="environment",
            expected=f"only the keys of {duty}: see docs/settings.md",
        )
    needed = [name for name, duties in KEYS.items() if duty in duties and name not in OPTIONAL]
    missing = [variable(name) for name in needed if name not in given]
    if missing:
        raise InvalidInput(f"the {duty} duty needs {', '.join(missing)}", where="environment")


def refuse_shared_backups(own: str, backups: str, variable: str) -> None:
    """:raises InvalidInput: the bucket for backups is Onward's own, so that another duty's key would fit."""
    if backups == own:
        raise InvalidInput(
            f"{variable} is Onward's own bucket, {own}, which every duty reads",
            where="environment",
            expected="a bucket of the environment alone: see docs/datastores.md#backups",
        )
