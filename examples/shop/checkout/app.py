"""The checkout: what a cart costs in all, and orders. Money is whole cents.

| request | does |
|---|---|
| ``GET /checkout`` | nothing; says how many orders there are |
| ``GET /checkout/<cart>`` | nothing; quotes what a cart of the cart service costs with its shipping |
| ``PUT /checkout/<cart>`` ``{"agreed": <total>}`` | places the order, if that is what it costs now; else 409 |

Either answer is ``{"order", "lines": [{"name", "quantity", "price"}], "goods", "shipping", "total"}``.
What is in a cart is the cart's to say, what a thing is called the catalog's; nothing is kept twice.
Orders are in this process's memory, like carts.
"""

import json
import os
import threading
from http import HTTPStatus
from urllib.request import urlopen

from serving import Problem, serve

CART = os.environ["ONWARD_URL_CART"]
CATALOG = os.environ["ONWARD_URL_CATALOG"]
PATIENCE = 3  # seconds for an answer
SHIPPING = 490
FREE_FROM = 5000
ORDERS_LIMIT = 10_000

orders = {}
ordering = threading.Lock()


def count():
    """How many orders were placed here."""
    with ordering:
        return {"orders": len(orders)}


def quote(cart):
    """What a cart costs now."""
    filled = asked(f"{CART}/cart/{cart}")
    products = asked(f"{CATALOG}/catalog/products")["products"]
    lines = [
        {"name": products[product]["name"], "quantity": item["quantity"], "price": item["price"]}
        for product, item in filled["items"].items()
    ]
    goods = filled["total"]
    shipping = 0 if goods >= FREE_FROM or not lines else SHIPPING
    return {"order": filled["cart"], "lines": lines, "goods": goods, "shipping": shipping, "total": goods + shipping}


def order(cart, body):
    """Place an order at the price that was agreed on. A second time changes nothing."""
    agreed = body.get("agreed") if isinstance(body, dict) else None
    with ordering:
        if cart in orders and orders[cart]["total"] == agreed:
            return orders[cart]
    costs = quote(cart)
    if not costs["lines"]:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"the cart {cart} is empty")
    if costs["total"] != agreed:
        raise Problem(HTTPStatus.CONFLICT, f"it costs {costs['total']}, agreed was {agreed}")
    with ordering:
        orders[cart] = costs
        if len(orders) > ORDERS_LIMIT:
            del orders[next(iter(orders))]
    return costs


def asked(url):
    """What another service answers."""
    try:
        with urlopen(url, timeout=PATIENCE) as response:
            return json.load(response)
    except OSError as error:
        raise Problem(HTTPStatus.BAD_GATEWAY, f"{url} does not answer: {error}") from None


if __name__ == "__main__":
    serve("checkout", {"GET /": count, "GET /{cart}": quote, "PUT /{cart}": order})
