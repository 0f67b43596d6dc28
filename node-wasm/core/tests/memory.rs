//! What accounts and headers take in memory, counted at the allocator. A binary of its own with
//! one test, because the count is of the whole process.

use node_core::block::BlockHeader;
use node_core::chain::accounts::{Account, Accounts};
use node_core::chain::tree::Chain;
use node_core::hash::sha256;
use node_core::keys::Address;
use node_core::mining;
use node_core::params::{ChainParams, target_of_work};
use node_core::units::Amount;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Most bytes of an account or a header, all in all: a million of each must fit a tab.
const BUDGET: usize = 200;
/// Most bytes that an allocator adds to a block. Glibc's: eight for the size, and up to 15 to make
/// that a multiple of 16, or up to 32 in all for the smallest; wasm's has smaller ones.
const OVERHEAD: usize = 24;
/// Enough for a tree that is as deep as one in use.
const RANDOM: u32 = 100_000;
/// Fewer: each of their hashes goes through some 140 levels. Enough for the fixed parts to vanish.
const TWINS: u32 = 10_000;
/// A day of the main network and more.
const HEADERS: u32 = 10_000;

fn random(index: u32) -> Address {
    let digest = sha256(&index.to_le_bytes());
    let mut address = Address([0; Address::LENGTH]);
    address.0.copy_from_slice(&digest[..Address::LENGTH]);
    address
}

/// Pairs that differ in their last bit alone: the deepest tree, which nobody could search for.
fn twin(index: u32) -> Address {
    let mut address = random(index / 2);
    address.0[Address::LENGTH - 1] = u8::from(index % 2 == 1);
    address
}

/// Bytes of a tree with these addresses, with an account put and taken back now and then, as
/// blocks and templates do.
fn bytes_of(count: u32, address: fn(u32) -> Address) -> usize {
    let region = Region::new(ALLOCATOR);
    let mut accounts = Accounts::default();
    for index in 0..count {
        accounts.set(address(index), Some(Account { balance: Amount::from_tab(1), nonce: u64::from(index) }));
        if index % 500 == 0 {
            accounts.root();
            let passing: Vec<Address> = (0..10).map(|passing| address(count + index + passing)).collect();
            for address in &passing {
                accounts.set(*address, Some(Account::default()));
            }
            for address in &passing {
                accounts.set(*address, None);
            }
        }
    }
    accounts.root();
    assert_eq!(accounts.len(), count as usize);
    let change = region.change();
    let bytes = change.bytes_allocated - change.bytes_deallocated;
    let blocks = change.allocations - change.deallocations;
    bytes + blocks * OVERHEAD
}

/// Headers on genesis, one after the other, with real proof of work at a difficulty of nothing.
fn headers(params: &ChainParams, count: u32) -> Vec<BlockHeader> {
    let chain = Chain::new(params.clone());
    let mut last = chain.tip_header();
    let mut next = || {
        let height = last.height.next().expect("low");
        let (previous, time, nonce) = (last.hash(), last.time.after(params.spacing), 0);
        let header = BlockHeader { height, previous, time, nonce, ..last };
        last = mining::search(header, u32::MAX).expect("the difficulty is nothing");
        last
    };
    (0..count).map(|_| next()).collect()
}

/// Bytes of a chain that knows these headers and no bodies: as in the first part of catching up.
fn bytes_of_headers(params: &ChainParams, headers: &[BlockHeader]) -> usize {
    let region = Region::new(ALLOCATOR);
    let mut chain = Chain::new(params.clone());
    for header in headers {
        assert_eq!(chain.insert_header(*header), Ok(true));
    }
    let change = region.change();
    let (bytes, blocks) =
        (change.bytes_allocated - change.bytes_deallocated, change.allocations - change.deallocations);
    bytes + blocks * OVERHEAD
}

#[test]
fn accounts_and_headers_take_at_most_200_bytes_each() {
    for (kind, count, address) in [("random", RANDOM, random as fn(u32) -> Address), ("twins", TWINS, twin)] {
        let each = bytes_of(count, address) / count as usize;
        println!("{kind}: {each} bytes an account");
        assert!(each <= BUDGET, "{each} bytes an account with {kind} addresses");
    }
    let mut params = ChainParams::named("dev", "memory").expect("the names are valid");
    params.pow_limit = target_of_work(1);
    params.first_target = target_of_work(1).to_compact();
    let headers = headers(&params, HEADERS);
    let each = bytes_of_headers(&params, &headers) / headers.len();
    println!("{each} bytes a header");
    assert!(each <= BUDGET, "{each} bytes a header");
}
