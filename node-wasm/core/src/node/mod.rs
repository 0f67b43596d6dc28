//! The node: composes chain, mempool, wallet, miner and network behind the contract.

/// Borrows what every network manager may use, beside the manager itself.
macro_rules! context {
    ($node:expr) => {
        crate::net::mesh::Context {
            now: $node.now,
            peers: &mut $node.peers,
            outbox: &mut $node.outbox,
            log: &mut $node.log,
            rng: &mut $node.rng,
        }
    };
}

mod addresses;
mod archive;
mod backfill;
mod blocks;
mod compact;
mod departed;
mod history;
mod known;
mod lab;
mod light;
mod loading;
mod miner;
mod peering;
mod progress;
mod prover;
mod raw;
mod requests;
mod roles;
mod serving;
mod storage;
#[cfg(test)]
mod testing;
mod transactions;
mod views;
mod wallet;

use crate::block::Block;
use crate::chain::tree::Chain;
use crate::contract::{Input, JobId, LinkId, Output};
use crate::hash::{BlockHash, TxId};
use crate::keys::{Address, SecretKey};
use crate::log::{Line, Log};
use crate::mempool::Mempool;
use crate::net::frame::Class;
use crate::net::gossip::Gossip;
use crate::net::mesh::Mesh;
use crate::net::outbox::Outbox;
use crate::net::peers::Peers;
use crate::net::sync::Sync;
use crate::params::ChainParams;
use crate::sentence::sentence;
use crate::store::{Stored, opening};
use crate::transaction::Transaction;
use crate::units::Timestamp;
use crate::view::{Balance, Event, Role};
use crate::wallet::Wallet;
use addresses::Addresses;
use archive::Import;
use backfill::Backfill;
use compact::Relay;
use departed::Departed;
use lab::Lab;
use light::Light;
use loading::Loads;
use miner::Miner;
use progress::Progress;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use storage::{Kept, Storage};
use tracker_protocol::PeerId;
use wallet::Keeper;

/// How often a node looks after its links, peers and requests when nothing else happens.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Signature jobs under way at most. Transactions beyond are dropped, to be announced again;
/// blocks are bounded by what was asked for and by their proof of work.
const MAX_JOBS: usize = 256;
/// A gap between two inputs from which on this node counts as having slept: its heartbeat asks for
/// one every second, and a browser wakes a worker in the background at least that often.
const SLEEP_GAP: Duration = Duration::from_secs(5);

/// What a node is to be.
#[derive(Debug, Clone)]
pub struct Config {
    /// The chain.
    pub params: ChainParams,
    /// What it does for others.
    pub role: Role,
    /// Peers of an earlier run, the best first; at most [`crate::net::mesh::MAX_REMEMBERED`] are taken.
    pub remembered: Vec<PeerId>,
    /// Name of the profile that holds its store; empty without one.
    pub profile: String,
    /// The profile that was wanted instead, and that another tab has.
    pub missed_profile: Option<String>,
}

impl Config {
    /// A node that remembers nobody.
    pub fn new(params: ChainParams, role: Role) -> Self {
        Self { params, role, remembered: Vec::new(), profile: String::new(), missed_profile: None }
    }
}

/// Signatures that are being verified, and what waits for them.
#[derive(Debug)]
enum Verifying {
    Transactions { transactions: Vec<Arc<Transaction>>, from: LinkId },
    Block { block: Arc<Block> },
}

/// Who a body came from.
#[derive(Debug, Clone, Copy)]
struct Delivery {
    /// Who was first with it.
    first: LinkId,
    /// Who gave it when asked, and so says that it is valid; a push is no such word.
    vouching: Option<LinkId>,
}

/// A whole node.
#[derive(Debug)]
pub struct Node {
    now: Timestamp,
    role: Role,
    profile: String,
    rng: ChaCha8Rng,
    outbox: Outbox,
    log: Log,
    chain: Chain,
    mempool: Mempool,
    wallet: Wallet,
    keeper: Keeper,
    /// The block of the best chain that holds a transaction; of blocks in memory.
    index: BTreeMap<TxId, BlockHash>,
    addresses: Addresses,
    backfill: Backfill,
    peers: Peers,
    mesh: Mesh,
    gossip: Gossip,
    departed: Departed,
    sync: Sync,
    relay: Relay,
    miner: Miner,
    lab: Lab,
    storage: Storage,
    loads: Loads,
    verifying: BTreeMap<JobId, Verifying>,
    /// Which peers a body came from, until it is connected or discarded.
    delivered: BTreeMap<BlockHash, Delivery>,
    last_job: u64,
    next_heartbeat: Timestamp,
    /// What the user interface was told last.
    told_balances: BTreeMap<Address, Balance>,
    progress: Progress,
    clock_warned: bool,
    /// What it has beside headers while its role is light.
    light: Light,
    /// Own transactions from a run before or a time as a light node, with when they were sent, until
    /// the accounts are known.
    carried: Vec<(Timestamp, Arc<Transaction>)>,
    gaps_warned: bool,
    /// A part of a file that is being taken in.
    importing: Option<Import>,
}

