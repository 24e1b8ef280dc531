"""Temporal's search attributes, of which a release sets some: looked for, and registered."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.bootstrap import (
    SEARCH_ATTRIBUTE,
    EnvironmentPart,
    Present,
    SearchAttributes,
    SearchAttributesPresent,
    refuse_wrong_types,
)
from domain.errors import Refused

TIMEOUT = timedelta(seconds=4)


class SearchAttributeActivities:
    """Asks the operator's service of a namespace. Temporal Cloud has none: there they are made in its console."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn
    async def compare_search_attributes(self, wanted: SearchAttributes) -> SearchAttributesPresent:
        """Which of them are registered, under their types. Only reads.

        :raises Refused: the server has nobody asked, as Temporal Cloud.
        """
        request = ListSearchAttributesRequest(namespace=self._client.namespace)
        try:
            listed = await self._client.operator_service.list_search_attributes(request, timeout=TIMEOUT)
        except RPCError as error:
            raise _refused(error) from None
        there = dict(listed.custom_attributes)
        return SearchAttributesPresent(
            parts=tuple(
                EnvironmentPart(kind=SEARCH_ATTRIBUTE, name=name, present=_present(there.get(name), kind))
                for name, kind in wanted.types.items()
            )
        )

    @activity.defn
    async def register_search_attributes(self, wanted: SearchAttributes) -> None:
        """Register those that are missing; what is there is left alone, so that a second call does nothing.

        :raises Refused: one is there under another type; Temporal changes none.
        """
        found = (await self.compare_search_attributes(wanted)).parts
        refuse_wrong_types(found)
        missing = {part.name: IndexedValueType.ValueType(wanted.types[part.name]) for part in found if part.change}
        if missing:
            request = AddSearchAttributesRequest(namespace=self._client.namespace, search_attributes=missing)
            try:
                await self._client.operator_service.add_search_attributes(request, timeout=TIMEOUT)
            except RPCError as error:
                if error.status is not RPCStatusCode.ALREADY_EXISTS:
                    raise _refused(error) from None


def _refused(error: RPCError) -> RPCError | Refused:
    """A server that may not be asked says so for good; one that is away is asked again."""
    if error.status not in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
        return error
    return Refused(
        f"Temporal does not let its search attributes be looked at or made: {error.message}\n"
        "  next: make them where your server has them made, by the list in docs/production.md"
    )


def _present(there: int | None, kind: int) -> Present:
    if there is None:
        return Present.MISSING
    return Present.RIGHT if there == kind else Present.OTHER
