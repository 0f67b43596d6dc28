//! The tree against an ordinary map and against the definition of its root; proofs against both.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Model = BTreeMap<Address, Account>;

fn account(balance: u64) -> Account {
    Account { balance: Amount::from_grains(balance).unwrap(), nonce: balance / 2 }
}

/// The root as the protocol defines it, level by level and without any of the tree's short cuts.
fn defined_root(accounts: &[(Address, Account)], depth: usize) -> [u8; 32] {
    match accounts {
        [] => EMPTY,
        [(address, account)] => leaf_hash(address, account),
        _ => {
            let (left, right) = accounts.split_at(accounts.partition_point(|(address, _)| bit(address, depth) == 0));
            branch_hash(&defined_root(left, depth + 1), &defined_root(right, depth + 1))
        }
    }
}

fn root_of(model: &Model) -> StateRoot {
    let sorted: Vec<(Address, Account)> = model.iter().map(|(address, account)| (*address, *account)).collect();
    StateRoot(defined_root(&sorted, 0))
}

fn tree_of(model: &Model) -> Accounts {
    let mut accounts = Accounts::default();
    for (address, account) in model {
        accounts.set(*address, Some(*account));
    }
    accounts
}

fn flipped(bits: &[usize]) -> Address {
    let mut address = Address([0; Address::LENGTH]);
    for bit in bits {
        address.0[bit / 8] ^= 0x80 >> (bit % 8);
    }
    address
}

/// Few positions in which addresses differ, so that they share long prefixes and branches stand
/// right at the top, right at the bottom, and far apart.
fn addresses() -> impl Strategy<Value = Address> {
    prop::sample::subsequence(vec![0, 1, 2, 7, 8, 80, 157, 158, 159], 0..=9).prop_map(|bits| flipped(&bits))
}

fn models(size: usize) -> impl Strategy<Value = Model> {
    prop::collection::btree_map(addresses(), (0_u64..5).prop_map(account), 0..size)
}

#[test]
fn addresses_that_share_all_but_the_last_bit() {
    let (low, high) = (flipped(&[3]), flipped(&[3, 159]));
    let mut accounts = Accounts::default();
    accounts.set(low, Some(account(1)));
    let alone = accounts.root();
    accounts.set(high, Some(account(2)));
    assert_eq!(accounts.get(&low), Some(account(1)));
    assert_eq!(accounts.get(&high), Some(account(2)));
    let root = accounts.root();
    let longest = borsh::to_vec(&accounts.prove(&high)).unwrap();
    assert_eq!(longest.len(), 4 + 160 * 32 + 1 + 20 + 16);
    assert_eq!(AccountProof::try_from_slice(&longest).unwrap().verify(root, &high), Ok(Some(account(2))));
    accounts.set(high, None);
    assert_eq!(accounts.root(), alone);
}

#[test]
fn nothing_has_a_root_and_proofs_too() {
    let mut accounts = Accounts::default();
    assert_eq!(accounts.root(), StateRoot::ZERO);
    let proof = accounts.prove(&flipped(&[1]));
    assert_eq!(proof.verify(StateRoot::ZERO, &flipped(&[2])), Ok(None));
    assert_eq!(proof.verify(StateRoot([1; 32]), &flipped(&[1])), Err(ProofError::Root));
}

/// Grouping by a prefix would let an account of one place pass for one of another.
#[test]
fn a_leaf_proves_nothing_about_addresses_of_other_places() {
    let model = Model::from([(flipped(&[]), account(1)), (flipped(&[0]), account(2))]);
    let mut accounts = tree_of(&model);
    let proof = accounts.prove(&flipped(&[0]));
    assert_eq!(proof.verify(root_of(&model), &flipped(&[0, 9])), Ok(None));
    assert_eq!(proof.verify(root_of(&model), &flipped(&[9])), Err(ProofError::Elsewhere));
}

#[test]
fn a_path_longer_than_an_address_is_refused() {
    let mut bytes = 161_u32.to_le_bytes().to_vec();
    bytes.resize(4 + 161 * 32 + 1, 0);
    assert!(AccountProof::try_from_slice(&bytes).is_err());
    bytes[0] = 160;
    bytes.truncate(4 + 160 * 32 + 1);
    assert!(AccountProof::try_from_slice(&bytes).is_ok());
    let huge = u32::MAX.to_le_bytes();
    assert!(AccountProof::try_from_slice(&huge).is_err());
}

