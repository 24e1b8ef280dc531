"""Runs the cases beside it and writes JUnit XML: the contract of a suite image (docs/suites.md)."""

import os
import sys
import time
import unittest
from pathlib import Path
from xml.etree import ElementTree

REPORT = Path("/reports/junit.xml")


class Report(unittest.TextTestResult):
    """Prints as unittest does, and keeps a ``<testcase>`` of every case."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.document = ElementTree.Element("testsuite", name="integration")

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        classname, _, name = test.id().rpartition(".")
        case = ElementTree.SubElement(self.document, "testcase", classname=classname, name=name)
        case.set("time", f"{time.monotonic() - self.began:.3f}")
        for tag, found in (("failure", self.failures), ("error", self.errors), ("skipped", self.skipped)):
            for culprit, text in found:
                if test in (culprit, getattr(culprit, "test_case", None)):  # the case, or a subTest of it
                    ElementTree.SubElement(case, tag, message=text.strip().rpartition("\n")[2]).text = text


def main():
    """Exit code 0 when cases ran and all of them passed."""
    loader = unittest.TestLoader()
    if cases := os.environ.get("ONWARD_CASES"):
        loader.testNamePatterns = [cases, f"*.{cases}"]  # of the whole name, or of its last part
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Report).run(loader.discover("."))
    REPORT.parent.mkdir(exist_ok=True)
    ElementTree.ElementTree(result.document).write(REPORT)
    sys.exit(0 if result.testsRun and result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
