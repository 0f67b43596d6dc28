//! Rules of consensus, each at its boundary, on a chain that is given whole blocks with real proof of work.

use node_core::block::{Block, BlockHeader};
use node_core::chain::ledger::LedgerError;
use node_core::chain::tree::{Chain, Change, InsertError};
use node_core::consensus::validation::{HeaderError, TransactionError, check_body, meets_target};
use node_core::hash::BlockHash;
use node_core::keys::{Address, SecretKey, Signature};
use node_core::mempool::{AdmitError, EXPIRY, MAX_PER_PAYER, Mempool, Removal, Wishes};
use node_core::mining;
use node_core::params::{ChainParams, PUBLIC_ROOM, target_of_work};
use node_core::transaction::{Issue, Memo, Reward, Transaction, Transfer};
use node_core::units::{Amount, CompactTarget, Height, Timestamp, Work};
use std::sync::Arc;
use std::time::Duration;

/// Nonces tried for a block: far more than any difficulty here needs.
const MAX_ATTEMPTS: u32 = 10_000_000;

fn key(number: u8) -> SecretKey {
    SecretKey::derive(&[number; 32], b"test")
}

fn address(number: u8) -> Address {
    key(number).public_key().address()
}

/// The rules of a shipped network, but for its difficulty and for 1,000 TAB of key 0.
fn params(network: &str) -> ChainParams {
    let mut params = ChainParams::named(network, PUBLIC_ROOM).expect("a shipped network");
    params.pow_limit = target_of_work(1);
    params.first_target = target_of_work(4).to_compact();
    params.allocation = vec![(address(0), Amount::from_tab(1000))];
    params
}

fn transfer(genesis: BlockHash, from: u8, tab: u64, nonce: u64) -> Transaction {
    transfer_with_fee(genesis, from, tab, nonce, 0)
}

fn transfer_with_fee(genesis: BlockHash, from: u8, tab: u64, nonce: u64, fee: u64) -> Transaction {
    let mut transfer = Transfer {
        from: key(from).public_key(),
        to: address(9),
        amount: Amount::from_tab(tab),
        fee: Amount::from_grains(fee).expect("small"),
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    };
    transfer.sign(&key(from), genesis);
    Transaction::Transfer(transfer)
}

fn mined(header: BlockHeader) -> BlockHeader {
    mining::search(BlockHeader { nonce: 0, ..header }, MAX_ATTEMPTS).expect("the difficulty is next to nothing")
}

/// The time of a block that comes one spacing after the tip.
fn on_time(chain: &Chain) -> Timestamp {
    chain.tip_header().time.after(chain.params().spacing)
}

/// A block of key 1 on the tip, with its proof of work.
fn block(chain: &mut Chain, others: Vec<Transaction>) -> Result<Block, LedgerError> {
    let now = on_time(chain);
    let mut block = mining::assemble(chain, others, address(1), Amount::ZERO, now)?;
    block.header = mined(block.header);
    Ok(block)
}

fn feed(chain: &mut Chain, block: Block) -> Change {
    assert_eq!(chain.insert_header(block.header), Ok(true));
    assert_eq!(check_body(chain.params(), &block), Ok(()));
    chain.insert_body(Arc::new(block))
}

fn grow(chain: &mut Chain, blocks: u32) {
    for _ in 0..blocks {
        let block = block(chain, Vec::new()).expect("a reward alone goes with any accounts");
        assert_eq!(feed(chain, block).connected.len(), 1);
    }
}

#[test]
fn a_claimed_target_other_than_the_computed_one_is_invalid_however_much_work_it_claims() {
    let mut chain = Chain::new(params("dev"));
    for height in 1..=5 {
        let good = block(&mut chain, Vec::new()).expect("a reward alone");
        let work = chain.work();
        let others = [
            // Easier, and so cheaper; harder by a little and by much, and met: so many hashes were done.
            target_of_work(3).to_compact(),
            CompactTarget(good.header.target.0 - 1),
            CompactTarget(good.header.target.0 + 1),
            target_of_work(12).to_compact(),
            // No target at all.
            CompactTarget(0),
            CompactTarget(u32::MAX),
        ];
        for target in others {
            let claim = BlockHeader { target, nonce: 0, ..good.header };
            let claim = mining::search(claim, 100_000).unwrap_or(claim);
            assert_eq!(meets_target(&claim), target.expand().is_some(), "{target}");
            let expected = good.header.target;
            assert_ne!(target, expected);
            let refused = Err(InsertError::Invalid(HeaderError::Target { found: target, expected }));
            assert_eq!(chain.insert_header(claim), refused, "{target} at height {height}");
            assert_eq!(chain.best_header(), (chain.tip_header(), work));
        }
        feed(&mut chain, good);
        assert!(chain.work() > work);
    }
}

