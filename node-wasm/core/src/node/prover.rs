//! Answers to light nodes: proofs from the best chain, within each peer's budget of hashes.

use super::Node;
use crate::block::Block;
use crate::contract::LinkId;
use crate::hash::{BlockHash, TxId};
use crate::keys::Address;
use crate::net::limits::Kind;
use crate::net::message::Message;
use crate::net::offence::Offence;
use crate::net::proofs::{Answer, MAX_PROVED, MAX_QUESTIONS, Place, Proved, Question};
use crate::sentence::sentence;
use crate::transaction::Transaction;
use crate::units::Height;

/// Hashes that an account's proof costs at the tip, all in all: a way down the tree.
const HASHES_A_PROOF: usize = 40;
/// Hashes for each account that is taken back and set again.
const HASHES_A_REWIND: usize = 80;
/// Hashes for each transaction of a block, of which one is proved: its leaf, and the branches above.
const HASHES_A_LEAF: usize = 2;
/// What a look into the store counts as, in hashes: as much as a proof, so that nobody has it searched for nothing.
const HASHES_A_LOOKUP: usize = HASHES_A_PROOF;
/// Blocks that are read for a list of transactions at a time: some megabytes at most.
const BLOCKS_A_LIST: usize = 8;
/// Hashes after which a list of transactions ends and goes on in the next answer.
const HASHES_A_LIST: usize = 20_000;

impl Node {
    pub(super) fn on_ask(&mut self, link: LinkId, number: u64, question: Question) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        if peer.questions.len() >= MAX_QUESTIONS {
            return self.refuse(link, Offence::Flood, None, sentence!("more questions than may be under way"));
        }
        peer.questions.push_back((number, question));
    }

    /// Answers a question and counts what that cost.
    pub(super) fn answer_question(&mut self, link: LinkId, number: u64, question: Question) {
        let answered = match question {
            _ if !self.chain.keeps_bodies() => Some((Answer::NotHere, 0)),
            Question::Account { block, address } => Some(self.prove_account(&block, &address)),
            Question::Transactions { block, address, from } => self.list_transactions(link, &block, address, from),
            Question::Transaction { id } => self.find_for_peer(link, id),
        };
        let Some((answer, hashes)) = answered else {
            // Something is on its way from the store: the question waits for it.
            if let Some(peer) = self.peers.get_mut(link) {
                peer.questions.push_front((number, question));
            }
            return;
        };
        self.loads.sought.remove(&link);
        if let Some(peer) = self.peers.get_mut(link) {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            peer.buckets.of(Kind::ProofHashes).spend(hashes as f64, self.now);
        }
        self.send(link, &Message::Answer { number, answer });
    }

    fn prove_account(&mut self, block: &BlockHash, address: &Address) -> (Answer, usize) {
        let Some(rewound) = self.chain.rewind(block) else { return (Answer::NotHere, 0) };
        let answer = match self.chain.prove_account_after(block, address) {
            Some(proof) => Answer::Account(Box::new(proof)),
            None => Answer::NotHere,
        };
        (answer, HASHES_A_PROOF + rewound * HASHES_A_REWIND)
    }

    /// Lists transactions of an address, as many as one answer takes and as are at hand; the rest comes
    /// with the next question. Nothing, if blocks are read first.
    fn list_transactions(
        &mut self,
        link: LinkId,
        block: &BlockHash,
        address: Address,
        from: Place,
    ) -> Option<(Answer, usize)> {
        let last = self.chain.header(block).filter(|_| self.chain.is_best(block)).map(|header| header.height);
        let Some(last) = last else { return Some((Answer::NotHere, 0)) };
        let read = self.loads.ready.remove(&link).unwrap_or_default();
        let (mut items, mut next, mut lacking, mut hashes) = (Vec::new(), None, None, HASHES_A_PROOF);
        for place in self.addresses.places(address, from, last) {
            let Some(hash) = self.chain.hash_at(place.height) else { return Some((Answer::NotHere, hashes)) };
            let body = self.chain.block(&hash).or_else(|| read.get(&hash).cloned().flatten());
            let proved = body.as_ref().and_then(|body| Proved::of(body, place.index));
            if proved.is_none() && items.is_empty() {
                lacking = Some((place, hash));
                break;
            }
            let Some(proved) = proved.filter(|_| items.len() < MAX_PROVED && hashes < HASHES_A_LIST) else {
                next = Some(place);
                break;
            };
            hashes += body.map_or(0, |body| cost(&body));
            items.push(proved);
        }
        if let Some((place, hash)) = lacking {
            let wanted = self.blocks_of(address, place, last);
            let waits = !read.contains_key(&hash) && self.read_all_for_peer(link, wanted);
            return (!waits).then_some((Answer::NotHere, hashes));
        }
        Some((Answer::Transactions { items, next, since: self.addresses.since() }, hashes))
    }

    /// The next blocks with transactions of an address.
    fn blocks_of(&self, address: Address, from: Place, last: Height) -> Vec<BlockHash> {
        let mut blocks = Vec::new();
        for place in self.addresses.places(address, from, last) {
            let hash = self.chain.hash_at(place.height);
            if let Some(hash) = hash.filter(|hash| blocks.last() != Some(hash)) {
                blocks.push(hash);
            }
            if blocks.len() == BLOCKS_A_LIST {
                break;
            }
        }
        blocks
    }

    /// Proves to a peer that a transaction is in a block, wherever that lies. Nothing, if the store is
    /// asked first: in which block it is, and then for the block.
    fn find_for_peer(&mut self, link: LinkId, id: TxId) -> Option<(Answer, usize)> {
        if let Some((proved, hashes)) = self.prove_transaction(&id) {
            return Some((Answer::Transaction(Box::new(proved)), hashes));
        }
        let height = self.place_for_peer(link, id)?;
        let Some(hash) = height.ok().and_then(|height| self.chain.hash_at(height)) else {
            return Some((Answer::NotHere, HASHES_A_LOOKUP));
        };
        let read = self.ready_for(link, &hash).or_else(|| self.chain.block(&hash).map(Ok));
        if read.is_none() && self.read_all_for_peer(link, vec![hash]) {
            return None;
        }
        let Some(Ok(block)) = read else { return Some((Answer::NotHere, HASHES_A_LOOKUP)) };
        let (answer, hashes) = match prove_in(&block, &id) {
            Some(proved) => (Answer::Transaction(Box::new(proved)), cost(&block)),
            None => (Answer::NotHere, cost(&block)),
        };
        Some((answer, HASHES_A_LOOKUP + hashes))
    }

    /// Proof that a transaction is in a block of the best chain, and the hashes that it cost.
    pub(super) fn prove_transaction(&self, id: &TxId) -> Option<(Proved, usize)> {
        let block = self.block_here(&self.place_of(id)?)?;
        Some((prove_in(&block, id)?, cost(&block)))
    }
}

fn prove_in(block: &Block, id: &TxId) -> Option<Proved> {
    let index = block.transactions.iter().position(|transaction: &Transaction| transaction.id() == *id)?;
    Proved::of(block, u32::try_from(index).ok()?)
}

fn cost(block: &Block) -> usize {
    block.transactions.len() * HASHES_A_LEAF
}
