//! Profiles: a wallet and the chain of one room, owned by one tab at a time.
//!
//! A profile is a database, and a Web Lock of the same name that its owner holds for life. A tab
//! takes the profile that it had, or that its address names, or else the first that is free. What
//! profiles there are stands in a database of its own.

use super::{Capabilities, StorageError, delete, within};
use crate::browser::{call, now};
use futures_channel::oneshot;
use idb::{Database, Factory, ObjectStoreParams, TransactionMode};
use js_sys::{Array, Function, Object, Promise, Reflect};
use node_core::units::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

/// Profiles of a room that are numbered and taken by themselves: more tabs than anybody watches.
pub const MAX_NUMBERED: u32 = 64;
/// Most characters of a profile's id, and of its name.
pub const MAX_CHARS: usize = 32;
/// How long a tab waits for the profile that it had, in milliseconds: after a reload the tab's
/// former self may still be on its way out.
const WAIT_MS: u32 = 4_000;
/// The database of profiles, and its only table.
const REGISTRY: &str = "tabchain-profiles";
const TABLE: &str = "profiles";
/// What databases and locks of profiles begin with.
const PREFIX: &str = "tabchain";

/// A profile, as a program sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Its id, of `a-z`, `0-9` and `-`.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// Network of its chain.
    pub network: String,
    /// Room of its chain.
    pub room: String,
    /// When a tab took it last.
    pub last_used: Timestamp,
}

/// A profile that this worker or page owns; given back when dropped, or when the worker ends.
#[derive(Debug)]
pub struct Claim {
    /// Its id.
    pub id: String,
    release: Function,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Resolving a promise does not fail.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// Whether a text may be a profile's id.
pub fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= MAX_CHARS && text.bytes().all(allowed)
}

/// Name of a profile's database and lock.
pub fn database_name(network: &str, room: &str, id: &str) -> String {
    format!("{PREFIX}/{network}/{room}/{id}")
}

/// What this window offers.
pub fn capabilities() -> Capabilities {
    Capabilities { database: Factory::new().is_ok(), locks: locks().is_some() }
}

/// Takes a profile of a room: the wanted one, for which it waits a little, or else the first that
/// nobody has.
pub async fn claim(network: &str, room: &str, wanted: Option<&str>) -> Result<Claim, StorageError> {
    capabilities().check()?;
    if let Some(id) = wanted.filter(|id| is_id(id))
        && let Some(claim) = lock(network, room, id, true).await?
    {
        return Ok(claim);
    }
    for number in 1..=MAX_NUMBERED {
        if let Some(claim) = lock(network, room, &number.to_string(), false).await? {
            return Ok(claim);
        }
    }
    Err(StorageError::NoProfile)
}

async fn lock(network: &str, room: &str, id: &str, waits: bool) -> Result<Option<Claim>, StorageError> {
    let locks = locks().ok_or(StorageError::Insecure)?;
    let name = database_name(network, room, id);
    let options = Object::new();
    let abort = web_sys::AbortController::new().map_err(|_| StorageError::Unavailable)?;
    let (option, value) = if waits { ("signal", abort.signal().into()) } else { ("ifAvailable", JsValue::TRUE) };
    // A plain object takes any property.
    let _ = Reflect::set(&options, &JsValue::from_str(option), &value);
    let (sender, receiver) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let Some(sender) = sender.borrow_mut().take() else { return JsValue::UNDEFINED };
        if lock.is_null() || lock.is_undefined() {
            let _ = sender.send(None);
            return JsValue::UNDEFINED;
        }
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        match sender.send(release) {
            Ok(()) => held.into(),
            // Nobody waits any more.
            Err(_) => JsValue::UNDEFINED,
        }
    });
    let arguments = [JsValue::from_str(&name), options.into(), granted];
    // The promise of a lock that was granted ends with the lock.
    spawn_local(async move { drop(call(&locks, "request", &arguments).await) });
    let Some(release) = within(WAIT_MS, receiver).await else {
        abort.abort();
        return Ok(None);
    };
    Ok(release.ok().flatten().map(|release| Claim { id: id.to_owned(), release }))
}

/// Names of the locks that tabs of this site hold.
async fn held() -> Vec<String> {
    let Some(locks) = locks() else { return Vec::new() };
    let Ok(snapshot) = call(&locks, "query", &[]).await else { return Vec::new() };
    let held = Reflect::get(&snapshot, &JsValue::from_str("held")).ok().filter(Array::is_array);
    let held: Array = held.map(JsCast::unchecked_into).unwrap_or_default();
    let name = |lock: JsValue| Reflect::get(&lock, &JsValue::from_str("name")).ok()?.as_string();
    held.iter().filter_map(name).collect()
}

/// `navigator.locks`, which is there in secure contexts only.
fn locks() -> Option<JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &JsValue::from_str("navigator")).ok()?;
    Reflect::get(&navigator, &JsValue::from_str("locks")).ok().filter(JsValue::is_object)
}

