"""Which duty holds which key, by the name of the setting (DESIGN: duties and keys)."""

from __future__ import annotations

from collections.abc import Mapping

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
