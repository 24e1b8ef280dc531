"""Documents that are one object of the store each, read with the tag that a compare-and-swap wants."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from domain.errors import Untrusted
from domain.storage import ObjectStore

Document = TypeVar("Document", bound=BaseModel)


def read_document(store: ObjectStore, key: str, model: type[Document], what: str) -> tuple[Document | None, str | None]:
    """What is kept under a key, and its tag; ``None`` and ``None`` where nothing is.

    :param what: how the document is called in an error: ``a published set``.
    :raises Untrusted: what is kept there is no such document.
    """
    found = store.read(key)
    if found is None:
        return None, None
    try:
        return model.model_validate_json(found.content), found.etag
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise Untrusted(f"{store.uri(key)} is not {what}: {fault}\n  next: restore its last good version") from None
