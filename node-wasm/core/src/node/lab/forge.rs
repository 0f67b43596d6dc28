//! Makes what the attacks of the lab send. Nothing of it enters this node's own chain, mempool or wallet.

use super::super::Node;
use super::super::wallet::wallet_error;
use crate::block::{Block, BlockHeader};
use crate::chain::ledger::LedgerError;
use crate::consensus::validation::meets_target;
use crate::hash::BlockHash;
use crate::mempool::PROPOSED_FEE;
use crate::mining;
use crate::net::message::{MAX_HEADERS, Message};
use crate::params::ChainParams;
use crate::request::{Attack, ErrorCode, RequestError};
use crate::sentence::sentence;
use crate::transaction::{Memo, Transaction};
use crate::units::{Amount, Height};
use crate::wallet::{Payment, Signing, WalletError};
use rand_core::Rng;
use std::time::Duration;

/// Bytes of the garbage attack.
const GARBAGE_BYTES: usize = 200;
/// Nonces tried for one that misses the target; on any real network the first one does.
const MAX_MISSES: u32 = 1_000;
/// What an inflated reward takes beyond its due.
pub(super) const EXCESS: Amount = Amount::from_tab(1000);
/// How much further ahead than allowed a future block is: nobody waits for it with interest.
const AHEAD: Duration = Duration::from_hours(1);
/// Headers shown of a chain with an altered block in it.
const MAX_SHOWN: usize = 16;
/// Newest blocks that are searched for a payment to replay.
const SEARCH_BLOCKS: u32 = 200;
/// Rooms for which a payment is signed that is replayed here: the first that is not this one.
const OTHER_ROOMS: [&str; 2] = ["elsewhere", "anywhere"];
/// Pings of a flood: the whole budget of a fresh peer, what it gains in ten seconds, and as many
/// beyond as make a ban.
const FLOOD_PINGS: usize = 35;
/// Full messages of an orphan flood: the whole budget of a fresh peer, and one.
const ORPHAN_MESSAGES: usize = 3;

/// What is sent to peers.
#[derive(Debug)]
pub(super) enum Forgery {
    /// Bytes that are no message.
    Bytes(Vec<u8>),
    /// Messages as they are.
    Messages(Vec<Message>),
    /// A transaction that is announced, and given to who asks for it.
    Transaction(Transaction),
    /// A block whose header is shown, and whose body is given to who asks for it.
    Block(Box<Block>),
}

impl Node {
    /// What is missing for an attack, beside peers.
    pub(super) fn lacks_for(&self, attack: Attack) -> Option<RequestError> {
        let is_bare = matches!(attack, Attack::Garbage | Attack::Flood | Attack::OrphanFlood);
        if !self.chain.keeps_bodies() && !is_bare {
            let message = sentence!("a light node has no blocks and accounts to forge this from");
            return Some(RequestError::new(ErrorCode::LightNode, message));
        }
        let signs = matches!(attack, Attack::InvalidSignature | Attack::ForeignReplay | Attack::DoubleSpend);
        if signs && self.wallet.is_locked() {
            return Some(wallet_error(WalletError::Locked));
        }
        let own = self.wallet.address();
        let (lacking, code, message) = match attack {
            Attack::InvalidSignature | Attack::ForeignReplay => (
                self.balance_of(&own).spendable < bait_cost(),
                ErrorCode::NoCoins,
                sentence!("this wallet has no coins to pretend with: mine a block and let its reward mature"),
            ),
            Attack::DoubleSpend => (
                self.chain.ledger().account(&own).nonce == 0,
                ErrorCode::NoPayment,
                sentence!("this wallet has spent nothing yet: send a payment and let it be confirmed"),
            ),
            Attack::Replay => (
                self.confirmed_payment().is_none(),
                ErrorCode::NoPayment,
                sentence!("no payment was confirmed lately: send one and let it be confirmed"),
            ),
            Attack::AlteredBlock => (
                self.chain.height() < Height(2),
                ErrorCode::NoBlocks,
                sentence!("the chain is too short: it takes two blocks"),
            ),
            _ => return None,
        };
        lacking.then(|| RequestError::new(code, message))
    }

