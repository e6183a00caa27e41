"""The end-to-end tests once more, under what a user may be denied."""

RESTRICTIONS = [
    "unprivileged",
    "hidepid",
    "umask",
    "seccomp",
    "pidfd_info",
]

def _restricted_test(name, restriction, test, part = "1/1", tags = []):
    native.sh_test(
        name = name,
        size = "large",
        srcs = ["restrict.sh"],
        args = [
            restriction,
            part,
            "$(location %s)" % test,
        ],
        data = [
            test,
            "//tests/hard_cases:deny_calls",
        ],
        # Bazel's sandbox has one user only, and its /var/tmp cannot be written
        # to.
        tags = ["local"] + tags,
    )

def restricted_tests(name, tests, by_default, parts_by_default):
    """Declares a test of each of `tests` under each restriction.

    Args:
      name: of the test suite of them all.
      tests: labels of googletests below //tests.
      by_default: those of `tests` that `bazel test //...` runs too.
      parts_by_default: those of which it runs another part under each
        restriction, because they take long.
    """
    suite = []
    for test in tests:
        package, _, target = test[len("//tests/"):].partition(":")
        for i, restriction in enumerate(RESTRICTIONS):
            one = "%s_%s_%s" % (package, target, restriction)
            _restricted_test(
                name = one,
                restriction = restriction,
                tags = [] if test in by_default else ["manual"],
                test = test,
            )
            if test in parts_by_default:
                _restricted_test(
                    name = one + "_part",
                    part = "%d/%d" % (i + 1, len(RESTRICTIONS)),
                    restriction = restriction,
                    test = test,
                )
            suite.append(one)
    native.test_suite(
        name = name,
        tags = ["manual"],
        tests = suite,
    )
