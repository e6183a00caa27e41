# needs: ocamlfind ocamlopt ocamlc
echo 'let name file = input_line (open_in file)' > greet.ml
echo 'val name : string -> string' > greet.mli
echo 'let () = print_endline ("hello " ^ Greet.name "name")' > main.ml
echo camel > name
for compiler in ocamlopt ocamlc; do
  ocamlfind $compiler -package unix,str -linkpkg greet.mli greet.ml main.ml \
    -o $compiler
  test "$(./$compiler)" = 'hello camel'
done
