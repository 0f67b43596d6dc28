//! Blocks for tests: real proof of work at a difficulty of nothing, on any parent.

use crate::block::{Block, BlockHeader};
use crate::chain::tree::Chain;
use crate::consensus::validation::{self, meets_target};
use crate::hash::BlockHash;
use crate::keys::{Address, SecretKey, Signature};
use crate::params::{ChainParams, target_of_work};
use crate::transaction::{Memo, Reward, Transaction, Transfer};
use crate::units::{Amount, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Key number `index`; the first four own 100 TAB each from the start.
pub(crate) fn key(index: u8) -> SecretKey {
    SecretKey::derive(&[index; 32], b"test")
}

pub(crate) fn address(index: u8) -> Address {
    key(index).public_key().address()
}

/// Parameters with a difficulty of nothing.
pub(crate) fn params() -> ChainParams {
    let mut params = ChainParams::named("dev", "test").expect("names are valid");
    params.pow_limit = target_of_work(1);
    params.first_target = target_of_work(1).to_compact();
    params.allocation = (0..4).map(|index| (address(index), Amount::from_tab(100))).collect();
    params.reward_maturity = 3;
    params
}

/// A signed transfer of so many grains, one grain of fee.
pub(crate) fn transfer(genesis: BlockHash, from: u8, to: u8, grains: u64, nonce: u64) -> Transaction {
    transfer_with_fee(genesis, from, to, grains, nonce, 1000)
}

pub(crate) fn transfer_with_fee(
    genesis: BlockHash,
    from: u8,
    to: u8,
    grains: u64,
    nonce: u64,
    fee: u64,
) -> Transaction {
    let mut transfer = Transfer {
        from: key(from).public_key(),
        to: address(to),
        amount: Amount::from_grains(grains).expect("small"),
        fee: Amount::from_grains(fee).expect("small"),
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    };
    transfer.sign(&key(from), genesis);
    Transaction::Transfer(transfer)
}

/// Makes blocks on any block that it made before.
pub(crate) struct Builder {
    pub(crate) params: ChainParams,
    pub(crate) genesis: BlockHash,
    blocks: BTreeMap<BlockHash, Arc<Block>>,
}

impl Builder {
    pub(crate) fn new(params: ChainParams) -> Self {
        let genesis = Chain::new(params.clone()).genesis();
        Self { params, genesis, blocks: BTreeMap::new() }
    }

    /// A node that saw this block and those before it, and nothing else.
    pub(crate) fn replay(&self, tip: BlockHash) -> Chain {
        let mut path = Vec::new();
        let mut hash = tip;
        while hash != self.genesis {
            path.push(self.blocks[&hash].clone());
            hash = self.blocks[&hash].header.previous;
        }
        let mut chain = Chain::new(self.params.clone());
        for block in path.into_iter().rev() {
            feed(&mut chain, &block);
        }
        chain
    }

    /// A valid block on this parent, `late_ms` later than the spacing.
    pub(crate) fn extend(
        &mut self,
        parent: BlockHash,
        miner: u8,
        others: Vec<Transaction>,
        late_ms: u64,
    ) -> Arc<Block> {
        let mut chain = self.replay(parent);
        let height = chain.height().next().expect("low");
        let amount = validation::reward_of(&self.params, height, &others).expect("small");
        let mut transactions = vec![Transaction::Reward(Reward { height, to: address(miner), amount })];
        transactions.extend(others);
        let state_root = chain.preview(&transactions).expect("a valid block");
        let header = BlockHeader { state_root, ..chain.tip_header() };
        self.finish(&chain, Block { header, transactions }, late_ms)
    }

    /// Gives a block its place on a chain's tip and its proof of work; body and state root stay.
    pub(crate) fn finish(&mut self, chain: &Chain, mut block: Block, late_ms: u64) -> Arc<Block> {
        let (target, earliest) = chain.next_rules();
        let tip = chain.tip_header();
        let time = Timestamp::from_millis(tip.time.after(self.params.spacing).millis() + late_ms);
        block.header = BlockHeader {
            version: BlockHeader::VERSION,
            height: tip.height.next().expect("low"),
            previous: chain.tip(),
            merkle_root: block.merkle_root(),
            state_root: block.header.state_root,
            time: time.max(earliest),
            target,
            nonce: 0,
        };
        while !meets_target(&block.header) {
            block.header.nonce += 1;
        }
        let block = Arc::new(block);
        self.blocks.insert(block.header.hash(), block.clone());
        block
    }
}

/// Gives a chain a whole block.
pub(crate) fn feed(chain: &mut Chain, block: &Arc<Block>) -> crate::chain::tree::Change {
    chain.insert_header(block.header).expect("a valid header on a known parent");
    chain.insert_body(block.clone())
}
