//! Tabchain's page: wallet, explorer and a view of the mesh.
//!
//! Everything shown comes from the node through requests and events ([`state`], [`live`]);
//! everything read by a person stands in [`texts`].
#![allow(unreachable_pub, reason = "the component macro makes public what it generates")]
#![expect(clippy::needless_pass_by_value, reason = "properties of a component are owned: the view outlives the call")]

mod app;
mod battery;
mod browser;
mod catching_up;
mod chain_file;
mod components;
mod digits;
mod format;
mod history;
mod leaving;
mod live;
mod news;
mod notation;
mod offline;
mod pages;
#[cfg(test)]
mod samples;
mod state;
mod texts;
mod theme;

/// The element of `index.html` that stands for the page until it is there.
const ARRIVAL: &str = "arrival";

fn main() {
    console_error_panic_hook::set_once();
    browser::notation().set_for_user();
    leptos::mount::mount_to_body(app::App);
    browser::remove(ARRIVAL);
}
