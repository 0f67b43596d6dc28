//! The compute workers of a node: one for signatures, as many as asked for to mine, and one for
//! each passphrase, which ends with its work and so gives its memory back.
//!
//! They are created when there is first work for them and kept from then on. If one for signatures
//! or a passphrase cannot run, the node's own worker does its work: slower, but nothing hangs.

use super::hash_rate::HashRate;
use super::{Scope, scope};
use crate::browser::{Listener, describe, worker_error};
use crate::messages::{FromCompute, ToCompute, from_buffer, to_buffer};
use gloo_timers::callback::{Interval, Timeout};
use js_sys::Array;
use node_core::block::BlockHeader;
use node_core::contract::{Input, JobId};
use node_core::keys::{SignatureCheck, verify_all};
use node_core::request::{Request, RequestId};
use node_core::sentence::{Say, Sentence, sentence};
use node_core::wallet::vault::Derivation;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

/// Script of a compute worker, in the folder of the workers.
const SCRIPT: &str = "compute_worker_loader.js";

/// Most mining threads, whatever the machine says: each is a worker with its own memory.
const MAX_THREADS: u32 = 64;

/// Time for a compute worker to load and say so, in milliseconds.
const START_WITHIN_MS: u32 = 20_000;

/// Time between two reports of the hash rate, in milliseconds.
const REPORT_EVERY_MS: u32 = 1_000;

/// Asks for the pool itself; the page counts its requests up from zero.
const NOBODY: RequestId = RequestId(u64::MAX);

/// Number of nonces.
const NONCES: u64 = 1 << 32;

/// The compute workers.
pub(super) struct Pool(Rc<Inner>);

struct Inner {
    scope: Scope,
    base: String,
    input: Box<dyn Fn(Input)>,
    /// Hears what goes wrong.
    warn: Box<dyn Fn(&'static str, Sentence)>,
    next_name: Cell<u32>,
    verifier: RefCell<Verifier>,
    /// Batches that the verifier has, so that they are not lost with it. As many as the node gave away.
    batches: RefCell<BTreeMap<u64, Vec<SignatureCheck>>>,
    deriver: RefCell<Option<Deriver>>,
    miners: RefCell<Vec<Compute>>,
    mining: Cell<Option<u64>>,
    rate: RefCell<HashRate>,
    reports: RefCell<Option<Interval>>,
}

/// A worker that stretches a passphrase, and its work, so that it is not lost with it.
struct Deriver {
    worker: Compute,
    job: u64,
    derivation: Derivation,
}

enum Verifier {
    NotYet,
    Running(Compute),
    Broken,
}

/// One compute worker.
struct Compute {
    name: u32,
    worker: Worker,
    ready: bool,
    /// What it gets when it is ready.
    waiting: Vec<ToCompute>,
    _listeners: [Listener; 3],
    start: Option<Timeout>,
}

impl Compute {
    fn send(&mut self, message: ToCompute) {
        if self.ready {
            post(&self.worker, &message);
            return;
        }
        // Of mining only the newest order counts.
        if matches!(message, ToCompute::Mine { .. } | ToCompute::Stop) {
            self.waiting.clear();
        }
        self.waiting.push(message);
    }

