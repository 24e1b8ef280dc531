"""What a visitor relies on: the page is there, and so is everything that it refers to."""

import hashlib
import os
import unittest
from html.parser import HTMLParser
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import urlopen

SITE = os.environ["ONWARD_URL_WEB"].rstrip("/") + "/"


class References(HTMLParser):
    """The assets that a page refers to."""

    def __init__(self, page):
        super().__init__()
        self.assets = set()
        self.feed(page)

    def handle_starttag(self, _tag, attributes):
        self.assets |= {value for _, value in attributes if value and value.startswith("assets/")}


def get(path):
    """Headers and content of a file of the site."""
    with urlopen(urljoin(SITE, path), timeout=5) as response:
        return response.headers, response.read()


class SmokeTest(unittest.TestCase):
    """Only reads. A visitor may have either page while a release is deployed; both have their assets."""

    def test_smoke_the_page_is_html(self):
        headers, page = get("index.html")
        self.assertEqual(headers.get_content_type(), "text/html")
        self.assertIn(b"<title>", page)

    def test_smoke_everything_that_the_page_refers_to_is_there(self):
        assets = References(get("index.html")[1].decode()).assets
        self.assertGreaterEqual({asset.rpartition(".")[2] for asset in assets}, {"css", "js", "svg"})
        for asset in assets:
            with self.subTest(asset=asset):
                self.assertTrue(get(asset)[1])


class AssetsTest(unittest.TestCase):
    def test_the_name_of_an_asset_tells_its_content(self):
        for asset in References(get("index.html")[1].decode()).assets:
            with self.subTest(asset=asset):
                self.assertIn(hashlib.sha256(get(asset)[1]).hexdigest()[:16], asset)

    def test_assets_may_be_kept_for_ever_and_the_page_may_not(self):
        headers, page = get("index.html")
        self.assertIn("no-cache", headers["Cache-Control"])
        for asset in References(page.decode()).assets:
            with self.subTest(asset=asset):
                self.assertIn("immutable", get(asset)[0]["Cache-Control"])

    def test_what_is_not_there_is_not_found(self):
        with self.assertRaises(HTTPError) as caught:
            get("assets/nothing.css")
        caught.exception.close()
        self.assertEqual(caught.exception.code, 404)
