"""A rule that hands over all that it has."""

def _careless_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.srcs,
        command = "cat \"$1\" > \"$2\"",
        arguments = [ctx.files.srcs[-1].path, out.path],
        mnemonic = "Careless",
    )
    return [DefaultInfo(files = depset([out]))]

careless = rule(
    implementation = _careless_impl,
    attrs = {"srcs": attr.label_list(allow_files = True)},
)
