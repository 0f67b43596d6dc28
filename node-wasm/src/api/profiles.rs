//! `tabchain.profiles`: lists, names, switches and erases profiles. All but the list is about
//! profiles of this page's network and room.

use super::arguments::{decode, to_json};
use super::{set, to_error};
use crate::client::Client;
use js_sys::{JSON, Object, Promise};
use node_core::request::{ErrorCode, RequestError};
use node_core::sentence::Sentence;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::future_to_promise;

/// Names a profile of this page's network and room.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileId {
    /// Its id.
    id: String,
}

/// A profile's new name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileName {
    /// Its id.
    id: String,
    /// What a person calls it: 1 to 32 characters.
    name: String,
}

pub(super) fn object(client: &Client) -> Result<JsValue, JsValue> {
    let api = Object::new();
    set(&api, "list", &method(client, |client, _: IgnoredAny| async move { list(&client).await }))?;
    let rename = |client: Client, profile: ProfileName| async move {
        client.rename_profile(&profile.id, &profile.name).await.map(done)
    };
    set(&api, "rename", &method(client, rename))?;
    let switch = |client: Client, profile: ProfileId| async move { client.switch_profile(&profile.id).map(done) };
    set(&api, "switch", &method(client, switch))?;
    let erase = |client: Client, profile: ProfileId| async move { client.erase_profile(&profile.id).await.map(done) };
    set(&api, "erase", &method(client, erase))?;
    Ok(api.into())
}

async fn list(client: &Client) -> Result<String, RequestError> {
    let listed = client.profiles().await?;
    serde_json::to_string(&listed)
        .map_err(|error| RequestError::new(ErrorCode::BadRequest, Sentence::verbatim(error.to_string())))
}

/// The answer that says no more than that it is done, as JSON.
fn done((): ()) -> String {
    "null".to_owned()
}

/// A function that works on its one argument and promises JSON.
fn method<A: DeserializeOwned + 'static, F: Future<Output = Result<String, RequestError>> + 'static>(
    client: &Client,
    act: impl Fn(Client, A) -> F + Copy + 'static,
) -> JsValue {
    let client = client.clone();
    let call = move |argument: JsValue| -> Promise {
        let argument = to_json(&argument).and_then(|json| decode(&json));
        let working = argument.map(|argument| act(client.clone(), argument));
        future_to_promise(async move {
            let json = match working {
                Ok(working) => working.await,
                Err(error) => Err(error),
            };
            JSON::parse(&json.map_err(|error| to_error(&error))?)
        })
    };
    Closure::<dyn Fn(JsValue) -> Promise>::new(call).into_js_value()
}
