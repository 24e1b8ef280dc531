"""Orders, kept in PostgreSQL. Money is whole cents.

| request | does |
|---|---|
| ``GET /orders`` | nothing; says how many orders there are |
| ``GET /orders/<order>`` | nothing; 404 for one that nobody placed |
| ``PUT /orders/<order>`` ``{"total": 1250}`` | places it; a second time with another total is 409 |
| ``DELETE /orders/<order>`` | forgets it |

As long as the schema is not there, each answer is 503.
"""

from http import HTTPStatus

from database import DatabaseError, connect, is_not_migrated
from serving import Problem, serve


def asked(statement, *values):
    """The rows that a statement answers, in a transaction of its own."""
    try:
        connection = connect()
    except (DatabaseError, OSError) as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"the database does not answer: {error}") from None
    try:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        rows = cursor.fetchall() if cursor.description else []
        connection.commit()
    except DatabaseError as error:
        if is_not_migrated(error):
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the schema is not there yet") from None
        raise
    finally:
        connection.close()
    return rows


def count():
    """How many there are."""
    return {"orders": asked("SELECT count(*) FROM orders")[0][0]}


def show(order):
    """One of them."""
    rows = asked("SELECT total FROM orders WHERE name = %s", order)
    if not rows:
        raise Problem(HTTPStatus.NOT_FOUND, f"nobody placed {order}")
    return {"order": order, "total": rows[0][0]}


def place(order, body):
    """What it is to cost is settled by the first request."""
    total = body.get("total") if isinstance(body, dict) else None
    if type(total) is not int or total < 0:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"a total is a whole number of cents, not {total!r}")
    asked("INSERT INTO orders (name, total) VALUES (%s, %s) ON CONFLICT DO NOTHING", order, total)
    placed = show(order)
    if placed["total"] != total:
        raise Problem(HTTPStatus.CONFLICT, f"{order} costs {placed['total']}, not {total}")
    return placed


def forget(order):
    """Nothing when it is not there."""
    asked("DELETE FROM orders WHERE name = %s", order)
    return {"order": order}


if __name__ == "__main__":
    serve("orders", {"GET /": count, "GET /{order}": show, "PUT /{order}": place, "DELETE /{order}": forget})
