//! What the ledger costs: connecting blocks of 1,000 transfers, a reorganisation of 100 blocks, a
//! mempool of 50,000, a template from it, and the root over 100,000 accounts.
//!
//! `cargo bench -p node-core`. The budgets: a block of 1,000 transfers connects in under 10 ms
//! without signatures, a template from a full mempool takes under 20 ms.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use node_core::block::Block;
use node_core::chain::accounts::{Account, Accounts};
use node_core::chain::ledger::Ledger;
use node_core::chain::tree::Chain;
use node_core::consensus::validation;
use node_core::keys::{Address, PublicKey, SecretKey, Signature, verify_all};
use node_core::mempool::{MAX_COUNT, MAX_PER_PAYER, Mempool, Wishes};
use node_core::mining;
use node_core::params::{ChainParams, target_of_work};
use node_core::transaction::{Memo, Transaction, Transfer};
use node_core::units::{Amount, Timestamp};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Transfers of a block.
const TRANSFERS: u32 = 1_000;
/// Blocks that a reorganisation takes back.
const REORGANISED: u32 = 100;
/// Accounts of the large tree, and how many of them a block changes.
const ACCOUNTS: (u32, u32) = (100_000, 2_000);
const MINER: Address = Address([9; 20]);

/// A key that nobody holds, for what is measured without signatures.
fn stranger(number: u32) -> PublicKey {
    let mut bytes = [2; PublicKey::LENGTH];
    bytes[1..5].copy_from_slice(&number.to_le_bytes());
    PublicKey(bytes)
}

fn params(payers: impl Iterator<Item = Address>) -> ChainParams {
    let mut params = ChainParams::named("dev", "bench").expect("the names are valid");
    params.pow_limit = target_of_work(1);
    params.first_target = target_of_work(1).to_compact();
    params.allocation = payers.map(|payer| (payer, Amount::from_tab(1_000))).collect();
    params
}

fn transfer(from: PublicKey, to: Address, nonce: u64, fee: u64) -> Transfer {
    Transfer {
        from,
        to,
        amount: Amount::from_grains(1).expect("small"),
        fee: Amount::from_grains(fee).expect("small"),
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    }
}

fn mined(chain: &mut Chain, others: Vec<Transaction>, late: u64) -> Arc<Block> {
    let now = chain.tip_header().time.after(chain.params().spacing + Duration::from_millis(late));
    let mut block = mining::assemble(chain, others, MINER, Amount::ZERO, now).expect("a valid block");
    block.header = mining::search(block.header, u32::MAX).expect("the difficulty is nothing");
    Arc::new(block)
}

fn feed(chain: &mut Chain, block: &Arc<Block>) {
    chain.insert_header(block.header).expect("a valid header");
    chain.insert_body(Arc::clone(block));
}

/// Time of so many rounds of `apply`, without that of taking back.
fn time_applying(ledger: &mut Ledger, params: &ChainParams, block: &Block, rounds: u64, check: impl Fn()) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..rounds {
        let start = Instant::now();
        check();
        let undo = ledger.apply(params, black_box(block)).expect("a valid block");
        total += start.elapsed();
        ledger.revert(undo);
    }
    total
}

fn connecting(criterion: &mut Criterion) {
    let keys: Vec<SecretKey> =
        (0..TRANSFERS).map(|number| SecretKey::derive(&[1; 32], &number.to_le_bytes())).collect();
    let params = params(keys.iter().map(|key| key.public_key().address()));
    let mut chain = Chain::new(params.clone());
    let genesis = chain.genesis();
    let signed = keys.iter().enumerate().map(|(number, key)| {
        let to = keys[(number * 7 + 1) % keys.len()].public_key().address();
        let mut transfer = transfer(key.public_key(), to, 0, 1_000);
        transfer.sign(key, genesis);
        Transaction::Transfer(transfer)
    });
    let signed: Vec<Transaction> = signed.collect();
    let block = mined(&mut chain, signed, 0);
    let mut ledger = Ledger::genesis(&params);
    let mut group = criterion.benchmark_group("connect a block of 1,000 transfers");
    group.throughput(Throughput::Elements(1));
    group.bench_function("signatures already verified", |bencher| {
        bencher.iter_custom(|rounds| time_applying(&mut ledger, &params, &block, rounds, || ()));
    });
    group.sample_size(10);
    group.bench_function("signatures verified in a batch", |bencher| {
        bencher.iter_custom(|rounds| {
            time_applying(&mut ledger, &params, &block, rounds, || {
                let checks = validation::signature_checks(&params, genesis, &block, |_| false);
                assert!(verify_all(&checks).into_iter().all(|valid| valid));
            })
        });
    });
}

