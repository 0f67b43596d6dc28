//! A pool beside a chain: transactions come, replace each other, wait and leave, blocks are
//! connected and taken back, templates are built by all sorts of wishes.

use super::connect::Watch;
use super::pool;
use super::world::{Payment, Recipe, Setting, World, address};
use arbitrary::{Arbitrary, Unstructured};
use node_core::block::Block;
use node_core::chain::tree::Change;
use node_core::hash::TxId;
use node_core::mempool::{Caps, EXPIRY, Mempool, Removal, Wish, Wishes};
use node_core::mining;
use node_core::transaction::Transaction;
use node_core::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Most steps of a drill.
const MAX_STEPS: usize = 128;
/// Most blocks of a run.
const MAX_RUN: u8 = 8;
/// Nonces tried for a template.
const MAX_ATTEMPTS: u32 = 4_096;

/// Transactions by the order in which they came up, the newest first.
#[derive(Debug, Arbitrary)]
struct Wanted {
    pinned: Vec<u8>,
    excluded: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Offer(Payment),
    /// One that was offered before.
    Again(u8),
    Wait {
        minutes: u16,
    },
    Expire,
    /// The best of the pool becomes a block.
    Mine {
        miner: u8,
        wanted: Wanted,
    },
    /// A block of others.
    Make {
        parent: u8,
        recipe: Recipe,
    },
    /// A branch of plain blocks.
    Run {
        parent: u8,
        count: u8,
        delay: u8,
    },
    Select {
        room: u16,
        wanted: Wanted,
    },
}

/// How the pool starts out.
#[derive(Debug, Arbitrary)]
struct Start {
    setting: Setting,
    count: u8,
    bytes: u16,
    roomy: bool,
}

/// Runs a drill.
pub fn mempool(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(start) = input.arbitrary::<Start>() else { return };
    let mut drill = Drill::new(&start);
    let mut left = MAX_STEPS;
    while left > 0
        && !input.is_empty()
        && let Ok(step) = input.arbitrary()
    {
        left -= 1;
        drill.step(step);
        drill.check();
    }
}

struct Drill {
    watch: Watch,
    pool: Mempool,
    caps: Caps,
    now: Timestamp,
    offered: Vec<Arc<Transaction>>,
}

