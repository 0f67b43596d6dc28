//! The store in the browser: one `IndexedDB` database a profile, one transaction a batch.
//!
//! What is written and read is decided by [`node_core::store`]; here it is carried out. The explicit
//! commit and the time limits are for browsers in which a transaction may hang.

mod explain;
pub mod profiles;
mod quota;

pub use explain::{Capabilities, StorageError};
pub use quota::{ask_to_persist, facts};

use crate::browser::describe;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use idb::{Database, DatabaseEvent, Factory, KeyRange, ObjectStoreParams, TransactionMode, TransactionResult};
use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use node_core::store::{Batch, Key, Query, Record, SCHEMA_VERSION, Stored, Table, Write};
use std::pin::pin;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbDatabase, IdbTransaction};

/// Time for a database to open, in milliseconds: more than a slow disk takes, and what waits for it
/// is the start of the node.
const OPEN_WITHIN_MS: u32 = 15_000;
/// Time for a batch to be committed, or for records to be read, in milliseconds.
const ANSWER_WITHIN_MS: u32 = 30_000;

/// An open database.
#[derive(Debug)]
pub struct Store {
    database: Database,
    /// The same, for what the library does not know.
    raw: IdbDatabase,
}

impl Store {
    /// Opens the database of this name, and makes it if there is none. `on_close` hears when the
    /// browser takes it away.
    pub async fn open(name: &str, on_close: impl Fn(StorageError) + Clone + 'static) -> Result<Self, StorageError> {
        let factory = Factory::new().map_err(|_| StorageError::Unavailable)?;
        let mut request = factory.open(name, Some(SCHEMA_VERSION)).map_err(|error| failure(&error))?;
        request.on_upgrade_needed(|event| {
            // What fails here makes the whole opening fail.
            let Ok(database) = event.database() else { return };
            let there = database.store_names();
            for table in Table::ALL.iter().filter(|table| !there.iter().any(|name| name == table.name())) {
                let _ = database.create_object_store(table.name(), ObjectStoreParams::new());
            }
        });
        let opening = request.into_future();
        let opened = within(OPEN_WITHIN_MS, opening).await.ok_or(StorageError::Slow)?;
        let raw = IdbDatabase::from(opened.map_err(|error| failure(&error))?);
        let mut database = Database::from(raw.clone());
        let closed = on_close.clone();
        database.on_close(move |_| closed(StorageError::Closed));
        database.on_version_change(move |event| {
            // Somebody deletes it, who waits until it is closed.
            if let Ok(database) = event.database() {
                database.close();
            }
            on_close(StorageError::Closed);
        });
        Ok(Self { database, raw })
    }

    /// Everything that a node wants to know at its start.
    pub async fn stored(&self) -> Result<Stored, StorageError> {
        let mut stored = Stored::new(self.read(&Stored::first_queries()).await?);
        stored.add(self.read(&stored.next_queries()).await?);
        Ok(stored)
    }

