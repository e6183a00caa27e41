"""Rules that run programs under filemon.

They use the filemon that is installed where the action runs: it is found on
PATH, or named by `--action_env=FILEMON=/path/of/filemon`.
"""

def _filemon_run_impl(ctx):
    log = ctx.actions.declare_file(ctx.label.name + ".filemon")
    inputs = ctx.actions.declare_file(ctx.label.name + ".inputs")
    unused = ctx.actions.declare_file(ctx.label.name + ".unused")

    names = ctx.actions.args()
    names.set_param_file_format("multiline")
    names.add_all(ctx.files.srcs, expand_directories = False)
    ctx.actions.write(inputs, names)

    args = ctx.actions.args()
    args.add(log, format = "--log=%s")
    args.add(inputs, format = "--inputs=%s")
    args.add(unused, format = "--unused=%s")

    # Until Bazel 7 an action with the default environment has no other.
    for name, value in ctx.attr.env.items():
        args.add("--env=%s=%s" % (name, value))
    args.add(ctx.executable.tool)
    for argument in ctx.attr.arguments:
        args.add(ctx.expand_location(argument, ctx.attr.srcs + [ctx.attr.tool]))

    ctx.actions.run(
        executable = ctx.executable._filemon,
        arguments = [args],
        inputs = ctx.files.srcs + [inputs],
        outputs = ctx.outputs.outs + [log, unused],
        tools = [ctx.attr.tool[DefaultInfo].files_to_run],
        unused_inputs_list = unused,
        use_default_shell_env = True,
        mnemonic = "FilemonRun",
        progress_message = "Running %s under filemon" % ctx.label,
    )
    return [
        DefaultInfo(files = depset(ctx.outputs.outs)),
        OutputGroupInfo(filemon = depset([log, unused])),
    ]

filemon_run = rule(
    implementation = _filemon_run_impl,
    attrs = {
        "arguments": attr.string_list(
            doc = "The arguments of `tool`; `$(location)` and its like are expanded, " +
                  "of `srcs`, `outs` and `tool`.",
        ),
        "env": attr.string_dict(
            doc = "Environment variables, beside those of all actions.",
        ),
        "outs": attr.output_list(
            doc = "The files that `tool` writes.",
            mandatory = True,
        ),
        "srcs": attr.label_list(
            doc = "The files that `tool` may read. After a run, a change of one that it " +
                  "did not read does not run it again.",
            allow_files = True,
        ),
        "tool": attr.label(
            doc = "The program to run.",
            mandatory = True,
            executable = True,
            allow_files = True,
            cfg = "exec",
        ),
        "_filemon": attr.label(
            default = "//bazel:filemon",
            executable = True,
            cfg = "exec",
        ),
    },
    doc = """Runs a program under filemon, as one action.

The log is in the output group `filemon`, as `<name>.filemon`. Out of it comes
`<name>.unused`, the list of the `srcs` that the program did not read: Bazel does not
run the action again when one of these changes. If the program or one that it starts
cannot be traced, the list is empty, and all is as with a genrule.

A program that asks only whether a file is there, or how large it is, has not
read it.

Example:
    filemon_run(
        name = "index",
        srcs = glob(["pages/**"]),
        outs = ["index.html"],
        arguments = ["$(location index.html)", "pages"],
        tool = ":make_index",
    )
""",
)

def _script_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = ctx.file.src,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = executable,
        runfiles = ctx.runfiles([ctx.file.src]),
    )]

script = rule(
    implementation = _script_impl,
    attrs = {
        "src": attr.label(
            doc = "The script.",
            mandatory = True,
            allow_single_file = True,
        ),
    },
    doc = """A script as a program; sh_binary is not in every Bazel.""",
    executable = True,
)
