//! Compact blocks: whatever a receiver knows, one round trip gives the block; lies give an error.

use super::*;
use crate::chain::testing::{address, params, transfer};
use crate::chain::tree::Chain;
use crate::consensus::validation::{BodyError, check_body};
use crate::net::message::Message;
use crate::transaction::Reward;
use crate::units::Amount;
use proptest::prelude::*;
use std::sync::OnceLock;

/// Transactions of the block that the tests use, beside its reward.
const COUNT: usize = 24;

fn reward() -> Transaction {
    Transaction::Reward(Reward { height: Height(1), to: address(9), amount: Amount::from_tab(50) })
}

/// A block whose root is right; its accounts do not matter here.
fn block() -> &'static Block {
    static BLOCK: OnceLock<Block> = OnceLock::new();
    BLOCK.get_or_init(|| {
        let chain = Chain::new(params());
        let transfers = (0..COUNT as u64).map(|nonce| transfer(chain.genesis(), 0, 1, 1000, nonce));
        let mut block =
            Block { header: chain.tip_header(), transactions: std::iter::once(reward()).chain(transfers).collect() };
        block.header.height = Height(1);
        block.header.merkle_root = block.merkle_root();
        block
    })
}

fn compact(salt: u64, lacks: impl Fn(&TxId) -> bool) -> CompactBlock {
    Shortened::new(block(), salt).unwrap().compact(block(), lacks)
}

fn known(transactions: &[Transaction]) -> impl Iterator<Item = (WitnessId, &Transaction)> {
    transactions.iter().map(|one| (one.witness_id(), one))
}

fn answer(reconstruction: &mut Reconstruction) -> Result<(), CompactError> {
    let answer = reconstruction.ask().pick(block())?;
    reconstruction.answer(answer.transactions)
}

#[test]
fn the_short_ids_are_those_of_bip_152_over_witness_ids() {
    // By the definition, with the two halves of the key as integers.
    let compact = compact(0x0102_0304_0506_0708, |_| false);
    let mut bytes = block().header.to_bytes().to_vec();
    bytes.extend([8, 7, 6, 5, 4, 3, 2, 1]);
    let digest = sha256(&bytes);
    let half = |range: std::ops::Range<usize>| u64::from_le_bytes(digest[range].try_into().unwrap());
    let hasher = SipHasher24::new_with_keys(half(0..8), half(8..16));
    for (short, transaction) in compact.short_ids.iter().zip(&block().transactions[1..]) {
        let hash = hasher.hash(&crate::hash::sha256d(&transaction.to_bytes()));
        assert_eq!(short.0, hash.to_le_bytes()[..6]);
    }
    // The example of the SipHash paper, appendix A.
    let key: [u8; 16] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let message: Vec<u8> = (0..15).collect();
    assert_eq!(SipHasher24::new_with_key(&key).hash(&message), 0xa129_ca61_49be_45e5);
}

#[test]
fn a_transaction_with_another_signature_is_not_taken_for_the_one_in_the_block() {
    let mut twin = block().transactions[1].clone();
    let Transaction::Transfer(transfer) = &mut twin else { panic!("a transfer") };
    transfer.signature = crate::keys::Signature::NONE;
    assert_eq!(twin.id(), block().transactions[1].id());
    let mut reconstruction = Reconstruction::new(compact(1, |_| false)).unwrap();
    let mut here = block().transactions[1..].to_vec();
    here[0] = twin;
    reconstruction.fill(known(&here));
    assert_eq!(reconstruction.ask().indexes, vec![1]);
}

#[test]
fn two_that_collide_count_as_missing_and_nobody_is_at_fault() {
    let compact = compact(2, |_| false);
    let ids = compact.short_ids.clone();
    let [one, other] = [&block().transactions[1], &block().transactions[2]];
    // Two that wait here, with the short id of the first in the block.
    let mut reconstruction = Reconstruction::new(compact.clone()).unwrap();
    let candidates = [(ids[0], one.witness_id(), one), (ids[0], other.witness_id(), other)];
    reconstruction.fill_short(candidates.into_iter());
    assert!(reconstruction.ask().indexes.contains(&1));
    // The same one twice is no collision.
    let mut reconstruction = Reconstruction::new(compact.clone()).unwrap();
    reconstruction.fill_short([candidates[0], candidates[0]].into_iter());
    assert!(!reconstruction.ask().indexes.contains(&1));
    // A third of the same short id does not slip in after two.
    let mut reconstruction = Reconstruction::new(compact.clone()).unwrap();
    reconstruction.fill_short([candidates[0], candidates[1], candidates[0]].into_iter());
    assert!(reconstruction.ask().indexes.contains(&1));
    // Two places of the block with one short id: what waits here fits neither.
    let mut doubled = compact;
    doubled.short_ids[1] = ids[0];
    let mut reconstruction = Reconstruction::new(doubled).unwrap();
    reconstruction.fill(known(&block().transactions));
    assert_eq!(reconstruction.ask().indexes, vec![1, 2]);
}

