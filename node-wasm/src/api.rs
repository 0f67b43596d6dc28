//! The JavaScript API: `window.tabchain`, a thin layer over [`Client`].
//!
//! Calls return promises. Rejections are `Error`s with a stable `code` and, where one
//! field of a form is wrong, its name in `field`. Amounts are decimal strings in TAB.

mod arguments;
mod calls;
mod events;
mod profiles;
mod start;
#[cfg(test)]
mod typescript;

pub use start::start;

use crate::client::Client;
use arguments::to_json;
use calls::CALLS;
use events::Events;
use js_sys::{JSON, Object, Promise, Reflect};
use node_core::request::{ErrorCode, Request, RequestError};
use node_core::sentence::{Say, Sentence};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::future_to_promise;

/// Name of the API on the page's window.
const NAME: &str = "tabchain";

/// The page has no window to put the API on, or does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
#[error("the page does not take the JavaScript API")]
pub struct InstallError;

/// Puts the API on the page as `window.tabchain`, for as long as the page lives.
pub fn install(client: &Client) -> Result<(), InstallError> {
    let window = web_sys::window().ok_or(InstallError)?;
    let api = object(client).map_err(|_| InstallError)?;
    set(&window, NAME, &api).map_err(|_| InstallError)
}

/// The whole API as an object.
fn object(client: &Client) -> Result<Object, JsValue> {
    let api = Object::new();
    for call in CALLS {
        calls::place(&api, call.path, &method(client, call.request))?;
    }
    set(&api, "profiles", &profiles::object(client)?)?;
    let events = Rc::new(Events::new(client));
    let (on, off) = (Rc::clone(&events), events);
    set(&api, "on", &listening(move |event, callback| on.add(event, callback)))?;
    set(&api, "off", &listening(move |event, callback| off.remove(event, callback)))?;
    Ok(api)
}

/// A function that makes a request of its arguments, two at most, and promises the answer.
fn method(client: &Client, request: fn(&str, &str) -> Result<Request, RequestError>) -> JsValue {
    let client = client.clone();
    let call = move |first: JsValue, second: JsValue| -> Promise {
        let client = client.clone();
        let request = to_json(&first).and_then(|first| request(&first, &to_json(&second)?));
        future_to_promise(async move {
            let answer = match request {
                Ok(request) => client.request_json(request).await,
                Err(error) => Err(error),
            };
            let json = answer.map_err(|error| to_error(&error))?;
            JSON::parse(&json)
        })
    };
    Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(call).into_js_value()
}

/// A function of an event's name and a callback, which throws what is wrong with them.
fn listening(act: impl Fn(&JsValue, &JsValue) -> Result<(), RequestError> + 'static) -> JsValue {
    let call = move |event: JsValue, callback: JsValue| -> Result<JsValue, JsValue> {
        act(&event, &callback).map(|()| JsValue::UNDEFINED).map_err(|error| to_error(&error))
    };
    Closure::<dyn Fn(JsValue, JsValue) -> Result<JsValue, JsValue>>::new(call).into_js_value()
}

fn set(target: &Object, name: &str, value: &JsValue) -> Result<(), JsValue> {
    Reflect::set(target, &JsValue::from_str(name), value).map(drop)
}

/// A JavaScript error with `code`, `field`, and what it takes to say it in another language.
fn to_error(error: &RequestError) -> JsValue {
    let thrown = js_sys::Error::new(&error.message);
    let code = serde_json::to_value(error.code).ok().and_then(|code| code.as_str().map(JsValue::from_str));
    // A fresh error takes any property.
    let _ = set(&thrown, "code", &code.unwrap_or(JsValue::UNDEFINED));
    if let Some(field) = &error.field {
        let _ = set(&thrown, "field", &JsValue::from_str(field));
    }
    let _ = set(&thrown, "pattern", &JsValue::from_str(error.message.pattern()));
    let values = serde_json::to_string(error.message.values()).ok().and_then(|json| JSON::parse(&json).ok());
    let _ = set(&thrown, "values", &values.unwrap_or(JsValue::UNDEFINED));
    thrown.into()
}

/// The arguments of a call are not what it takes.
fn bad_request(message: impl Into<Sentence>) -> RequestError {
    RequestError::new(ErrorCode::BadRequest, message)
}