proptest! {
    #[test]
    fn behaves_like_a_map_and_its_root_follows_from_its_content(
        steps in prop::collection::vec((addresses(), prop::option::of(0_u64..5), any::<bool>()), 1..80)
    ) {
        let mut accounts = Accounts::default();
        let mut model = Model::new();
        for (address, balance, ask) in steps {
            let new = balance.map(account);
            let old = match new {
                Some(new) => model.insert(address, new),
                None => model.remove(&address),
            };
            prop_assert_eq!(accounts.set(address, new), old);
            prop_assert_eq!(accounts.get(&address), new);
            prop_assert_eq!(accounts.len(), model.len());
            prop_assert_eq!(accounts.is_empty(), model.is_empty());
            // Not after each step: changes must add up as well.
            if ask {
                prop_assert_eq!(accounts.root(), root_of(&model));
            }
        }
        prop_assert_eq!(accounts.root(), root_of(&model));
        prop_assert_eq!(accounts.iter().collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn proofs_say_what_the_map_says(model in models(40), others in prop::collection::vec(addresses(), 0..20)) {
        let (mut accounts, root) = (tree_of(&model), root_of(&model));
        let asked: Vec<Address> = model.keys().copied().chain(others).collect();
        for address in &asked {
            let proof = accounts.prove(address);
            prop_assert_eq!(proof.verify(root, address), Ok(model.get(address).copied()));
            prop_assert_eq!(&AccountProof::try_from_slice(&borsh::to_vec(&proof).unwrap()).unwrap(), &proof);
            // A proof may hold for more than one address, but never says anything wrong.
            for other in &asked {
                if let Ok(answer) = proof.verify(root, other) {
                    prop_assert_eq!(answer, model.get(other).copied());
                }
            }
        }
    }

    #[test]
    fn no_changed_bit_verifies(model in models(40), asked in addresses(), bit: prop::sample::Index) {
        let (mut accounts, root) = (tree_of(&model), root_of(&model));
        let mut bytes = borsh::to_vec(&accounts.prove(&asked)).unwrap();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let holds = AccountProof::try_from_slice(&bytes).is_ok_and(|proof| proof.verify(root, &asked).is_ok());
        prop_assert!(!holds);
    }

    /// Paths cut, stretched and shuffled, and ends exchanged for what an attacker would like there.
    #[test]
    fn no_rearranged_proof_gives_another_answer(
        model in models(40), asked in addresses(), other in addresses(),
        at: prop::sample::Index, to: prop::sample::Index, what in 0_u8..7,
    ) {
        let (mut accounts, root) = (tree_of(&model), root_of(&model));
        let mut proof = accounts.prove(&asked);
        let length = proof.siblings.len();
        match what {
            0 => proof.end = None,
            1 => proof.end = Some((asked, account(4))),
            2 => proof.end = accounts.prove(&other).end,
            3 => proof.siblings = accounts.prove(&other).siblings,
            4 => proof.siblings.truncate(at.index(length + 1)),
            5 if length > 0 => proof.siblings.swap(at.index(length), to.index(length)),
            _ if length < MAX_SIBLINGS => proof.siblings.insert(at.index(length + 1), EMPTY),
            _ => {}
        }
        if let Ok(answer) = proof.verify(root, &asked) {
            prop_assert_eq!(answer, model.get(&asked).copied());
        }
    }

    #[test]
    fn decoding_accepts_only_canonical_bytes(
        length in 0_u32..4, end in prop::collection::vec(any::<u8>(), 0..40), asked in addresses()
    ) {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.resize(4 + length as usize * 32, 1);
        bytes.extend(end);
        if let Ok(proof) = AccountProof::try_from_slice(&bytes) {
            prop_assert_eq!(borsh::to_vec(&proof).unwrap(), bytes);
            prop_assert!(proof.verify(StateRoot::ZERO, &asked).is_err() || length == 0);
        }
    }
}
