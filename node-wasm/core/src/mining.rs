//! Mining: templates of the next block, and the plain search for a nonce.

use crate::block::{Block, BlockHeader};
use crate::chain::ledger::LedgerError;
use crate::chain::tree::Chain;
use crate::consensus::validation::{meets_target, reward_of};
use crate::keys::Address;
use crate::mempool::{Mempool, Wishes};
use crate::params::ChainParams;
use crate::transaction::{MAX_TRANSACTION_BYTES, Reward, Transaction};
use crate::units::{Amount, Timestamp};

/// Bytes of a block that are not transactions beside the reward: header and length of the list.
const OVERHEAD_BYTES: usize = BlockHeader::BYTES + 4 + MAX_TRANSACTION_BYTES;

/// Bytes that the transactions of a block may have beside its reward.
pub fn room(params: &ChainParams) -> usize {
    params.max_block_bytes.saturating_sub(OVERHEAD_BYTES)
}

/// A block on the tip with everything but its nonce: the best of the mempool that fits, and the
/// reward for it to this miner.
pub fn template(
    chain: &mut Chain,
    mempool: &Mempool,
    wishes: &Wishes,
    miner: Address,
    now: Timestamp,
) -> Result<Block, LedgerError> {
    let selected = mempool.select(room(chain.params()), wishes);
    let others: Vec<Transaction> = selected.iter().map(|transaction| (**transaction).clone()).collect();
    assemble(chain, others, miner, Amount::ZERO, now)
}

/// A block on the tip with these transactions. `excess` is what the miner takes beyond its due:
/// nothing, except in an attack.
pub fn assemble(
    chain: &mut Chain,
    others: Vec<Transaction>,
    miner: Address,
    excess: Amount,
    now: Timestamp,
) -> Result<Block, LedgerError> {
    let tip = chain.tip_header();
    let height = tip.height.next().ok_or(LedgerError::Overflow)?;
    let due = reward_of(chain.params(), height, &others).ok_or(LedgerError::Overflow)?;
    let (target, earliest) = chain.next_rules();
    let mut transactions = vec![Transaction::Reward(Reward { height, to: miner, amount: due })];
    transactions.extend(others);
    let state_root = chain.preview(&transactions)?;
    let amount = due.checked_add(excess).ok_or(LedgerError::Overflow)?;
    if let Some(first) = transactions.first_mut() {
        *first = Transaction::Reward(Reward { height, to: miner, amount });
    }
    let mut block = Block {
        header: BlockHeader {
            version: BlockHeader::VERSION,
            height,
            previous: chain.tip(),
            state_root,
            time: now.max(earliest),
            target,
            nonce: 0,
            ..tip
        },
        transactions,
    };
    block.header.merkle_root = block.merkle_root();
    Ok(block)
}

/// Tries nonces one after the other from the header's own on, at most so many. Plain and slow:
/// the reference for faster kernels, and enough for simulations.
pub fn search(mut header: BlockHeader, attempts: u32) -> Option<BlockHeader> {
    for _ in 0..attempts {
        if meets_target(&header) {
            return Some(header);
        }
        header.nonce = header.nonce.wrapping_add(1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{address, feed, params, transfer};
    use std::sync::Arc;

    #[test]
    fn a_template_becomes_a_valid_block_that_pays_subsidy_and_fees() {
        let mut chain = Chain::new(params());
        let mut mempool = Mempool::default();
        let paid = Arc::new(transfer(chain.genesis(), 0, 1, 5, 0));
        mempool.insert(chain.params(), chain.ledger(), paid.clone(), Timestamp::default()).unwrap();
        let mut block = template(&mut chain, &mempool, &Wishes::default(), address(9), Timestamp::default()).unwrap();
        assert_eq!(block.transactions[1], *paid);
        block.header = search(block.header, u32::MAX).unwrap();
        let change = feed(&mut chain, &Arc::new(block));
        assert_eq!(change.connected.len(), 1);
        let due = params().subsidy.checked_add(paid.fee()).unwrap();
        assert_eq!(chain.ledger().immature(&address(9)), due);
    }

    #[test]
    fn an_excess_makes_the_block_invalid_and_nothing_else() {
        let mut chain = Chain::new(params());
        let grain = Amount::from_grains(1).unwrap();
        let mut block = assemble(&mut chain, Vec::new(), address(9), grain, Timestamp::default()).unwrap();
        block.header = search(block.header, u32::MAX).unwrap();
        let change = feed(&mut chain, &Arc::new(block));
        assert!(matches!(change.invalid[..], [(_, LedgerError::Reward { .. })]));
    }
}
