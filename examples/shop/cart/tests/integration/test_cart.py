"""What others rely on: a cart has a total in integer cents, at the catalog's prices.

Carts are kept in the memory of one task. In prod there are two, so a smoke case must not assume
that two requests see the same cart; the other cases run where there is one.
"""

import json
import os
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CART = os.environ["ONWARD_URL_CART"] + os.environ.get("CART_PREFIX", "/cart")


def ask(method, path):
    with urlopen(Request(CART + path, method=method), timeout=5) as response:
        return json.load(response)


class CartTest(unittest.TestCase):
    def setUp(self):
        self.cart = f"/test-{uuid.uuid4()}"

    def test_smoke_an_unknown_cart_is_empty(self):
        self.assertEqual(ask("GET", self.cart)["total"], 0)

    def test_the_total_is_price_times_quantity(self):
        price = ask("PUT", f"{self.cart}/tea")["price"]
        ask("PUT", f"{self.cart}/tea")
        self.assertEqual(ask("GET", self.cart)["total"], 2 * price)

    def test_a_removed_product_costs_nothing(self):
        ask("PUT", f"{self.cart}/mug")
        ask("DELETE", f"{self.cart}/mug")
        self.assertEqual(ask("GET", self.cart)["total"], 0)

    def test_what_nobody_sells_cannot_be_bought(self):
        with self.assertRaises(HTTPError) as caught:
            ask("PUT", f"{self.cart}/unicorn")
        self.assertEqual(caught.exception.code, 422)
        caught.exception.close()

    def test_nothing_is_lost_when_many_buy_at_once(self):
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: ask("PUT", f"{self.cart}/tea"), range(48)))
        self.assertEqual(ask("GET", self.cart)["items"]["tea"]["quantity"], 48)
