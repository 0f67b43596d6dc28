//! The tracker as a whole, over real sockets: what honest tabs get, and what others do not.

mod hostile;
mod introductions;
mod page;
mod program;
mod shutdown;
mod support;
