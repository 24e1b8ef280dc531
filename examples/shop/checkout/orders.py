"""Where orders are kept: in the datastore of the definition – or, where it names none, in this process's memory.

The second is for tests and development without a database: each replica then has orders of its own. An order is
what its cart cost when it was placed. Whatever is done here can be repeated.
"""

import json
import os
import threading

LIMIT = 10_000  # orders in memory


class InMemory:
    """The oldest goes when there are too many."""

    def __init__(self):
        self.orders = {}
        self.ordering = threading.Lock()

    def count(self):
        """How many there are."""
        with self.ordering:
            return len(self.orders)

    def find(self, cart):
        """The order of a cart, if one was placed."""
        with self.ordering:
            return self.orders.get(cart)

    def place(self, cart, costs):
        """In place of an earlier one of the same cart."""
        with self.ordering:
            self.orders[cart] = costs
            if len(self.orders) > LIMIT:
                del self.orders[next(iter(self.orders))]

    def forget(self, cart):
        """Nothing when none was placed."""
        with self.ordering:
            self.orders.pop(cart, None)


class InPostgres:
    """The same, for all replicas."""

    def __init__(self):
        from database import asked  # its driver is there only where the definition names a datastore

        self.asked = asked

    def count(self):
        return self.asked("SELECT count(*) FROM checkout.orders")[0][0]

    def find(self, cart):
        rows = self.asked("SELECT costs FROM checkout.orders WHERE name = %s", cart)
        return rows[0][0] if rows else None

    def place(self, cart, costs):
        self.asked(
            "INSERT INTO checkout.orders (name, costs) VALUES (%s, CAST(%s AS jsonb))"
            " ON CONFLICT (name) DO UPDATE SET costs = EXCLUDED.costs",
            *(cart, json.dumps(costs)),
        )

    def forget(self, cart):
        self.asked("DELETE FROM checkout.orders WHERE name = %s", cart)


def kept():
    """Where the orders of this process are."""
    return InPostgres() if "ONWARD_DATASTORE_ORDERS_DB" in os.environ else InMemory()
