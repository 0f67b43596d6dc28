//! The checkers find what is wrong.

use super::*;
use crate::simulator::simulation_params;
use node_core::keys::{SecretKey, Signature};
use node_core::mining;
use node_core::transaction::{Memo, Reward, Transfer};

fn key(index: u8) -> SecretKey {
    SecretKey::derive(&[index; 32], b"test")
}

fn address(index: u8) -> Address {
    key(index).public_key().address()
}

/// A chain on which two people own 100 TAB each from the start.
fn chain() -> Chain {
    let mut params = simulation_params();
    params.allocation = (0..2).map(|index| (address(index), Amount::from_tab(100))).collect();
    Chain::new(params)
}

fn pay(genesis: BlockHash, from: u8, tab: u64, nonce: u64) -> Transaction {
    let mut transfer = Transfer {
        from: key(from).public_key(),
        to: address(7),
        amount: Amount::from_tab(tab),
        fee: mempool::PROPOSED_FEE,
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    };
    transfer.sign(&key(from), genesis);
    Transaction::Transfer(transfer)
}

fn mine(chain: &mut Chain, transactions: Vec<Transaction>) -> Arc<Block> {
    let now = chain.tip_header().time.after(Duration::from_secs(2));
    let mut block = mining::assemble(chain, transactions, address(9), Amount::ZERO, now).unwrap();
    block.header = mining::search(block.header, u32::MAX).unwrap();
    chain.insert_header(block.header).unwrap();
    let block = Arc::new(block);
    assert_eq!(chain.insert_body(block.clone()).connected.len(), 1);
    block
}

/// Blocks enough for rewards to mature, with a payment in one of them.
fn grown() -> Chain {
    let mut chain = chain();
    let payment = pay(chain.genesis(), 0, 3, 0);
    for transactions in [vec![], vec![payment], vec![], vec![], vec![], vec![], vec![]] {
        mine(&mut chain, transactions);
    }
    chain
}

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn ledger_check(change: impl FnOnce(&mut View)) -> Result<(), Violation> {
    let chain = grown();
    let mut view = View::of(&chain, &Mempool::default(), NOW);
    change(&mut view);
    // Fresh, and right after the same was found to be right.
    let mut checker = Checker::default();
    checker.check(&View::of(&chain, &Mempool::default(), NOW)).unwrap();
    let again = checker.check_ledger(&view);
    let fresh = Checker::default().check_ledger(&view);
    if !matches!(fresh, Err(Violation::StateRoot(_))) {
        assert_eq!(fresh, again);
    }
    fresh
}

#[test]
fn wrong_coins_accounts_and_roots_are_found() {
    let grain = Amount::from_grains(1).unwrap();
    assert_eq!(ledger_check(|_| {}), Ok(()));
    let more = ledger_check(|view| view.total = view.total.and_then(|total| total.checked_add(grain)));
    assert!(matches!(more, Err(Violation::Coins { .. })), "{more:?}");
    assert!(matches!(ledger_check(|view| view.total = None), Err(Violation::Coins { found: None, .. })));
    let payer = ledger_check(|view| {
        let account = view.accounts.iter_mut().find(|(owner, _)| *owner == address(0)).unwrap();
        account.1.balance = account.1.balance.checked_add(grain).unwrap();
    });
    assert_eq!(payer, Err(Violation::Account(address(0))));
    let nonce = ledger_check(|view| view.accounts.iter_mut().for_each(|(_, account)| account.nonce = 0));
    assert_eq!(nonce, Err(Violation::Account(address(0))));
    let miner = ledger_check(|view| view.accounts.retain(|(owner, _)| *owner != address(9)));
    assert_eq!(miner, Err(Violation::Account(address(9))));
    let stranger = ledger_check(|view| view.accounts.push((address(5), Account::default())));
    assert_eq!(stranger, Err(Violation::Account(address(5))));
    let root = ledger_check(|view| view.tip.1.state_root = node_core::hash::StateRoot([7; 32]));
    assert_eq!(root, Err(Violation::StateRoot(Height(7))));
}

/// A view in which one more block stands on the chain, one that no node would take.
fn with_block(others: Vec<Transaction>, reward: Amount) -> Result<(), Violation> {
    let chain = grown();
    let mut view = View::of(&chain, &Mempool::default(), NOW);
    let height = Height(8);
    let mut transactions = vec![Transaction::Reward(Reward { height, to: address(9), amount: reward })];
    transactions.extend(others);
    let header = BlockHeader { height, previous: view.tip.0, ..view.tip.1 };
    let block = Arc::new(Block { header, transactions });
    view.tip = (header.hash(), header);
    view.total = view.total.and_then(|total| total.checked_add(reward));
    let below = view.block_at;
    let hash = header.hash();
    view.block_at = Box::new(move |height| if height == 8 { Some((hash, block.clone())) } else { below(height) });
    Checker::default().check_ledger(&view)
}

