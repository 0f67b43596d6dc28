//! The pool against its rules, and against a model that keeps a plain list.

use super::*;
use crate::chain::testing::{Builder, address, feed, params, transfer, transfer_with_fee};
use crate::chain::tree::Chain;
use crate::hash::BlockHash;
use crate::keys::Signature;
use crate::transaction::{Memo, Reward, Transfer};
use crate::units::Height;
use proptest::prelude::*;

const TAB: u64 = Amount::GRAINS_PER_TAB;

struct Pool {
    chain: Chain,
    pool: Mempool,
}

impl Pool {
    fn new() -> Self {
        Self { chain: Chain::new(params()), pool: Mempool::default() }
    }

    fn capped(count: usize, bytes: usize) -> Self {
        Self { pool: Mempool::new(Caps { count, bytes }), ..Self::new() }
    }

    fn genesis(&self) -> BlockHash {
        self.chain.genesis()
    }

    fn insert(&mut self, transaction: Transaction) -> Result<Vec<(Arc<Transaction>, Removal)>, AdmitError> {
        self.pool.insert(self.chain.params(), self.chain.ledger(), Arc::new(transaction), Timestamp::default())
    }

    fn selected(&self) -> Vec<TxId> {
        self.pool.select(1_000_000, &Wishes::default()).iter().map(|transaction| transaction.id()).collect()
    }
}

#[test]
fn each_refusal_has_its_reason() {
    let mut pool = Pool::new();
    let genesis = pool.genesis();
    let first = transfer(genesis, 0, 1, 60 * TAB, 0);
    assert_eq!(pool.insert(first.clone()), Ok(Vec::new()));
    assert_eq!(pool.insert(first), Err(AdmitError::Known));
    // The same balance twice; the same nonce for the same fee.
    assert!(matches!(pool.insert(transfer(genesis, 0, 2, 60 * TAB, 1)), Err(AdmitError::InsufficientFunds { .. })));
    assert!(matches!(pool.insert(transfer(genesis, 0, 2, 60 * TAB, 0)), Err(AdmitError::ReplacementFee(_))));
    assert!(matches!(pool.insert(transfer(genesis, 0, 1, TAB, 100)), Err(AdmitError::NonceAhead { .. })));
    assert!(matches!(pool.insert(transfer_with_fee(genesis, 1, 0, TAB, 0, 1)), Err(AdmitError::FeeTooLow(_))));
    assert!(matches!(pool.insert(transfer(genesis, 8, 0, TAB, 0)), Err(AdmitError::InsufficientFunds { .. })));
}

#[test]
fn a_higher_fee_replaces() {
    let mut pool = Pool::new();
    let genesis = pool.genesis();
    let old = transfer_with_fee(genesis, 0, 1, 90 * TAB, 0, 1000);
    pool.insert(old.clone()).unwrap();
    let step = transfer_with_fee(genesis, 0, 2, 90 * TAB, 0, 1100);
    assert_eq!(pool.insert(step), Err(AdmitError::ReplacementFee(Amount::from_grains(1101).unwrap())));
    let new = transfer_with_fee(genesis, 0, 2, 90 * TAB, 0, 1101);
    assert_eq!(pool.insert(new.clone()), Ok(vec![(Arc::new(old), Removal::Replaced)]));
    assert_eq!(pool.selected(), vec![new.id()]);
    assert_eq!(pool.pool.len(), 1);
}

#[test]
fn selection_honours_nonces_gaps_and_fee_rates() {
    let mut pool = Pool::new();
    let genesis = pool.genesis();
    let cheap_first = transfer_with_fee(genesis, 0, 1, TAB, 0, 1000);
    let dear_second = transfer_with_fee(genesis, 0, 1, TAB, 1, 90_000);
    let middle = transfer_with_fee(genesis, 1, 2, TAB, 0, 60_000);
    let behind_gap = transfer_with_fee(genesis, 2, 1, TAB, 1, 80_000);
    for transaction in [&dear_second, &behind_gap, &cheap_first, &middle] {
        pool.insert(transaction.clone()).unwrap();
    }
    assert_eq!(pool.selected(), vec![middle.id(), cheap_first.id(), dear_second.id()]);
    let bytes = middle.to_bytes().len();
    let one = pool.pool.select(bytes, &Wishes::default());
    assert_eq!(one.len(), 1);
}

