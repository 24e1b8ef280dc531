"""Make the site: assets under names that tell their content, and the page that names them."""

import hashlib
import shutil
from pathlib import Path

SOURCE, TARGET = Path("src"), Path("dist")


def main():
    shutil.rmtree(TARGET, ignore_errors=True)
    (TARGET / "assets").mkdir(parents=True)
    page = (SOURCE / "index.html").read_text()
    for asset in sorted((SOURCE / "assets").iterdir()):
        content = asset.read_bytes()
        name = f"assets/{asset.stem}.{hashlib.sha256(content).hexdigest()[:12]}{asset.suffix}"
        (TARGET / name).write_bytes(content)
        page = page.replace(f"assets/{asset.name}", name)
    (TARGET / "index.html").write_text(page)
    print(f"{TARGET}: {len(list(TARGET.rglob('*.*')))} files")


if __name__ == "__main__":
    main()