/// Each block counts with its own target, so that many easy ones do not outweigh a hard one.
#[test]
fn the_work_of_a_chain_is_the_sum_of_that_of_its_targets() {
    let mut chain = Chain::new(params("dev"));
    let first_target = chain.params().first_target;
    let mut sum = Work::default();
    for height in 1..=40 {
        // All at once: the difficulty rises.
        let mut block = block(&mut chain, Vec::new()).expect("a reward alone");
        block.header = mined(BlockHeader { time: chain.next_rules().1, ..block.header });
        sum = sum.plus(block.header.target.expand().expect("a target").work());
        feed(&mut chain, block);
        assert_eq!(chain.work(), sum, "at height {height}");
    }
    let raised = chain.tip_header().target.expand().expect("a target").work();
    assert!(raised > first_target.expand().expect("a target").work());
}

#[test]
fn a_reward_is_spent_in_the_block_of_its_maturity_and_in_none_before() {
    for network in ["main", "dev"] {
        let mut chain = Chain::new(params(network));
        let genesis = chain.genesis();
        let maturity = chain.params().reward_maturity;
        grow(&mut chain, maturity - 1);
        // The reward of block 1 would be spent in block 1 + maturity - 1.
        let early = block(&mut chain, vec![transfer(genesis, 1, 50, 0)]);
        assert!(matches!(early, Err(LedgerError::InsufficientFunds { available: Amount::ZERO, .. })), "{network}");
        // And who mines it all the same has an invalid block.
        let mut forged = block(&mut chain, Vec::new()).expect("a reward alone");
        forged.transactions.push(transfer(genesis, 1, 50, 0));
        forged.header.merkle_root = forged.merkle_root();
        forged.header = mined(forged.header);
        let change = feed(&mut chain, forged);
        assert!(matches!(change.invalid[..], [(_, LedgerError::InsufficientFunds { .. })]), "{network}");
        assert_eq!(chain.height(), Height(maturity - 1));

        grow(&mut chain, 1);
        assert_eq!(chain.ledger().account(&address(1)).balance, Amount::ZERO);
        let more = block(&mut chain, vec![transfer(genesis, 1, 51, 0)]);
        assert!(matches!(more, Err(LedgerError::InsufficientFunds { .. })), "{network}: no more than one reward");
        let spend = block(&mut chain, vec![transfer(genesis, 1, 50, 0)]).expect("one reward is mature");
        assert_eq!(spend.header.height, Height(1 + maturity));
        assert_eq!(feed(&mut chain, spend).connected.len(), 1);
        assert_eq!(chain.ledger().account(&address(9)).balance, Amount::from_tab(50), "{network}");
    }
}

#[test]
fn a_transaction_holds_on_its_own_network_and_in_its_own_room_only() {
    let home = Chain::new(params("dev")).genesis();
    let transaction = transfer(home, 0, 1, 0);
    let holds = |params: ChainParams| {
        let genesis = Chain::new(params.clone()).genesis();
        transaction.signature_check(genesis, params.issuer).is_some_and(|check| check.verify())
    };
    assert!(holds(params("dev")));
    assert!(!holds(params("main")));
    assert!(!holds(ChainParams { room: "class".to_owned(), ..params("dev") }));
    // Whatever else makes a network another one.
    assert!(!holds(ChainParams { subsidy: Amount::from_tab(51), ..params("dev") }));
    assert!(!holds(ChainParams { allocation: Vec::new(), ..params("dev") }));
}

#[test]
fn a_transaction_that_is_sent_again_makes_its_block_invalid() {
    let mut chain = Chain::new(params("dev"));
    let genesis = chain.genesis();
    let once = transfer(genesis, 0, 1, 0);
    let first = block(&mut chain, vec![once.clone()]).expect("covered");
    feed(&mut chain, first);
    let mut again = block(&mut chain, Vec::new()).expect("a reward alone");
    again.transactions.push(once);
    again.header.merkle_root = again.merkle_root();
    again.header = mined(again.header);
    let change = feed(&mut chain, again);
    assert!(matches!(change.invalid[..], [(_, LedgerError::Nonce { found: 0, expected: 1, .. })]));
    assert_eq!(chain.ledger().account(&address(9)).balance, Amount::from_tab(1));
}

#[test]
fn a_time_must_be_later_than_the_median_of_the_eleven_before() {
    let mut chain = Chain::new(params("dev"));
    grow(&mut chain, 15);
    // Of the blocks 5 to 15, the sixth.
    let median = chain.hash_at(Height(10)).and_then(|hash| chain.header(&hash)).expect("it is there").time;
    assert_eq!(chain.next_rules().1, median.after(Duration::from_millis(1)), "what a miner is told");
    let block = block(&mut chain, Vec::new()).expect("a reward alone");
    let dated = |time: Timestamp| mined(BlockHeader { time, ..block.header });
    assert_eq!(chain.insert_header(dated(median)), Err(InsertError::Invalid(HeaderError::TooOld)));
    assert_eq!(chain.insert_header(dated(median.after(Duration::from_millis(1)))), Ok(true));
}

