//! What makes headers, blocks and transactions invalid, cheapest checks first, one typed reason each.
//!
//! Rules that need the accounts are in [`crate::chain::ledger`].

use crate::block::{Block, BlockHeader};
use crate::consensus::difficulty;
use crate::hash::TxId;
use crate::keys::SignatureCheck;
use crate::params::ChainParams;
use crate::rules::RuleViolation;
use crate::sentence::Say;
use crate::transaction::{MAX_TRANSACTION_BYTES, Transaction};
use crate::units::{Amount, CompactTarget, Height, Timestamp};
use primitive_types::U256;
use std::collections::BTreeSet;

/// Headers over whose times the median is taken (Bitcoin's median-time-past).
pub const MEDIAN_SPAN: usize = 11;

/// Why a header is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum HeaderError {
    /// Made by rules that this software does not know.
    #[error("header version {0} is unknown")]
    Version(u16),
    /// Not one above its parent.
    #[error("height {found} does not follow its parent's, {parent}")]
    Height {
        /// Claimed.
        found: Height,
        /// Of the parent.
        parent: Height,
    },
    /// Not the target that the chain's history demands.
    #[error("target {found} instead of {expected}")]
    Target {
        /// Claimed.
        found: CompactTarget,
        /// Demanded.
        expected: CompactTarget,
    },
    /// The hash is above the target.
    #[error("too little work: the hash is above the target")]
    Work,
    /// Not later than the median of the headers before.
    #[error("time is not later than the median of the {MEDIAN_SPAN} headers before")]
    TooOld,
    /// Further behind the latest of the headers before than honest clocks are apart.
    #[error("time is further behind one of the {MEDIAN_SPAN} headers before than honest clocks are apart")]
    DatedBack,
}

/// Why a block's transactions are invalid, whatever the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum BodyError {
    /// No transaction at all.
    #[error("the block has no reward")]
    NoReward,
    /// More bytes than allowed.
    #[error("the block has {0} bytes, more than allowed")]
    TooLarge(usize),
    /// The header commits to other transactions.
    #[error("the transactions are not those that the header commits to")]
    MerkleRoot,
    /// A reward that is not the first transaction.
    #[error("there is a second reward, or it does not come first")]
    MisplacedReward,
    /// The reward names another height.
    #[error("the reward is for another height")]
    RewardHeight,
    /// The same transaction twice.
    #[error("a transaction stands twice in the block")]
    Duplicate(TxId),
    /// A transaction is wrong in itself.
    #[error("a transaction is invalid: {1}")]
    Transaction(TxId, TransactionError),
}

/// Why a transaction is invalid in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum TransactionError {
    /// More canonical bytes than allowed.
    #[error("the transaction is too large")]
    TooLarge,
    /// Pays nothing.
    #[error("the amount is zero")]
    ZeroAmount,
    /// Amount and fee together are above the greatest amount.
    #[error("amount and fee overflow")]
    Overflow,
    /// A reward outside of its block.
    #[error("a reward stands in its block only")]
    LooseReward,
    /// New coins where no issuer is named.
    #[error("nobody may issue coins on this network")]
    NoIssuer,
    /// It breaks a rule of the application.
    #[error("a rule of the application: {0}")]
    Application(RuleViolation),
}

/// Checks a header against the headers before it.
///
/// `recent` are its parent, the parent's parent and so on: all of [`MEDIAN_SPAN`], or as many as
/// there are. The parent must be there; without one the header is judged an orphan elsewhere.
pub fn check_header(params: &ChainParams, header: &BlockHeader, recent: &[&BlockHeader]) -> Result<(), HeaderError> {
    if header.version != BlockHeader::VERSION {
        return Err(HeaderError::Version(header.version));
    }
    let Some(parent) = recent.first() else {
        return Err(HeaderError::Height { found: header.height, parent: Height::GENESIS });
    };
    if parent.height.next() != Some(header.height) {
        return Err(HeaderError::Height { found: header.height, parent: parent.height });
    }
    let expected = difficulty::next_target(params, recent);
    if header.target != expected {
        return Err(HeaderError::Target { found: header.target, expected });
    }
    if !meets_target(header) {
        return Err(HeaderError::Work);
    }
    if header.time <= median_time(recent) {
        return Err(HeaderError::TooOld);
    }
    if header.time < earliest_time(params, recent) {
        return Err(HeaderError::DatedBack);
    }
    Ok(())
}

