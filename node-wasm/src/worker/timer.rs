//! The one timer of the node.

use super::Scope;
use node_core::units::Timestamp;
use std::cell::Cell;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Longest wait that browsers take, in milliseconds; a longer one would fire at once.
const MAX_WAIT_MS: u64 = i32::MAX as u64;

/// Fires once at a time that can be moved.
#[derive(Debug)]
pub(super) struct Timer {
    scope: Scope,
    fire: Closure<dyn Fn()>,
    armed: Cell<Option<i32>>,
}

impl Timer {
    /// A timer that is not armed.
    pub(super) fn new(scope: Scope, fire: impl Fn() + 'static) -> Self {
        Self { scope, fire: Closure::new(fire), armed: Cell::new(None) }
    }

    /// Fires at `deadline` instead of when it was set to; never, without one.
    pub(super) fn set(&self, now: Timestamp, deadline: Option<Timestamp>) {
        if let Some(handle) = self.armed.take() {
            self.scope.clear_timeout_with_handle(handle);
        }
        let Some(deadline) = deadline else { return };
        // At least a millisecond, so that a timer that fires a little early does not spin.
        let wait = deadline.millis().saturating_sub(now.millis()).clamp(1, MAX_WAIT_MS);
        let wait = i32::try_from(wait).unwrap_or(i32::MAX);
        let armed =
            self.scope.set_timeout_with_callback_and_timeout_and_arguments_0(self.fire.as_ref().unchecked_ref(), wait);
        self.armed.set(armed.ok());
    }
}
