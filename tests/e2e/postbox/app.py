"""Sends what it is told to its queue, keeps it in its bucket, and takes what others sent; only the standard library.

``/send/<text>``, ``/take``, ``/kept/<text>``: each below whatever path the edge has put it.
"""

import configparser
import hashlib
import hmac
import json
import os
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

QUEUE = os.environ.get("ONWARD_QUEUE_ORDERS", "")
BUCKET = os.environ.get("ONWARD_BUCKET_RECEIPTS", "")


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def ask(service, method, url, body=b"", headers=()):
    """One request, signed by AWS Signature Version 4 with the key in the secret."""
    keys = configparser.ConfigParser()
    keys.read(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    key, region = keys["default"], os.environ["AWS_REGION"]
    moment, place = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"), urlsplit(url)
    digest = hashlib.sha256(body).hexdigest()
    signed = {"host": place.netloc, "x-amz-content-sha256": digest, "x-amz-date": moment, **dict(headers)}
    names = ";".join(sorted(signed))
    lines = [method, quote(place.path or "/"), "", *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names]
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    request = hashlib.sha256("\n".join([*lines, digest]).encode()).hexdigest()
    secret = f"AWS4{key['aws_secret_access_key']}".encode()
    for part in scope.split("/"):
        secret = sign(secret, part)
    signature = sign(secret, f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{request}").hex()
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key['aws_access_key_id']}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    with urlopen(Request(url, data=body or None, headers=signed, method=method), timeout=5) as answer:
        return answer.read()


def sqs(action, **parameters):
    body = json.dumps({"QueueUrl": QUEUE, **parameters}).encode()
    headers = {"x-amz-target": f"AmazonSQS.{action}", "content-type": "application/x-amz-json-1.0"}
    return json.loads(ask("sqs", "POST", os.environ["AWS_ENDPOINT_URL_SQS"] + "/", body, headers.items()) or b"{}")


def send(text):
    sqs("SendMessage", MessageBody=text)
    ask("s3", "PUT", f"{BUCKET}/{text}", text.encode())
    return "sent"


def take():
    """One message, which is gone then; or nothing."""
    messages = sqs("ReceiveMessage", MaxNumberOfMessages=1).get("Messages", [])
    for message in messages:
        sqs("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
    return "".join(message["Body"] for message in messages)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        words = self.path.strip("/").split("/")
        try:
            if "send" in words:
                text = send(words[-1])
            elif "kept" in words:
                text = ask("s3", "GET", f"{BUCKET}/{words[-1]}").decode()
            elif words[-1] == "writes":
                text = QUEUE or "nothing"
            else:
                text = take() if words[-1] == "take" else "healthy"
            status = 200
        except HTTPError as error:
            status, text = 502, f"{error.url}: {error.code} {error.read()[:500]!r}"
        except Exception as error:
            status, text = 502, repr(error)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("", 8080), Handler).serve_forever()
