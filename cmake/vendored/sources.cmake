# The libraries that a build takes from source, each pinned by its hash. The archives are crates, because crates.io keeps
# every version for good and serves it from one place; their Rust parts are not used.
#
# name, version as the library's own authors number it, URL, SHA-256
set(AUTHJWKS_VENDORED
  "aws-lc|5.12.0|https://static.crates.io/crates/aws-lc-sys/aws-lc-sys-0.47.0.crate|8bfbe32ac36b3c428696ce315464181bc4029d689fd58e3f2a4e58c252242f52"
  "curl|8.22.0|https://static.crates.io/crates/curl-sys/curl-sys-0.4.91+curl-8.22.0.crate|cd39579123e45bf762716bb893d43886ed1cabe6289455be29a4f1d4e37afb06"
  "zlib|1.3.2|https://static.crates.io/crates/libz-sys/libz-sys-1.1.31.crate|ff20308ecabd635a2dc1dd5834a86c462cca20efba1d5d3ddab1f8aea3455cb2"
  "simdjson|4.6.4|https://static.crates.io/crates/simdjson-sys/simdjson-sys-0.4.0-alpha.2.crate|cd5ecafa49730d6e7268ca60b9df7d0fb4e50ae9a7065fa7a9d8f3931b5b55ac")

foreach(source IN LISTS AUTHJWKS_VENDORED)
  string(REPLACE "|" ";" fields "${source}")
  list(GET fields 0 name)
  list(GET fields 1 AUTHJWKS_${name}_VERSION)
  list(GET fields 2 AUTHJWKS_${name}_URL)
  list(GET fields 3 AUTHJWKS_${name}_SHA256)
endforeach()