    /// Makes what an attack sends, if it needs no proof of work.
    pub(super) fn forge(&mut self, attack: Attack) -> Result<Forgery, RequestError> {
        if let Some(lacking) = self.lacks_for(attack) {
            return Err(lacking);
        }
        Ok(match attack {
            Attack::Garbage => Forgery::Bytes(self.garbage()),
            Attack::InvalidSignature => {
                let mut bait = self.bait(self.next_nonce(), self.chain.genesis())?;
                if let Transaction::Transfer(transfer) = &mut bait {
                    transfer.signature.0[40] ^= 1;
                }
                Forgery::Transaction(bait)
            }
            Attack::ForeignReplay => Forgery::Transaction(self.bait(self.next_nonce(), self.other_genesis())?),
            Attack::DoubleSpend => {
                let spent = self.chain.ledger().account(&self.wallet.address()).nonce.saturating_sub(1);
                Forgery::Transaction(self.bait(spent, self.chain.genesis())?)
            }
            Attack::Replay => {
                let payment = self.confirmed_payment().ok_or_else(no_block)?;
                Forgery::Messages(vec![Message::Announce(vec![payment.id()]), Message::Transactions(vec![payment])])
            }
            Attack::AlteredBlock => {
                Forgery::Messages(vec![Message::Headers(self.altered_chain().ok_or_else(no_block)?)])
            }
            Attack::Flood => Forgery::Messages((0..FLOOD_PINGS).map(|_| Message::Ping(self.rng.next_u64())).collect()),
            Attack::OrphanFlood => Forgery::Messages(self.orphans()),
            Attack::TooLittleWork
            | Attack::WrongHash
            | Attack::FalseTarget
            | Attack::InflatedReward
            | Attack::FutureTimestamp => Forgery::Block(Box::new(self.forge_block(attack).map_err(|_| no_block())?)),
        })
    }

    /// The block of an attack. It lacks its proof of work, and what [`finish`] does afterwards.
    pub(in super::super) fn forge_block(&mut self, attack: Attack) -> Result<Block, LedgerError> {
        let excess = if attack == Attack::InflatedReward { EXCESS } else { Amount::ZERO };
        let mut block = mining::assemble(&mut self.chain, Vec::new(), self.wallet.address(), excess, self.now)?;
        match attack {
            Attack::FalseTarget => {
                let easiest = self.chain.params().pow_limit;
                // Where the easiest target is demanded already, twice the work is as wrong.
                let false_target = if easiest.to_compact() == block.header.target { easiest.0 >> 1 } else { easiest.0 };
                block.header.target = crate::units::Target(false_target).to_compact();
            }
            Attack::FutureTimestamp => {
                block.header.time = self.now.after(self.chain.params().max_ahead).after(AHEAD);
            }
            Attack::TooLittleWork => {
                let misses = |nonce: &u32| !meets_target(&BlockHeader { nonce: *nonce, ..block.header });
                block.header.nonce = (0..MAX_MISSES).find(misses).unwrap_or_default();
            }
            _ => {}
        }
        Ok(block)
    }