#[test]
fn a_payer_has_at_most_its_places() {
    let mut pool = Pool::new();
    let genesis = pool.genesis();
    for nonce in 0..MAX_PER_PAYER as u64 {
        pool.insert(transfer(genesis, 0, 1, 1, nonce)).unwrap();
    }
    assert_eq!(pool.pool.next_nonce(&address(0), 0), MAX_PER_PAYER as u64);
    assert!(matches!(
        pool.insert(transfer(genesis, 0, 1, 1, MAX_PER_PAYER as u64)),
        Err(AdmitError::NonceAhead { .. })
    ));
}

#[test]
fn blocks_take_out_what_they_confirm_and_what_conflicts() {
    let mut pool = Pool::new();
    let genesis = pool.genesis();
    let confirmed = transfer(genesis, 0, 1, TAB, 0);
    let conflicting = transfer(genesis, 1, 2, TAB, 0);
    let overtaking = transfer(genesis, 1, 3, 99 * TAB, 0);
    let uncovered = transfer(genesis, 1, 2, 2 * TAB, 1);
    for transaction in [&confirmed, &conflicting, &uncovered] {
        pool.insert(transaction.clone()).unwrap();
    }
    let block = Builder::new(params()).extend(genesis, 5, vec![confirmed.clone(), overtaking], 0);
    let change = feed(&mut pool.chain, &block);
    let removed = pool.pool.update(pool.chain.ledger(), None, &change.connected, false);
    assert_eq!(removed, vec![(Arc::new(conflicting), Removal::Conflict), (Arc::new(uncovered), Removal::Uncovered)]);
    assert!(pool.pool.is_empty() && pool.pool.bytes() == 0);
    assert!(matches!(pool.insert(confirmed), Err(AdmitError::NonceUsed { found: 0, expected: 1 })));
}

#[test]
fn a_payer_of_much_takes_one_of_little_along() {
    let mut pool = Pool::new();
    let genesis = pool.genesis();
    let cheap_parent = transfer_with_fee(genesis, 0, 1, TAB, 0, 1_000);
    let dear_child = transfer_with_fee(genesis, 0, 1, TAB, 1, 99_000);
    let middle = transfer_with_fee(genesis, 1, 2, TAB, 0, 30_000);
    for transaction in [&middle, &dear_child, &cheap_parent] {
        pool.insert(transaction.clone()).unwrap();
    }
    // Together the first two pay 100,000 for two; alone the first pays least of all.
    assert_eq!(pool.selected(), vec![cheap_parent.id(), dear_child.id(), middle.id()]);
    let two = 2 * middle.to_bytes().len();
    let selected: Vec<TxId> = pool.pool.select(two, &Wishes::default()).iter().map(|one| one.id()).collect();
    assert_eq!(selected, vec![cheap_parent.id(), dear_child.id()]);
}

