"""Masking: what is secret is not to be seen, and all else is to be read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.masking import masked

SECRET = "hunter2-of-prod"
KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"password={SECRET}", "password=***"),
        (f"DB_PASSWORD={SECRET} started", "DB_PASSWORD=*** started"),
        (f"export AWS_SECRET_ACCESS_KEY='{SECRET}'", "export AWS_SECRET_ACCESS_KEY='***'"),
        (f"token: {SECRET}", "token: ***"),
        (f"  client-secret = {SECRET}\n", "  client-secret = ***\n"),
        (
            f'{{"user": "ada", "password": "{SECRET} \N{SNOWMAN}", "n": 1}}',
            '{"user": "ada", "password": "***", "n": 1}',
        ),
        (f'{{\\"apiKey\\":\\"{SECRET}\\",\\"n\\":1}}', '{\\"apiKey\\":\\"***\\",\\"n\\":1}'),
        (f"{{'api_key': '{SECRET}', 'n': 1}}", "{'api_key': '***', 'n': 1}"),
        (f"Config(token=b'{SECRET}', n=1)", "Config(token=b'***', n=1)".replace("b'", "'")),
        (f"GET /cart?access_token={SECRET}&page=2 200", "GET /cart?access_token=***&page=2 200"),
        (f"X-Api-Key: {SECRET}", "X-Api-Key: ***"),
        (f"Server=db;Uid=ada;Pwd={SECRET};", "Server=db;Uid=ada;Pwd=***;"),
        (f':secret=>"{SECRET}"', ':secret=>"***"'),
        (f"postgres://shop:{SECRET}@db:5432/orders", "postgres://shop:***@db:5432/orders"),
        (f"redis://:{SECRET}@cache/0 and http://a/b", "redis://:***@cache/0 and http://a/b"),
        (f"https://user:p@{SECRET}@git.test/shop", "https://user:***@git.test/shop"),
        (f"https://{SECRET}@git.test/shop", "https://***@git.test/shop"),
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ***"),
        ('-H "authorization: Basic dXNlcjpwdw=="', '-H "authorization: Basic ***"'),
        (f'"Authorization": "{SECRET}"', '"Authorization": "***"'),
        ("curl with Bearer abcdef1234567890abcdef", "curl with Bearer ***"),
        (f"Set-Cookie: session={SECRET}; HttpOnly", "Set-Cookie: ***"),
        ("key AKIAIOSFODNN7EXAMPLE in us-east-1", "key *** in us-east-1"),
        ("pushed with ghp_" + "a1B2" * 9, "pushed with ***"),
        (f"who: {TOKEN}.", "who: ***."),
        (f"a\n-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n-----END RSA PRIVATE KEY-----\nb", "a\n***\nb"),
        (f"a -----BEGIN PRIVATE KEY-----\n{KEY}", "a ***"),
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "prod-shop-cart.1.abcdef12 | 10.0.1.7 - - GET /cart?page=2&sort=asc 200 12ms",
        "started with 3 secrets: db-password, smtp",
        "max_tokens=4096 token_count: 17 tokens: 5",
        "SyntaxError: unexpected token: expected a name",
        "password: missing",
        "token: null",
        "password=${DB_PASSWORD} PWD=/srv/app OLDPWD=/",
        "secret prod-shop-cart-db-password is not there",
        'if token == "":',
        "ssh://git@git.test/shop http://127.0.0.1:8080/healthz mail ada@example.org",
        "basic authentication is required; the bearer of this message",
        "Traceback (most recent call last):\n  File \"/srv/app.py\", line 7\nKeyError: 'total'",
        "sha256:" + "1a" * 32,
        "commit 1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d by Ada: passwords are hashed",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert masked(text) == text


def test_a_known_secret_is_masked_wherever_it_is() -> None:
    assert masked("no-secret-at-all, plain abc", ["plain abc", "abc", "plain"]) == "no-secret-at-all, ***"
    assert masked("abcdefgh", ["abcdef", "abcdefgh"]) == "***"


def test_a_short_secret_takes_no_words_with_it() -> None:
    assert masked("a cart", ["", "a", "cart"]) == "a cart"


@given(st.text(alphabet="abcXYZ019!$%/+-_~", min_size=8, max_size=40))
def test_no_value_of_a_password_is_read(value: str) -> None:
    secret = f"x{value}"  # "$name" and "<name>" stand for a secret and are none
    for text in (f"DB_PASSWORD={secret}", f'"password": "{secret}"', f"Authorization: Bearer {secret}"):
        assert secret not in masked(text)


@pytest.mark.parametrize("unit", ["a", "password", "://a:", "token:", "-----BEGIN PRIVATE KEY-----", "eyJ", '"', "\\"])
def test_hostile_text_is_masked_in_no_time(unit: str) -> None:
    began = time.process_time()
    masked(unit * (200_000 // len(unit)))
    assert time.process_time() - began < 5
