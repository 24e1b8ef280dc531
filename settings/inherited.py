"""What processes that Onward starts have of the environment of the one that starts them."""

from __future__ import annotations

import os

#: What a part of the local stack may inherit: where things are, and nothing that could be a key.
_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")

#: What git needs on top of that, for the build duty only.
_GIT = ("SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "GIT_SSH_COMMAND", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def inherited_environment() -> dict[str, str]:
    """The variables of this process that a part of the local stack may have."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def git_environment() -> dict[str, str]:
    """The variables of this process that git may need to reach a repository."""
    return {name: os.environ[name] for each in _GIT for name in (each, each.lower()) if name in os.environ}
