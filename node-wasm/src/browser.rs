//! Small pieces of the browser that several files need.

use js_sys::{Array, Date, Function, Promise, Reflect};
use node_core::sentence::{Sentence, sentence};
use node_core::units::Timestamp;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ErrorEvent, EventTarget};

/// Most characters of an error text that came from the browser.
const MAX_ERROR_CHARS: usize = 300;

/// An event listener; removed when dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    target: EventTarget,
    event: &'static str,
    closure: Closure<dyn Fn(JsValue)>,
}

impl Listener {
    /// Calls `callback` for each such event of `target`.
    pub(crate) fn new(target: &EventTarget, event: &'static str, callback: impl Fn(JsValue) + 'static) -> Self {
        let closure = Closure::<dyn Fn(JsValue)>::new(callback);
        // Fails only in environments that break the DOM's own rules; then nothing is ever heard,
        // which the timeouts of those who listen turn into an error.
        let added = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
        debug_assert!(added.is_ok());
        Self { target: target.clone(), event, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A listener that is not there any more needs no removal.
        let _ = self.target.remove_event_listener_with_callback(self.event, self.closure.as_ref().unchecked_ref());
    }
}

/// The local clock.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, a clock before 1970 reads 1970"
    )]
    Timestamp::from_millis(Date::now() as u64)
}

/// What the error event of a worker says, and where. One whose script does not load says nothing.
pub(crate) fn worker_error(event: &JsValue) -> Sentence {
    match event.dyn_ref::<ErrorEvent>().filter(|error| !error.message().is_empty()) {
        Some(error) => Sentence::verbatim(format!("{} ({}:{})", describe(event), error.filename(), error.lineno())),
        None => sentence!("its script cannot be loaded"),
    }
}

/// What a thrown value, an error event or an exception says, cut to a bounded length.
pub(crate) fn describe(error: &JsValue) -> String {
    let message = Reflect::get(error, &JsValue::from_str("message")).ok().and_then(|message| message.as_string());
    let text =
        message.filter(|text| !text.is_empty()).or_else(|| error.as_string()).unwrap_or_else(|| format!("{error:?}"));
    text.chars().take(MAX_ERROR_CHARS).collect()
}

/// Calls a method of an object that promises something, and waits for that.
pub(crate) async fn call(target: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(target, &JsValue::from_str(method))?.dyn_into()?;
    let promise = function.apply(target, &arguments.iter().collect::<Array>())?;
    JsFuture::from(Promise::resolve(&promise)).await
}