fn reorganising(criterion: &mut Criterion) {
    let params = params((0..10).map(|number| stranger(number).address()));
    let branch = |late: u64, length: u32| {
        let mut chain = Chain::new(params.clone());
        let blocks = (0..length).map(|height| {
            let pay = |number| Transaction::Transfer(transfer(stranger(number), MINER, u64::from(height), 1_000));
            let block = mined(&mut chain, (0..10).map(pay).collect(), late);
            feed(&mut chain, &block);
            block
        });
        blocks.collect::<Vec<_>>()
    };
    let (first, second) = (branch(0, REORGANISED), branch(1, REORGANISED + 8));
    let ready = || {
        let mut chain = Chain::new(params.clone());
        // The second branch has its headers first, so that it is not discarded on the way.
        for block in &second {
            chain.insert_header(block.header).expect("a valid header");
        }
        for block in &first {
            feed(&mut chain, block);
        }
        for block in &second[1..] {
            chain.insert_body(Arc::clone(block));
        }
        chain
    };
    criterion.bench_function("reorganise 100 blocks of 10 transfers", |bencher| {
        let reorganise = |mut chain: Chain| {
            let change = chain.insert_body(Arc::clone(&second[0]));
            assert_eq!(change.reverted.len(), first.len());
            chain
        };
        bencher.iter_batched(ready, reorganise, BatchSize::LargeInput);
    });
}

fn waiting(criterion: &mut Criterion) {
    let payers = u32::try_from(MAX_COUNT / MAX_PER_PAYER).expect("small");
    let params = params((0..payers).map(|number| stranger(number).address()));
    let mut chain = Chain::new(params.clone());
    let offers: Vec<Arc<Transaction>> = (0..MAX_PER_PAYER as u64)
        .flat_map(|nonce| (0..payers).map(move |payer| (payer, nonce)))
        .map(|(payer, nonce)| {
            let fee = 1_000 + (u64::from(payer) * 7_919 + nonce * 104_729) % 100_000;
            Arc::new(Transaction::Transfer(transfer(stranger(payer), MINER, nonce, fee)))
        })
        .collect();
    let fill = || {
        let mut pool = Mempool::default();
        for offer in &offers {
            pool.insert(&params, chain.ledger(), Arc::clone(offer), Timestamp::default()).expect("there is room");
        }
        pool
    };
    let mut group = criterion.benchmark_group("mempool");
    group.sample_size(10);
    group.throughput(Throughput::Elements(offers.len() as u64));
    group.bench_function("admit 50,000", |bencher| bencher.iter_with_large_drop(fill));
    let pool = fill();
    group.throughput(Throughput::Elements(1));
    group.sample_size(20);
    group.bench_function("template from 50,000", |bencher| {
        bencher.iter(|| mining::template(&mut chain, &pool, &Wishes::default(), MINER, Timestamp::default()));
    });
    group.bench_function("choice from 50,000, without building the block", |bencher| {
        bencher.iter(|| pool.select(params.max_block_bytes, &Wishes::default()));
    });
}

fn rooting(criterion: &mut Criterion) {
    let (all, changed) = ACCOUNTS;
    let mut accounts = Accounts::default();
    for number in 0..all {
        accounts.set(stranger(number).address(), Some(Account { balance: Amount::from_tab(1), nonce: 0 }));
    }
    accounts.root();
    let mut round = 0;
    criterion.bench_function("root after 2,000 of 100,000 accounts changed", |bencher| {
        bencher.iter(|| {
            round += 1;
            for number in 0..changed {
                let account = Account { balance: Amount::from_tab(1), nonce: round };
                accounts.set(stranger(number * 47 % all).address(), Some(account));
            }
            accounts.root()
        });
    });
}

criterion_group!(benches, connecting, reorganising, waiting, rooting);
criterion_main!(benches);
