//! The `streakline` program: everything is in the library, so that tests reach it too.

use std::process::ExitCode;

/// What the program takes its memory from.
#[cfg(all(feature = "jemalloc", not(target_env = "msvc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    streakline::cli::main()
}