#[test]
fn blocks_that_spend_or_make_too_much_are_found() {
    let genesis = chain().genesis();
    let subsidy = Amount::from_tab(50);
    assert_eq!(with_block(vec![pay(genesis, 4, 1, 0)], subsidy), Err(Violation::Negative(address(4))));
    assert!(matches!(with_block(vec![], Amount::from_tab(51)), Err(Violation::Coins { .. })));
    assert!(matches!(with_block(vec![], Amount::from_tab(49)), Err(Violation::Coins { .. })));
    // The subsidy alone is right; the reward that matures is missing on the account.
    assert_eq!(with_block(vec![], subsidy), Err(Violation::Account(address(9))));
}

#[test]
fn a_checker_follows_a_reorganisation() {
    let (mut one, mut other) = (grown(), chain());
    let mut checker = Checker::default();
    checker.check(&View::of(&one, &Mempool::default(), NOW)).unwrap();
    for nonce in 0..10 {
        let payment = pay(other.genesis(), 1, 1, nonce);
        let block = mine(&mut other, vec![payment]);
        one.insert_header(block.header).unwrap();
        one.insert_body(block);
        checker.check(&View::of(&one, &Mempool::default(), NOW)).unwrap();
    }
    assert_eq!(one.tip(), other.tip());
    assert_eq!(checker.applied.len(), 10);
}

fn mempool_check(change: impl FnOnce(&mut View)) -> Result<(), Unfit> {
    let chain = grown();
    let mut pool = Mempool::default();
    for nonce in 1..3 {
        let payment = Arc::new(pay(chain.genesis(), 0, 40, nonce));
        pool.insert(chain.params(), chain.ledger(), payment, NOW).unwrap();
    }
    let mut view = View::of(&chain, &pool, NOW);
    let mut checker = Checker::default();
    assert_eq!(checker.check(&view), Ok(()));
    change(&mut view);
    match checker.check_mempool(&view) {
        Ok(()) => Ok(()),
        Err(Violation::Waiting(_, unfit)) => Err(unfit),
        Err(other) => panic!("{other:?}"),
    }
}

/// Another transaction in the place of the first that waits.
fn in_place(view: &mut View, transaction: Transaction) {
    let payer = transaction.payer(None).unwrap();
    let (id, bytes) = (transaction.id(), transaction.to_bytes().len());
    let waiting = &mut view.waiting[0];
    (waiting.id, waiting.payer, waiting.bytes, waiting.transaction) = (id, payer, bytes, Arc::new(transaction));
}

#[test]
fn what_waits_must_be_valid_on_the_tip_in_every_respect() {
    let genesis = grown().genesis();
    assert_eq!(mempool_check(|_| {}), Ok(()));
    assert_eq!(mempool_check(|view| view.now = NOW.after(mempool::EXPIRY)), Ok(()), "within the delay");
    let late = mempool_check(|view| view.now = NOW.after(mempool::EXPIRY + EXPIRY_DELAY));
    assert_eq!(late, Err(Unfit::Age));
    assert_eq!(mempool_check(|view| in_place(view, pay(genesis, 0, 40, 0))), Err(Unfit::Nonce), "used up");
    assert_eq!(mempool_check(|view| in_place(view, pay(genesis, 0, 39, 2))), Err(Unfit::Nonce), "twice");
    assert_eq!(mempool_check(|view| in_place(view, pay(genesis, 0, 90, 1))), Err(Unfit::Funds), "together");
    assert_eq!(mempool_check(|view| in_place(view, pay(genesis, 4, 1, 0))), Err(Unfit::Funds), "a stranger's");
    assert_eq!(mempool_check(|view| in_place(view, pay(genesis, 0, 0, 1))), Err(Unfit::Rule), "of nothing");
    let elsewhere = BlockHash([1; 32]);
    assert_eq!(mempool_check(|view| in_place(view, pay(elsewhere, 0, 40, 1))), Err(Unfit::Signature));
    // The id is that of a transaction whose signature was found to hold.
    let Transaction::Transfer(mut unsigned) = pay(genesis, 0, 40, 1) else { unreachable!("a transfer") };
    unsigned.signature = Signature::NONE;
    let unsigned = mempool_check(|view| in_place(view, Transaction::Transfer(unsigned)));
    assert_eq!(unsigned, Err(Unfit::Signature));
    let mislabelled = mempool_check(|view| {
        in_place(view, pay(genesis, 1, 1, 0));
        view.waiting[0].payer = address(0);
    });
    assert_eq!(mislabelled, Err(Unfit::Label));
    let sized = mempool_check(|view| {
        in_place(view, pay(genesis, 1, 1, 0));
        view.waiting[0].bytes -= 1;
    });
    assert_eq!(sized, Err(Unfit::Label));
}

#[test]
fn a_mempool_that_counts_wrong_is_found() {
    let chain = grown();
    let mut view = View::of(&chain, &Mempool::default(), NOW);
    view.waiting_bytes = 1;
    assert_eq!(Checker::default().check(&view), Err(Violation::Mempool));
}
