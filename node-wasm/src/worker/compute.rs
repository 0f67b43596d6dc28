//! A compute worker: checks signatures, searches nonces, stretches passphrases.

use super::{Scope, on_panic, scope};
use crate::browser::Listener;
use crate::kernel::Kernel;
use crate::messages::{ComputeError, FromCompute, ToCompute, from_buffer, to_buffer};
use js_sys::Array;
use node_core::block::BlockHeader;
use node_core::keys::verify_all;
use node_core::units::Timestamp;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageChannel, MessageEvent, MessagePort};

/// Time of one slice of a search, in milliseconds: how long a new job may wait.
const SLICE_MS: f64 = 50.0;

/// Nonces of the first slice; doubled or halved until a slice takes its time.
const FIRST_SLICE: u32 = 1 << 14;

/// Bounds of a slice in nonces, from a slow phone to far above any core.
const SLICE_RANGE: (u32, u32) = (1 << 10, 1 << 26);

struct Compute {
    scope: Scope,
    search: RefCell<Option<Search>>,
    slice: Cell<u32>,
    /// A message to itself, behind those that wait: how a search lets others through. Timers
    /// would cost four milliseconds each.
    again: MessagePort,
    scheduled: Cell<bool>,
}

/// A share of a mining job.
struct Search {
    job: u64,
    kernel: Kernel,
    header: BlockHeader,
    first: u32,
    last: u32,
    next: u32,
}

/// What a slice of a search came to.
#[derive(Debug, PartialEq, Eq)]
struct Slice {
    hashes: u32,
    found: Option<u32>,
}

impl Search {
    fn new(job: u64, header: BlockHeader, first: u32, last: u32) -> Option<Self> {
        let kernel = Kernel::new(&header).ok().filter(|_| first <= last)?;
        Some(Self { job, kernel, header, first, last, next: first })
    }

    /// Tries up to `most` nonces. Behind the last one it goes on from the first with the header's
    /// time a millisecond later.
    fn advance(&mut self, most: u32) -> Slice {
        let count = (self.last - self.next).saturating_add(1).min(most);
        let found = self.kernel.search(self.next, count);
        let hashes = found.map_or(count, |nonce| nonce - self.next + 1);
        match self.next.checked_add(count).filter(|next| *next <= self.last) {
            Some(next) => self.next = next,
            None if found.is_none() => self.start_over(),
            None => {}
        }
        Slice { hashes, found }
    }

    fn start_over(&mut self) {
        self.header.time = Timestamp::from_millis(self.header.time.millis() + 1);
        // The target is still the one that made a kernel before.
        if let Ok(kernel) = Kernel::new(&self.header) {
            self.kernel = kernel;
        }
        self.next = self.first;
    }
}

impl Compute {
    fn post(&self, message: &FromCompute) {
        if let Some(buffer) = to_buffer(message) {
            // Fails only for values that cannot be transferred; a buffer can.
            let _ = self.scope.post_message_with_transfer(&buffer, &Array::of1(&buffer));
        }
    }

    fn receive(&self, message: &JsValue) {
        match from_buffer::<ToCompute>(message) {
            Some(ToCompute::Verify { job, checks }) => {
                let valid = verify_all(&checks);
                self.post(&FromCompute::Verified { job, valid });
            }
            Some(ToCompute::Mine { job, header, first, last }) => {
                let search = Search::new(job, header, first, last);
                let unusable = search.is_none();
                *self.search.borrow_mut() = search;
                if unusable {
                    self.post(&FromCompute::Failed(ComputeError::BadJob));
                } else {
                    self.schedule();
                }
            }
            Some(ToCompute::Derive { job, derivation }) => {
                let key = derivation.derive();
                self.post(&FromCompute::Derived { job, key });
            }
            Some(ToCompute::Stop) => *self.search.borrow_mut() = None,
            None => self.post(&FromCompute::Failed(ComputeError::BadMessage)),
        }
    }

    fn schedule(&self) {
        if !self.scheduled.replace(true) {
            // Fails only for values that cannot be cloned; null can.
            let _ = self.again.post_message(&JsValue::NULL);
        }
    }

