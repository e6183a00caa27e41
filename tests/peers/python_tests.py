"""Runs a module of CPython's tests, and writes down what became of each.

  python3 python_tests.py RESULTS MODULE [TEST...]

Each line of RESULTS is an outcome, a tab and a test's id. The file is open only
while a line is written: some of the tests look at all descriptors.
"""

import sys
import unittest


class Results(unittest.TestResult):
    def __init__(self, path):
        super().__init__()
        self.path = path
        self.outcome = None

    def write(self, test, outcome):
        with open(self.path, "a") as results:
            results.write("%s\t%s\n" % (outcome, test.id()))

    def startTest(self, test):
        super().startTest(test)
        self.outcome = "passed"

    def stopTest(self, test):
        super().stopTest(test)
        self.write(test, self.outcome)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.outcome = "skipped"

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.outcome = "failed as expected"

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.outcome = "passed unexpectedly"

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.outcome = "failed"

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.show(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self.show(test, error)

    def show(self, test, error):
        print("%s: %s" % (test.id(), self._exc_info_to_string(error, test)), file=sys.stderr)
        # A whole class or module can fail: that is no test that starts.
        if isinstance(test, unittest.TestCase):
            self.outcome = "failed"
        else:
            self.write(test, "failed")


def main():
    path, module, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    # As test.libregrtest does for its workers.
    from test import support
    support.use_resources = ["cpu", "decimal", "subprocess"]
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromNames(names or [module])
    tests.run(Results(path))


if __name__ == "__main__":
    main()
