"""What a visitor relies on: the page is there, and so is everything that it names."""

import os
import re
import unittest
from urllib.parse import urljoin
from urllib.request import urlopen

WEB = os.environ["ONWARD_URL_WEB"].rstrip("/") + "/"


def get(path=""):
    with urlopen(urljoin(WEB, path), timeout=5) as response:
        return response.headers, response.read().decode()


class WebTest(unittest.TestCase):
    def test_smoke_the_page_is_html(self):
        headers, page = get("index.html")
        self.assertEqual(headers.get_content_type(), "text/html")
        self.assertIn("<title>", page)

    def test_smoke_every_asset_of_the_page_is_there(self):
        _, page = get("index.html")
        assets = re.findall(r'(?:href|src)="(assets/[^"]+)"', page)
        self.assertTrue(assets)
        for asset in assets:
            self.assertTrue(get(asset)[1], asset)

    def test_assets_may_be_kept_for_ever_and_the_page_may_not(self):
        headers, page = get("index.html")
        self.assertIn("no-cache", headers["Cache-Control"])
        asset = re.search(r'src="(assets/[^"]+)"', page)[1]
        self.assertIn("immutable", get(asset)[0]["Cache-Control"])