    /// One slice of the search, if there is one.
    fn step(&self) {
        self.scheduled.set(false);
        let mut slot = self.search.borrow_mut();
        let Some(search) = slot.as_mut() else { return };
        let size = self.slice.get();
        let started = self.clock();
        let Slice { hashes, found } = search.advance(size);
        if hashes == size {
            self.adapt(self.clock() - started);
        }
        self.post(&FromCompute::Hashes(u64::from(hashes)));
        match found {
            None => self.schedule(),
            Some(nonce) => {
                self.post(&FromCompute::Found { job: search.job, header: search.kernel.header(nonce) });
                *slot = None;
            }
        }
    }

    fn adapt(&self, took_ms: f64) {
        let slice = self.slice.get();
        let next = if took_ms < SLICE_MS / 1.5 {
            slice.saturating_mul(2)
        } else if took_ms > SLICE_MS * 1.5 {
            slice / 2
        } else {
            slice
        };
        self.slice.set(next.clamp(SLICE_RANGE.0, SLICE_RANGE.1));
    }

    fn clock(&self) -> f64 {
        self.scope.performance().map_or(0.0, |performance| performance.now())
    }
}

/// Starts a compute worker in the worker that this runs in.
pub fn start() {
    let scope = scope();
    // Every worker has message channels; without one there is nothing to report through either.
    let Ok(channel) = MessageChannel::new() else { return };
    let compute = Rc::new(Compute {
        scope: scope.clone(),
        search: RefCell::default(),
        slice: Cell::new(FIRST_SLICE),
        again: channel.port2(),
        scheduled: Cell::new(false),
    });
    on_panic(|place| {
        if let Some(buffer) = to_buffer(&FromCompute::Failed(ComputeError::Bug(place))) {
            // Nothing is left to do if this fails; the console has the panic.
            let _ = super::scope().post_message(&buffer);
        }
    });
    let stepping = Rc::clone(&compute);
    let steps = Listener::new(&channel.port1(), "message", move |_| stepping.step());
    channel.port1().start();
    let receiving = Rc::clone(&compute);
    let messages = Listener::new(&scope, "message", move |event| {
        receiving.receive(&event.unchecked_into::<MessageEvent>().data());
    });
    // They live as long as the worker, which ends by being terminated.
    std::mem::forget((steps, messages));
    compute.post(&FromCompute::Ready);
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_core::hash::{BlockHash, MerkleRoot, StateRoot};
    use node_core::units::{CompactTarget, Height};

    fn header(target: u32) -> BlockHeader {
        BlockHeader {
            version: BlockHeader::VERSION,
            height: Height(1),
            previous: BlockHash([1; 32]),
            merkle_root: MerkleRoot([2; 32]),
            state_root: StateRoot([3; 32]),
            time: Timestamp::from_millis(1_000),
            target: CompactTarget(target),
            nonce: 0,
        }
    }

    #[test]
    fn a_share_that_is_used_up_goes_on_with_a_later_time() {
        let mut search = Search::new(1, header(0x0300_ffff), 10, 29).unwrap();
        assert_eq!(search.advance(15), Slice { hashes: 15, found: None });
        assert_eq!(search.next, 25);
        assert_eq!(search.advance(15), Slice { hashes: 5, found: None });
        assert_eq!(search.next, 10);
        assert_eq!(search.kernel.header(0).time, Timestamp::from_millis(1_001));
    }

    #[test]
    fn a_share_at_the_end_of_the_nonces_wraps_to_its_own_start() {
        let mut search = Search::new(1, header(0x0300_ffff), u32::MAX - 3, u32::MAX).unwrap();
        assert_eq!(search.advance(100), Slice { hashes: 4, found: None });
        assert_eq!(search.next, u32::MAX - 3);
        let mut search = Search::new(1, header(0x0300_ffff), 0, u32::MAX).unwrap();
        assert_eq!(search.advance(7), Slice { hashes: 7, found: None });
    }

    #[test]
    fn what_is_found_meets_the_target() {
        let mut search = Search::new(1, header(0x2000_ffff), 0, u32::MAX).unwrap();
        let slice = search.advance(10_000);
        let nonce = slice.found.expect("one in 256 nonces meets the target");
        assert_eq!(slice.hashes, nonce + 1);
        assert_eq!(search.kernel.header(nonce).hash().0[0], 0);
        assert!(Search::new(1, header(0), 0, 5).is_none());
        assert!(Search::new(1, header(0x2000_ffff), 5, 4).is_none());
    }
}
