//! Build script: what the C libraries under the crates leave for us to link.

fn main() {}