#[test]
fn a_time_must_not_lie_further_back_than_honest_clocks_are_apart() {
    let mut chain = Chain::new(params("dev"));
    grow(&mut chain, 15);
    let late = chain.tip_header().time.after(Duration::from_hours(24));
    let honest = block(&mut chain, Vec::new()).expect("a reward alone");
    feed(&mut chain, Block { header: mined(BlockHeader { time: late, ..honest.header }), ..honest });
    let earliest = Timestamp::from_millis(late.millis() - 120_000);
    assert_eq!(chain.next_rules().1, earliest, "what a miner is told");
    let block = block(&mut chain, Vec::new()).expect("a reward alone");
    let dated = |time: Timestamp| mined(BlockHeader { time, ..block.header });
    let early = Timestamp::from_millis(earliest.millis() - 1);
    assert_eq!(chain.insert_header(dated(early)), Err(InsertError::Invalid(HeaderError::DatedBack)));
    assert_eq!(chain.insert_header(dated(earliest)), Ok(true));
}

#[test]
fn a_body_that_is_here_or_whose_block_is_invalid_changes_nothing() {
    let mut chain = Chain::new(params("dev"));
    let good = block(&mut chain, Vec::new()).expect("a reward alone");
    feed(&mut chain, good.clone());
    assert!(!chain.is_invalid(&good.header.hash()));
    assert_eq!(chain.insert_body(Arc::new(good)), Change::default());

    let next = block(&mut chain, Vec::new()).expect("a reward alone");
    chain.insert_header(next.header).expect("a valid header");
    chain.mark_invalid(next.header.hash());
    assert!(chain.is_invalid(&next.header.hash()));
    assert_eq!(chain.insert_body(Arc::new(next.clone())), Change::default());
    assert_eq!((chain.height(), chain.block(&next.header.hash())), (Height(1), None));
    assert_eq!(chain.insert_header(next.header), Err(InsertError::OnInvalid));
    let child = mined(BlockHeader {
        height: Height(3),
        previous: next.header.hash(),
        time: next.header.time.after(chain.params().spacing),
        ..next.header
    });
    assert_eq!(chain.insert_header(child), Err(InsertError::OnInvalid), "nor does what stands on it");
}

/// Parameters under which more than the greatest amount exists: the only way to such sums.
#[test]
fn sums_above_the_greatest_amount_make_a_block_invalid() {
    let owned = vec![(address(0), Amount::from_tab(100)), (address(9), Amount::MAX), (address(5), Amount::MAX)];
    let mut chain = Chain::new(ChainParams { allocation: owned, ..params("dev") });
    let genesis = chain.genesis();
    let preview = |chain: &mut Chain, transaction: Transaction| {
        let reward = Reward { height: Height(1), to: address(1), amount: Amount::MAX };
        chain.preview(&[Transaction::Reward(reward), transaction])
    };
    // What the recipient has.
    assert_eq!(preview(&mut chain, transfer(genesis, 0, 1, 0)), Err(LedgerError::Overflow));
    // Subsidy and fee; the amount goes back to its payer.
    let Transaction::Transfer(mut dear) = transfer(genesis, 5, 1, 0) else { unreachable!("a transfer") };
    (dear.to, dear.fee) = (address(5), Amount::MAX.checked_sub(dear.amount).expect("less"));
    assert_eq!(preview(&mut chain, Transaction::Transfer(dear)), Err(LedgerError::Overflow));
}

#[test]
fn what_is_wrong_in_itself_does_not_wait() {
    let chain = Chain::new(params("dev"));
    let mut pool = Mempool::default();
    let admit = |pool: &mut Mempool, transaction: Transaction| {
        pool.insert(chain.params(), chain.ledger(), Arc::new(transaction), on_time(&chain))
    };
    let Transaction::Transfer(good) = transfer(chain.genesis(), 0, 1, 0) else { unreachable!("a transfer") };
    let fee = Amount::from_grains(100_000).expect("small");
    for (amount, fee, error) in
        [(Amount::ZERO, fee, TransactionError::ZeroAmount), (Amount::MAX, fee, TransactionError::Overflow)]
    {
        let bad = Transfer { amount, fee, ..good.clone() };
        assert_eq!(admit(&mut pool, Transaction::Transfer(bad)), Err(AdmitError::Invalid(error)));
    }
    let reward = Reward { height: Height(1), to: address(0), amount: Amount::from_tab(50) };
    let refused = Err(AdmitError::Invalid(TransactionError::LooseReward));
    assert_eq!(admit(&mut pool, Transaction::Reward(reward)), refused);
    let issue = Issue { to: address(0), amount: fee, nonce: 0, signature: Signature::NONE };
    let refused = Err(AdmitError::Invalid(TransactionError::NoIssuer));
    assert_eq!(admit(&mut pool, Transaction::Issue(issue)), refused);
    assert_eq!(admit(&mut pool, Transaction::Transfer(Transfer { fee, ..good })), Ok(Vec::new()));
}

