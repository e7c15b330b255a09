//! The `hotline` program: everything is in the library.

fn main() {}
