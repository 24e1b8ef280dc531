"""What others rely on: it speaks PostgreSQL's protocol, and lets nobody in without a password."""

import os
import socket
import struct
import unittest

HOST, _, PORT = os.environ["ONWARD_DATASTORE_ORDERS_DB"].partition(":")
SASL = 10


def answer(user):
    """Type and content of the first message after a start-up message of protocol 3.0."""
    content = f"user\0{user}\0database\0postgres\0\0".encode()
    with socket.create_connection((HOST, int(PORT)), timeout=10) as connection:
        connection.sendall(struct.pack(">ii", len(content) + 8, 196608) + content)
        kind, length = struct.unpack(">ci", receive(connection, 5))
        return kind, receive(connection, length - 4)


def receive(connection, length):
    """So many bytes."""
    content = b""
    while len(content) < length:
        part = connection.recv(length - len(content))
        if not part:
            raise EOFError(f"{len(content)} of {length} bytes")
        content += part
    return content


class SmokeTest(unittest.TestCase):
    """Safe in prod: nothing is written, and nobody gets in."""

    def test_smoke_a_password_is_asked_for(self):
        for user in ("postgres", "nobody"):
            kind, content = answer(user)
            self.assertEqual((kind, struct.unpack(">i", content[:4])[0]), (b"R", SASL), content)
            self.assertIn(b"SCRAM-SHA-256", content)
