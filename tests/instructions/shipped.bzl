"""Builds programs as they are shipped, whatever the tests are built with."""

def _plain_transition_impl(_settings, _attr):
    # As interpose/preload_tree.bzl: a sanitizer, or no optimisation, would be
    # counted with the program.
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": [],
        "//command_line_option:cxxopt": ["-std=c++17"],
        "//command_line_option:linkopt": [],
        "//command_line_option:platform_suffix": "",
        "//command_line_option:strip": "never",
    }

_plain_transition = transition(
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

def _as_shipped_impl(ctx):
    outs = []
    for program in ctx.files.programs:
        out = ctx.actions.declare_file(ctx.label.name + "/" + program.basename)
        ctx.actions.symlink(output = out, target_file = program, is_executable = True)
        outs.append(out)
    files = depset(outs)
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

as_shipped = rule(
    implementation = _as_shipped_impl,
    doc = "The programs in a folder of this name.",
    attrs = {
        "programs": attr.label_list(
            allow_files = True,
            cfg = _plain_transition,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