#[test]
fn what_was_wrongly_taken_from_here_is_asked_for() {
    let mut reconstruction = Reconstruction::new(compact(3, |_| false)).unwrap();
    let ids = reconstruction.shortener;
    // Number 5 waits here, and has the short id of number 4.
    let mut candidates: Vec<(ShortId, WitnessId, &Transaction)> =
        known(&block().transactions).map(|(id, one)| (ids.shorten(&id), id, one)).collect();
    candidates[4].2 = &block().transactions[5];
    reconstruction.fill_short(candidates.into_iter());
    let wrong = reconstruction.block().unwrap();
    assert_eq!(check_body(&params(), &wrong), Err(BodyError::MerkleRoot));
    assert!(reconstruction.distrust());
    assert_eq!(answer(&mut reconstruction), Ok(()));
    assert_eq!(reconstruction.block().as_ref(), Some(block()));
    assert!(!reconstruction.distrust(), "all of it came from the peer");
}

#[test]
fn lists_that_do_not_go_together_are_refused() {
    let good = compact(4, |id| *id == block().transactions[3].id());
    assert_eq!(good.prefilled.iter().map(|one| one.index).collect::<Vec<_>>(), vec![0, 3]);
    let refused = |change: &dyn Fn(&mut CompactBlock)| {
        let mut bad = good.clone();
        change(&mut bad);
        Reconstruction::new(bad).map(|_| ()).unwrap_err()
    };
    let count = u16::try_from(COUNT).unwrap();
    assert_eq!(refused(&|bad| bad.prefilled.clear()), CompactError::NoReward);
    assert_eq!(refused(&|bad| drop(bad.prefilled.remove(0))), CompactError::NoReward);
    assert_eq!(refused(&|bad| bad.prefilled[0].transaction = block().transactions[1].clone()), CompactError::NoReward);
    assert_eq!(refused(&|bad| bad.prefilled[1].index = count + 1), CompactError::Places);
    assert_eq!(refused(&|bad| bad.prefilled[1].index = u16::MAX), CompactError::Places);
    assert_eq!(refused(&|bad| bad.prefilled[1].index = 0), CompactError::Places);
    let repeated = |bad: &mut CompactBlock| bad.prefilled.push(bad.prefilled[1].clone());
    assert_eq!(refused(&repeated), CompactError::Places);
    let swapped = |bad: &mut CompactBlock| {
        repeated(bad);
        bad.prefilled[1].index = 4;
    };
    assert_eq!(refused(&swapped), CompactError::Places);
}

#[test]
fn a_request_for_what_the_block_does_not_have_is_refused() {
    let hash = block().header.hash();
    let pick = |indexes: &[u16]| GetBlockTransactions { block: hash, indexes: indexes.to_vec() }.pick(block());
    let last = u16::try_from(COUNT).unwrap();
    assert_eq!(pick(&[1, last]).unwrap().transactions.len(), 2);
    for bad in [&[][..], &[last + 1], &[2, 1], &[3, 3], &[u16::MAX]] {
        assert_eq!(pick(bad), Err(CompactError::Places), "{bad:?}");
    }
}

#[test]
fn an_answer_must_be_what_was_asked_for() {
    let wrong = |change: &dyn Fn(&mut Vec<Transaction>)| {
        let mut reconstruction = Reconstruction::new(compact(5, |_| false)).unwrap();
        reconstruction.fill(known(&block().transactions[5..]));
        let mut transactions = reconstruction.ask().pick(block()).unwrap().transactions;
        change(&mut transactions);
        reconstruction.answer(transactions)
    };
    assert_eq!(wrong(&|_| ()), Ok(()));
    assert_eq!(wrong(&|list| drop(list.pop())), Err(CompactError::OtherTransactions));
    assert_eq!(wrong(&|list| list.push(list[0].clone())), Err(CompactError::OtherTransactions));
    assert_eq!(wrong(&|list| list.swap(0, 1)), Err(CompactError::OtherTransactions));
    assert_eq!(wrong(&|list| list[0] = block().transactions[9].clone()), Err(CompactError::OtherTransactions));
    let mut unasked = Reconstruction::new(compact(5, |_| false)).unwrap();
    assert_eq!(unasked.answer(vec![reward()]), Err(CompactError::OtherTransactions));
}

