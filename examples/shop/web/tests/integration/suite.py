"""The suite of this service: runs the cases and leaves JUnit XML, as docs/suites.md asks for.

With pytest this file is one line: ``pytest --junitxml=/reports/junit.xml``.
"""

import fnmatch
import os
import sys
import time
import unittest
from pathlib import Path
from xml.etree import ElementTree

REPORT = Path("/reports/junit.xml")


class Report(unittest.TextTestResult):
    """A result that remembers each case as JUnit XML."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.root = ElementTree.Element("testsuite", name="integration")

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        case = ElementTree.SubElement(self.root, "testcase", classname=type(test).__module__)
        case.set("name", test.id().rpartition(".")[2])
        case.set("time", f"{time.monotonic() - self.started:.3f}")
        for kind, found in (("failure", self.failures), ("error", self.errors)):
            for failed, text in found:
                if failed is test:
                    ElementTree.SubElement(case, kind, message=text.strip().splitlines()[-1]).text = text


def main():
    loader = unittest.TestLoader()
    pattern = os.environ.get("ONWARD_CASES")
    if pattern:
        loader.testNamePatterns = [f"*.{pattern}"] if not fnmatch.fnmatch(pattern, "*.*") else [pattern]
    result = unittest.TextTestRunner(resultclass=Report, verbosity=2).run(loader.discover(".", pattern="test_*.py"))
    REPORT.parent.mkdir(exist_ok=True)
    ElementTree.ElementTree(result.root).write(REPORT)
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
