"""What others rely on: a cart holds what was put into it, and its total is right to the cent."""

import json
import os
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

CART = os.environ["ONWARD_URL_CART"]
CATALOG = os.environ.get("ONWARD_URL_CATALOG")


def ask(method, path, document=None):
    """Status and document of an answer, whatever its status."""
    data = json.dumps(document).encode() if document is not None else None
    try:
        with urlopen(Request(CART + path, data, method=method), timeout=10) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def catalog_answers():
    """Whether the catalog is there; cart may be the first of its application to be released."""
    try:
        urlopen(f"{CATALOG}/healthz", timeout=2).close()
    except (URLError, ValueError):
        return False
    return True


#: In the regression of the release that brings the schema, ci's datastore has none yet.
NOT_MIGRATED = (503, {"error": "the schema is not there yet"})
needs_schema = unittest.skipIf(ask("GET", "/cart") == NOT_MIGRATED, "the schema is not there yet")
needs_catalog = unittest.skipUnless(catalog_answers(), "the catalog is not there yet")


class CartCase(unittest.TestCase):
    """Every case has a cart that nobody else uses."""

    def setUp(self):
        self.path = f"/cart/test-{uuid.uuid4()}"
        self.addCleanup(ask, "DELETE", self.path)

    def put(self, **items):
        status, cart = ask("PUT", self.path, {"items": items})
        self.assertEqual(status, 200, cart)
        return cart

    def quantities(self, cart=None):
        items = (cart or ask("GET", self.path)[1])["items"]
        return {product: item["quantity"] for product, item in items.items()}

    def assert_total_is_right(self, cart):
        prices = [item["price"] for item in cart["items"].values()]
        self.assertTrue(all(type(price) is int and price > 0 for price in prices), prices)
        self.assertEqual(cart["total"], sum(item["price"] * item["quantity"] for item in cart["items"].values()))


class SmokeTest(CartCase):
    """Safe in prod: a throw-away cart.

    Where there is no datastore replicas do not share their carts, and during a release of the catalog two prices are
    true. So each case looks at one answer, and never compares it with a second one.
    """

    def test_smoke_it_is_healthy(self):
        self.assertEqual(ask("GET", "/healthz")[0], 200)

    @needs_schema
    def test_smoke_a_cart_that_nobody_filled_costs_nothing(self):
        status, cart = ask("GET", self.path)
        self.assertEqual((status, cart["items"], cart["total"]), (200, {}, 0))

    @needs_schema
    @needs_catalog
    def test_smoke_a_cart_is_priced(self):
        cart = self.put(tea=2)
        self.assertEqual(self.quantities(cart), {"tea": 2})
        self.assert_total_is_right(cart)


@needs_schema
class AllCartsTest(CartCase):
    """No smoke test: what customers ask all the time is for the monitors to watch, and a case would ask it once."""

    def test_somebody_answers_for_all_carts(self):
        status, answer = ask("GET", "/cart")
        self.assertEqual((status, type(answer["carts"])), (200, int))


@needs_schema
@needs_catalog
class ItemsTest(CartCase):
    """From here on there is one replica, or a datastore that all share."""

    def test_the_prices_are_the_catalogs(self):
        cart = self.put(tea=1, pot=3)
        for product, item in cart["items"].items():
            with urlopen(f"{CATALOG}/catalog/products/{product}", timeout=5) as response:
                self.assertEqual(item["price"], json.load(response)["price"])
        self.assert_total_is_right(cart)

    def test_a_cart_is_the_same_when_it_is_asked_for_again(self):
        self.assertEqual(self.put(tea=2, honey=1), ask("GET", self.path)[1])

    def test_what_is_put_replaces_what_was_there(self):
        self.put(tea=2, honey=1)
        self.put(cup=4)
        self.assertEqual(self.quantities(), {"cup": 4})

    def test_one_quantity_can_be_changed(self):
        self.put(tea=2, honey=1)
        ask("PUT", f"{self.path}/tea", {"quantity": 5})
        self.assertEqual(self.quantities(), {"tea": 5, "honey": 1})

    def test_one_product_can_be_taken_out(self):
        self.put(tea=2, honey=1)
        status, cart = ask("DELETE", f"{self.path}/tea")
        self.assertEqual((status, self.quantities(cart)), (200, {"honey": 1}))
        self.assert_total_is_right(cart)

    def test_a_cart_can_be_emptied(self):
        self.put(tea=2)
        ask("DELETE", self.path)
        self.assertEqual(self.quantities(), {})

    def test_every_request_can_be_repeated(self):
        for method, path, document in (
            ("PUT", self.path, {"items": {"tea": 2}}),
            ("PUT", f"{self.path}/cup", {"quantity": 1}),
            ("DELETE", f"{self.path}/tea", None),
            ("DELETE", self.path, None),
        ):
            with self.subTest(method=method, path=path):
                self.assertEqual(ask(method, path, document), ask(method, path, document))


@needs_schema
@needs_catalog
class RefusalsTest(CartCase):
    def test_what_the_shop_does_not_sell_cannot_be_bought_and_changes_nothing(self):
        self.put(tea=1)
        for path, document in ((self.path, {"items": {"unicorn": 1}}), (f"{self.path}/unicorn", {"quantity": 1})):
            status, answer = ask("PUT", path, document)
            self.assertEqual((status, answer), (422, {"error": "the shop sells no unicorn"}))
        self.assertEqual(self.quantities(), {"tea": 1})

    def test_a_quantity_is_a_whole_number_from_1_to_99(self):
        for quantity in (0, -1, 100, 1.5, True, "2", None, []):
            with self.subTest(quantity=quantity):
                self.assertEqual(ask("PUT", f"{self.path}/tea", {"quantity": quantity})[0], 422)
                self.assertEqual(ask("PUT", self.path, {"items": {"tea": quantity}})[0], 422)
        self.assertEqual(self.quantities(), {})

    def test_a_body_that_makes_no_sense_is_refused(self):
        for document in ([], "tea", 7, {"items": ["tea"]}, {}):
            with self.subTest(document=document):
                self.assertEqual(ask("PUT", self.path, document)[0], 422)
        self.assertEqual(ask("PUT", self.path)[0], 400)


@needs_schema
@needs_catalog
class ConcurrencyTest(CartCase):
    def test_nothing_is_lost_when_products_are_put_at_once(self):
        products = ("tea", "pot", "cup", "kettle", "honey", "spoon")
        with ThreadPoolExecutor(len(products)) as pool:
            for quantity in range(1, 11):
                list(pool.map(lambda product: ask("PUT", f"{self.path}/{product}", {"quantity": quantity}), products))  # noqa: B023
                self.assertEqual(self.quantities(), dict.fromkeys(products, quantity))

    def test_nobody_sees_half_of_a_change(self):
        self.put(tea=1, cup=1)
        with ThreadPoolExecutor(8) as pool:
            changes = [pool.submit(self.put, tea=quantity, cup=quantity) for quantity in range(1, 50)]
            looks = [pool.submit(self.quantities) for _ in range(100)]
        for look in [*looks, *changes]:
            seen = look.result() if look in looks else self.quantities(look.result())
            self.assertEqual(seen["tea"], seen["cup"])

    def test_carts_do_not_mix(self):
        paths = [f"{self.path}-{number}" for number in range(1, 33)]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda path: ask("PUT", path, {"items": {"tea": int(path.rpartition("-")[2])}}), paths))
            carts = list(pool.map(lambda path: self.quantities(ask("GET", path)[1]), paths))
            list(pool.map(lambda path: ask("DELETE", path), paths))
        self.assertEqual(carts, [{"tea": number} for number in range(1, 33)])