    fn garbage(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; GARBAGE_BYTES];
        self.rng.fill_bytes(&mut bytes);
        // No frame starts with this byte, so that luck cannot make a message of it.
        bytes[0] = u8::MAX;
        bytes
    }

    fn next_nonce(&self) -> u64 {
        let own = self.wallet.address();
        self.mempool.next_nonce(&own, self.chain.ledger().account(&own).nonce)
    }

    /// A payment of this wallet to itself, signed for a chain. No other has its id.
    fn bait(&mut self, nonce: u64, genesis: BlockHash) -> Result<Transaction, RequestError> {
        let memo = Memo::new(&format!("lab {:016x}", self.rng.next_u64())).unwrap_or_default();
        let payment = Payment { to: self.wallet.address(), amount: bait_amount(), fee: PROPOSED_FEE, memo };
        self.wallet.transfer(payment, nonce, genesis, Signing::Own).map_err(wallet_error)
    }

    /// The first block of another room of this network.
    fn other_genesis(&self) -> BlockHash {
        let params = self.chain.params();
        let room = OTHER_ROOMS.into_iter().find(|room| *room != params.room).unwrap_or_default().to_owned();
        let first = self.chain.header(&self.chain.genesis()).unwrap_or_else(|| self.chain.tip_header());
        ChainParams { room, ..params.clone() }.genesis(first.state_root).header.hash()
    }

    /// The newest payment among the newest blocks.
    fn confirmed_payment(&self) -> Option<Transaction> {
        let tip = self.chain.height().0;
        let heights = (tip.saturating_sub(SEARCH_BLOCKS) + 1..=tip).rev();
        let blocks = heights.filter_map(|height| self.chain.block(&self.chain.hash_at(Height(height))?));
        let mut payments = blocks
            .filter_map(|block| block.transactions.iter().find(|one| matches!(one, Transaction::Transfer(_))).cloned());
        payments.next()
    }

    /// Headers from the middle of the chain on, the first of a block in which a transaction was changed.
    fn altered_chain(&self) -> Option<Vec<BlockHeader>> {
        let tip = self.chain.height().0;
        // The bodies of old blocks may be in the store only.
        let mut here =
            (tip.div_ceil(2)..tip).filter_map(|height| self.chain.block(&self.chain.hash_at(Height(height))?));
        let mut block = (*here.next()?).clone();
        match block.transactions.last_mut()? {
            Transaction::Reward(reward) => reward.to = self.other_address(),
            Transaction::Issue(issue) => issue.to = self.other_address(),
            Transaction::Transfer(transfer) => transfer.to = self.other_address(),
        }
        block.header.merkle_root = block.merkle_root();
        let behind = (block.header.height.0 + 1..=tip).take(MAX_SHOWN - 1);
        let behind = behind.filter_map(|height| self.chain.header(&self.chain.hash_at(Height(height))?));
        Some(std::iter::once(block.header).chain(behind).collect())
    }

    /// An address that nobody has.
    fn other_address(&self) -> crate::keys::Address {
        let mut address = self.wallet.address();
        address.0[0] ^= 1;
        address
    }

    /// Headers on a block that does not exist: so many that they exceed any budget.
    fn orphans(&mut self) -> Vec<Message> {
        let mut previous = [0; 32];
        self.rng.fill_bytes(&mut previous);
        let mut header = BlockHeader { previous: BlockHash(previous), ..self.chain.tip_header() };
        let mut message = || {
            let headers = (0..MAX_HEADERS).map(|_| {
                header.height = header.height.next().unwrap_or_default();
                let shown = header;
                header.previous = shown.hash();
                shown
            });
            Message::Headers(headers.collect())
        };
        (0..ORPHAN_MESSAGES).map(|_| message()).collect()
    }
}

/// What an attack does to its block once the proof of work is there.
pub(super) fn finish(attack: Attack, block: &mut Block) {
    if attack == Attack::WrongHash
        && let Some(Transaction::Reward(reward)) = block.transactions.first_mut()
    {
        reward.amount = reward.amount.checked_add(EXCESS).unwrap_or_default();
    }
}

/// What a forged payment pretends to pay.
fn bait_amount() -> Amount {
    Amount::from_grains(1).unwrap_or_default()
}

/// What a wallet must have for it.
fn bait_cost() -> Amount {
    PROPOSED_FEE.checked_add(bait_amount()).unwrap_or(Amount::MAX)
}

fn no_block() -> RequestError {
    RequestError::new(ErrorCode::NoBlocks, sentence!("no block can be built on the tip now"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::limits::Kind;
    use crate::net::offence::{BAN_SCORE, Offence};

    #[test]
    fn floods_exceed_the_budgets_that_they_are_sent_against() {
        let (pings, headers) = (Kind::Pings.limit(), Kind::Headers.limit());
        let bans = f64::from(BAN_SCORE.div_ceil(Offence::Flood.points()));
        let count = |count: usize| f64::from(u32::try_from(count).unwrap());
        assert!(count(FLOOD_PINGS) >= pings.burst + 10.0 * pings.rate + bans);
        assert!(count(ORPHAN_MESSAGES * MAX_HEADERS) >= headers.burst + 10.0 * headers.rate + 1.0);
    }
}
