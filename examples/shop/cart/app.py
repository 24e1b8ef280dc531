"""The cart: what somebody wants to buy. Asks the catalog for prices; totals are integer cents."""

import json
import os
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

PREFIX = os.environ.get("PREFIX", "/cart")
CATALOG = os.environ.get("ONWARD_URL_CATALOG", "") + os.environ.get("CATALOG_PREFIX", "/catalog")

carts = {}
changing = threading.Lock()


def price_of(product):
    """Cents, or ``None`` when the catalog does not sell it."""
    try:
        with urlopen(f"{CATALOG}/products/{product}", timeout=3) as response:
            return json.load(response)["price"]
    except HTTPError as error:
        error.close()
        return None


class Cart(BaseHTTPRequestHandler):
    """``PUT`` and ``DELETE <prefix>/<cart>/<product>``, ``GET <prefix>/<cart>``."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(HTTPStatus.OK, {"status": "healthy"})
        name, *more = self.words()
        if not name or more:
            return self.answer(HTTPStatus.NOT_FOUND, {"error": f"nothing at {self.path}"})
        items = carts.get(name, {})
        total = sum(item["price"] * item["quantity"] for item in items.values())
        return self.answer(HTTPStatus.OK, {"cart": name, "items": items, "total": total})

    def do_PUT(self):
        name, product = self.name_and_product()
        if product is None:
            return None
        try:
            price = price_of(product)
        except URLError as error:
            return self.answer(HTTPStatus.BAD_GATEWAY, {"error": f"catalog: {error.reason}"})
        if price is None:
            return self.answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": f"nobody sells {product}"})
        with changing:
            items = carts.setdefault(name, {})
            item = items.setdefault(product, {"price": price, "quantity": 0})
            item["quantity"] += 1
        return self.answer(HTTPStatus.OK, item)

    def do_DELETE(self):
        name, product = self.name_and_product()
        if product is None:
            return None
        with changing:
            removed = carts.get(name, {}).pop(product, None)
        return self.answer(HTTPStatus.OK if removed else HTTPStatus.NOT_FOUND, {"removed": removed})

    def words(self):
        inside = self.path.startswith(f"{PREFIX}/")
        return self.path.removeprefix(f"{PREFIX}/").split("/") if inside else [""]

    def name_and_product(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        words = self.words()
        if len(words) == 2 and all(words):
            return words
        self.answer(HTTPStatus.NOT_FOUND, {"error": f"nothing at {self.path}"})
        return None, None

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text, *values):
        if self.path != "/healthz":
            print(json.dumps({"service": "cart", "request": text % values}), flush=True)


def main():
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Cart)
    server.daemon_threads = False  # requests that are being answered end before the process does
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(json.dumps({"service": "cart", "level": os.environ.get("LOG_LEVEL", "info")}), flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    sys.exit(0)


if __name__ == "__main__":
    main()
