//! The node's dedicated worker. Loaded as an ES module by `node_worker_loader.js`.

fn main() {
    // Natively there is no worker to start; the package still compiles for checks and unit tests.
    #[cfg(target_arch = "wasm32")]
    node_wasm::worker::start_node();
}
