//! The miner: keeps the compute workers on a fresh template, and takes what they find.

use super::Node;
use crate::block::{Block, BlockHeader};
use crate::contract::{JobId, Output};
use crate::hash::TxId;
use crate::log::Line;
use crate::mempool::{TooManyWishes, Wish, Wishes};
use crate::mining;
use crate::request::{Attack, RequestId, Response};
use crate::sentence::{counted, sentence};
use crate::units::{Amount, Timestamp};
use crate::view::{Event, Page, Role, TemplateView};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a template is mined on before it is made anew: with the transactions that came since,
/// and a time that tells when the block was found.
const TEMPLATE_TIME: Duration = Duration::from_secs(1);
/// Most requests that wait for the next block.
const MAX_WAITING: usize = 64;
/// Templates remembered: a worker may find a block for one that was just replaced.
const MAX_TEMPLATES: usize = 4;

/// A block that waits for its nonce.
#[derive(Debug)]
struct Template {
    block: Block,
    /// If it is an attack of the lab, to be sent to peers and not to be taken in: which.
    forged: Option<Attack>,
}

/// What is mined on.
#[derive(Debug, Default)]
pub(super) struct Miner {
    /// Threads wanted until further notice.
    threads: u32,
    templates: BTreeMap<JobId, Template>,
    refresh_at: Option<Timestamp>,
    /// Requests that wait for the next block this node finds.
    waiting: Vec<RequestId>,
    running: bool,
    wishes: Wishes,
    pub(super) found: u32,
    pub(super) hash_rate: f64,
}

impl Miner {
    /// Threads in use.
    pub(super) fn threads(&self) -> u32 {
        if self.threads == 0 && !self.waiting.is_empty() { 1 } else { self.threads }
    }

    /// Forgets what was being mined; gives the requests that wait for the next block.
    pub(super) fn stop(&mut self) -> Vec<RequestId> {
        self.templates.clear();
        std::mem::take(&mut self.waiting)
    }

    pub(super) fn tip_changed(&mut self) {
        self.refresh_at = Some(Timestamp::default());
    }

    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        self.refresh_at.filter(|_| self.threads() > 0 || self.running)
    }
}

impl Node {
    pub(super) fn start_mining(&mut self, threads: u32) {
        if self.miner.threads != threads {
            self.miner.threads = threads;
            self.miner.tip_changed();
            let line = if threads == 0 {
                Line::info("miner-stopped", sentence!("mining stopped"))
            } else {
                Line::info("miner-started", sentence!("mining on {count}", count = counted!(threads, "thread")))
            };
            self.write(line);
        }
        if self.role != Role::Light {
            self.role = if threads == 0 { Role::Full } else { Role::Miner };
        }
    }

    /// Takes a wish for the blocks to come. Wishes for what waits no more make room.
    pub(super) fn wish(&mut self, id: TxId, wish: Wish) -> Result<(), TooManyWishes> {
        let (wishes, mempool) = (&mut self.miner.wishes, &self.mempool);
        wishes.set(id, wish).or_else(|_| {
            wishes.retain(|id| mempool.get(id).is_some());
            wishes.set(id, wish)
        })?;
        self.miner.tip_changed();
        Ok(())
    }

    /// The next block as it would be built now, and so many of its transactions.
    pub(super) fn template_view(&self, from: usize, limit: usize) -> TemplateView {
        let params = self.chain.params();
        let room = mining::room(params);
        let selected = self.mempool.select(room, &self.miner.wishes);
        // Both sums are below the coins in existence, or the transactions would not wait.
        let fees = selected.iter().try_fold(Amount::ZERO, |sum, one| sum.checked_add(one.fee())).unwrap_or_default();
        let height = self.chain.height().next().unwrap_or(self.chain.height());
        let waiting_with = |wish| {
            let ids = self.mempool.iter().map(|waiting| waiting.id);
            ids.filter(|id| self.miner.wishes.of(id) == wish).collect()
        };
        TemplateView {
            height,
            reward: params.subsidy_at(height).checked_add(fees).unwrap_or_default(),
            fees,
            bytes: selected.iter().map(|one| one.to_bytes().len() as u64).sum(),
            max_bytes: room as u64,
            transactions: Page {
                total: u32::try_from(selected.len()).unwrap_or(u32::MAX),
                items: selected.iter().skip(from).take(limit).map(|one| self.transaction_view(one)).collect(),
            },
            pinned: waiting_with(Wish::Pin),
            excluded: waiting_with(Wish::Exclude),
        }
    }

    /// Answers a request with the next block that this node finds.
    pub(super) fn mine_for(&mut self, id: RequestId) -> bool {
        let place = self.miner.waiting.len() < MAX_WAITING;
        if place {
            self.miner.waiting.push(id);
            self.miner.tip_changed();
        }
        place
    }

    /// Gives the workers a new template, when it is time for one.
    pub(super) fn refresh_template(&mut self) {
        if self.miner.refresh_at.is_none_or(|at| at > self.now) {
            return;
        }
        let threads = self.miner.threads();
        if threads == 0 && self.lab.wants_block().is_none() {
            if std::mem::take(&mut self.miner.running) {
                self.outbox.push(Output::StopMining);
            }
            return;
        }
        self.miner.refresh_at = Some(self.now.after(TEMPLATE_TIME));
        let forged = self.lab.wants_block();
        let Some(block) = self.next_block(forged) else { return };
        let (job, header, threads) = (self.new_job(), block.header, threads.max(1));
        self.miner.templates.insert(job, Template { block, forged });
        while self.miner.templates.len() > MAX_TEMPLATES {
            self.miner.templates.pop_first();
        }
        self.miner.running = true;
        self.outbox.push(Output::Mine { job, header, threads });
    }

    /// The block to search a nonce for: an attack of the lab, or an honest template.
    fn next_block(&mut self, forged: Option<Attack>) -> Option<Block> {
        let made = match forged {
            Some(attack) => self.forge_block(attack),
            None => {
                mining::template(&mut self.chain, &self.mempool, &self.miner.wishes, self.wallet.address(), self.now)
            }
        };
        made.map_err(|error| self.write(Line::warning("no-template", sentence!("no block can be built: {error}")))).ok()
    }

    pub(super) fn on_mined(&mut self, job: JobId, header: BlockHeader) {
        let Some(Template { mut block, forged }) = self.miner.templates.remove(&job) else { return };
        block.header = BlockHeader { time: header.time, nonce: header.nonce, ..block.header };
        self.miner.tip_changed();
        if let Some(attack) = forged {
            return self.launch_block(attack, block);
        }
        let hash = block.header.hash();
        if !self.take_own_block(block) {
            let line = Line::warning(
                "own-block-invalid",
                sentence!("a block of this miner breaks a rule: is the clock right?"),
            );
            return self.write(line.subject(hash));
        }
        self.miner.found += 1;
        if let Some(view) = self.block_view(&hash) {
            for id in std::mem::take(&mut self.miner.waiting) {
                self.reply(id, Ok(Response::Block(Box::new(view.clone()))));
            }
        }
    }

    pub(super) fn on_hash_rate(&mut self, rate: f64) {
        self.miner.hash_rate = rate;
        self.tell(Event::Hashrate(rate));
    }
}
