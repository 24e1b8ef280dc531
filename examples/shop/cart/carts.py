"""Where carts are kept: in the datastore of the definition – or, where it names none, in this process's memory.

The second is for tests and development without a database: each replica then has carts of its own. A cart's items are
``{<product>: <quantity>}``. Whatever is done here is done whole or not at all, and can be repeated.
"""

import json
import os
import threading


class InMemory:
    """At most so many; the oldest goes when there are too many."""

    def __init__(self, limit):
        self.carts = {}
        self.limit = limit
        self.changing = threading.Lock()

    def sizes(self):
        """How many products each cart has that has any."""
        with self.changing:
            return [sum(items.values()) for items in self.carts.values()]

    def items(self, cart):
        """What is in a cart; nothing in one that nobody filled."""
        with self.changing:
            return dict(self.carts.get(cart, {}))

    def replace(self, cart, items):
        """These items and no others."""
        with self.changing:
            self._keep(cart, items)

    def set_quantity(self, cart, product, quantity):
        """Another quantity of one product; what is in the cart now."""
        with self.changing:
            return self._keep(cart, self.carts.get(cart, {}) | {product: quantity})

    def take_out(self, cart, product):
        """A cart without one product; what is in it now."""
        with self.changing:
            items = self.carts.get(cart, {}).items()
            return self._keep(cart, {kept: quantity for kept, quantity in items if kept != product})

    def _keep(self, cart, items):
        self.carts.pop(cart, None)
        if items:
            self.carts[cart] = items
        if len(self.carts) > self.limit:
            del self.carts[next(iter(self.carts))]
        return dict(items)


class InPostgres:
    """The same, for all replicas. A cart is one row: PostgreSQL lets two changes of it wait for one another."""

    def __init__(self):
        from database import asked  # its driver is there only where the definition names a datastore

        self.asked = asked

    def sizes(self):
        rows = self.asked("SELECT (SELECT sum(value::int) FROM jsonb_each_text(items)) FROM cart.carts")
        return [int(size) for (size,) in rows if size]

    def items(self, cart):
        rows = self.asked("SELECT items FROM cart.carts WHERE name = %s", cart)
        return rows[0][0] if rows else {}

    def replace(self, cart, items):
        if not items:
            self.asked("DELETE FROM cart.carts WHERE name = %s", cart)
            return
        self.asked(
            "INSERT INTO cart.carts (name, items) VALUES (%s, CAST(%s AS jsonb))"
            " ON CONFLICT (name) DO UPDATE SET items = EXCLUDED.items",
            *(cart, json.dumps(items)),
        )

    def set_quantity(self, cart, product, quantity):
        rows = self.asked(
            "INSERT INTO cart.carts AS old (name, items) VALUES (%s, CAST(%s AS jsonb))"
            " ON CONFLICT (name) DO UPDATE SET items = old.items || EXCLUDED.items RETURNING items",
            *(cart, json.dumps({product: quantity})),
        )
        return rows[0][0]

    def take_out(self, cart, product):
        rows = self.asked(
            "UPDATE cart.carts SET items = items - CAST(%s AS text) WHERE name = %s RETURNING items", product, cart
        )
        if rows and not rows[0][0]:
            self.asked("DELETE FROM cart.carts WHERE name = %s AND items = '{}'", cart)
        return rows[0][0] if rows else {}


def kept(limit):
    """Where the carts of this process are; ``limit``: how many, in memory."""
    return InPostgres() if "ONWARD_DATASTORE_ORDERS_DB" in os.environ else InMemory(limit)
