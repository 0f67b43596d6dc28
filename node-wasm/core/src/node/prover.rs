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
use crate::transaction::Transaction;

/// Hashes that an account's proof costs at the tip, all in all: a way down the tree.
const HASHES_A_PROOF: usize = 40;
/// Hashes for each account that is taken back and set again.
const HASHES_A_REWIND: usize = 80;
/// Hashes for each transaction of a block, of which one is proved: its leaf, and the branches above.
const HASHES_A_LEAF: usize = 2;
/// Hashes after which a list of transactions ends and goes on in the next answer.
const HASHES_A_LIST: usize = 20_000;

impl Node {
    pub(super) fn on_ask(&mut self, link: LinkId, number: u64, question: Question) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        if peer.questions.len() >= MAX_QUESTIONS {
            return self.refuse(link, Offence::Flood, None, "more questions than may be under way");
        }
        peer.questions.push_back((number, question));
    }

    /// Answers a question and counts what that cost.
    pub(super) fn answer_question(&mut self, link: LinkId, number: u64, question: Question) {
        let (answer, hashes) = if self.chain.keeps_bodies() {
            match question {
                Question::Account { block, address } => self.prove_account(&block, &address),
                Question::Transactions { block, address, from } => {
                    match self.list_transactions(link, &block, address, from) {
                        Ok(answered) => answered,
                        // The block is on its way from the store: the question waits for it.
                        Err(body) if self.read_for_peer(link, body) => {
                            if let Some(peer) = self.peers.get_mut(link) {
                                let question = Question::Transactions { block, address, from };
                                peer.questions.push_front((number, question));
                            }
                            return;
                        }
                        Err(_) => (Answer::NotHere, HASHES_A_PROOF),
                    }
                }
                Question::Transaction { id } => match self.prove_transaction(&id) {
                    Some((proved, hashes)) => (Answer::Transaction(Box::new(proved)), hashes),
                    None => (Answer::NotHere, 0),
                },
            }
        } else {
            (Answer::NotHere, 0)
        };
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
    /// with the next question. The error is the block that has to be read first.
    fn list_transactions(
        &mut self,
        link: LinkId,
        block: &BlockHash,
        address: Address,
        from: Place,
    ) -> Result<(Answer, usize), BlockHash> {
        let last = self.chain.header(block).filter(|_| self.chain.is_best(block)).map(|header| header.height);
        let Some(last) = last else { return Ok((Answer::NotHere, 0)) };
        let read = self.loads.ready.remove(&link).unwrap_or_default();
        let (mut items, mut next, mut hashes) = (Vec::new(), None, HASHES_A_PROOF);
        for place in self.addresses.places(address, from, last) {
            let Some(hash) = self.chain.hash_at(place.height) else { return Ok((Answer::NotHere, hashes)) };
            let body = self.chain.block(&hash).or_else(|| read.get(&hash).cloned().flatten());
            let proved = body.as_ref().and_then(|body| Proved::of(body, place.index));
            if proved.is_none() && items.is_empty() {
                return if read.contains_key(&hash) { Ok((Answer::NotHere, hashes)) } else { Err(hash) };
            }
            let Some(proved) = proved.filter(|_| items.len() < MAX_PROVED && hashes < HASHES_A_LIST) else {
                next = Some(place);
                break;
            };
            hashes += body.map_or(0, |body| cost(&body));
            items.push(proved);
        }
        Ok((Answer::Transactions { items, next, since: self.addresses.since() }, hashes))
    }

    /// Proof that a transaction is in a block of the best chain, and the hashes that it cost.
    pub(super) fn prove_transaction(&self, id: &TxId) -> Option<(Proved, usize)> {
        let block = self.block_here(&self.place_of(id)?)?;
        let index = block.transactions.iter().position(|transaction: &Transaction| transaction.id() == *id)?;
        Some((Proved::of(&block, u32::try_from(index).ok()?)?, cost(&block)))
    }
}

fn cost(block: &Block) -> usize {
    block.transactions.len() * HASHES_A_LEAF
}
