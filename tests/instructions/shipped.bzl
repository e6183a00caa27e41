"""Builds programs as they are shipped, whatever the tests are built with."""

load("//interpose:plain_transition.bzl", "plain_transition")

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
            cfg = plain_transition,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
