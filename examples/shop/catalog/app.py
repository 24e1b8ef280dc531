"""The catalog: what the shop sells, and for how much. Prices are integer cents."""

import json
import os
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = os.environ.get("PREFIX", "/catalog")
PRODUCTS = {
    "tea": {"name": "Tea", "price": 450},
    "mug": {"name": "Mug", "price": 1200},
    "kettle": {"name": "Kettle", "price": 3900},
}


class Catalog(BaseHTTPRequestHandler):
    """``/healthz``, ``<prefix>/products``, ``<prefix>/products/<id>``."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.rstrip("/")
        if path == "/healthz":
            self.answer(HTTPStatus.OK, {"status": "healthy"})
        elif path == f"{PREFIX}/products":
            self.answer(HTTPStatus.OK, {"products": PRODUCTS})
        elif (product := PRODUCTS.get(path.removeprefix(f"{PREFIX}/products/"))) is not None:
            self.answer(HTTPStatus.OK, product)
        else:
            self.answer(HTTPStatus.NOT_FOUND, {"error": f"nothing at {self.path}"})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text, *values):
        if self.path != "/healthz":
            print(json.dumps({"service": "catalog", "request": text % values}), flush=True)


def main():
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Catalog)
    server.daemon_threads = False  # requests that are being answered end before the process does
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(json.dumps({"service": "catalog", "level": os.environ.get("LOG_LEVEL", "info")}), flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    sys.exit(0)


if __name__ == "__main__":
    main()