#[test]
fn another_salt_gives_other_ids() {
    let mut wrong = compact(6, |_| false);
    wrong.salt = 7;
    let mut reconstruction = Reconstruction::new(wrong).unwrap();
    reconstruction.fill(known(&block().transactions));
    assert_eq!(reconstruction.ask().indexes.len(), COUNT, "nothing here fits");
    assert_eq!(answer(&mut reconstruction), Err(CompactError::OtherTransactions));
}

#[test]
fn what_is_sent_along_is_bounded() {
    let one = block().transactions[1].to_bytes().len();
    let many: Vec<Transaction> = vec![block().transactions[1].clone(); 2 * MAX_PREFILLED_BYTES / one];
    let many = Block { header: block().header, transactions: [vec![reward()], many].concat() };
    let compact = Shortened::new(&many, 0).unwrap().compact(&many, |_| true);
    assert_eq!(compact.prefilled.len(), 1 + MAX_PREFILLED_BYTES / one);
    assert_eq!(compact.short_ids.len() + compact.prefilled.len(), many.transactions.len());
    let too_many = Block { header: block().header, transactions: vec![reward(); MAX_BLOCK_TRANSACTIONS + 1] };
    assert!(Shortened::new(&too_many, 0).is_none());
}

#[test]
fn lists_on_the_wire_are_bounded() {
    let hash = block().header.hash();
    let short = |count| CompactBlock { short_ids: vec![ShortId([0; 6]); count], ..compact(0, |_| false) };
    let messages = |count: usize| {
        let one = u16::try_from(count).unwrap();
        [
            Message::CompactBlock(Box::new(short(count - 1))),
            Message::GetBlockTransactions(GetBlockTransactions { block: hash, indexes: vec![one; count] }),
            Message::BlockTransactions(BlockTransactions { block: hash, transactions: vec![reward(); count] }),
        ]
    };
    for message in messages(MAX_BLOCK_TRANSACTIONS) {
        assert_eq!(Message::decode(&message.encode()), Ok(message));
    }
    for message in messages(MAX_BLOCK_TRANSACTIONS + 1) {
        assert!(Message::decode(&message.encode()).is_err());
    }
}

proptest! {
    #[test]
    fn whatever_is_known_one_round_trip_gives_the_block(
        here in prop::collection::vec(any::<bool>(), COUNT),
        sent in prop::collection::vec(any::<bool>(), COUNT),
        salt in any::<u64>(),
    ) {
        let at = |index: usize| block().transactions[1 + index].clone();
        let here: Vec<Transaction> = (0..COUNT).filter(|index| here[*index]).map(at).collect();
        let lacking: Vec<TxId> = (0..COUNT).filter(|index| sent[*index]).map(|index| at(index).id()).collect();
        let message = Message::CompactBlock(Box::new(compact(salt, |id| lacking.contains(id))));
        let decoded = Message::decode(&message.encode()).unwrap();
        let Message::CompactBlock(compact) = decoded else { panic!("a compact block") };
        let mut reconstruction = Reconstruction::new(*compact).unwrap();
        reconstruction.fill(known(&here));
        if reconstruction.block().is_none() {
            prop_assert_eq!(answer(&mut reconstruction), Ok(()));
        }
        let made = reconstruction.block();
        prop_assert_eq!(made.as_ref(), Some(block()));
    }

    #[test]
    fn forged_lists_give_an_error_or_another_block_and_never_panic(
        ids in prop::collection::vec(0_usize..COUNT + 4, 0..2 * COUNT),
        places in prop::collection::vec(0_u16..40, 0..6),
        wrong in 0_usize..=COUNT,
    ) {
        let good = compact(8, |_| false);
        let short_ids = ids.iter().map(|index| *good.short_ids.get(*index).unwrap_or(&ShortId([1; 6]))).collect();
        let prefilled = places.iter().map(|index| Prefilled { index: *index, transaction: reward() }).collect();
        let forged = CompactBlock { short_ids, prefilled, ..good };
        let total = forged.short_ids.len() + forged.prefilled.len();
        if let Ok(mut reconstruction) = Reconstruction::new(forged) {
            reconstruction.fill(known(&block().transactions[wrong..]));
            let asked = reconstruction.ask().indexes;
            prop_assert!(asked.iter().all(|index| usize::from(*index) < total));
            prop_assert_eq!(reconstruction.block().is_some(), asked.is_empty());
            if let Some(made) = reconstruction.block() {
                prop_assert_eq!(made.transactions.len(), total);
            }
        }
    }
}
