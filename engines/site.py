"""Static sites: a bundle's files in the site's bucket, only ever forward."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from domain.artifact import Digest, digest_of
from domain.deployment import Action, Deployment, ServiceState, TaskState, UpdateState, decide
from domain.environment import Environment
from domain.errors import Conflict, ForeignResource, NotFound, VerifyFailed
from domain.identity import ServiceId, canonical_name, edge_bucket, parse_canonical_name, site_bucket
from domain.progress import Progress
from domain.service import ServiceDefinition
from domain.storage import ObjectStore, SiteBucket, StoredObject
from engines.site_bundle import ENTRY_DOCUMENT
from engines.site_files import Bundle, cache_control, content_type, in_upload_order, open_bundle
from engines.site_routes import SiteRoutes
from engines.site_state import SiteRelease, SiteState, arrived, asked, entry_of

STATE_KEY = "state.json"
UPLOADS = 8


class SiteEngine:
    """A :class:`domain.deployment.EnvironmentEngine` for kind ``static``.

    :param bundles: where the bundles of builds are kept.
    :param buckets: a site's bucket by its name.
    :param stack: the mark of every bucket that this Onward makes.
    """

    def __init__(self, bundles: ObjectStore, buckets: Callable[[str], SiteBucket], *, stack: str) -> None:
        self._bundles = bundles
        self._buckets = buckets
        self._stack = stack

    def deploy(self, deployment: Deployment, progress: Progress) -> Action:
        """Put the bundle's files into the site's bucket and lead the edge there.

        Which number was asked for is written first, by compare-and-swap, and that it has arrived
        last. A killed attempt is taken up by the next one, which finds the files that are there;
        one that is still alive when a newer release was asked for sees that before each file. A
        cancel is heard between two files, and leaves the site as a killed attempt does.

        :raises Superseded: a newer release is asked for.
        :raises ForeignResource: the bucket is another stack's.
        :raises Conflict: somebody else wrote at the same moment.
        :raises InvalidInput: the bundle is not one.
        """
        bucket = self._bucket(deployment.environment, deployment.service)
        bucket.claim(self._stack)
        found = bucket.read(STATE_KEY)
        state = self._state(found) if found else None
        action = decide(state.asked.number if state else None, deployment)
        if state and state.arrived and action is Action.NOTHING:
            return action
        with self._opened(deployment) as bundle:
            if state is None or action is not Action.NOTHING:
                release = SiteRelease.of(deployment, bundle.files[ENTRY_DOCUMENT], datetime.now(UTC))
                if state is None:
                    state = SiteState(stack=self._stack, asked=release)
                else:
                    state = asked(state, _served(state, bucket), release, bundle.files)
                _write_state(bucket, state, found.etag if found else None)
            self._upload(deployment, bucket, bundle, state, progress)
        path = deployment.definition.ingress.path if deployment.definition.ingress else "/"
        self._routes(deployment.environment).put(deployment.name, path, bucket.served_url)
        self._record_arrival(deployment, bucket, bundle.files)
        return Action.CREATE if state.served is None else Action.UPDATE

    def observe(self, environment: Environment, service: ServiceId) -> ServiceState | None:
        """What is there, or ``None``: one replica, which is the site that the entry document belongs to."""
        bucket = self._bucket(environment, service)
        found = bucket.read(STATE_KEY)
        if found is None:
            return None
        state = self._state(found)
        release, served = state.asked, _served(state, bucket)
        return ServiceState(
            environment=environment,
            service=service,
            number=release.number,
            release=release.release,
            commit=release.commit,
            digest=release.digest,
            manifest=release.manifest,
            replicas=1,
            update=UpdateState.COMPLETED if state.arrived else UpdateState.UPDATING,
            since=release.since,
            tasks=(_task(environment, service, served),) if served else (),
        )

    def keep_serving(self, deployment: Deployment) -> None:
        """Nothing: the upload was all there is to do."""

    def running(self, environment: Environment) -> list[ServiceState]:
        """Every site that the environment's edge serves, by name."""
        states = (self.observe(*parse_canonical_name(name)) for name in self._routes(environment).names())
        return [state for state in states if state is not None]

    def logs(self, environment: Environment, service: ServiceId, lines: int) -> str:  # noqa: ARG002
        """Nothing: a site is files, and who reads them is in the edge's access log."""
        if self.observe(environment, service) is None:
            raise NotFound(f"{canonical_name(environment, service)} was never deployed")
        return ""

    def url(self, environment: Environment, definition: ServiceDefinition) -> str:
        """Where the site's files are read on the application's network, each by its full name."""
        return self._bucket(environment, definition.service).served_url

    def probe(self, deployment: Deployment, progress: Progress) -> str:
        """Whether every file of the release lies in the bucket with the bytes that the bundle has."""
        bucket = self._bucket(deployment.environment, deployment.service)
        with self._opened(deployment) as bundle:
            for count, (path, digest) in enumerate(sorted(bundle.files.items()), start=1):
                progress.say(f"{count} of {len(bundle.files)} files compared")
                found = bucket.read(_key(path))
                if found is None or digest_of(found.content) != digest:
                    problem = "is not there" if found is None else f"has other bytes than release #{deployment.number}"
                    raise VerifyFailed(f"{deployment.name}: {path} {problem}")
        return f"{len(bundle.files)} files are those of release #{deployment.number}"

    def _bucket(self, environment: Environment, service: ServiceId) -> SiteBucket:
        return self._buckets(site_bucket(environment, service))

    def _routes(self, environment: Environment) -> SiteRoutes:
        return SiteRoutes(self._buckets(edge_bucket(self._stack, environment)), self._stack)

    def _state(self, found: StoredObject) -> SiteState:
        state = SiteState.model_validate_json(found.content)
        if state.stack != self._stack:
            raise ForeignResource(f"the site belongs to stack {state.stack}; this stack is {self._stack}")
        return state

    @contextmanager
    def _opened(self, deployment: Deployment) -> Iterator[Bundle]:
        artifact = deployment.artifact
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch, "bundle.zip")
            self._bundles.fetch_file(self._bundles.key(artifact.uri), file, artifact.digest)
            with open_bundle(file) as bundle:
                yield bundle

    def _upload(
        self, deployment: Deployment, bucket: SiteBucket, bundle: Bundle, state: SiteState, progress: Progress
    ) -> None:
        changed = [path for path, digest in bundle.files.items() if state.files.get(path) != digest]
        assets, documents = in_upload_order(changed)
        put = partial(self._put, deployment, bucket, bundle)
        _all_at_once(put, assets, progress)
        for path in documents:
            progress.say(f"uploading {path}")
            put(path)

    def _put(self, deployment: Deployment, bucket: SiteBucket, bundle: Bundle, path: str) -> None:
        """What was there is read before the state is: who has been overtaken since the one sees it
        in the state, and who is overtaken after the other loses the compare-and-swap."""
        content, present = bundle.read(path), bucket.read(_key(path))
        current = bucket.read(STATE_KEY)
        if current is None:
            raise Conflict(f"{deployment.name}: its state was removed")
        decide(self._state(current).asked.number, deployment)
        if present is None or present.content != content:
            etag = present.etag if present else None
            bucket.write(_key(path), content, etag, content_type(path), cache_control(path))

    def _record_arrival(self, deployment: Deployment, bucket: SiteBucket, files: dict[str, Digest]) -> None:
        found = bucket.read(STATE_KEY)
        if found is None:
            raise Conflict(f"{deployment.name}: its state was removed")
        state = self._state(found)
        decide(state.asked.number, deployment)
        if not state.arrived:
            _write_state(bucket, arrived(state, files), found.etag)


