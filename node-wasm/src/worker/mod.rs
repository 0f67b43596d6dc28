//! What runs in workers: the node, and the compute workers it gives work to.

mod backoff;
mod compute;
mod driver;
mod hash_rate;
mod keeper;
mod pool;
mod timer;
mod tracker_client;

pub use compute::start as start_compute;
pub use driver::start as start_node;

use std::panic::PanicHookInfo;
use wasm_bindgen::JsCast;

/// The global scope of a worker.
type Scope = web_sys::DedicatedWorkerGlobalScope;

fn scope() -> Scope {
    js_sys::global().unchecked_into()
}

/// Writes panics to the console, and hands on where they happened. Not what they say: the
/// message of a panic may quote any value.
fn on_panic(report: impl Fn(String) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        console_error_panic_hook::hook(info);
        report(info.location().map(ToString::to_string).unwrap_or_default());
    }));
}
