"""The connections to the application's datastore. The driver is pure Python.

``cart`` and ``checkout`` have a copy each, as of ``serving.py``.
"""

import os
import sys
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from serving import Problem

sys.path.append("/app/packages")

import pg8000.dbapi

PATIENCE = 5  # seconds for an answer
KEPT = 4  # connections that wait for the next statement: a new one costs a log-in
SCHEMA_IS_MISSING = ("3F000", "42P01")
SERVER_IS_ENDING = "57P"

idle = []  # the last one used is the next; append and pop are atomic


def connect():
    """A new connection, as the address and the secret say."""
    host, _, port = os.environ["ONWARD_DATASTORE_ORDERS_DB"].partition(":")
    password = Path("/run/secrets/database-password").read_text().strip()
    return pg8000.dbapi.connect("postgres", host=host, port=int(port), password=password, timeout=PATIENCE)


def asked(statement, *values):
    """The rows that one statement answers, in a transaction of its own.

    A connection may have died while it waited, with the task of the datastore that it led to. Then the statement is
    made once more on a new one; so it must be one that can be repeated.
    """
    try:
        with suppress(ConnectionLost, IndexError):
            return made(idle.pop(), statement, values)
        idle.clear()  # what waited longer has died, too
        return made(new_connection(), statement, values)
    except ConnectionLost as error:
        raise unavailable(f"the database does not answer: {error}") from None
    except pg8000.dbapi.DatabaseError as error:
        if code(error) in SCHEMA_IS_MISSING:
            raise unavailable("the schema is not there yet") from None
        raise


class ConnectionLost(Exception):
    """There is none, or it ended before the answer: nobody knows whether the statement was done."""


def new_connection():
    """One on which each statement is a transaction."""
    try:
        connection = connect()
    except (pg8000.dbapi.Error, OSError) as error:
        raise ConnectionLost(str(error)) from None
    connection.autocommit = True
    return connection


def made(connection, statement, values):
    """The rows; the connection is kept for the next statement if it lives."""
    try:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        rows = cursor.fetchall() if cursor.description else []
    except Exception as error:
        with suppress(Exception):
            connection.close()
        if isinstance(error, pg8000.dbapi.DatabaseError) and not code(error).startswith(SERVER_IS_ENDING):
            raise
        raise ConnectionLost(repr(error)) from None
    if len(idle) < KEPT:
        idle.append(connection)
    else:
        connection.close()
    return rows


def unavailable(reason):
    """What a request gets that needs the database."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, reason)


def code(error):
    """PostgreSQL's own code of an error, or nothing."""
    told = error.args[0] if error.args else None
    return told.get("C", "") if isinstance(told, dict) else ""