impl Node {
    /// A node with an empty chain and no store. All its keys and choices follow from the seed.
    pub fn new(config: Config, seed: [u8; 32], now: Timestamp) -> Self {
        let light = config.role == Role::Light;
        let chain = if light { Chain::of_headers(config.params.clone()) } else { Chain::new(config.params.clone()) };
        let wallet = wallet::quick_start(&seed);
        Self::assemble(config, seed, seed, chain, wallet, now)
    }

    /// A node that goes on where it was when the store was written, as far as that is there and
    /// whole. `fresh` is 32 random bytes: for choices, and for the keys of a store that has none.
    pub fn open(config: Config, stored: &Stored, fresh: [u8; 32], now: Timestamp) -> Self {
        let opened = opening::open(config.params.clone(), stored);
        let Kept { storage, seed, wallet, peers, bans, sent, damaged, lines } = Kept::new(stored, &opened, fresh);
        let remembered = config.remembered.into_iter().chain(peers).collect();
        let missed = config.missed_profile.as_ref().map(|wanted| {
            let profile = &config.profile;
            let said = sentence!("another tab has the profile {wanted}: this one goes on with profile {profile}");
            Line::warning("profile-in-use", said)
        });
        let config = Config { remembered, ..config };
        // A light node goes on with the headers, and leaves the rest of the store as it is.
        let light = config.role == Role::Light;
        let chain = if light { opened.chain.rebuilt(false, false) } else { opened.chain };
        let mut node = Self::assemble(config, seed, fresh, chain, wallet, now);
        (node.storage, node.keeper.damaged) = (storage, damaged);
        node.peers.restore_bans(bans, now);
        for line in lines.into_iter().chain(missed) {
            node.write(line);
        }
        node.take_up();
        node.take_up_sent(sent);
        node
    }

    fn assemble(
        config: Config,
        seed: [u8; 32],
        choices: [u8; 32],
        chain: Chain,
        wallet: Wallet,
        now: Timestamp,
    ) -> Self {
        let key = SecretKey::derive(&seed, b"peer");
        let mut mesh = Mesh::new(key, chain.params(), chain.genesis(), &config.remembered, now);
        mesh.set_light(!chain.keeps_bodies());
        Self {
            now,
            role: config.role,
            profile: config.profile,
            rng: ChaCha8Rng::from_seed(crate::hash::tagged_sha256(b"tabchain/choices", &[&choices])),
            outbox: Outbox::default(),
            log: Log::default(),
            mempool: Mempool::default(),
            wallet,
            keeper: Keeper::new(now),
            index: BTreeMap::new(),
            addresses: Addresses::above(chain.height()),
            backfill: Backfill::new(now),
            peers: Peers::default(),
            mesh,
            gossip: Gossip::default(),
            departed: Departed::default(),
            sync: Sync::default(),
            relay: Relay::default(),
            miner: Miner::default(),
            lab: Lab::default(),
            storage: Storage::default(),
            loads: Loads::default(),
            verifying: BTreeMap::new(),
            delivered: BTreeMap::new(),
            last_job: 0,
            next_heartbeat: now,
            told_balances: BTreeMap::new(),
            progress: Progress::default(),
            clock_warned: false,
            light: Light::default(),
            carried: Vec::new(),
            gaps_warned: false,
            importing: None,
            chain,
        }
    }