#[test]
fn wishes_of_the_miner_are_met() {
    let mut pool = Pool::new();
    let genesis = pool.genesis();
    let first = transfer_with_fee(genesis, 0, 1, TAB, 0, 1_000);
    let second = transfer_with_fee(genesis, 0, 1, TAB, 1, 1_000);
    let dear = transfer_with_fee(genesis, 1, 2, TAB, 0, 90_000);
    for transaction in [&first, &second, &dear] {
        pool.insert(transaction.clone()).unwrap();
    }
    let select = |pool: &Pool, bytes, wishes: &Wishes| -> Vec<TxId> {
        pool.pool.select(bytes, wishes).iter().map(|one| one.id()).collect()
    };
    let room_for_two = 2 * dear.to_bytes().len();
    let wishes = |wanted: &[(&Transaction, Wish)]| {
        let mut wishes = Wishes::default();
        for (one, wish) in wanted {
            wishes.set(one.id(), *wish).unwrap();
        }
        wishes
    };
    let pinned = wishes(&[(&second, Wish::Pin)]);
    assert_eq!(select(&pool, room_for_two, &pinned), vec![first.id(), second.id()]);
    assert_eq!(select(&pool, 10_000, &pinned), vec![first.id(), second.id(), dear.id()]);
    let excluded = wishes(&[(&first, Wish::Exclude)]);
    assert_eq!(select(&pool, 10_000, &excluded), vec![dear.id()]);
    let excluded = wishes(&[(&second, Wish::Exclude)]);
    assert_eq!(select(&pool, 10_000, &excluded), vec![dear.id(), first.id()]);
    // What is excluded cannot be pinned in by what stands behind it.
    let both = wishes(&[(&second, Wish::Pin), (&first, Wish::Exclude)]);
    assert_eq!(select(&pool, 10_000, &both), vec![dear.id()]);
    // The last word counts.
    let taken_back = wishes(&[(&first, Wish::Pin), (&first, Wish::Exclude), (&first, Wish::None)]);
    assert_eq!(taken_back, Wishes::default());
}

#[test]
fn wishes_are_limited_and_a_full_list_can_still_be_changed() {
    let id = |number: usize| TxId(crate::hash::sha256(&number.to_le_bytes()));
    let mut wishes = Wishes::default();
    for number in 0..MAX_WISHES {
        wishes.set(id(number), if number % 2 == 0 { Wish::Pin } else { Wish::Exclude }).unwrap();
    }
    let full = wishes.clone();
    assert_eq!(wishes.set(id(MAX_WISHES), Wish::Pin), Err(TooManyWishes));
    assert_eq!(wishes, full);
    wishes.set(id(MAX_WISHES), Wish::None).unwrap();
    wishes.set(id(0), Wish::Exclude).unwrap();
    assert_eq!(wishes.of(&id(0)), Wish::Exclude);
    wishes.retain(|kept| *kept != id(0));
    wishes.set(id(MAX_WISHES), Wish::Pin).unwrap();
    assert_eq!((wishes.of(&id(0)), wishes.of(&id(MAX_WISHES))), (Wish::None, Wish::Pin));
}

#[test]
fn what_a_lost_block_held_waits_again_however_much_one_payer_had_in_it() {
    let mut pool = Pool::new();
    let genesis = pool.genesis();
    let count = MAX_PER_PAYER as u64 + 20;
    for nonce in 0..count {
        let transaction = transfer_with_fee(genesis, 0, 1, 1, nonce, 1_000);
        if nonce >= MAX_PER_PAYER as u64 {
            assert!(pool.insert(transaction.clone()).is_err(), "a peer may not send so many");
        }
        let (chain, transaction) = (&pool.chain, Arc::new(transaction));
        let restored = pool.pool.restore(chain.params(), chain.ledger(), transaction, Timestamp::default());
        assert_eq!(restored.map(|pushed_out| pushed_out.len()), Ok(0), "{nonce}");
    }
    assert_eq!(pool.selected().len() as u64, count);
    // What it does not cover stays out.
    let dear = Arc::new(transfer(genesis, 0, 1, 1_000 * TAB, count));
    let refused = pool.pool.restore(pool.chain.params(), pool.chain.ledger(), dear, Timestamp::default());
    assert!(matches!(refused, Err(AdmitError::InsufficientFunds { .. })), "{refused:?}");
}

#[test]
fn a_transaction_leaves_after_a_day_and_not_before() {
    let mut pool = Pool::new();
    let transaction = transfer(pool.genesis(), 0, 1, TAB, 0);
    pool.insert(transaction.clone()).unwrap();
    let day = Timestamp::default().after(EXPIRY);
    assert!(pool.pool.expire(Timestamp::from_millis(day.millis() - 1)).is_empty());
    assert_eq!(pool.pool.expire(day), vec![(Arc::new(transaction), Removal::Expired)]);
    assert!(pool.pool.is_empty() && pool.pool.ready.is_empty() && pool.pool.by_age.is_empty());
}

