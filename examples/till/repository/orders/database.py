"""The connection to the application's datastore. Its driver is pure Python: its wheels are imported as they are."""

import glob
import os
import sys
from pathlib import Path

sys.path += glob.glob("/app/wheels/*.whl")

import pg8000.dbapi

PATIENCE = 5  # seconds for an answer
UNDEFINED_TABLE = "42P01"

DatabaseError = pg8000.dbapi.DatabaseError


def connect():
    """A new connection, as the address and the secret say."""
    host, _, port = os.environ["ONWARD_DATASTORE_ORDERS_DB"].partition(":")
    password = Path("/run/secrets/database-password").read_text().strip()
    return pg8000.dbapi.connect("postgres", host=host, port=int(port), password=password, timeout=PATIENCE)


def is_not_migrated(error):
    """Whether the schema is not there yet: in the regression of the release that brings it."""
    return bool(error.args) and isinstance(error.args[0], dict) and error.args[0].get("C") == UNDEFINED_TABLE