def _served(state: SiteState, bucket: SiteBucket) -> SiteRelease | None:
    if state.arrived:
        return state.served
    entry = bucket.read(_key(ENTRY_DOCUMENT))
    return entry_of(state, digest_of(entry.content) if entry else None)


def _task(environment: Environment, service: ServiceId, served: SiteRelease) -> TaskState:
    return TaskState(
        id=site_bucket(environment, service),
        number=served.number,
        commit=served.commit,
        digest=served.digest,
        running=True,
        wanted=True,
        state="running",
    )


def _all_at_once(put: Callable[[str], None], paths: Sequence[str], progress: Progress) -> None:
    """Put all; when one fails, or on a cancel, what is not begun yet is left."""
    with ThreadPoolExecutor(UPLOADS) as pool:
        running = [pool.submit(put, path) for path in paths]
        try:
            for count, done in enumerate(as_completed(running), start=1):
                done.result()
                progress.say(f"{count} of {len(paths)} assets are in the bucket")
        finally:
            pool.shutdown(cancel_futures=True)


def _key(path: str) -> str:
    return f"served/{path}"


def _write_state(bucket: SiteBucket, state: SiteState, etag: str | None) -> None:
    bucket.write(STATE_KEY, state.model_dump_json().encode(), etag, "application/json", "no-cache")
