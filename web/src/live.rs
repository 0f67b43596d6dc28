//! Live queries: a request to the node whose answer is a signal, asked again when events say so.
//!
//! Events only mark topics as changed. One loop asks again for what is marked and watched, one
//! request at a time and with a pause between rounds, so that ten blocks a second cost the page
//! no more than one does.

use crate::browser;
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use node_wasm::request::{Request, RequestError};
use serde::de::DeserializeOwned;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::Future,
    ops::BitOr,
    pin::Pin,
    rc::Rc,
};

/// Pause between two rounds of refreshing, in milliseconds: about eight rounds a second, which
/// the eye takes for immediate.
const ROUND_PAUSE_MS: u32 = 125;

/// Parts of the node's state that change together, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Topics(u8);

impl Topics {
    /// Figures of the node as a whole.
    pub(crate) const STATUS: Self = Self(1);
    /// The best chain grew or changed.
    pub(crate) const CHAIN: Self = Self(1 << 1);
    /// Blocks changed sides between the best chain and a branch.
    pub(crate) const BRANCHES: Self = Self(1 << 2);
    /// Peers and their connections.
    pub(crate) const PEERS: Self = Self(1 << 3);
    /// The mempool.
    pub(crate) const MEMPOOL: Self = Self(1 << 4);
    /// Balance and history of the wallet.
    pub(crate) const WALLET: Self = Self(1 << 5);
    /// The log.
    pub(crate) const LOG: Self = Self(1 << 6);
    /// Attacks, verdicts, refusals and bans.
    pub(crate) const LAB: Self = Self(1 << 7);

    const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Topics {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

type Refresh = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>>>;

struct Watched {
    topics: Topics,
    due: bool,
    refresh: Refresh,
}

/// The loop that refreshes what is watched. At most as many entries as the shown views ask for.
#[derive(Default)]
pub(crate) struct Refresher {
    watched: RefCell<BTreeMap<u64, Watched>>,
    last_id: Cell<u64>,
    running: Cell<bool>,
}

impl Refresher {
    /// Watches topics until [`Refresher::remove`]; the first refresh waits for a mark.
    pub(crate) fn add<F>(&self, topics: Topics, refresh: impl Fn() -> F + 'static) -> u64
    where
        F: Future<Output = ()> + 'static,
    {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let refresh: Refresh = Rc::new(move || Box::pin(refresh()));
        self.watched.borrow_mut().insert(id, Watched { topics, due: false, refresh });
        id
    }

    /// Forgets a watcher.
    pub(crate) fn remove(&self, id: u64) {
        self.watched.borrow_mut().remove(&id);
    }

    /// Says that something changed.
    pub(crate) fn mark(self: &Rc<Self>, topics: Topics) {
        self.mark_where(|_, watched| watched.topics.meets(topics));
    }

    fn mark_one(self: &Rc<Self>, wanted: u64) {
        self.mark_where(|id, _| id == wanted);
    }

    fn mark_where(self: &Rc<Self>, is_meant: impl Fn(u64, &Watched) -> bool) {
        let mut any = false;
        for (id, watched) in self.watched.borrow_mut().iter_mut() {
            if is_meant(*id, watched) {
                watched.due = true;
                any = true;
            }
        }
        if any && !self.running.replace(true) {
            spawn_local(Rc::clone(self).run());
        }
    }

    async fn run(self: Rc<Self>) {
        loop {
            let due = self.take_due();
            if due.is_empty() {
                break;
            }
            for refresh in due {
                refresh().await;
            }
            TimeoutFuture::new(ROUND_PAUSE_MS).await;
        }
        self.running.set(false);
    }

    fn take_due(&self) -> Vec<Refresh> {
        let mut watched = self.watched.borrow_mut();
        let due = watched.values_mut().filter(|entry| entry.due);
        due.map(|entry| {
            entry.due = false;
            Rc::clone(&entry.refresh)
        })
        .collect()
    }
}

/// What is known of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loaded<T> {
    /// Nothing yet, or nothing is asked.
    Waiting,
    /// The newest answer.
    Ready(T),
    /// The node refused.
    Failed(RequestError),
}

impl<T> Loaded<T> {
    /// The answer, if there is one.
    pub(crate) fn ready(&self) -> Option<&T> {
        if let Self::Ready(value) = self { Some(value) } else { None }
    }
}

/// What to show while the answer to a changed request is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    /// The answer to the request before.
    Previous,
    /// Nothing.
    Nothing,
}

/// A request and the newest answer to it.
#[derive(Debug)]
pub(crate) struct Query<T: 'static> {
    /// The answer.
    pub(crate) data: RwSignal<Loaded<T>>,
    /// Whether `data` answers what is asked now, and not the request before.
    pub(crate) settled: RwSignal<bool>,
    /// What `data` answers.
    answered: StoredValue<Option<Request>>,
}

