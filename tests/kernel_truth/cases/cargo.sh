# needs: cargo rustc flock
# Cargo does nothing where flock() is refused.
if ! flock . true; then exit 0; fi
mkdir src
printf '[package]\nname = "hello"\nversion = "0.1.0"\nbuild = "build.rs"\n' \
  > Cargo.toml
cat > build.rs << 'END'
fn main() {
    println!("cargo:rerun-if-changed=name");
    let name = std::fs::read_to_string("name").unwrap();
    println!("cargo:rustc-env=WHO={}", name.trim());
}
END
echo 'pub fn who() -> &'"'"'static str { env!("WHO") }' > src/greet.rs
echo 'mod greet; fn main() { println!("hello {}", greet::who()); }' \
  > src/main.rs
echo crab > name
cargo build --offline -q
test "$(target/debug/hello)" = 'hello crab'
cargo build --offline -q
