//! The `wasm-bindgen` command that Trunk looks for, at this workspace's version.

fn main() -> Result<(), impl std::fmt::Debug> {
    env_logger::init();
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os())
}
