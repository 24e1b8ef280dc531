"""What others rely on: products have a name and a price in integer cents."""

import json
import os
import unittest
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import urlopen

CATALOG = os.environ["ONWARD_URL_CATALOG"] + os.environ.get("CATALOG_PREFIX", "/catalog")


def get(path):
    with urlopen(CATALOG + path, timeout=5) as response:
        return json.load(response)


class CatalogTest(unittest.TestCase):
    def test_smoke_products_are_listed(self):
        self.assertIn("tea", get("/products")["products"])

    def test_each_listed_product_can_be_fetched(self):
        for name, product in get("/products")["products"].items():
            self.assertEqual(get(f"/products/{name}"), product)

    def test_a_price_is_a_whole_number_of_cents(self):
        for product in get("/products")["products"].values():
            self.assertIsInstance(product["price"], int)
            self.assertGreater(product["price"], 0)

    def test_an_unknown_product_is_not_found(self):
        with self.assertRaises(HTTPError) as caught:
            get("/products/unicorn")
        self.assertEqual(caught.exception.code, 404)
        caught.exception.close()

    def test_many_can_ask_at_once(self):
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(get, ["/products"] * 64))
        self.assertTrue(all(answer == answers[0] for answer in answers))