    /// Reads, in one transaction: a list of records for each query.
    pub async fn read(&self, queries: &[Query]) -> Result<Vec<Vec<Record>>, StorageError> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let tables: Vec<&str> = queries.iter().map(|query| table_of(query).name()).collect();
        let transaction =
            self.database.transaction(&tables, TransactionMode::ReadOnly).map_err(|error| failure(&error))?;
        let mut requests = Vec::with_capacity(queries.len());
        for query in queries {
            let store = transaction.object_store(table_of(query).name()).map_err(|error| failure(&error))?;
            let range = match query {
                Query::Get { key, .. } => KeyRange::only(&bytes(key)),
                Query::Range { from, to: None, .. } => KeyRange::lower_bound(&bytes(from), None),
                Query::Range { from, to: Some(to), .. } if from < to => {
                    KeyRange::bound(&bytes(from), &bytes(to), None, Some(true))
                }
                Query::Range { .. } => {
                    // Between a key and itself there is nothing, which is no range to a browser.
                    requests.push(None);
                    continue;
                }
            };
            let range = range.map_err(|error| failure(&error))?;
            let keys = store.get_all_keys(Some(range.clone().into()), None).map_err(|error| failure(&error))?;
            let values = store.get_all(Some(range.into()), None).map_err(|error| failure(&error))?;
            requests.push(Some((keys.into_future(), values.into_future())));
        }
        let reading = async move {
            let mut answers = Vec::with_capacity(requests.len());
            for request in requests {
                let Some((keys, values)) = request else {
                    answers.push(Vec::new());
                    continue;
                };
                let (keys, values) = (keys.await?, values.await?);
                answers.push(keys.iter().map(to_vec).zip(values.iter().map(to_vec)).collect());
            }
            Ok::<_, idb::Error>(answers)
        };
        within(ANSWER_WITHIN_MS, reading).await.ok_or(StorageError::Slow)?.map_err(|error| failure(&error))
    }

    /// Applies a batch, whole or not at all.
    pub async fn write(&self, batch: &Batch) -> Result<(), StorageError> {
        let raw = self.begin(batch)?;
        let transaction = idb::Transaction::from(raw.clone());
        for write in &batch.writes {
            let done = match write {
                Write::Put { table, key, value } => transaction
                    .object_store(table.name())
                    .and_then(|store| store.put(&bytes(value), Some(&bytes(key))).map(drop)),
                Write::Delete { table, key } => {
                    transaction.object_store(table.name()).and_then(|store| store.delete(bytes(key)).map(drop))
                }
                Write::DeleteRange { table, from, to } => match to {
                    Some(to) if from >= to => Ok(()),
                    Some(to) => KeyRange::bound(&bytes(from), &bytes(to), None, Some(true))
                        .and_then(|range| transaction.object_store(table.name())?.delete(range).map(drop)),
                    None => KeyRange::lower_bound(&bytes(from), None)
                        .and_then(|range| transaction.object_store(table.name())?.delete(range).map(drop)),
                },
            };
            if let Err(error) = done {
                // A part of a batch must not stay.
                let _ = raw.abort();
                return Err(failure(&error));
            }
        }
        let committing = transaction.commit().map_err(|error| failure(&error))?.into_future();
        match within(ANSWER_WITHIN_MS, committing).await {
            Some(Ok(TransactionResult::Committed)) => Ok(()),
            Some(Ok(TransactionResult::Aborted) | Err(_)) => {
                let error = raw.error();
                Err(error.map_or(StorageError::Closed, |error| StorageError::named(&error.name(), &error.message())))
            }
            None => {
                let _ = raw.abort();
                Err(StorageError::Slow)
            }
        }
    }

    /// Begins a transaction on all tables of a batch. Chain data need not survive a loss of power,
    /// as the store is whole without the last batches, too.
    fn begin(&self, batch: &Batch) -> Result<IdbTransaction, StorageError> {
        let tables: Array = Table::ALL.iter().map(|table| JsValue::from_str(table.name())).collect();
        let options = Object::new();
        let durability = if batch.durable { "strict" } else { "relaxed" };
        // A plain object takes any property; a browser that does not know it passes it over.
        let _ = Reflect::set(&options, &JsValue::from_str("durability"), &JsValue::from_str(durability));
        let begin = Reflect::get(&self.raw, &JsValue::from_str("transaction")).map_err(|error| thrown(&error))?;
        let begin: Function = begin.unchecked_into();
        let transaction = begin.call3(&self.raw, &tables, &JsValue::from_str("readwrite"), &options);
        transaction.map(JsCast::unchecked_into).map_err(|error| thrown(&error))
    }
}

/// Deletes a database; one that is in use stays.
pub async fn delete(name: &str) -> Result<(), StorageError> {
    let factory = Factory::new().map_err(|_| StorageError::Unavailable)?;
    let deleting = factory.delete(name).map_err(|error| failure(&error))?.into_future();
    within(OPEN_WITHIN_MS, deleting).await.ok_or(StorageError::Slow)?.map_err(|error| failure(&error))
}

fn table_of(query: &Query) -> Table {
    match query {
        Query::Get { table, .. } | Query::Range { table, .. } => *table,
    }
}

fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// Keys come as buffers, values as they were put.
fn to_vec(value: &JsValue) -> Key {
    Uint8Array::new(value).to_vec()
}

/// What a future gives, if it does so in time.
async fn within<T>(millis: u32, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), TimeoutFuture::new(millis)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

fn failure(error: &idb::Error) -> StorageError {
    match error {
        idb::Error::DomException(exception) => StorageError::named(&exception.name(), &exception.message()),
        idb::Error::TransactionOpenFailed(value)
        | idb::Error::IndexedDbOpenFailed(value)
        | idb::Error::UpdateFailed(value)
        | idb::Error::DeleteFailed(value)
        | idb::Error::TransactionCommitError(value) => thrown(value),
        error => StorageError::Other(error.to_string()),
    }
}

fn thrown(error: &JsValue) -> StorageError {
    let name = Reflect::get(error, &JsValue::from_str("name")).ok().and_then(|name| name.as_string());
    StorageError::named(&name.unwrap_or_default(), &describe(error))
}