/// All profiles, each with whether a tab has it now; those of a room together.
pub async fn list() -> Result<Vec<(Profile, bool)>, StorageError> {
    let registry = registry().await?;
    let transaction =
        registry.transaction(&[TABLE], TransactionMode::ReadOnly).map_err(|error| super::failure(&error))?;
    let store = transaction.object_store(TABLE).map_err(|error| super::failure(&error))?;
    let reading = store.get_all(None, None).map_err(|error| super::failure(&error))?.into_future();
    let values = reading.await.map_err(|error| super::failure(&error))?;
    registry.close();
    let held = held().await;
    let read = |value: JsValue| serde_json::from_str::<Profile>(&value.as_string()?).ok();
    let profiles = values.into_iter().filter_map(read).map(|profile| {
        let used = held.contains(&database_name(&profile.network, &profile.room, &profile.id));
        (profile, used)
    });
    Ok(profiles.collect())
}

/// Notes that a tab took a profile; a new one is called by its id.
pub async fn note_use(network: &str, room: &str, id: &str) -> Result<(), StorageError> {
    let name = list().await?.into_iter().map(|(profile, _)| profile);
    let name = name.filter(|one| (one.network.as_str(), one.room.as_str(), one.id.as_str()) == (network, room, id));
    let name = name.map(|profile| profile.name).next().unwrap_or_else(|| id.to_owned());
    let (network, room) = (network.to_owned(), room.to_owned());
    put(&Profile { id: id.to_owned(), name, network, room, last_used: now() }).await
}

/// Calls a profile otherwise. Gives whether there is such a profile.
pub async fn rename(network: &str, room: &str, id: &str, name: &str) -> Result<bool, StorageError> {
    let known = list().await?.into_iter().map(|(profile, _)| profile);
    let mut known =
        known.filter(|one| (one.network.as_str(), one.room.as_str(), one.id.as_str()) == (network, room, id));
    let Some(profile) = known.next() else { return Ok(false) };
    put(&Profile { name: name.chars().take(MAX_CHARS).collect(), ..profile }).await?;
    Ok(true)
}

/// Erases a profile with its wallet and its chain, if nobody has it, or has it no more after a
/// little while if this `waits`. Gives whether it is gone.
pub async fn erase(network: &str, room: &str, id: &str, waits: bool) -> Result<bool, StorageError> {
    capabilities().check()?;
    let Some(claim) = lock(network, room, id, waits).await? else { return Ok(false) };
    delete(&database_name(network, room, id)).await?;
    let registry = registry().await?;
    let transaction =
        registry.transaction(&[TABLE], TransactionMode::ReadWrite).map_err(|error| super::failure(&error))?;
    let store = transaction.object_store(TABLE).map_err(|error| super::failure(&error))?;
    store.delete(JsValue::from_str(&database_name(network, room, id))).map_err(|error| super::failure(&error))?;
    finish(transaction).await?;
    registry.close();
    drop(claim);
    Ok(true)
}

async fn put(profile: &Profile) -> Result<(), StorageError> {
    let text = serde_json::to_string(profile).map_err(|error| StorageError::Other(error.to_string()))?;
    let registry = registry().await?;
    let transaction =
        registry.transaction(&[TABLE], TransactionMode::ReadWrite).map_err(|error| super::failure(&error))?;
    let store = transaction.object_store(TABLE).map_err(|error| super::failure(&error))?;
    let key = JsValue::from_str(&database_name(&profile.network, &profile.room, &profile.id));
    store.put(&JsValue::from_str(&text), Some(&key)).map_err(|error| super::failure(&error))?;
    finish(transaction).await?;
    registry.close();
    Ok(())
}

async fn finish(transaction: idb::Transaction) -> Result<(), StorageError> {
    let committing = transaction.commit().map_err(|error| super::failure(&error))?.into_future();
    let result = within(super::ANSWER_WITHIN_MS, committing).await.ok_or(StorageError::Slow)?;
    match result.map_err(|error| super::failure(&error))? {
        idb::TransactionResult::Committed => Ok(()),
        idb::TransactionResult::Aborted => Err(StorageError::Closed),
    }
}

async fn registry() -> Result<Database, StorageError> {
    let factory = Factory::new().map_err(|_| StorageError::Unavailable)?;
    let mut request = factory.open(REGISTRY, Some(1)).map_err(|error| super::failure(&error))?;
    request.on_upgrade_needed(|event| {
        // What fails here makes the whole opening fail.
        if let Ok(database) = idb::DatabaseEvent::database(&event) {
            let _ = database.create_object_store(TABLE, ObjectStoreParams::new());
        }
    });
    let opening = request.into_future();
    within(super::OPEN_WITHIN_MS, opening).await.ok_or(StorageError::Slow)?.map_err(|error| super::failure(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_plain() {
        for good in ["1", "64", "alice", "class-7b", &"a".repeat(32)] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", "Alice", "a/b", "a b", "ä", &"a".repeat(33)] {
            assert!(!is_id(bad), "{bad}");
        }
        assert_eq!(database_name("dev", "public", "1"), "tabchain/dev/public/1");
    }
}
