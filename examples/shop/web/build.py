"""Makes the site: assets under names that tell their content, and the page that refers to them.

A browser may keep such an asset for ever, and a page always gets the assets that it was made with,
also while a release is being deployed. Only the page refers to assets, never one asset to another.
"""

import hashlib
import shutil
from pathlib import Path

SOURCE, SITE = Path("src"), Path("dist")


def main():
    """Make ``dist/`` from ``src/``."""
    shutil.rmtree(SITE, ignore_errors=True)
    (SITE / "assets").mkdir(parents=True)
    page = (SOURCE / "index.html").read_text()
    for asset in sorted((SOURCE / "assets").iterdir()):
        content = asset.read_bytes()
        name = f"{asset.stem}.{hashlib.sha256(content).hexdigest()[:16]}{asset.suffix}"
        (SITE / "assets" / name).write_bytes(content)
        if f"assets/{asset.name}" not in page:
            raise SystemExit(f"index.html does not refer to assets/{asset.name}")
        page = page.replace(f"assets/{asset.name}", f"assets/{name}")
        print(f"assets/{asset.name} → {name}")
    (SITE / "index.html").write_text(page)


if __name__ == "__main__":
    main()
