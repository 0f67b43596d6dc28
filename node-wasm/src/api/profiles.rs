//! `tabchain.profiles`: lists, names, switches and erases profiles. All but the list is about
//! profiles of this page's network and room.

use super::arguments::{decode, to_json};
use super::{set, to_error};
use crate::client::Client;
use crate::storage::StorageError;
use crate::storage::profiles::{self, Profile, is_id};
use js_sys::{JSON, Object, Promise};
use node_core::request::{ErrorCode, RequestError};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::future_to_promise;
use web_sys::UrlSearchParams;

/// A profile in the list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ListedProfile"))]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    #[serde(flatten)]
    profile: Profile,
    /// Whether it is that of this tab.
    current: bool,
    /// Whether a tab has it now.
    in_use: bool,
}

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
    set(
        &api,
        "rename",
        &method(client, |client, profile: ProfileName| async move { rename(&client, &profile).await }),
    )?;
    set(&api, "switch", &method(client, |client, profile: ProfileId| async move { switch(&client, &profile.id) }))?;
    set(&api, "erase", &method(client, |client, profile: ProfileId| async move { erase(&client, &profile.id).await }))?;
    Ok(api.into())
}

async fn list(client: &Client) -> Result<String, RequestError> {
    let current = client.profile();
    let (network, room) = (&client.config().network, &client.config().room);
    let listed = profiles::list().await.map_err(|error| unreadable(&error))?.into_iter().map(|(profile, in_use)| {
        let here = profile.network == *network && profile.room == *room;
        let current = here && current.as_deref() == Some(profile.id.as_str());
        Listed { profile, current, in_use }
    });
    serde_json::to_string(&listed.collect::<Vec<_>>()).map_err(|error| refused(ErrorCode::BadRequest, error))
}

async fn rename(client: &Client, profile: &ProfileName) -> Result<String, RequestError> {
    let (network, room) = (&client.config().network, &client.config().room);
    let name = profile.name.trim();
    if name.is_empty() || name.chars().count() > profiles::MAX_CHARS {
        let message = format!("a name has 1 to {} characters", profiles::MAX_CHARS);
        return Err(RequestError { field: Some("name".to_owned()), ..refused(ErrorCode::BadRequest, message) });
    }
    let known = profiles::rename(network, room, &profile.id, name).await.map_err(|error| unreadable(&error))?;
    if known { Ok(done()) } else { Err(unknown()) }
}

/// Loads the page anew with another profile, which is made if there is none.
fn switch(client: &Client, id: &str) -> Result<String, RequestError> {
    if !is_id(id) {
        return Err(unknown());
    }
    if client.profile().as_deref() != Some(id) {
        let location = web_sys::window().map(|window| window.location());
        let gone = location.and_then(|location| {
            let search = UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
            search.set("profile", id);
            location.set_search(&String::from(search.to_string())).ok()
        });
        gone.ok_or_else(|| refused(ErrorCode::BadRequest, "the page cannot be loaded anew"))?;
    }
    Ok(done())
}

/// Erases a profile with its wallet and its chain. Of this tab's own profile the node stops first;
/// the page is then loaded anew and starts with an empty one.
async fn erase(client: &Client, id: &str) -> Result<String, RequestError> {
    let (network, room) = (&client.config().network, &client.config().room);
    let own = client.profile().as_deref() == Some(id);
    if own {
        client.stop("this profile was erased");
    }
    let gone = profiles::erase(network, room, id, own).await.map_err(|error| unreadable(&error))?;
    if !gone {
        return Err(refused(ErrorCode::BadRequest, "another tab has this profile"));
    }
    if own && let Some(window) = web_sys::window() {
        // The answer may not arrive any more, nor does it matter.
        let _ = window.location().reload();
    }
    Ok(done())
}

/// The answer that says no more than that it is done, as JSON.
fn done() -> String {
    "null".to_owned()
}

fn unknown() -> RequestError {
    refused(ErrorCode::NotFound, "there is no such profile")
}

fn unreadable(error: &StorageError) -> RequestError {
    refused(ErrorCode::NotReadable, error)
}

fn refused(code: ErrorCode, message: impl ToString) -> RequestError {
    RequestError { code, message: message.to_string(), field: None }
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
