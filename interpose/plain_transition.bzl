"""What is built the same way whatever the rest is built with."""

def _plain_transition_impl(_settings, _attr):
    # The interposer runs inside other people's programs, and what a program costs
    # is not to be counted with a sanitizer in it: no --config counts here.
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": [],
        "//command_line_option:cxxopt": ["-std=c++17"],
        "//command_line_option:linkopt": [],
        "//command_line_option:platform_suffix": "",
        "//command_line_option:strip": "never",
    }

plain_transition = transition(
    implementation = _plain_transition_impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:copt",
        "//command_line_option:cxxopt",
        "//command_line_option:linkopt",
        "//command_line_option:platform_suffix",
        "//command_line_option:strip",
    ],
)