impl<T> Clone for Query<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Query<T> {}

impl<T: Clone + Send + Sync> Query<T> {
    /// The answer, if there is one; tracks.
    pub(crate) fn ready(self) -> Option<T> {
        self.data.with(|data| data.ready().cloned())
    }

    /// The request that the answer belongs to; tracks the answer.
    pub(crate) fn answers(self) -> Option<Request> {
        self.data.track();
        self.answered.get_value()
    }

    /// Why there is no answer, if the request failed.
    pub(crate) fn failure(self) -> Memo<Option<RequestError>>
    where
        T: 'static,
    {
        let data = self.data;
        Memo::new(move |_| {
            data.with(|data| match data {
                Loaded::Failed(error) => Some(error.clone()),
                Loaded::Waiting | Loaded::Ready(_) => None,
            })
        })
    }

    /// Something of the answer, if there is one; tracks.
    pub(crate) fn map<U>(self, part: impl FnOnce(&T) -> U) -> Option<U> {
        self.data.with(|data| data.ready().map(part))
    }
}

/// Watches `topics` and asks for `request` at first, when it changes, and when a topic changes;
/// until the calling scope ends.
pub(crate) fn query<T>(
    client: StoredValue<node_wasm::client::Client, LocalStorage>,
    refresher: StoredValue<Rc<Refresher>, LocalStorage>,
    topics: Topics,
    meanwhile: Meanwhile,
    request: impl Fn() -> Option<Request> + 'static,
) -> Query<T>
where
    T: DeserializeOwned + PartialEq + Send + Sync + 'static,
{
    let query =
        Query { data: RwSignal::new(Loaded::Waiting), settled: RwSignal::new(false), answered: StoredValue::new(None) };
    let wanted = StoredValue::new(None::<Request>);
    let refresh = move || async move {
        let (Some(Some(asked)), Some(client)) = (wanted.try_get_value(), client.try_get_value()) else { return };
        let answer = client.request::<T>(asked.clone()).await;
        if wanted.try_get_value().flatten().as_ref() == Some(&asked) {
            store(query, asked, answer);
        }
    };
    let id = refresher.with_value(|refresher| refresher.add(topics, refresh));
    Effect::new(move |_| {
        let asked = request();
        if wanted.with_value(|wanted| *wanted == asked) {
            return;
        }
        query.settled.set(false);
        if meanwhile == Meanwhile::Nothing || asked.is_none() {
            query.data.set(Loaded::Waiting);
        }
        wanted.set_value(asked);
        refresher.with_value(|refresher| refresher.mark_one(id));
    });
    on_cleanup(move || {
        refresher.try_with_value(|refresher| refresher.remove(id));
    });
    query
}

/// Tells the views only of answers that differ; the view may be gone by now.
fn store<T>(query: Query<T>, asked: Request, answer: Result<T, RequestError>)
where
    T: PartialEq + Send + Sync + 'static,
{
    let loaded = answer.map_or_else(Loaded::Failed, Loaded::Ready);
    let is_other = query.answered.try_with_value(|answered| answered.as_ref() != Some(&asked)) == Some(true);
    query.answered.try_set_value(Some(asked));
    if query.data.try_with_untracked(|old| *old != loaded).is_some_and(|differs| differs || is_other) {
        browser::keep_focus();
        query.data.set(loaded);
    }
    if query.settled.try_get_untracked() == Some(false) {
        query.settled.set(true);
    }
}