    /// Takes one input. `now` never seems to go back: an earlier time counts as the last one.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        let slept = now.since(self.now);
        self.now = self.now.max(now);
        if slept > SLEEP_GAP {
            self.woke(slept);
        }
        match input {
            Input::Tick => {}
            Input::TrackerOpened => self.mesh.tracker_changed(&mut context!(self), true),
            Input::TrackerClosed => self.mesh.tracker_changed(&mut context!(self), false),
            Input::Tracker(message) => self.mesh.on_tracker(&mut context!(self), message),
            Input::LocalSignal { link, signal } => self.mesh.on_local_signal(&mut context!(self), link, signal),
            Input::LinkOpened { link, binding } => self.on_link_opened(link, binding),
            Input::LinkRouted { link, route } => {
                if let Some(peer) = self.peers.get_mut(link) {
                    peer.route = Some(route);
                }
            }
            Input::LinkClosed { link, reason } => self.on_link_closed(link, reason),
            Input::Received { link, frame } => self.on_frame(link, &frame),
            Input::Drained { link, bytes } => self.outbox.drained(link, bytes),
            Input::Verified { job, valid } => self.on_verified(job, &valid),
            Input::Entropy(entropy) => self.keeper.take_in(entropy),
            Input::KeyDerived { job, key } => self.on_key_derived(job, key),
            Input::Mined { job, header } => self.on_mined(job, header),
            Input::HashRate(rate) => self.on_hash_rate(rate),
            Input::Request { id, request } => self.on_request(id, request),
            Input::Persisted { batch } => self.on_persisted(batch),
            Input::StorageFailed { reason } => self.on_storage_failed(reason),
            Input::Loaded { job, answers } => self.on_loaded(job, answers),
            Input::Storage(facts) => self.on_storage_facts(facts),
        }
        self.on_time();
    }

    /// The next thing to do, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outbox.pop()
    }

    /// When [`Input::Tick`] is wanted at the latest.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let due = [
            Some(self.next_heartbeat),
            self.gossip.next_timeout(),
            self.sync.next_timeout(&self.peers, self.chain.params().max_block_bytes),
            self.relay.next_timeout(),
            self.miner.next_timeout(),
            self.serving_timeout(),
            self.light.next_timeout(self.chain.tip(), self.now),
            self.look_back_at(),
            self.fills_at(),
            self.idle_lock_at(),
        ];
        due.into_iter().flatten().min()
    }

    /// The chain, for checkers and measurements.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The mempool, for checkers and measurements.
    pub fn mempool(&self) -> &Mempool {
        &self.mempool
    }

    /// The links, for checkers and measurements.
    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Bytes of a class that wait for a link, for checkers and measurements.
    pub fn waiting(&self, link: LinkId, class: Class) -> u64 {
        self.outbox.waiting(link, class)
    }

    /// This node's id.
    pub fn id(&self) -> PeerId {
        self.mesh.id()
    }

    /// Peers worth handing to [`Config::remembered`] of the next run, at most [`crate::net::mesh::MAX_REMEMBERED`], the best first.
    pub fn peers_to_remember(&self) -> Vec<PeerId> {
        self.mesh.to_remember(&self.peers)
    }

    /// The wallet, for whoever stores it and for checkers.
    pub fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// The address of the wallet's selected account.
    pub fn address(&self) -> Address {
        self.wallet.address()
    }

    fn on_time(&mut self) {
        if self.next_heartbeat <= self.now {
            self.next_heartbeat = self.now.after(HEARTBEAT);
            self.look_after_links();
            self.take_ripe_headers();
            self.expire_transactions();
            self.peers.forgive(self.now);
            self.check_waiting_signatures();
            self.look_after_storage();
            self.loads.look_after(&self.peers);
            self.admit_carried();
            self.tell_role();
            self.lock_when_idle();
            self.look_after_lab();
            self.mesh.maintain(&mut context!(self), self.chain.tip(), self.chain.work());
        }
        self.look_after_gossip();
        self.drop_those_who_do_not_read();
        self.drop_stalled();
        self.look_after_pending();
        self.finish_import();
        self.sync.schedule(&mut context!(self), &self.chain);
        self.look_after_light();
        self.serve();
        self.look_back();
        self.fill_addresses();
        self.refresh_template();
        self.fetch_wanted();
        self.persist();
        self.tell_progress();
    }

    fn write(&mut self, line: Line) {
        self.log.write(&mut self.outbox, self.now, line);
    }

    fn tell(&mut self, event: Event) {
        self.outbox.push(Output::Event(event));
    }

    fn new_job(&mut self) -> JobId {
        self.last_job += 1;
        JobId(self.last_job)
    }

    /// This node slept: what its peers did not do meanwhile is not their fault.
    fn woke(&mut self, slept: Duration) {
        self.peers.woke(slept, self.now);
        self.mesh.woke(slept);
        self.sync.woke(slept);
        self.gossip.woke(slept);
        self.outbox.woke();
        self.light.woke(slept);
        let seconds = slept.as_secs();
        self.write(Line::info("woke", sentence!("this tab slept for {seconds} s and catches up")));
    }

    fn tell_balance(&mut self) {
        for address in self.wallet.addresses().collect::<Vec<_>>() {
            let Some(balance) = self.known_balance(&address) else { continue };
            if self.told_balances.get(&address) != Some(&balance) {
                self.told_balances.insert(address, balance.clone());
                self.tell(Event::Balance(balance));
            }
        }
    }
}
