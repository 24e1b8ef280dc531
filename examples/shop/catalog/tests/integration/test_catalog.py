"""What others rely on: what is for sale has a name, and a price in whole cents."""

import json
import os
import unittest
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CATALOG = os.environ["ONWARD_URL_CATALOG"]


def ask(path, method="GET"):
    """Status and document of an answer, whatever its status."""
    try:
        with urlopen(Request(CATALOG + path, method=method), timeout=5) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


class SmokeTest(unittest.TestCase):
    """Only reads, and asks for nothing that a change of the assortment would take away but tea."""

    def test_smoke_tea_has_a_name_and_a_price(self):
        status, tea = ask("/catalog/products/tea")
        self.assertEqual(status, 200)
        self.assertTrue(tea["name"])
        self.assertIs(type(tea["price"]), int)
        self.assertGreater(tea["price"], 0)

    def test_smoke_what_is_not_for_sale_is_not_found(self):
        status, answer = ask("/catalog/products/unicorn")
        self.assertEqual(status, 404)
        self.assertIn("unicorn", answer["error"])


class ProductsTest(unittest.TestCase):
    def setUp(self):
        self.status, answer = ask("/catalog/products")
        self.products = answer.get("products")

    def test_the_list_has_what_is_for_sale(self):
        self.assertEqual(self.status, 200)
        self.assertIn("tea", self.products)

    def test_each_product_of_the_list_is_there_by_itself(self):
        for name, product in self.products.items():
            with self.subTest(product=name):
                self.assertEqual(ask(f"/catalog/products/{name}"), (200, product))

    def test_each_price_is_a_positive_whole_number_of_cents(self):
        for name, product in self.products.items():
            with self.subTest(product=name):
                self.assertIs(type(product["price"]), int)
                self.assertGreater(product["price"], 0)

    def test_many_ask_at_once_and_all_get_the_same(self):
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, ["/catalog/products"] * 200))
        self.assertEqual(answers, [(200, {"products": self.products})] * 200)


class PathsTest(unittest.TestCase):
    def test_it_answers_below_the_path_that_the_edge_gives_it_wherever_that_is(self):
        self.assertEqual(ask("/somewhere/catalog/products"), ask("/catalog/products"))

    def test_it_answers_nowhere_else(self):
        for path in ("/", "/catalogue/products", "/products", "/catalog/products/tea/price"):
            with self.subTest(path=path):
                self.assertEqual(ask(path)[0], 404)

    def test_nobody_changes_it_from_outside(self):
        for method in ("PUT", "DELETE"):
            with self.subTest(method=method):
                self.assertEqual(ask("/catalog/products/tea", method)[0], 404)

    def test_it_is_healthy(self):
        self.assertEqual(ask("/healthz"), (200, {"status": "healthy"}))
