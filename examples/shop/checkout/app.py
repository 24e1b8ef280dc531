"""The checkout: what a cart costs in all, and orders. Money is whole cents.

| request | does |
|---|---|
| ``GET /checkout`` | nothing; says how many orders there are |
| ``GET /checkout/<cart>`` | nothing; quotes what a cart of the cart service costs with its shipping |
| ``PUT /checkout/<cart>`` ``{"agreed": <total>}`` | places the order, if that is what it costs now; else 409 |
| ``DELETE /checkout/<cart>`` | forgets the order |

A quote and an order are ``{"order", "lines": [{"name", "quantity", "price"}], "goods", "shipping", "total"}``.
What is in a cart is the cart's to say, what a thing is called the catalog's; nothing is kept twice.
Orders are in the datastore ``orders-db``, where all replicas find them; see ``orders.py``. As long as it is not there,
or has no schema yet, the answer is 503.
"""

import json
import os
from http import HTTPStatus
from urllib.request import urlopen

from orders import kept
from serving import Problem, serve

CART = os.environ["ONWARD_URL_CART"]
CATALOG = os.environ["ONWARD_URL_CATALOG"]
PATIENCE = 3  # seconds for an answer
SHIPPING = 490
FREE_FROM = 5000

orders = kept()


def count():
    """How many orders were placed."""
    return {"orders": orders.count()}


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
    placed = orders.find(cart)
    if placed and placed["total"] == agreed:
        return placed
    costs = quote(cart)
    if not costs["lines"]:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"the cart {cart} is empty")
    if costs["total"] != agreed:
        raise Problem(HTTPStatus.CONFLICT, f"it costs {costs['total']}, agreed was {agreed}")
    orders.place(cart, costs)
    return costs


def forget(cart):
    """Nothing when no order was placed."""
    orders.forget(cart)
    return {"order": cart}


def asked(url):
    """What another service answers."""
    try:
        with urlopen(url, timeout=PATIENCE) as response:
            return json.load(response)
    except OSError as error:
        raise Problem(HTTPStatus.BAD_GATEWAY, f"{url} does not answer: {error}") from None


if __name__ == "__main__":
    serve("checkout", {"GET /": count, "GET /{cart}": quote, "PUT /{cart}": order, "DELETE /{cart}": forget})
