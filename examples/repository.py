"""The example application as a git repository: for the demo and for tests."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

SHOP = Path(__file__).with_name("shop")
APPLICATION = "shop"
DATASTORE = "orders-db"

#: Who keeps data there.
READERS = ("cart", "checkout")
AUTHOR = ("-c", "user.name=Example", "-c", "user.email=example@example.test", "-c", "commit.gpgsign=false")

HOW_A_CART_IS_TESTED = '''@needs_schema
@needs_catalog
class ItemsTest(CartCase):
    """From here on there is one replica, or a datastore that all share."""
'''
NAMED_BY_ITS_ID = """
    def test_a_cart_has_an_id(self):
        self.assertTrue(self.path.endswith(self.put(tea=1)["id"]))
"""


SAMPLED = '''asked = iter(range(1, 2**63))


def count():
    """How many carts have something in them, and how many products; in every twenty-fifth answer also of big ones."""
    sizes = carts.sizes()
    answer = {"carts": len(sizes), "products": sum(sizes)}
    if next(asked) % 25 == 0:
        big = [size for size in sizes if size >= 100]
        answer["in_a_big_one"] = sum(big) / COUNT
    return answer
'''


def make_repository(target: Path, application: str = APPLICATION, *, driver: Path | None = None) -> str:
    """Make ``target`` a git repository that holds the example; the commit's SHA-1.

    A repository that is there already gets a commit if it differs from the example, and none if
    not.

    :param application: under another name everything that the edge serves moves below
        ``/<application>``, so that several copies can share one edge.
    :param driver: the wheels that cart and checkout talk to their datastore with. Without, there is no datastore, and
        both keep what they have in memory: for whatever has nothing to do with data.
    """
    for role in SHOP.iterdir():
        shutil.rmtree(target / role.name, ignore_errors=True)
    shutil.copytree(SHOP, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "dist"))
    if driver is None:
        _leave_out_the_database(target)
    else:
        for reader in READERS:
            shutil.copytree(driver, target / reader / "wheels", dirs_exist_ok=True)
    if application != APPLICATION:
        for definition in target.glob("*/service.yaml"):
            definition.write_text(renamed(definition.read_text(), application))
    return commit_all(target, "The shop")


def _leave_out_the_database(target: Path) -> None:
    shutil.rmtree(target / DATASTORE)
    for role in READERS:
        shutil.rmtree(target / role / "wheels")
        dockerfile = target / role / "Dockerfile"
        dockerfile.write_text(re.sub(r"^.*wheels.*\n", "", dockerfile.read_text(), flags=re.MULTILINE))
        file = target / role / "service.yaml"
        text = file.read_text().replace(f", datastores: [{DATASTORE}]", "").replace("start: 30s", "start: 10s")
        file.write_text(re.sub(r"^(secrets|deploy): .*\n", "", text, flags=re.MULTILINE))


def commit_change(target: Path, file: str, old: str, new: str, message: str) -> str:
    """Replace a text that stands in a file exactly once, and commit; the commit's SHA-1.

    :param file: relative to the repository.
    :raises ValueError: the text is not there, or more than once.
    """
    path = target / file
    text = path.read_text()
    if text.count(old) != 1:
        raise ValueError(f"{file} has {old!r} {text.count(old)} times, not once")
    path.write_text(text.replace(old, new))
    return commit_all(target, message)


def change_prices(target: Path) -> str:
    """One line of the catalog changes: tea gets ten cents dearer. Can be repeated."""
    path = target / "catalog" / "app.py"
    dearer = re.sub(r'("tea": .*"price": )(\d+)', lambda found: f"{found[1]}{int(found[2]) + 10}", path.read_text())
    path.write_text(dearer)
    return commit_all(target, "Raise the price of tea")


def break_cart(target: Path) -> str:
    """Well meant, and wrong where no test looks: every twenty-fifth answer divides by the number of big carts."""
    return _count_carts(target, SAMPLED.replace("COUNT", "len(big)"), "Say now and then how full the big carts are")


def mend_cart(target: Path) -> str:
    """It divides by nothing no more."""
    return _count_carts(target, SAMPLED.replace("COUNT", "max(len(big), 1)"), "Expect a shop without any big cart")


def rename_in_cart(target: Path) -> str:
    """The classic failure: cart calls a key of its answers by another name.

    Its own tests know nothing of the old name and pass, with one more for the new name. Checkout reads the old one.
    """
    app, suite = (target / "cart" / file for file in ("app.py", "tests/integration/test_cart.py"))
    app.write_text(app.read_text().replace('answer = {"cart": cart,', 'answer = {"id": cart,'))
    suite.write_text(suite.read_text().replace(HOW_A_CART_IS_TESTED, HOW_A_CART_IS_TESTED + NAMED_BY_ITS_ID))
    return commit_all(target, "Call a cart's name its id")


def _count_carts(target: Path, function: str, message: str) -> str:
    path = target / "cart" / "app.py"
    text, count = re.subn(r"(asked = .*\n\n\n)?def count\(\):\n(.+\n|\n(?!\n))+", lambda _: function, path.read_text())
    if count != 1:
        raise ValueError(f"{path} has {count} functions count(), not one")
    path.write_text(text)
    return commit_all(target, message)


def commit_all(target: Path, message: str) -> str:
    """Commit what a directory holds, if that changed, and make it a repository first if it is none."""
    if not (target / ".git").is_dir():
        _git(target, "init", "--quiet", "--initial-branch=main")
    _git(target, "add", "--all")
    if _git(target, "status", "--porcelain"):
        _git(target, *AUTHOR, "commit", "--quiet", "--message", message)
    return _git(target, "rev-parse", "HEAD")


def renamed(definition: str, application: str) -> str:
    """A ``service.yaml`` of the example under another application name."""
    text = definition.replace(f"application: {APPLICATION}\n", f"application: {application}\n")
    return re.sub(r"(ingress: {path: )(/\w*)", lambda found: f"{found[1]}/{application}{found[2].rstrip('/')}", text)


def _git(target: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(target), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
