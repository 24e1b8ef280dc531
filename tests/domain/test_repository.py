"""A repository is the same one, however it is spelled; and its name holds no credential."""

from __future__ import annotations

import pytest

from domain.errors import InvalidInput
from domain.identity import ServiceId
from domain.repository import checked_repository, same_for_all_spellings
from domain.source import Directory

SPELLINGS = {
    "git.test/team/shop": [
        "https://git.test/team/shop",
        "https://git.test/team/shop.git",
        "https://git.test/team/shop/",
        "https://git.test/team/shop.git/",
        "https://git.test//team/shop",
        "HTTPS://Git.Test:443/team/shop",
        "http://git.test/team/shop",
        "http://git.test:80/team/shop",
        "https://ann@git.test/team/shop",
        "https://ann:secret@git.test/team/shop.git",
        "git://git.test:9418/team/shop.git",
        "ssh://git@git.test/team/shop.git",
        "ssh://git.test:22/team/shop",
        "git@git.test:team/shop.git",
        "git@git.test:/team/shop/",
        "git.test:team/shop",
    ],
    "/srv/git/shop": [
        "/srv/git/shop",
        "/srv/git/shop/",
        "/srv/git/shop.git",
        "/srv/git/shop/.git",
        "/srv//git/./x/../shop",
        "//srv/git/shop",
        "file:///srv/git/shop.git",
        "file:///srv/git/shop/.git/",
        "file://localhost/srv/git/shop",
        "FILE:///srv/g%69t/shop",
    ],
    "[::1]/shop": ["ssh://git@[::1]:22/shop.git", "git@[::1]:shop.git", "http://[::1]/shop"],
    "git.test:2222/shop": ["ssh://git@git.test:2222/shop.git"],
    "git.test/Shop": ["https://git.test/Shop"],
    "odd:name": ["./odd:name"],
}


@pytest.mark.parametrize(("same", "spelling"), [(same, each) for same, all_ in SPELLINGS.items() for each in all_])
def test_a_repository_is_the_same_however_it_is_spelled(same: str, spelling: str) -> None:
    assert same_for_all_spellings(spelling) == same


def test_a_directory_is_claimed_once_for_all_spellings() -> None:
    service = ServiceId(application="shop", role="cart")
    claims = {
        Directory(repository=spelling, service_directory="cart", service=service).digest
        for spelling in SPELLINGS["git.test/team/shop"]
    }

    assert len(claims) == 1


@pytest.mark.parametrize(
    "url", ["https://ann:secret@git.test/shop", "https://token@git.test/x", "ssh://a:b@git.test/x"]
)
def test_a_credential_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="the URL holds a credential"):
        checked_repository(url)


@pytest.mark.parametrize("url", ["ssh://git@git.test/shop", "git@git.test:shop", "https://git.test/a@b", "/srv/a@b"])
def test_the_user_of_ssh_is_no_credential(url: str) -> None:
    assert checked_repository(url) == url