    fn became_ready(&mut self) {
        self.ready = true;
        self.start = None;
        for message in std::mem::take(&mut self.waiting) {
            post(&self.worker, &message);
        }
    }
}

impl Drop for Compute {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn post(worker: &Worker, message: &ToCompute) {
    if let Some(buffer) = to_buffer(message) {
        // Fails only for values that cannot be transferred; a buffer can.
        let _ = worker.post_message_with_transfer(&buffer, &Array::of1(&buffer));
    }
}

impl Pool {
    /// No workers yet; `base` is the folder of their script.
    pub(super) fn new(
        base: String,
        input: impl Fn(Input) + 'static,
        warn: impl Fn(&'static str, Sentence) + 'static,
    ) -> Self {
        Self(Rc::new(Inner {
            scope: scope(),
            base,
            input: Box::new(input),
            warn: Box::new(warn),
            next_name: Cell::new(0),
            verifier: RefCell::new(Verifier::NotYet),
            batches: RefCell::default(),
            deriver: RefCell::default(),
            miners: RefCell::default(),
            mining: Cell::new(None),
            rate: RefCell::default(),
            reports: RefCell::default(),
        }))
    }

    /// Checks signatures; answers with [`Input::Verified`].
    pub(super) fn verify(&self, job: JobId, checks: Vec<SignatureCheck>) {
        let inner = &self.0;
        if matches!(*inner.verifier.borrow(), Verifier::NotYet) {
            let verifier = inner.create().map_or(Verifier::Broken, Verifier::Running);
            *inner.verifier.borrow_mut() = verifier;
        }
        if let Verifier::Running(worker) = &mut *inner.verifier.borrow_mut() {
            inner.batches.borrow_mut().insert(job.0, checks.clone());
            worker.send(ToCompute::Verify { job: job.0, checks });
            return;
        }
        inner.verify_here(job.0, &checks);
    }

    /// Stretches a passphrase; answers with [`Input::KeyDerived`]. One at a time: an earlier one is
    /// given up.
    pub(super) fn derive(&self, job: JobId, derivation: Derivation) {
        let inner = &self.0;
        let Some(mut worker) = inner.create() else { return inner.derive_here(job.0, &derivation) };
        worker.send(ToCompute::Derive { job: job.0, derivation: derivation.clone() });
        let former = inner.deriver.replace(Some(Deriver { worker, job: job.0, derivation }));
        bury(former);
    }

    /// Searches a nonce in place of what was searched before; answers with [`Input::Mined`].
    pub(super) fn mine(&self, job: JobId, header: BlockHeader, threads: u32) {
        let inner = &self.0;
        let threads = threads.clamp(1, max_threads(&inner.scope));
        let mut missing = threads.saturating_sub(u32::try_from(inner.miners.borrow().len()).unwrap_or(u32::MAX));
        while missing > 0 {
            let Some(worker) = inner.create() else { break };
            inner.miners.borrow_mut().push(worker);
            missing -= 1;
        }
        let mut miners = inner.miners.borrow_mut();
        let kept = miners.len().min(threads as usize);
        bury(miners.split_off(kept));
        let count = miners.len() as u64;
        for (index, worker) in (0_u64..).zip(miners.iter_mut()) {
            let (first, last) = share(index, count);
            worker.send(ToCompute::Mine { job: job.0, header, first, last });
        }
        drop(miners);
        inner.mining.set(Some(job.0));
        inner.report_rate();
    }

    /// Searches no longer.
    pub(super) fn stop_mining(&self) {
        self.0.mining.set(None);
        self.0.rest();
        if self.0.reports.borrow_mut().take().is_some() {
            (self.0.input)(Input::HashRate(0.0));
        }
    }
}

/// First and last nonce of a share.
#[expect(clippy::cast_possible_truncation, reason = "at most 2^32 - 1, because the index is below the count")]
fn share(index: u64, count: u64) -> (u32, u32) {
    ((index * NONCES / count) as u32, ((index + 1) * NONCES / count - 1) as u32)
}

fn max_threads(scope: &Scope) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and the result is clamped"
    )]
    let cores = scope.navigator().hardware_concurrency() as u32;
    cores.clamp(1, MAX_THREADS)
}

impl Inner {
    fn create(self: &Rc<Self>) -> Option<Compute> {
        let name = self.next_name.get();
        self.next_name.set(name.wrapping_add(1));
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("tabchain compute");
        let worker = match Worker::new_with_options(&format!("{}{SCRIPT}", self.base), &options) {
            Ok(worker) => worker,
            Err(error) => {
                (self.warn)(
                    "compute-worker-failed",
                    sentence!("a compute worker cannot start: {error}", error = describe(&error)),
                );
                return None;
            }
        };
        let listeners = [
            self.on(&worker, "message", name, |inner, name, event| {
                inner.receive(name, &event.unchecked_into::<MessageEvent>().data());
            }),
            self.on(&worker, "error", name, |inner, name, event| inner.lose(name, &worker_error(&event))),
            self.on(&worker, "messageerror", name, |inner, name, _| {
                inner.lose(name, &sentence!("its message cannot be read"));
            }),
        ];
        let inner = Rc::downgrade(self);
        let start = Timeout::new(START_WITHIN_MS, move || {
            if let Some(inner) = inner.upgrade() {
                inner.lose(name, &sentence!("it did not start in time"));
            }
        });
        Some(Compute { name, worker, ready: false, waiting: Vec::new(), _listeners: listeners, start: Some(start) })
    }

    fn on(
        self: &Rc<Self>,
        worker: &Worker,
        event: &'static str,
        name: u32,
        callback: fn(&Rc<Self>, u32, JsValue),
    ) -> Listener {
        let inner = Rc::downgrade(self);
        Listener::new(worker, event, move |event| {
            if let Some(inner) = Weak::upgrade(&inner) {
                callback(&inner, name, event);
            }
        })
    }