impl Drill {
    fn new(start: &Start) -> Self {
        let small = Caps { count: 1 + usize::from(start.count % 32), bytes: 300 + usize::from(start.bytes % 8_192) };
        let caps = if start.roomy { Caps::default() } else { small };
        let watch = Watch::new(World::new(start.setting.params()));
        let now = watch.chain.tip_header().time;
        Self { watch, pool: Mempool::new(caps), caps, now, offered: Vec::new() }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Offer(payment) => {
                let expected = self.watch.chain.ledger().account(&payment.account()).nonce;
                let nonce = match payment.nonce % 8 {
                    ahead @ 0..=5 => expected + u64::from(ahead),
                    6 => expected.saturating_sub(1),
                    _ => expected + u64::from(payment.nonce / 2),
                };
                self.offer(&Arc::new(payment.transaction(nonce)));
            }
            Step::Again(number) => {
                if let Some(transaction) = self.offered(number) {
                    self.offer(&transaction);
                }
            }
            Step::Wait { minutes } => self.now = self.now.after(Duration::from_mins(u64::from(minutes % 2_048))),
            Step::Expire => self.expire(),
            Step::Mine { miner, wanted } => self.mine(miner, &wanted),
            Step::Make { parent, recipe } => {
                let parent = self.watch.world.pick(parent);
                if let Some(place) = self.watch.world.extend(parent, &recipe) {
                    self.feed(place);
                }
            }
            Step::Run { parent, count, delay } => {
                let mut parent = self.watch.world.pick(parent);
                for _ in 0..count % MAX_RUN {
                    let Some(place) = self.watch.world.extend(parent, &Recipe::plain(0, delay)) else { break };
                    self.feed(place);
                    parent = place;
                }
            }
            Step::Select { room, wanted } => {
                let (room, wishes) = (usize::from(room % 8_192), self.wishes(&wanted));
                let selected = self.pool.select(room, &wishes);
                pool::check_selection(&self.pool, self.watch.chain.ledger(), room, &wishes, &selected);
            }
        }
    }

    fn offered(&self, number: u8) -> Option<Arc<Transaction>> {
        self.offered.iter().rev().nth(usize::from(number)).cloned()
    }

    fn wishes(&self, wanted: &Wanted) -> Wishes {
        let mut wishes = Wishes::default();
        for (numbers, wish) in [(&wanted.pinned, Wish::Pin), (&wanted.excluded, Wish::Exclude)] {
            for transaction in numbers.iter().filter_map(|number| self.offered(*number)) {
                wishes.set(transaction.id(), wish).expect("as many as were offered at most");
            }
        }
        wishes
    }

    /// What is admitted waits, and what it pushed out does not; what is refused changes nothing.
    fn offer(&mut self, transaction: &Arc<Transaction>) {
        self.offered.push(transaction.clone());
        let (before, bytes) = (self.pool.len(), self.pool.bytes());
        let (params, ledger) = (self.watch.chain.params(), self.watch.chain.ledger());
        let checked = self.pool.check(params, ledger, transaction, self.now);
        match self.pool.insert(params, ledger, transaction.clone(), self.now) {
            Ok(removed) => {
                assert_eq!(checked, Ok(()));
                assert!(self.pool.get(&transaction.id()).is_some(), "admitted, and does not wait: {removed:?}");
                assert!(removed.iter().all(|(one, _)| self.pool.get(&one.id()).is_none()));
                assert_eq!(self.pool.len() + removed.len(), before + 1);
            }
            Err(error) => {
                assert_eq!(checked, Err(error));
                assert_eq!((self.pool.len(), self.pool.bytes()), (before, bytes));
            }
        }
    }

    fn expire(&mut self) {
        let late: Vec<TxId> =
            self.pool.iter().filter(|one| self.now.since(one.since) >= EXPIRY).map(|one| one.id).collect();
        let removed = self.pool.expire(self.now);
        assert_eq!(removed.len(), late.len());
        assert!(removed.iter().all(|(one, reason)| *reason == Removal::Expired && late.contains(&one.id())));
    }

    /// A template is a valid block.
    fn mine(&mut self, miner: u8, wanted: &Wanted) {
        let wishes = self.wishes(wanted);
        let chain = &mut self.watch.chain;
        let now = self.now.min(chain.tip_header().time.after(Duration::from_mins(1)));
        let mut block =
            mining::template(chain, &self.pool, &wishes, address(miner), now).expect("what waits can be mined");
        let room = mining::room(chain.params());
        assert!(block.to_bytes().len() <= chain.params().max_block_bytes);
        let selected: Vec<Arc<Transaction>> = block.transactions[1..].iter().cloned().map(Arc::new).collect();
        pool::check_selection(&self.pool, chain.ledger(), room, &wishes, &selected);
        let Some(header) = mining::search(block.header, MAX_ATTEMPTS) else { return };
        block.header = header;
        let place = self.watch.world.adopt(Arc::new(block));
        assert!(self.watch.world.made[place].state.is_some(), "a template that is no valid block");
        self.feed(place);
        assert_eq!(self.watch.chain.tip(), self.watch.world.made[place].hash);
    }

    /// Gives the chain a block and lets the pool follow, as a node does.
    fn feed(&mut self, place: usize) {
        self.watch.header(place);
        let Change { reverted, connected, discarded, .. } = self.watch.body(place);
        let (params, ledger) = (self.watch.chain.params(), self.watch.chain.ledger());
        if connected.is_empty() {
            return;
        }
        let removed = self.pool.update(ledger, params.issuer, &connected, !reverted.is_empty());
        assert!(removed.iter().all(|(one, _)| self.pool.get(&one.id()).is_none()));
        let confirmed = connected.iter().flat_map(|block: &Arc<Block>| &block.transactions);
        assert!(confirmed.into_iter().all(|one| self.pool.get(&one.id()).is_none()), "a confirmed one waits");
        for transaction in reverted.iter().rev().chain(discarded.iter().rev()).flat_map(|block| &block.transactions) {
            let _ = self.pool.insert(params, ledger, Arc::new(transaction.clone()), self.now);
        }
    }

    fn check(&self) {
        self.watch.check();
        pool::check(&self.pool, self.watch.chain.params(), self.watch.chain.ledger(), self.caps);
    }
}