#[test]
fn nothing_is_admitted_that_would_leave_with_what_it_pushes_out() {
    let mut pool = Pool::capped(2, MAX_BYTES);
    let genesis = pool.genesis();
    let cheap_first = transfer_with_fee(genesis, 0, 1, TAB, 0, 1_000);
    let other = transfer_with_fee(genesis, 1, 2, TAB, 0, 2_000);
    for transaction in [&cheap_first, &other] {
        pool.insert(transaction.clone()).unwrap();
    }
    let behind = transfer_with_fee(genesis, 0, 1, TAB, 1, 90_000);
    assert_eq!(pool.insert(behind.clone()), Err(AdmitError::Full));
    assert_eq!(pool.selected(), vec![other.id(), cheap_first.id()]);
    // In its place, it is welcome: with what stood behind the one that pays least.
    let mut pool = Pool::capped(2, MAX_BYTES);
    for transaction in [&cheap_first, &behind] {
        pool.insert(transaction.clone()).unwrap();
    }
    let removed = pool.insert(other.clone()).unwrap();
    let evicted = |transaction: Transaction| (Arc::new(transaction), Removal::Evicted);
    assert_eq!(removed, vec![evicted(behind), evicted(cheap_first)]);
    assert_eq!(pool.selected(), vec![other.id()]);
}

#[test]
fn a_large_one_must_pay_more_than_all_that_leave_for_it() {
    let with_memo = |genesis, from: u8, fee: u64, memo: usize| {
        let Transaction::Transfer(mut transfer) = transfer_with_fee(genesis, from, 5, TAB, 0, fee) else { panic!() };
        transfer.memo = Memo::new(&"m".repeat(memo)).unwrap();
        Transaction::Transfer(transfer)
    };
    let mut pool = Pool::capped(10, 400);
    let genesis = pool.genesis();
    // 147 bytes each; one of 287 needs the room of both, and pays more than one of them.
    let (least, more) = (with_memo(genesis, 0, 1_000, 0), with_memo(genesis, 1, 4_000, 0));
    for transaction in [&least, &more] {
        pool.insert(transaction.clone()).unwrap();
    }
    assert_eq!(pool.insert(with_memo(genesis, 2, 6_000, 140)), Err(AdmitError::Full));
    assert_eq!(pool.pool.len(), 2);
    let large = with_memo(genesis, 2, 8_000, 140);
    let evicted = |transaction: Transaction| (Arc::new(transaction), Removal::Evicted);
    assert_eq!(pool.insert(large.clone()), Ok(vec![evicted(least), evicted(more)]));
    assert_eq!(pool.selected(), vec![large.id()]);
}

/// A key that nobody holds: the pool leaves signatures to others.
fn stranger(number: u32) -> PublicKey {
    let mut bytes = [2; PublicKey::LENGTH];
    bytes[1..5].copy_from_slice(&number.to_le_bytes());
    PublicKey(bytes)
}

fn unsigned(payer: u32, nonce: u64, fee: u64) -> Transaction {
    Transaction::Transfer(Transfer {
        from: stranger(payer),
        to: address(0),
        amount: Amount::from_grains(1).unwrap(),
        fee: Amount::from_grains(fee).unwrap(),
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    })
}

