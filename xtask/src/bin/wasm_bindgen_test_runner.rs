//! Runs wasm tests in a headless browser: the `runner` of `.cargo/config.toml`.

fn main() -> Result<(), impl std::fmt::Debug> {
    env_logger::init();
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
