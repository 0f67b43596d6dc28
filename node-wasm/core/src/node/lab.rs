//! The lab: attacks that this node launches at its peers, to show that they refuse them. What is
//! forged is kept apart, so that the node's own chain and mempool stay honest.

use super::Node;
use crate::block::{Block, BlockHeader};
use crate::chain::ledger::LedgerError;
use crate::consensus::validation::meets_target;
use crate::contract::{LinkId, Output};
use crate::hash::{BlockHash, TxId};
use crate::log::Line;
use crate::mining;
use crate::net::message::Message;
use crate::request::Attack;
use crate::transaction::Transaction;
use crate::units::Amount;
use rand_core::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Forged blocks and transactions kept so that peers can fetch them; older ones are dropped.
const MAX_FORGED: usize = 16;
/// Bytes of the garbage attack.
const GARBAGE_BYTES: usize = 200;
/// Nonces tried for one that misses the target; on any real network the first one does.
const MAX_MISSES: u32 = 1_000;
/// What the inflated reward takes beyond its due.
const EXCESS: Amount = Amount::from_tab(1000);

/// What was forged, and what is being forged.
#[derive(Debug, Default)]
pub(super) struct Lab {
    blocks: BTreeMap<BlockHash, Arc<Block>>,
    transactions: BTreeMap<TxId, Transaction>,
    /// Whether a forged block needs its proof of work.
    wants_block: bool,
}

impl Lab {
    pub(super) fn block(&self, hash: &BlockHash) -> Option<Arc<Block>> {
        self.blocks.get(hash).cloned()
    }

    pub(super) fn transaction(&self, id: &TxId) -> Option<Transaction> {
        self.transactions.get(id).cloned()
    }

    /// No forged block is wanted any more.
    pub(super) fn stop(&mut self) {
        self.wants_block = false;
    }

    /// Whether a forged block needs its proof of work.
    pub(super) fn wants_block(&self) -> bool {
        self.wants_block
    }
}

impl Node {
    /// Launches an attack at every connected peer; gives how many there are.
    pub(super) fn attack(&mut self, attack: Attack) -> usize {
        let links = self.connected_links();
        match attack {
            _ if links.is_empty() => {}
            Attack::Garbage => self.launch_garbage(&links),
            Attack::TooLittleWork => self.launch_too_little_work(),
            Attack::InflatedReward => {
                self.lab.wants_block = true;
                self.miner.tip_changed();
            }
        }
        links.len()
    }

    /// Announces a transaction without a valid signature; gives how many peers will see it.
    pub(super) fn launch_transaction(&mut self, transaction: Transaction) -> usize {
        let id = transaction.id();
        self.lab.transactions.insert(id, transaction);
        if self.lab.transactions.len() > MAX_FORGED {
            self.lab.transactions.pop_first();
        }
        let links = self.connected_links();
        for link in &links {
            self.send(*link, &Message::Announce(vec![id]));
        }
        self.write(Line::warning("attack", "announced a transaction without a valid signature").subject(id));
        links.len()
    }

    /// The block of the inflated reward, all but its nonce.
    pub(super) fn forge_block(&mut self) -> Result<Block, LedgerError> {
        mining::assemble(&mut self.chain, Vec::new(), self.wallet.address(), EXCESS, self.now)
    }

    /// Offers a forged block to every peer.
    pub(super) fn launch_block(&mut self, block: Block) {
        self.lab.wants_block = false;
        let (hash, header) = (block.header.hash(), block.header);
        self.lab.blocks.insert(hash, Arc::new(block));
        if self.lab.blocks.len() > MAX_FORGED {
            self.lab.blocks.pop_first();
        }
        for link in self.connected_links() {
            self.send(link, &Message::Headers(vec![header]));
        }
        self.write(Line::warning("attack", "sent a forged block to every peer").subject(hash));
    }

    fn launch_garbage(&mut self, links: &[LinkId]) {
        for link in links {
            let mut frame = vec![0; GARBAGE_BYTES];
            self.rng.fill_bytes(&mut frame);
            // No frame starts with this byte, so that luck cannot make a message of it.
            frame[0] = u8::MAX;
            self.outbox.push(Output::Send { link: *link, frame });
        }
        self.write(Line::warning("attack", "sent random bytes to every peer"));
    }

    fn launch_too_little_work(&mut self) {
        match self.forge_block() {
            Ok(mut block) => {
                let misses = |nonce: &u32| !meets_target(&BlockHeader { nonce: *nonce, ..block.header });
                block.header.nonce = (0..MAX_MISSES).find(misses).unwrap_or_default();
                self.launch_block(block);
            }
            Err(error) => self.write(Line::warning("no-template", format!("no block can be built: {error}"))),
        }
    }

    fn connected_links(&self) -> Vec<LinkId> {
        self.peers.connected().map(|(link, _)| link).collect()
    }
}
