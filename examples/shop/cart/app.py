"""The cart: what somebody wants to buy, at the catalog's prices of today. Money is whole cents.

| request | does |
|---|---|
| ``GET /cart`` | nothing; says how many carts there are, and how many products are in them |
| ``GET /cart/<cart>`` | nothing; a cart that nobody filled is empty |
| ``PUT /cart/<cart>`` ``{"items": {<product>: <quantity>}}`` | replaces everything in it |
| ``PUT /cart/<cart>/<product>`` ``{"quantity": 2}`` | sets one quantity |
| ``DELETE /cart/<cart>/<product>`` | takes a product out |
| ``DELETE /cart/<cart>`` | empties it |

Every other answer is the whole cart: ``{"cart", "items": {<product>: {"quantity", "price"}}, "total"}``.
All requests can be repeated: the second one changes nothing.

Carts are in the datastore ``orders-db``, where all replicas find them; see ``carts.py``. As long as it is not there, or
has no schema yet, the answer is 503.
"""

import json
import os
from http import HTTPStatus
from urllib.request import urlopen

from carts import kept
from serving import Problem, serve

CATALOG = os.environ["ONWARD_URL_CATALOG"]
PATIENCE = 3  # seconds for the catalog's answer

carts = kept(limit=int(os.environ.get("CARTS_LIMIT", "10000")))


def count():
    """How many carts have something in them, and how many products that is."""
    sizes = carts.sizes()
    return {"carts": len(sizes), "products": sum(sizes)}


def show(cart):
    """The cart as it is."""
    return priced(cart, carts.items(cart))


def replace(cart, body):
    """The cart with these items and no others."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, dict):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, 'expected {"items": {<product>: <quantity>}}')
    items = {product: checked(quantity) for product, quantity in items.items()}
    answer = priced(cart, items)  # what cannot be priced is not kept
    carts.replace(cart, items)
    return answer


def set_quantity(cart, product, body):
    """The cart with another quantity of one product."""
    quantity = checked(body.get("quantity") if isinstance(body, dict) else None)
    priced(cart, {product: quantity})
    return priced(cart, carts.set_quantity(cart, product, quantity))


def take_out(cart, product):
    """The cart without one product."""
    return priced(cart, carts.take_out(cart, product))


def empty(cart):
    """The cart with nothing in it."""
    carts.replace(cart, {})
    return priced(cart, {})


def checked(quantity):
    """A quantity that can be bought."""
    if type(quantity) is not int or not 1 <= quantity <= 99:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"a quantity is a whole number from 1 to 99, not {quantity!r}")
    return quantity


def priced(cart, items):
    """The cart with the price of each item, and the total."""
    products = catalog() if items else {}
    unknown = items.keys() - products.keys()
    if unknown:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"the shop sells no {', '.join(sorted(unknown))}")
    answer = {"cart": cart, "items": {}, "total": 0}
    for product, quantity in items.items():
        price = products[product]["price"]
        answer["items"][product] = {"quantity": quantity, "price": price}
        answer["total"] += quantity * price
    return answer


def catalog():
    """The products that the catalog has now."""
    try:
        with urlopen(f"{CATALOG}/catalog/products", timeout=PATIENCE) as response:
            return json.load(response)["products"]
    except OSError as error:
        raise Problem(HTTPStatus.BAD_GATEWAY, f"the catalog does not answer: {error}") from None


if __name__ == "__main__":
    serve(
        "cart",
        {
            "GET /": count,
            "GET /{cart}": show,
            "PUT /{cart}": replace,
            "DELETE /{cart}": empty,
            "PUT /{cart}/{product}": set_quantity,
            "DELETE /{cart}/{product}": take_out,
        },
    )