#[test]
fn a_full_pool_drops_what_pays_least_and_its_floor_rises_and_falls() {
    let payers = u32::try_from(MAX_COUNT / MAX_PER_PAYER + 1).unwrap();
    let mut params = params();
    params.allocation = (0..payers).map(|payer| (stranger(payer).address(), Amount::from_tab(100))).collect();
    let chain = Chain::new(params);
    let mut pool = Pool { chain, pool: Mempool::default() };
    for nonce in 0..MAX_PER_PAYER as u64 {
        for payer in 0..payers - 1 {
            assert_eq!(pool.insert(unsigned(payer, nonce, 1_000 + u64::from(payer))), Ok(Vec::new()));
        }
    }
    assert_eq!(pool.pool.len(), MAX_COUNT);
    let last = payers - 1;
    // As much as the one that pays least is not enough; more is.
    assert_eq!(pool.insert(unsigned(last, 0, 1_000)), Err(AdmitError::Full));
    let removed = pool.insert(unsigned(last, 0, 1_001)).unwrap();
    assert_eq!(removed.len(), 1, "the newest of those that pay least, behind which nothing stands");
    assert_eq!(removed[0].0.nonce(), MAX_PER_PAYER as u64 - 1);
    assert_eq!(removed[0].1, Removal::Evicted);
    assert_eq!(pool.pool.len(), MAX_COUNT);

    let raised = pool.pool.floor(Timestamp::default());
    assert!(raised > MIN_FEE_RATE);
    let refused = pool.insert(unsigned(last, 1, 200));
    assert_eq!(refused, Err(AdmitError::FeeTooLow(raised.fee_for(unsigned(last, 1, 200).to_bytes().len()))));
    let later = Timestamp::default().after(FLOOR_HALF_LIFE);
    assert_eq!(pool.pool.floor(later), FeeRate(raised.0 / 2));
    assert_eq!(pool.pool.floor(Timestamp::default().after(FLOOR_HALF_LIFE * 40)), MIN_FEE_RATE);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever comes, in whatever order: what is selected can be mined as it is, nothing fits in
    /// any more that could be mined, and the pool's sums and indexes agree with its content.
    #[test]
    fn selections_are_valid_and_leave_no_room_unused(
        offers in prop::collection::vec((0_u8..4, 0_u64..6, 200_u64..50_000, 1_u64..40), 1..60),
        room in 0_usize..6_000,
    ) {
        let mut pool = Pool::new();
        let genesis = pool.genesis();
        for (payer, nonce, fee, tab) in offers {
            let _ = pool.insert(transfer_with_fee(genesis, payer, (payer + 1) % 4, tab * TAB, nonce, fee));
        }
        let selected = pool.pool.select(room, &Wishes::default());
        let mut next: BTreeMap<Address, u64> = BTreeMap::new();
        let mut bytes = 0;
        for transaction in &selected {
            let nonce = next.entry(transaction.payer(None).unwrap()).or_default();
            prop_assert_eq!(transaction.nonce(), *nonce);
            *nonce += 1;
            bytes += transaction.to_bytes().len();
        }
        prop_assert!(bytes <= room);
        for waiting in pool.pool.iter() {
            let could_follow = waiting.transaction.nonce() == next.get(&waiting.payer).copied().unwrap_or_default();
            prop_assert!(!could_follow || bytes + waiting.bytes > room, "{:?} fits in", waiting.id);
        }
        let mut transactions = vec![Transaction::Reward(Reward {
            height: Height(1),
            to: address(9),
            amount: validation::reward_of(pool.chain.params(), Height(1), &selected.iter().map(|one| (**one).clone()).collect::<Vec<_>>()).unwrap(),
        })];
        transactions.extend(selected.iter().map(|one| (**one).clone()));
        prop_assert!(pool.chain.preview(&transactions).is_ok());

        let all: Vec<&Waiting> = pool.pool.iter().collect();
        prop_assert_eq!(all.len(), pool.pool.len());
        prop_assert_eq!(all.iter().map(|waiting| waiting.bytes).sum::<usize>(), pool.pool.bytes());
        for payer in 0..4 {
            let costs = all.iter().filter(|waiting| waiting.payer == address(payer)).map(|waiting| waiting.cost());
            prop_assert_eq!(costs.fold(Amount::ZERO, |sum, cost| sum.checked_add(cost).unwrap()), pool.pool.outgoing(&address(payer)));
        }
        let ready = pool.pool.queues.values().filter(|queue| queue.get(queue.confirmed).is_some()).count();
        prop_assert_eq!(pool.pool.ready.len(), ready);
    }
}
