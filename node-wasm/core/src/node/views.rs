//! Snapshots of the node for people and programs.

use super::Node;
use crate::hash::{BlockHash, TxId};
use crate::keys::{Address, Signature};
use crate::net::peers::Ban;
use crate::net::proofs::Proved;
use crate::request::MAX_PAGE;
use crate::store::record::BlockFacts;
use crate::transaction::Transaction;
use crate::units::{Amount, Height, Target};
use crate::view::lab::BanView;
use crate::view::{
    Balance, BlockSummary, BlockView, Branch, ForkTree, HeaderView, PeerView, ProofView, Status, TransactionKind,
    TransactionState, TransactionView,
};
use std::collections::BTreeSet;

/// Blocks over which the interval and the network's hash rate are averaged.
const RATE_SPAN: u32 = 20;
/// Blocks of the best chain that the fork tree shows at least.
const TREE_SPAN: u32 = 24;
/// Branches that the fork tree shows at most: the ones with the most work.
const MAX_BRANCHES: usize = 32;

impl Node {
    pub(super) fn status(&self) -> Status {
        let params = self.chain.params();
        let tip = self.chain.tip_header();
        let target = self.chain.next_rules().0.expand().unwrap_or(params.pow_limit);
        let (interval, rate) = self.recent_rates();
        let peers = count(self.peers.connected().count());
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            network: params.network.clone(),
            room: params.room.clone(),
            role: self.role,
            peer_id: self.mesh.id(),
            tracker: self.mesh.tracker(),
            room_size: self.mesh.room_size().map(|counted| counted.max(peers + 1)),
            height: tip.height,
            tip: self.chain.tip(),
            tip_time: tip.time,
            work: self.chain.work().to_string(),
            target: target.to_string(),
            difficulty: target.work().hashes(),
            spacing_ms: u64::try_from(params.spacing.as_millis()).unwrap_or(u64::MAX),
            interval_ms: interval,
            network_hash_rate: rate,
            peers,
            relayed_signals: self.mesh.relayed_signals(),
            mempool: count(self.mempool.len()),
            mempool_bytes: self.mempool.bytes() as u64,
            hash_rate: self.miner.hash_rate,
            mining: self.miner.threads(),
            blocks_found: self.miner.found,
            syncing: self.sync_progress(),
            profile: self.profile.clone(),
            address: self.text(&self.wallet.address()),
            storage: self.storage.view(self.chain.oldest()),
        }
    }

    /// Mean milliseconds between the newest blocks, and the hash rate behind them.
    fn recent_rates(&self) -> (Option<f64>, Option<f64>) {
        let tip = self.chain.tip_header();
        // The genesis block's time says nothing about mining.
        let first = Height(tip.height.0.saturating_sub(RATE_SPAN).max(1));
        let start =
            self.chain.hash_at(first).and_then(|hash| Some((self.chain.header(&hash)?, self.chain.work_of(&hash)?)));
        let Some((start, work)) = start.filter(|(start, _)| start.height < tip.height) else { return (None, None) };
        let blocks = f64::from(tip.height.above(start.height));
        let seconds = tip.time.since(start.time).as_secs_f64();
        let done = self.chain.work().hashes() - work.hashes();
        (Some(seconds * 1000.0 / blocks), (seconds > 0.0).then(|| done / seconds))
    }

    /// Banned peers, the newest ban first.
    pub(super) fn ban_views(&self) -> Vec<BanView> {
        let bans = self.peers.bans(self.now).map(|(peer_id, Ban { offence, until })| {
            let remaining_ms = u64::try_from(until.since(self.now).as_millis()).unwrap_or(u64::MAX);
            BanView { peer_id, offence, until, remaining_ms }
        });
        let mut bans: Vec<BanView> = bans.collect();
        bans.sort_by_key(|ban| std::cmp::Reverse(ban.until));
        bans.truncate(MAX_PAGE as usize);
        bans
    }

    pub(super) fn blocks(&self, from: Option<u32>, limit: usize) -> Vec<BlockSummary> {
        let hashes = self.heights(from, limit).filter_map(|height| self.chain.hash_at(height));
        hashes.filter_map(|hash| self.block_summary(&hash)).collect()
    }

    /// Heights of the best chain from one on down.
    pub(super) fn heights(&self, from: Option<u32>, limit: usize) -> impl Iterator<Item = Height> + use<> {
        let start = from.map_or(self.chain.height(), |from| Height(from).min(self.chain.height()));
        (0..=start.0).rev().take(limit).map(Height)
    }

    pub(super) fn block_summary(&self, hash: &BlockHash) -> Option<BlockSummary> {
        let header = self.chain.header(hash)?;
        let work = self.chain.work_of(hash)?;
        let facts = match self.block_here(hash) {
            Some(block) => BlockFacts::of(&block),
            None => self.loads.fetched.facts.get(hash)?.clone(),
        };
        Some(BlockSummary {
            hash: *hash,
            previous: header.previous,
            height: header.height,
            time: header.time,
            difficulty: header.target.expand().map_or(0.0, |target| target.work().hashes()),
            work: work.to_string(),
            transactions: facts.transactions,
            size: facts.size,
            reward: facts.reward.map_or(Amount::ZERO, |(_, amount)| amount),
            fees: facts.fees,
            miner: facts.reward.map(|(miner, _)| self.text(&miner)),
            best: self.chain.is_best(hash),
        })
    }

    pub(super) fn block_view(&self, hash: &BlockHash) -> Option<BlockView> {
        let block = self.block_here(hash)?;
        let header = block.header;
        let summary = self.block_summary(hash)?;
        let confirmations = if summary.best { self.chain.height().above(header.height) + 1 } else { 0 };
        let target = header.target.expand().unwrap_or(Target(primitive_types::U256::zero()));
        Some(BlockView {
            summary,
            version: header.version,
            merkle_root: header.merkle_root,
            state_root: header.state_root,
            target: target.to_string(),
            nonce: header.nonce,
            confirmations,
            transaction_list: block
                .transactions
                .iter()
                .map(|transaction| self.view_in(transaction, Some(*hash)))
                .collect(),
        })
    }

    /// A transaction that waits or is confirmed.
    pub(super) fn transaction(&self, id: &TxId) -> Option<Transaction> {
        if let Some(waiting) = self.mempool.get(id) {
            return Some((*waiting.transaction).clone());
        }
        let block = self.block_here(&self.place_of(id)?)?;
        block.transactions.iter().find(|transaction| transaction.id() == *id).cloned()
    }

    /// The block of the best chain that holds a transaction.
    pub(super) fn place_of(&self, id: &TxId) -> Option<BlockHash> {
        let stored = || self.chain.hash_at((*self.loads.fetched.places.get(id)?)?);
        self.index.get(id).copied().or_else(stored)
    }

    pub(super) fn transaction_view(&self, transaction: &Transaction) -> TransactionView {
        self.view_in(transaction, self.place_of(&transaction.id()))
    }

    /// A transaction as it stands in a block, or waits.
    pub(super) fn view_in(&self, transaction: &Transaction, block: Option<BlockHash>) -> TransactionView {
        let hex = |signature: &Signature| Some(hex::encode(signature.0));
        let (kind, signature, memo) = match transaction {
            Transaction::Reward(_) => (TransactionKind::Reward, None, ""),
            Transaction::Issue(issue) => (TransactionKind::Issue, hex(&issue.signature), ""),
            Transaction::Transfer(transfer) => {
                (TransactionKind::Transfer, hex(&transfer.signature), transfer.memo.as_str())
            }
        };
        TransactionView {
            id: transaction.id(),
            kind,
            from: transaction.payer(self.chain.params().issuer).map(|payer| self.text(&payer)),
            to: self.text(&transaction.recipient()),
            amount: transaction.amount(),
            fee: transaction.fee(),
            nonce: transaction.nonce(),
            memo: memo.to_owned(),
            size: count(transaction.to_bytes().len()),
            signature,
            status: self.state_in(block),
        }
    }

    fn state_in(&self, block: Option<BlockHash>) -> TransactionState {
        let Some(block) = block else { return TransactionState::Waiting };
        match self.chain.header(&block).filter(|_| self.chain.is_best(&block)) {
            Some(header) => {
                let confirmations = self.chain.height().above(header.height) + 1;
                TransactionState::Confirmed { block, height: header.height, time: header.time, confirmations }
            }
            None => TransactionState::Stale,
        }
    }

    pub(super) fn balance_of(&self, address: &Address) -> Balance {
        let account = self.chain.ledger().account(address);
        let pending_out = self.mempool.outgoing(address);
        Balance {
            address: self.text(address),
            spendable: account.balance.checked_sub(pending_out).unwrap_or_default(),
            confirmed: account.balance,
            immature: self.chain.ledger().immature(address),
            pending_in: self.mempool.incoming(address),
            pending_out,
            nonce: self.mempool.next_nonce(address, account.nonce),
            known: None,
        }
    }

    /// Headers of the best chain, newest first.
    pub(super) fn headers(&self, from: Option<u32>, limit: usize) -> Vec<HeaderView> {
        let start = from.map_or(self.chain.height(), |from| Height(from).min(self.chain.height()));
        let hashes = (0..=start.0).rev().take(limit).filter_map(|height| self.chain.hash_at(Height(height)));
        hashes.filter_map(|hash| self.header_view(&hash)).collect()
    }

    pub(super) fn header_view(&self, hash: &BlockHash) -> Option<HeaderView> {
        let header = self.chain.header(hash)?;
        Some(HeaderView {
            hash: *hash,
            previous: header.previous,
            height: header.height,
            time: header.time,
            difficulty: header.target.expand().map_or(0.0, |target| target.work().hashes()),
            work: self.chain.work_of(hash)?.to_string(),
            merkle_root: header.merkle_root,
            state_root: header.state_root,
            bytes: hex::encode(header.to_bytes()),
            best: self.chain.is_best(hash),
        })
    }

    /// A proof as it is shown: it was made here, or checked.
    pub(super) fn proof_view(&self, proved: &Proved) -> Option<ProofView> {
        let header = self.header_view(&proved.block)?;
        Some(ProofView {
            transaction: proved.transaction.id(),
            bytes: hex::encode(proved.transaction.to_bytes()),
            index: proved.proof.index(),
            count: proved.proof.count(),
            siblings: proved.proof.siblings().iter().map(hex::encode).collect(),
            confirmations: self.chain.height().above(header.height) + 1,
            header,
        })
    }

    pub(super) fn peer_views(&self) -> Vec<PeerView> {
        let view = |peer: &crate::net::peers::Peer| PeerView {
            peer_id: peer.id,
            state: peer.state,
            role: peer.role,
            outbound: peer.outbound,
            route: peer.route,
            round_trip_ms: peer.round_trip.map(|trip| trip.as_secs_f64() * 1000.0),
            bytes_in: peer.bytes_in,
            bytes_out: peer.bytes_out,
            height: peer.role.map(|_| peer.height),
            score: peer.score,
            connected_at: peer.role.map(|_| peer.since),
        };
        self.peers.iter().map(|(_, peer)| view(peer)).collect()
    }

    /// The best chain's newest blocks, and every live branch from where it left.
    pub(super) fn fork_tree(&self) -> ForkTree {
        let depth = self.chain.params().prune_depth;
        let height = self.chain.height();
        let mut tips: Vec<BlockHash> = self.chain.branch_tips().into_iter().collect();
        tips.sort_by_key(|tip| std::cmp::Reverse(self.chain.work_of(tip)));
        let total = u32::try_from(tips.len()).unwrap_or(u32::MAX);
        tips.truncate(MAX_BRANCHES);
        let branches: Vec<Branch> = tips.iter().filter_map(|tip| self.branch(*tip, height, depth)).collect();
        let lowest = branches.iter().map(|branch| branch.fork_height.0).min().unwrap_or(u32::MAX);
        let lowest = lowest.min(height.0.saturating_sub(TREE_SPAN - 1)).max(height.0.saturating_sub(TREE_SPAN * 2));
        let mut hashes: BTreeSet<(Height, BlockHash)> = (lowest..=height.0)
            .filter_map(|height| self.chain.hash_at(Height(height)).map(|hash| (Height(height), hash)))
            .collect();
        for tip in tips {
            let below = |hash: &BlockHash| self.chain.header(hash).map(|header| header.previous);
            let own = std::iter::successors(Some(tip), below).take_while(|hash| !self.chain.is_best(hash));
            let own = own.filter_map(|hash| self.chain.header(&hash).map(|header| (header.height, hash)));
            hashes.extend(own.take_while(|(height, _)| height.0 >= lowest).take(TREE_SPAN as usize));
        }
        ForkTree {
            blocks: hashes.iter().filter_map(|(_, hash)| self.block_summary(hash)).collect(),
            branches,
            total,
            prune_depth: depth,
        }
    }

    fn branch(&self, tip: BlockHash, best: Height, depth: u32) -> Option<Branch> {
        let header = self.chain.header(&tip)?;
        let fork_height = self.chain.header(&self.chain.fork_point(&tip))?.height;
        Some(Branch {
            tip,
            height: header.height,
            work: self.chain.work_of(&tip)?.to_string(),
            fork_height,
            length: header.height.above(fork_height),
            discard_in: depth.saturating_sub(best.above(header.height)),
        })
    }
}

/// For people, who have no use for more.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
