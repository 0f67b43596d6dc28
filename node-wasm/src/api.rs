//! The JavaScript API: `window.tabchain`, a thin layer over [`Client`].
//!
//! Calls return promises. Rejections are `Error`s with a stable `code` and, where one
//! field of a form is wrong, its name in `field`. Amounts are decimal strings in TAB.

mod arguments;
mod events;

use crate::client::Client;
use arguments::{BlockId, Nothing, Range, Rows, Threads, Wanted, decode};
use events::Events;
use js_sys::{JSON, Object, Promise, Reflect};
use node_core::request::{ErrorCode, Request, RequestError, SendForm};
use serde::de::DeserializeOwned;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::future_to_promise;

/// Name of the API on the page's window.
const NAME: &str = "tabchain";

/// The page has no window to put the API on, or does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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
    set(&api, "status", &method(client, |_: Nothing| Ok(Request::Status)))?;
    set(&api, "chain", &chain(client)?)?;
    set(&api, "wallet", &wallet(client)?)?;
    set(&api, "mempool", &mempool(client)?)?;
    set(&api, "miner", &miner(client)?)?;
    set(&api, "peers", &peers(client)?)?;
    set(&api, "lab", &lab(client)?)?;
    set(&api, "log", &method(client, |rows: Option<Rows>| Ok(Request::Log { limit: rows.unwrap_or_default().limit })))?;
    let events = Rc::new(Events::new(client));
    let (on, off) = (Rc::clone(&events), events);
    set(&api, "on", &listening(move |event, callback| on.add(event, callback)))?;
    set(&api, "off", &listening(move |event, callback| off.remove(event, callback)))?;
    Ok(api)
}

fn chain(client: &Client) -> Result<JsValue, JsValue> {
    let chain = Object::new();
    set(
        &chain,
        "blocks",
        &method(client, |range: Option<Range>| {
            let Range { from, limit } = range.unwrap_or_default();
            Ok(Request::Blocks { from, limit })
        }),
    )?;
    set(&chain, "block", &method(client, |id: BlockId| Ok(Request::Block { id: id.into_text() })))?;
    set(&chain, "transaction", &method(client, |id: String| Ok(Request::Transaction { id })))?;
    set(&chain, "forks", &method(client, |_: Nothing| Ok(Request::Forks)))?;
    Ok(chain.into())
}

fn wallet(client: &Client) -> Result<JsValue, JsValue> {
    let wallet = Object::new();
    set(&wallet, "address", &method(client, |_: Nothing| Ok(Request::Address)))?;
    set(&wallet, "balance", &method(client, |address: Option<String>| Ok(Request::Balance { address })))?;
    set(&wallet, "send", &method(client, |form: SendForm| Ok(Request::Send(form))))?;
    set(
        &wallet,
        "history",
        &method(client, |range: Option<Range>| {
            let Range { from, limit } = range.unwrap_or_default();
            Ok(Request::History { from, limit })
        }),
    )?;
    Ok(wallet.into())
}

fn mempool(client: &Client) -> Result<JsValue, JsValue> {
    let mempool = Object::new();
    set(
        &mempool,
        "list",
        &method(client, |range: Option<Range>| {
            let Range { from, limit } = range.unwrap_or_default();
            Ok(Request::Mempool { from, limit })
        }),
    )?;
    Ok(mempool.into())
}

fn miner(client: &Client) -> Result<JsValue, JsValue> {
    let miner = Object::new();
    set(
        &miner,
        "start",
        &method(client, |threads: Option<Threads>| {
            Ok(Request::MinerStart { threads: threads.unwrap_or_default().threads })
        }),
    )?;
    set(&miner, "stop", &method(client, |_: Nothing| Ok(Request::MinerStop)))?;
    set(&miner, "mine", &method(client, |_: Nothing| Ok(Request::MinerMine)))?;
    set(&miner, "wish", &method(client, |Wanted { id, wish }| Ok(Request::MinerWish { id, wish })))?;
    set(
        &miner,
        "template",
        &method(client, |range: Option<Range>| {
            let Range { from, limit } = range.unwrap_or_default();
            Ok(Request::Template { from, limit })
        }),
    )?;
    Ok(miner.into())
}

fn peers(client: &Client) -> Result<JsValue, JsValue> {
    let peers = Object::new();
    set(&peers, "list", &method(client, |_: Nothing| Ok(Request::Peers)))?;
    set(&peers, "connect", &method(client, |peer| Ok(Request::Connect { peer })))?;
    set(&peers, "disconnect", &method(client, |peer| Ok(Request::Disconnect { peer })))?;
    Ok(peers.into())
}

fn lab(client: &Client) -> Result<JsValue, JsValue> {
    let lab = Object::new();
    set(&lab, "attack", &method(client, |attack| Ok(Request::Attack { attack })))?;
    Ok(lab.into())
}

/// A function that makes a request of its one argument and promises the answer.
fn method<A: DeserializeOwned + 'static>(client: &Client, build: fn(A) -> Result<Request, RequestError>) -> JsValue {
    let client = client.clone();
    let call = move |argument: JsValue| -> Promise {
        let client = client.clone();
        let request = decode(&argument).and_then(build);
        future_to_promise(async move {
            let answer = match request {
                Ok(request) => client.request_json(request).await,
                Err(error) => Err(error),
            };
            let json = answer.map_err(|error| to_error(&error))?;
            JSON::parse(&json)
        })
    };
    Closure::<dyn Fn(JsValue) -> Promise>::new(call).into_js_value()
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

/// A JavaScript error with `code` and `field`.
fn to_error(error: &RequestError) -> JsValue {
    let thrown = js_sys::Error::new(&error.message);
    let code = serde_json::to_value(error.code).ok().and_then(|code| code.as_str().map(JsValue::from_str));
    // A fresh error takes any property.
    let _ = set(&thrown, "code", &code.unwrap_or(JsValue::UNDEFINED));
    if let Some(field) = &error.field {
        let _ = set(&thrown, "field", &JsValue::from_str(field));
    }
    thrown.into()
}

/// The arguments of a call are not what it takes.
fn bad_request(message: impl Into<String>) -> RequestError {
    RequestError { code: ErrorCode::BadRequest, message: message.into(), field: None }
}
