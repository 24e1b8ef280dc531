"""The HTTP API of Prometheus, and what becomes of it when nothing or something else answers."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar

import requests
from pydantic import BaseModel, ValidationError

from domain.errors import Unreachable
from domain.masking import masked

SERVER = "Prometheus"

#: Seconds in which it must accept the connection, and in which it must answer.
TIMEOUT = (3, 5)

#: It loads thousands of rules in less.
RELOAD_TIMEOUT = (3, 30)

Answer = TypeVar("Answer", bound=BaseModel)


class Rejected(Exception):
    """Prometheus understood, and does not do it; its text says why."""


class Forbidden(Rejected):
    """It may not be told so, whatever it is told."""


class PrometheusApi:
    """A server by its base URL, such as ``http://127.0.0.1:9090``. Each call may raise ``Unreachable``."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self.shown = masked(self._url)

    def get(self, path: str, answer: type[Answer], parameters: Mapping[str, str] | None = None) -> Answer:
        """A document; :raises Rejected: the question is wrong."""
        try:
            response = requests.get(f"{self._url}/api/v1/{path}", params=parameters, timeout=TIMEOUT)
            if response.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
                raise Rejected(_words(response))
            response.raise_for_status()
            return answer.model_validate_json(response.content)
        except ValidationError:
            raise Unreachable(SERVER, self.shown, "what answers there is no Prometheus") from None
        except requests.RequestException as error:
            raise self._silent(error) from None

    def reload(self) -> None:
        """Read the configuration and all rules anew; :raises Rejected: what is there is wrong, or may not be read."""
        try:
            response = requests.post(f"{self._url}/-/reload", timeout=RELOAD_TIMEOUT)
            if response.status_code == HTTPStatus.FORBIDDEN:
                raise Forbidden("it may not be told to read its rules: it needs --web.enable-lifecycle")
            if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
                raise Rejected(_words(response))
            response.raise_for_status()
        except requests.RequestException as error:
            raise self._silent(error) from None

    def _silent(self, error: requests.RequestException) -> Unreachable:
        return Unreachable(SERVER, self.shown, _reason(error))


def _words(response: requests.Response) -> str:
    return " ".join(response.text.split())[:500]


def _reason(error: requests.RequestException) -> str:
    """The system's own words, without the library's names around them."""
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return str(error).rpartition("] ")[2].strip("')\" ") or type(error).__name__