/// Whether a header's hash, read as a big-endian number, is at or below its target.
pub fn meets_target(header: &BlockHeader) -> bool {
    header.target.expand().is_some_and(|target| U256::from_big_endian(&header.hash().0) <= target.0)
}

/// Median of the times of at most [`MEDIAN_SPAN`] headers: a new block must be later.
pub fn median_time(recent: &[&BlockHeader]) -> Timestamp {
    let mut times: Vec<Timestamp> = recent.iter().take(MEDIAN_SPAN).map(|header| header.time).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Earliest time of a block on these headers, at most [`MEDIAN_SPAN`] of them: later than their
/// median, and at most `max_ahead` behind the latest.
///
/// No honest node took a header that was further ahead of its clock, so no honest clock is further
/// back. Times therefore never fall more than `max_ahead` behind any before them, in whatever number
/// of blocks: all of the eleven that follow are later than that, and so is every median after. Without
/// this rule, dates from before a long pause could follow one from after it, and leave the difficulty
/// with a pause to take back that it had never given in full.
pub fn earliest_time(params: &ChainParams, recent: &[&BlockHeader]) -> Timestamp {
    let after_median = Timestamp::from_millis(median_time(recent).millis() + 1);
    let latest = recent.iter().take(MEDIAN_SPAN).map(|header| header.time.millis()).max().unwrap_or_default();
    let ahead = u64::try_from(params.max_ahead.as_millis()).unwrap_or(u64::MAX);
    after_median.max(Timestamp::from_millis(latest.saturating_sub(ahead)))
}

/// Whether a header is so far ahead of the local clock that it has to wait.
pub fn is_ahead(params: &ChainParams, header: &BlockHeader, now: Timestamp) -> bool {
    header.time > now.after(params.max_ahead)
}

/// Checks a block's transactions without the accounts and without signatures.
pub fn check_body(params: &ChainParams, block: &Block) -> Result<(), BodyError> {
    let size = block.to_bytes().len();
    if size > params.max_block_bytes {
        return Err(BodyError::TooLarge(size));
    }
    // The root comes before all else: whatever is wrong with other transactions than those of the
    // header says nothing about the block.
    if block.merkle_root() != block.header.merkle_root {
        return Err(BodyError::MerkleRoot);
    }
    let Some((Transaction::Reward(reward), others)) = block.transactions.split_first() else {
        return Err(if block.transactions.is_empty() { BodyError::NoReward } else { BodyError::MisplacedReward });
    };
    if reward.height != block.header.height {
        return Err(BodyError::RewardHeight);
    }
    let mut seen = BTreeSet::new();
    for transaction in others {
        let id = transaction.id();
        if matches!(transaction, Transaction::Reward(_)) {
            return Err(BodyError::MisplacedReward);
        }
        if !seen.insert(id) {
            return Err(BodyError::Duplicate(id));
        }
        check_transaction(params, transaction).map_err(|error| BodyError::Transaction(id, error))?;
    }
    Ok(())
}

/// Checks a transaction that is no reward, without the accounts and without its signature.
pub fn check_transaction(params: &ChainParams, transaction: &Transaction) -> Result<(), TransactionError> {
    if transaction.to_bytes().len() > MAX_TRANSACTION_BYTES {
        return Err(TransactionError::TooLarge);
    }
    if transaction.amount().is_zero() {
        return Err(TransactionError::ZeroAmount);
    }
    match transaction {
        Transaction::Reward(_) => return Err(TransactionError::LooseReward),
        Transaction::Issue(_) if params.issuer.is_none() => return Err(TransactionError::NoIssuer),
        Transaction::Issue(_) => {}
        Transaction::Transfer(transfer) => drop(transfer.cost().ok_or(TransactionError::Overflow)?),
    }
    params.rules.check(transaction).map_err(TransactionError::Application)
}

/// The signatures of a block that must hold, beside those of transactions that `known` says hold already.
pub fn signature_checks(
    params: &ChainParams,
    genesis: crate::hash::BlockHash,
    block: &Block,
    known: impl Fn(&Transaction) -> bool,
) -> Vec<SignatureCheck> {
    let unknown = block.transactions.iter().filter(|transaction| !known(transaction));
    unknown.filter_map(|transaction| transaction.signature_check(genesis, params.issuer)).collect()
}

/// Subsidy and fees of a block of this height; `None` above the greatest amount.
pub fn reward_of(params: &ChainParams, height: Height, transactions: &[Transaction]) -> Option<Amount> {
    transactions.iter().try_fold(params.subsidy_at(height), |sum, transaction| sum.checked_add(transaction.fee()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::StateRoot;
    use crate::keys::{Address, SecretKey, Signature};
    use crate::params::target_of_work;
    use crate::rules::{ApplicationRules, Rules};
    use crate::transaction::{Issue, Memo, Reward, Transfer};

    fn params() -> ChainParams {
        let mut params = ChainParams::named("dev", "test").unwrap();
        params.pow_limit = target_of_work(0);
        params.first_target = target_of_work(2).to_compact();
        params
    }

    fn reward(height: u32) -> Transaction {
        Transaction::Reward(Reward { height: Height(height), to: Address([1; 20]), amount: Amount::from_tab(50) })
    }

    fn transfer(nonce: u64) -> Transfer {
        Transfer {
            from: SecretKey::derive(&[1; 32], b"test").public_key(),
            to: Address([2; 20]),
            amount: Amount::from_tab(1),
            fee: Amount::ZERO,
            nonce,
            memo: Memo::default(),
            signature: Signature::NONE,
        }
    }

    fn block(params: &ChainParams, transactions: Vec<Transaction>) -> Block {
        let genesis = params.genesis(StateRoot::ZERO);
        let mut block = Block { header: genesis.header, transactions };
        block.header.height = Height(1);
        block.header.previous = genesis.header.hash();
        block.header.time = genesis.header.time.after(params.spacing);
        block.header.merkle_root = block.merkle_root();
        while !meets_target(&block.header) {
            block.header.nonce += 1;
        }
        block
    }

    #[test]
    fn each_header_rule_has_its_reason() {
        let params = params();
        let genesis = params.genesis(StateRoot::ZERO).header;
        let good = block(&params, vec![reward(1)]).header;
        assert_eq!(check_header(&params, &good, &[&genesis]), Ok(()));
        let check = |change: &dyn Fn(&mut BlockHeader)| {
            let mut header = good;
            change(&mut header);
            check_header(&params, &header, &[&genesis])
        };
        assert_eq!(check(&|header| header.version = 2), Err(HeaderError::Version(2)));
        assert_eq!(
            check(&|header| header.height = Height(2)),
            Err(HeaderError::Height { found: Height(2), parent: Height(0) })
        );
        let easier = target_of_work(0).to_compact();
        assert_eq!(
            check(&|header| header.target = easier),
            Err(HeaderError::Target { found: easier, expected: params.first_target })
        );
        let harder = target_of_work(200).to_compact();
        assert!(matches!(check(&|header| header.target = harder), Err(HeaderError::Target { .. })));
        let missing_nonce = (0..1_000).find(|nonce| !meets_target(&BlockHeader { nonce: *nonce, ..good })).unwrap();
        assert_eq!(check(&|header| header.nonce = missing_nonce), Err(HeaderError::Work));
        let too_old = |header: &mut BlockHeader| {
            header.time = genesis.time;
            while !meets_target(header) {
                header.nonce += 1;
            }
        };
        assert_eq!(check(&too_old), Err(HeaderError::TooOld));
    }

    #[test]
    fn each_body_rule_has_its_reason() {
        let params = params();
        let signed = Transaction::Transfer(transfer(0));
        let check = |transactions: Vec<Transaction>| check_body(&params, &block(&params, transactions));
        assert_eq!(check(vec![reward(1), signed.clone()]), Ok(()));
        assert_eq!(check(vec![]), Err(BodyError::NoReward));
        assert_eq!(check(vec![signed.clone()]), Err(BodyError::MisplacedReward));
        assert_eq!(check(vec![signed.clone(), reward(1)]), Err(BodyError::MisplacedReward));
        assert_eq!(check(vec![reward(1), reward(1)]), Err(BodyError::MisplacedReward));
        assert_eq!(check(vec![reward(2)]), Err(BodyError::RewardHeight));
        assert_eq!(check(vec![reward(1), signed.clone(), signed.clone()]), Err(BodyError::Duplicate(signed.id())));
        let zero = Transaction::Transfer(Transfer { amount: Amount::ZERO, ..transfer(0) });
        assert_eq!(
            check(vec![reward(1), zero.clone()]),
            Err(BodyError::Transaction(zero.id(), TransactionError::ZeroAmount))
        );
        let overflow = Transaction::Transfer(Transfer { amount: Amount::MAX, fee: Amount::MAX, ..transfer(0) });
        assert_eq!(
            check(vec![reward(1), overflow.clone()]),
            Err(BodyError::Transaction(overflow.id(), TransactionError::Overflow))
        );
        let issue = Transaction::Issue(Issue {
            to: Address([3; 20]),
            amount: Amount::from_tab(1),
            nonce: 0,
            signature: Signature::NONE,
        });
        assert_eq!(
            check(vec![reward(1), issue.clone()]),
            Err(BodyError::Transaction(issue.id(), TransactionError::NoIssuer))
        );

        let mut altered = block(&params, vec![reward(1), signed]);
        altered.transactions.pop();
        assert_eq!(check_body(&params, &altered), Err(BodyError::MerkleRoot));

        let small = ChainParams { max_block_bytes: 100, ..params.clone() };
        assert!(matches!(check_body(&small, &block(&small, vec![reward(1)])), Err(BodyError::TooLarge(_))));
    }

    /// No payments to oneself.
    struct NoSelf;

    impl ApplicationRules for NoSelf {
        fn name(&self) -> &'static str {
            "no-self-1"
        }

        fn check(&self, transaction: &Transaction) -> Result<(), RuleViolation> {
            let own = transaction.payer(None) == Some(transaction.recipient());
            if own { Err(VIOLATION) } else { Ok(()) }
        }
    }

    const VIOLATION: RuleViolation = RuleViolation { code: "self", message: "a payment to oneself" };

    #[test]
    fn an_application_adds_rules_and_with_them_a_network() {
        let plain = params();
        let strict = ChainParams { rules: Rules::new(NoSelf), ..plain.clone() };
        let own = transfer(0).from.address();
        let to_self = Transaction::Transfer(Transfer { to: own, ..transfer(0) });
        let good = Transaction::Transfer(transfer(0));
        assert_eq!(check_body(&plain, &block(&plain, vec![reward(1), to_self.clone()])), Ok(()));
        assert_eq!(check_body(&strict, &block(&strict, vec![reward(1), good])), Ok(()));
        assert_eq!(
            check_body(&strict, &block(&strict, vec![reward(1), to_self.clone()])),
            Err(BodyError::Transaction(to_self.id(), TransactionError::Application(VIOLATION)))
        );
        assert_ne!(strict.genesis(StateRoot::ZERO), plain.genesis(StateRoot::ZERO));
    }

    #[test]
    fn a_hash_is_a_number_whose_first_byte_counts_most() {
        let header = BlockHeader { target: target_of_work(3).to_compact(), ..params().genesis(StateRoot::ZERO).header };
        // 1fffff followed by zeros, and so every hash that begins with less.
        assert_eq!(header.target.0, 0x201f_ffff);
        let met: Vec<bool> = (0..1_000).map(|nonce| meets_target(&BlockHeader { nonce, ..header })).collect();
        let small = |nonce: u32| BlockHeader { nonce, ..header }.hash().0[..3] < [0x1f, 0xff, 0xff][..];
        assert_eq!(met, (0..1_000).map(small).collect::<Vec<_>>());
        assert!(met.contains(&true) && met.contains(&false));
        assert!(!meets_target(&BlockHeader { target: CompactTarget(0), ..header }), "no target is not met");
    }

    #[test]
    fn the_median_is_that_of_the_eleven_newest() {
        let header = params().genesis(StateRoot::ZERO).header;
        let median = |times: &[u64]| {
            let dated = |time: &u64| BlockHeader { time: Timestamp::from_millis(*time), ..header };
            let headers: Vec<BlockHeader> = times.iter().map(dated).collect();
            median_time(&headers.iter().collect::<Vec<_>>()).millis()
        };
        assert_eq!(median(&[7]), 7);
        assert_eq!(median(&[7, 3]), 7, "of an even number the later");
        assert_eq!(median(&[9, 3, 5]), 5);
        assert_eq!(median(&[4, 1, 3, 2]), 3);
        assert_eq!(median(&[60, 110, 10, 100, 20, 90, 30, 80, 40, 70, 50]), 60);
        // The twelfth and those behind it do not count.
        assert_eq!(median(&[60, 110, 10, 100, 20, 90, 30, 80, 40, 70, 50, 1, 1, 1, 1]), 60);
    }

    #[test]
    fn a_block_may_have_the_most_bytes_and_not_one_more() {
        let params = params();
        let block = block(&params, vec![reward(1)]);
        let size = block.to_bytes().len();
        assert_eq!(check_body(&ChainParams { max_block_bytes: size, ..params.clone() }, &block), Ok(()));
        let less = ChainParams { max_block_bytes: size - 1, ..params };
        assert_eq!(check_body(&less, &block), Err(BodyError::TooLarge(size)));
    }

    #[test]
    fn every_signature_is_checked_but_those_known_to_hold() {
        let params = params();
        let genesis = params.genesis(StateRoot::ZERO).header.hash();
        let block =
            block(&params, vec![reward(1), Transaction::Transfer(transfer(0)), Transaction::Transfer(transfer(1))]);
        let checks = |known: &dyn Fn(&Transaction) -> bool| signature_checks(&params, genesis, &block, known);
        let expected: Vec<SignatureCheck> =
            block.transactions.iter().filter_map(|one| one.signature_check(genesis, None)).collect();
        assert_eq!(expected.len(), 2);
        assert_eq!(checks(&|_| false), expected);
        assert_eq!(checks(&|transaction| transaction.nonce() == 0), expected[1..]);
        assert_eq!(checks(&|_| true), []);
    }

    #[test]
    fn a_reward_outside_of_a_block_is_refused() {
        assert_eq!(check_transaction(&params(), &reward(1)), Err(TransactionError::LooseReward));
    }

    #[test]
    fn a_reward_above_the_greatest_amount_is_none() {
        let params = params();
        let with_fee = |fee: Amount| Transaction::Transfer(Transfer { fee, ..transfer(0) });
        let rest = Amount::MAX.checked_sub(params.subsidy).unwrap();
        assert_eq!(reward_of(&params, Height(1), &[with_fee(rest)]), Some(Amount::MAX));
        let grain = Amount::from_grains(1).unwrap();
        assert_eq!(reward_of(&params, Height(1), &[with_fee(rest), with_fee(grain)]), None);
    }

    #[test]
    fn a_block_ahead_of_the_clock_waits() {
        let params = params();
        let header = block(&params, vec![reward(1)]).header;
        let limit = Timestamp::from_millis(header.time.millis() - 120_000);
        assert!(!is_ahead(&params, &header, limit));
        assert!(is_ahead(&params, &header, Timestamp::from_millis(limit.millis() - 1)));
    }
}
