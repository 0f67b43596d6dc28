//! The tracker: introduces Tabchain tabs to each other and serves the page.
//!
//! [`Tracker`] is the whole of its behaviour as pure state; [`run`] puts it behind sockets.
//! The tracker never sees a block or a transaction, and keeps nothing on disk.

mod address;
mod api;
mod bucket;
mod config;
mod forwarded;
mod headers;
mod hub;
mod ice;
mod limits;
mod listener;
mod origin;
mod page;
mod proof;
mod room;
mod server;
mod socket;
mod tracker;

pub use bucket::{Rate, RateError};
pub use config::Config;
pub use ice::{IceServer, IceServerError};
pub use limits::Limits;
pub use origin::{Origin, OriginError};
pub use server::{ServerError, run};
pub use tracker::{ConnectionId, Frame, Input, Output, RoomSample, Tracker};
