//! As many tabs as a class has: a mesh of bounded degree that carries full blocks and needs no tracker.

use crate::harness::{BLOCKS, Browser, SOON};
use crate::scenarios::{Stage, Status};
use crate::webdriver::Session;
use node_core::chain::tree::Chain;
use node_core::hash::BlockHash;
use node_core::keys::{Address, SecretKey, Signature};
use node_core::net::peers::MAX_LINKS;
use node_core::params::ChainParams;
use node_core::transaction::{Memo, Transaction, Transfer};
use node_core::units::Amount;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const TABS: usize = 12;
/// Links that each tab must have: it wants eight, and each of these is another one's link too.
const LEAST_LINKS: usize = 6;
/// Payers of a full block, each with just below the hundred transactions that may wait of one.
const PAYERS: u8 = 38;
pub(crate) const PAYMENTS: u64 = 97;
/// Bytes from which on a block counts as full.
const FULL_BLOCK: u64 = 1_000_000;
/// Transactions handed in by one script.
const BATCH: usize = 500;

pub(crate) fn payer(number: u8) -> SecretKey {
    SecretKey::derive(&[number; 32], b"payer")
}

/// A payment with the longest memo, in hex digits.
pub(crate) fn payment(genesis: BlockHash, to: Address, from: &SecretKey, nonce: u64) -> String {
    let mut transfer = Transfer {
        from: from.public_key(),
        to,
        amount: Amount::from_grains(1).expect("small"),
        fee: Amount::from_grains(500).expect("small"),
        nonce,
        memo: Memo::new(&"m".repeat(140)).expect("short enough"),
        signature: Signature::NONE,
    };
    transfer.sign(from, genesis);
    hex::encode(Transaction::Transfer(transfer).to_bytes())
}

/// Twelve tabs, and what is done with them.
struct Class {
    stage: Stage,
    params: ChainParams,
}

impl Class {
    async fn begin() -> Self {
        let start = Instant::now();
        let stage = Stage::new(TABS).await;
        println!("{TABS} tabs open in {:?}", start.elapsed());
        let room = stage.query.rsplit_once('=').expect("the room stands last").1;
        let params = ChainParams::named("dev", room).expect("the room has a valid name");
        Self { stage, params }
    }

    /// Connected peers of each tab.
    async fn degrees(&self) -> Vec<usize> {
        let mut degrees = Vec::new();
        for tab in 0..self.stage.tabs.len() {
            degrees.push(self.stage.connected(tab).await.len());
        }
        degrees
    }

    async fn meshes(&self) {
        let start = Instant::now();
        let meshed = async || {
            let degrees = self.degrees().await;
            assert!(degrees.iter().all(|degree| *degree <= MAX_LINKS), "{degrees:?}");
            degrees.iter().all(|degree| *degree >= LEAST_LINKS)
        };
        if !self.stage.browser.comes(BLOCKS, meshed).await {
            self.stage.tell().await;
            panic!("links of the tabs: {:?}", self.degrees().await);
        }
        println!("every tab has links {:?} after the last one opened: {:?}", start.elapsed(), self.degrees().await);
    }

    /// Gives each payer what its payments cost, in one block or two.
    async fn fund(&self) {
        self.stage.earn(0, 60).await;
        let to: Vec<String> = (0..PAYERS)
            .map(|number| payer(number).public_key().address().to_text(self.params.address_prefix))
            .collect();
        let send = format!(
            "(async () => {{ for (const to of {}) await tabchain.wallet.send({{ to, amount: '0.01' }}) }})()",
            json!(to)
        );
        let _: Value = self.stage.browser.call(&self.stage.tabs[0], &send).await;
        self.stage.mine(0, true).await;
        let last = to.last().expect("there are payers").clone();
        let funded = async || {
            self.stage.status(0).await.mempool == 0 && self.stage.balance(0, &last).await.spendable > Amount::ZERO
        };
        self.stage.browser.until(BLOCKS, "the payers have coins", funded).await;
        self.stage.mine(0, false).await;
        let all: Vec<usize> = (0..self.stage.tabs.len()).collect();
        self.stage.one_tip(&all, 1, SOON).await;
    }

    async fn loses_its_tracker(&mut self) {
        self.stage.tracker.kill();
        for tab in 0..TABS {
            let noticed = async || self.stage.status(tab).await.tracker == "offline";
            self.stage.browser.until(SOON, "each tab notices that the tracker is gone", noticed).await;
        }
    }

    async fn relayed(&self) -> u64 {
        let mut relayed = 0;
        for tab in 0..TABS {
            relayed += self.stage.status(tab).await.relayed_signals;
        }
        relayed
    }