/// A chain whose first block holds a transaction, and two blocks without it that take its place.
fn about_to_reorganise(transaction: impl FnOnce(BlockHash) -> Transaction) -> (Chain, [Block; 2]) {
    let mut chain = Chain::new(params("dev"));
    let first = transaction(chain.genesis());
    let first = block(&mut chain, vec![first]).expect("covered");
    feed(&mut chain, first);
    let mut other = Chain::new(params("dev"));
    let others = [(); 2].map(|()| {
        let block = block(&mut other, Vec::new()).expect("a reward alone");
        feed(&mut other, block.clone());
        block
    });
    (chain, others)
}

fn reorganise(chain: &mut Chain, others: [Block; 2]) -> Change {
    let [change, last] = others.map(|block| feed(chain, block));
    assert_eq!((change, last.reverted.len(), last.connected.len()), (Change::default(), 1, 2));
    last
}

#[test]
fn what_an_account_does_not_cover_after_a_reorganisation_does_not_wait_on() {
    let (mut chain, others) = about_to_reorganise(|genesis| transfer(genesis, 0, 50, 0));
    let mut pool = Mempool::default();
    let spend = Arc::new(transfer_with_fee(chain.genesis(), 9, 40, 0, 100_000));
    assert_eq!(pool.insert(chain.params(), chain.ledger(), spend.clone(), on_time(&chain)), Ok(Vec::new()));
    let change = reorganise(&mut chain, others);
    // Nobody in the connected blocks has anything to do with this account.
    let removed = pool.update(chain.ledger(), None, &change.connected, true);
    assert_eq!(removed, vec![(spend, Removal::Uncovered)]);
    assert!(pool.is_empty());
}

#[test]
fn a_payer_has_no_more_places_when_a_reorganisation_gives_its_nonces_back() {
    let (mut chain, others) = about_to_reorganise(|genesis| transfer(genesis, 0, 1, 0));
    let (genesis, now) = (chain.genesis(), on_time(&chain));
    let mut pool = Mempool::default();
    let mut insert = |chain: &Chain, nonce: u64, fee: u64| {
        let transaction = Arc::new(transfer_with_fee(genesis, 0, 1, nonce, fee));
        pool.insert(chain.params(), chain.ledger(), transaction, now).map(|_| ())
    };
    for nonce in 1..=MAX_PER_PAYER as u64 {
        assert_eq!(insert(&chain, nonce, 1_000), Ok(()));
    }
    reorganise(&mut chain, others);
    assert_eq!(insert(&chain, 0, 1_000), Err(AdmitError::TooManyOfPayer));
    assert_eq!(insert(&chain, 1, 2_000), Ok(()), "one takes the place of another");
}

#[test]
fn the_least_fee_is_enough_and_a_grain_less_is_not() {
    let chain = Chain::new(params("dev"));
    let mut pool = Mempool::default();
    let mut insert = |fee: u64| {
        let transaction = Arc::new(transfer_with_fee(chain.genesis(), 0, 1, 0, fee));
        pool.insert(chain.params(), chain.ledger(), transaction, on_time(&chain))
    };
    // A grain a byte.
    let least = transfer(chain.genesis(), 0, 1, 0).to_bytes().len() as u64;
    let refused = AdmitError::FeeTooLow(Amount::from_grains(least).expect("small"));
    assert_eq!(insert(least - 1), Err(refused));
    assert_eq!(insert(least), Ok(Vec::new()));
}

#[test]
fn of_equals_the_first_to_come_is_served_first_and_leaves_first() {
    let owned = (0..10).map(|number| (address(number), Amount::from_tab(10))).collect();
    let chain = Chain::new(ChainParams { allocation: owned, ..params("dev") });
    let mut pool = Mempool::default();
    let come: Vec<_> =
        (0..10).rev().map(|from| Arc::new(transfer_with_fee(chain.genesis(), from, 1, 0, 500))).collect();
    let now = on_time(&chain);
    for transaction in &come {
        assert_eq!(pool.insert(chain.params(), chain.ledger(), transaction.clone(), now), Ok(Vec::new()));
    }
    assert_eq!(pool.select(10_000, &Wishes::default()), come);
    let gone = pool.expire(now.after(EXPIRY));
    assert_eq!(gone, come.into_iter().map(|one| (one, Removal::Expired)).collect::<Vec<_>>());
}
