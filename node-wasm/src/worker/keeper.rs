//! The profile of this worker's node: its lock, held for life, and its store.

use crate::browser::now;
use crate::messages::NodeStart;
use crate::storage::profiles::{self, Claim};
use crate::storage::{StorageError, Store};
use futures_util::future::join;
use node_core::contract::{Input, JobId};
use node_core::sentence::Sentence;
use node_core::store::{Batch, Query, Stored};
use node_core::units::Timestamp;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen_futures::spawn_local;

/// How often the browser is asked how much is stored, at most.
const FACTS_INTERVAL: Duration = Duration::from_secs(30);

/// The lock and the store of a profile.
pub(super) struct Keeper {
    claim: Claim,
    store: Rc<Store>,
    asked: Cell<Timestamp>,
}

impl Keeper {
    /// Takes a profile, and reads what is in its store. `on_close` hears when the browser takes the
    /// store away.
    pub(super) async fn open(
        start: &NodeStart,
        on_close: impl Fn(StorageError) + Clone + 'static,
    ) -> Result<(Self, Stored), StorageError> {
        let claim = profiles::claim(&start.network, &start.room, start.profile.as_deref()).await?;
        let name = profiles::database_name(&start.network, &start.room, &claim.id);
        let opened = async {
            let store = Store::open(&name, on_close).await?;
            let stored = store.stored().await?;
            Ok::<_, StorageError>((store, stored))
        };
        // Meanwhile the list of profiles learns of it, so that it is whole when the node answers. One that
        // lacks a profile is no reason not to start.
        let (_, opened) = join(profiles::note_use(&start.network, &start.room, &claim.id), opened).await;
        let (store, stored) = opened?;
        Ok((Self { claim, store: Rc::new(store), asked: Cell::new(now()) }, stored))
    }

    /// Id of the profile.
    pub(super) fn profile(&self) -> &str {
        &self.claim.id
    }

    /// Writes a batch; `input` hears how it went.
    pub(super) fn write(&self, batch: Batch, input: impl Fn(Input) + 'static) {
        let store = Rc::clone(&self.store);
        spawn_local(async move {
            input(match store.write(&batch).await {
                Ok(()) => Input::Persisted { batch: batch.number },
                Err(error) => Input::StorageFailed { reason: error.into() },
            });
        });
    }

    /// Reads; `input` hears the answers.
    pub(super) fn read(&self, job: JobId, queries: Vec<Query>, input: impl Fn(Input) + 'static) {
        let store = Rc::clone(&self.store);
        spawn_local(async move {
            let answers = store.read(&queries).await.map_err(Sentence::from);
            input(Input::Loaded { job, answers });
        });
    }

    /// Whether it is time to ask the browser again; it counts as asked then.
    pub(super) fn facts_are_old(&self) -> bool {
        let old = now().since(self.asked.get()) >= FACTS_INTERVAL;
        if old {
            self.asked.set(now());
        }
        old
    }
}