    /// A tab loses all links but two, and comes to new ones although there is no tracker.
    async fn heals(&self, tab: usize) {
        let relayed = self.relayed().await;
        let peers = self.stage.connected(tab).await;
        for peer in peers.iter().skip(2) {
            let close = format!("tabchain.peers.disconnect('{peer}')");
            let closed = self.stage.browser.try_call(&self.stage.tabs[tab], &close).await;
            // It may have gone by itself.
            assert!(closed.as_ref().map_or_else(|error| error.code == "not-found", |_| true), "{closed:?}");
        }
        let start = Instant::now();
        let healed = async || self.stage.connected(tab).await.len() >= LEAST_LINKS && self.relayed().await > relayed;
        if !self.stage.browser.comes(Duration::from_mins(1), healed).await {
            self.stage.tell().await;
            panic!("the links do not heal by relayed signals");
        }
        let after = self.relayed().await;
        println!(
            "without a tracker {} broken links were replaced in {:?}, with {} signals relayed",
            peers.len() - 2,
            start.elapsed(),
            after - relayed
        );
    }

    /// Fills the mempool of a tab with what makes a full block.
    async fn fill(&self, tab: usize) {
        let start = Instant::now();
        let genesis = Chain::new(self.params.clone()).genesis();
        let to = payer(0).public_key().address();
        let all: Vec<String> = (0..PAYERS)
            .flat_map(|number| (0..PAYMENTS).map(move |nonce| payment(genesis, to, &payer(number), nonce)))
            .collect();
        let signed = start.elapsed();
        for batch in all.chunks(BATCH) {
            let submit = format!(
                "Promise.all({}.map((hex) => tabchain.transactions.submit(hex))).then((ids) => ids.length)",
                json!(batch)
            );
            let count: usize = self.stage.browser.call(&self.stage.tabs[tab], &submit).await;
            assert_eq!(count, batch.len());
        }
        println!("{} payments signed in {signed:?}, handed in after {:?}", all.len(), start.elapsed());
    }

    /// From now on each tab notes when it came to a block, by the clock that all of them share.
    async fn note_tips(&self) {
        let note = "(() => {
            window.came = {};
            tabchain.on('tip', (tip) => tip.connected.forEach((hash) => (window.came[hash] ??= Date.now())));
            return true;
        })()";
        for tab in &self.stage.tabs {
            let _: bool = self.stage.browser.call(tab, note).await;
        }
    }

    /// When each tab came to a block, in the order of the tabs.
    async fn came(&self, hash: &str) -> Vec<u64> {
        let mut times = Vec::new();
        for tab in &self.stage.tabs {
            let came: BTreeMap<String, u64> = self.stage.browser.call(tab, "window.came").await;
            times.extend(came.get(hash));
        }
        times
    }

    /// The first full block of a tab's chain.
    async fn full_block(&self, tab: usize) -> Option<(String, u64, u64)> {
        let blocks: Vec<Value> = self.stage.browser.call(&self.stage.tabs[tab], "tabchain.chain.blocks()").await;
        let full = blocks.iter().rev().find(|block| block["size"].as_u64() >= Some(FULL_BLOCK))?;
        let hash = full["hash"].as_str().expect("a hash").to_owned();
        Some((hash, full["height"].as_u64().expect("a height"), full["size"].as_u64().expect("a size")))
    }
}

#[tokio::test]
async fn twelve_tabs_live_without_their_tracker_heal_and_carry_a_full_block_past_a_slow_one() {
    let start = Instant::now();
    let mut class = Class::begin().await;
    class.meshes().await;
    // A tab of another browser, which will not read what it is sent.
    let other = Browser::beside(Session::chromium().await);
    let slow = other.open(&class.stage.page()).await;
    let status = async || -> Status { other.call(&slow, "tabchain.status()").await };
    let linked = |peers: u32| usize::try_from(peers).is_ok_and(|peers| peers >= LEAST_LINKS);
    class.stage.browser.until(SOON, "it is one of them", async || linked(status().await.peers)).await;
    class.fund().await;
    class.loses_its_tracker().await;
    class.heals(TABS - 1).await;
    class.fill(0).await;
    class.note_tips().await;

    other.suspend();
    class.stage.mine(0, true).await;
    let found = async || class.full_block(0).await.is_some();
    class.stage.browser.until(BLOCKS, "a full block is found", found).await;
    class.stage.mine(0, false).await;
    let (hash, height, size) = class.full_block(0).await.expect("it is there");
    let everywhere = async || class.came(&hash).await.len() == TABS;
    class.stage.browser.until(SOON, "the full block is in every tab that reads", everywhere).await;
    let times = class.came(&hash).await;
    let first = *times.iter().min().expect("twelve times");
    let after: Vec<u64> = times.iter().map(|time| time - first).collect();
    println!("a block of {size} bytes came to the tabs after {after:?} ms, while one read nothing");
    // When it slept so long that nobody is linked to it any more, only a tracker can help.
    class.stage.tracker.restart();
    other.resume();
    let height = u32::try_from(height).expect("a height");
    class.stage.browser.until(BLOCKS, "the slow one has it too", async || status().await.height >= height).await;
    other.close().await;

    // A newcomer has nothing of it: it travels whole.
    let opened = Instant::now();
    class.stage.open().await;
    class.stage.one_tip(&[0, TABS], height, Duration::from_mins(1)).await;
    println!("a newcomer has the full block {:?} after it was opened; {:?} in all", opened.elapsed(), start.elapsed());
    class.stage.close().await;
}