    fn receive(self: &Rc<Self>, name: u32, message: &JsValue) {
        match from_buffer::<FromCompute>(message) {
            Some(FromCompute::Ready) => self.became_ready(name),
            Some(FromCompute::Verified { job, valid }) => {
                if self.batches.borrow_mut().remove(&job).is_some() {
                    (self.input)(Input::Verified { job: JobId(job), valid });
                }
            }
            Some(FromCompute::Found { job, header }) => {
                // Another thread may have been faster, or the job may be an old one.
                if self.mining.get() == Some(job) {
                    self.mining.set(None);
                    self.rest();
                    (self.input)(Input::Mined { job: JobId(job), header });
                }
            }
            Some(FromCompute::Derived { job, key }) => {
                let done = self.deriver.borrow_mut().take_if(|deriver| deriver.job == job);
                if let Some(done) = done {
                    bury(done);
                    (self.input)(Input::KeyDerived { job: JobId(job), key });
                }
            }
            Some(FromCompute::Hashes(hashes)) => self.rate.borrow_mut().add(hashes),
            Some(FromCompute::Failed(error)) => self.lose(name, &error.say()),
            None => self.lose(name, &sentence!("it sent what is no message")),
        }
    }

    fn became_ready(&self, name: u32) {
        if let Verifier::Running(worker) = &mut *self.verifier.borrow_mut()
            && worker.name == name
        {
            worker.became_ready();
        }
        if let Some(deriver) = self.deriver.borrow_mut().as_mut().filter(|deriver| deriver.worker.name == name) {
            deriver.worker.became_ready();
        }
        if let Some(worker) = self.miners.borrow_mut().iter_mut().find(|worker| worker.name == name) {
            worker.became_ready();
        }
    }

    /// Gives up a worker. What the one for signatures had is checked here.
    fn lose(self: &Rc<Self>, name: u32, why: &Sentence) {
        let is_verifier = matches!(&*self.verifier.borrow(), Verifier::Running(worker) if worker.name == name);
        if is_verifier {
            let lost = self.verifier.replace(Verifier::Broken);
            bury(lost);
            (self.warn)("compute-worker-failed", sentence!("signatures are checked in the node's own worker: {why}"));
            let batches = std::mem::take(&mut *self.batches.borrow_mut());
            for (job, checks) in batches {
                self.verify_here(job, &checks);
            }
            return;
        }
        let deriver = self.deriver.borrow_mut().take_if(|deriver| deriver.worker.name == name);
        if let Some(Deriver { worker, job, derivation }) = deriver {
            bury(worker);
            (self.warn)(
                "compute-worker-failed",
                sentence!("a passphrase is worked on in the node's own worker: {why}"),
            );
            return self.derive_here(job, &derivation);
        }
        let place = self.miners.borrow().iter().position(|worker| worker.name == name);
        let Some(place) = place else { return };
        let lost = self.miners.borrow_mut().remove(place);
        bury(lost);
        let left = self.miners.borrow().len();
        (self.warn)("compute-worker-failed", sentence!("a mining thread ended, {left} are left: {why}"));
        if left == 0 {
            // Its answer finds no asker, which the page takes for a request that was given up.
            (self.input)(Input::Request { id: NOBODY, request: Request::MinerStop });
        }
    }

    fn verify_here(&self, job: u64, checks: &[SignatureCheck]) {
        let valid = verify_all(checks);
        (self.input)(Input::Verified { job: JobId(job), valid });
    }

    fn derive_here(&self, job: u64, derivation: &Derivation) {
        let key = derivation.derive();
        (self.input)(Input::KeyDerived { job: JobId(job), key });
    }

    /// Lets all mining threads rest.
    fn rest(&self) {
        for worker in self.miners.borrow_mut().iter_mut() {
            worker.send(ToCompute::Stop);
        }
    }

    /// Begins to report the hash rate, if that has not begun.
    fn report_rate(self: &Rc<Self>) {
        if self.reports.borrow().is_some() {
            return;
        }
        self.rate.borrow_mut().start(self.clock());
        let inner = Rc::downgrade(self);
        let reports = Interval::new(REPORT_EVERY_MS, move || {
            if let Some(inner) = inner.upgrade() {
                let rate = inner.rate.borrow_mut().measure(inner.clock());
                (inner.input)(Input::HashRate(rate));
            }
        });
        *self.reports.borrow_mut() = Some(reports);
    }

    fn clock(&self) -> f64 {
        self.scope.performance().map_or(0.0, |performance| performance.now())
    }
}

/// Drops something in a task of its own, because one of its own event handlers may be running.
fn bury<T: 'static>(lost: T) {
    wasm_bindgen_futures::spawn_local(async move { drop(lost) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_all_nonces_once() {
        for count in [1, 2, 3, 7, 64] {
            let shares: Vec<_> = (0..count).map(|index| share(index, count)).collect();
            assert_eq!(shares.first().unwrap().0, 0);
            assert_eq!(shares.last().unwrap().1, u32::MAX);
            for pair in shares.windows(2) {
                assert_eq!(pair[0].1 + 1, pair[1].0);
            }
        }
    }
}
