//! The tree of branches against its rules, one by one.

use crate::block::{Block, BlockHeader};
use crate::chain::ledger::LedgerError;
use crate::chain::testing::{Builder, address, feed, key, params, transfer};
use crate::chain::tree::{Chain, InsertError, MAX_IDLE_HEADERS};
use crate::hash::BlockHash;
use crate::keys::{SecretKey, Signature};
use crate::mempool::{AdmitError, Mempool, Wishes};
use crate::mining;
use crate::params::{ChainParams, PUBLIC_ROOM};
use crate::transaction::{Issue, Reward, Transaction};
use crate::units::{Amount, Height, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// The networks that people use must not change by accident.
#[test]
fn the_shipped_networks_start_where_they_always_did() {
    for (network, genesis) in [
        ("main", "48b54c00343f556562e3f03a8877c689cd2ecb66e59cbdcec89708c451eac500"),
        ("dev", "50f29aa24265dfc0e7d725726fe53576d476b7acf0faf63a012672acc56984b1"),
    ] {
        let params = ChainParams::named(network, PUBLIC_ROOM).unwrap();
        assert_eq!(Chain::new(params).genesis().to_string(), genesis, "{network}");
    }
}

fn hashes(blocks: &[Arc<Block>]) -> Vec<BlockHash> {
    blocks.iter().map(|block| block.header.hash()).collect()
}

/// A straight run of blocks on a parent.
fn run(builder: &mut Builder, mut parent: BlockHash, count: u32, miner: u8) -> Vec<Arc<Block>> {
    (0..count)
        .map(|_| {
            let block = builder.extend(parent, miner, Vec::new(), 0);
            parent = block.header.hash();
            block
        })
        .collect()
}

fn same_state(chain: &Chain, fresh: &Chain) {
    assert_eq!(chain.tip(), fresh.tip());
    assert_eq!(
        chain.ledger().accounts().iter().collect::<Vec<_>>(),
        fresh.ledger().accounts().iter().collect::<Vec<_>>()
    );
    assert_eq!(chain.ledger().total(), fresh.ledger().total());
}

#[test]
fn the_first_of_equal_work_stays_and_more_work_wins() {
    let mut builder = Builder::new(params());
    let mut chain = Chain::new(params());
    let first = run(&mut builder, chain.genesis(), 2, 1);
    let second = run(&mut builder, chain.genesis(), 3, 2);
    for block in &first {
        feed(&mut chain, block);
    }
    for block in &second[..2] {
        let change = feed(&mut chain, block);
        assert!(change.connected.is_empty());
    }
    assert_eq!(chain.tip(), first[1].header.hash());
    assert_eq!(chain.branch_tips().into_iter().collect::<Vec<_>>(), vec![second[1].header.hash()]);
    // A header alone does not move the tip.
    chain.insert_header(second[2].header).unwrap();
    assert_eq!(chain.tip(), first[1].header.hash());
    let change = chain.insert_body(second[2].clone());
    assert_eq!(hashes(&change.reverted), vec![first[1].header.hash(), first[0].header.hash()]);
    assert_eq!(hashes(&change.connected), hashes(&second));
    same_state(&chain, &builder.replay(second[2].header.hash()));
}

#[test]
fn a_branch_is_discarded_at_the_prune_depth_and_not_before() {
    let mut builder = Builder::new(params());
    let mut chain = Chain::new(params());
    let depth = params().prune_depth;
    let side = run(&mut builder, chain.genesis(), 1, 2);
    let best = run(&mut builder, chain.genesis(), depth + 1, 1);
    feed(&mut chain, &best[0]);
    feed(&mut chain, &side[0]);
    for block in &best[1..best.len() - 1] {
        assert!(feed(&mut chain, block).discarded.is_empty());
        assert_eq!(chain.branch_tips().len(), 1);
    }
    let change = feed(&mut chain, &best[best.len() - 1]);
    assert_eq!(hashes(&change.discarded), hashes(&side));
    assert_eq!(change.discarded_tips, vec![side[0].header.hash()]);
    assert!(chain.branch_tips().is_empty());
    assert_eq!(chain.header(&side[0].header.hash()), None);
}

#[test]
fn a_discarded_branch_that_comes_back_heavier_wins() {
    let mut builder = Builder::new(params());
    let mut chain = Chain::new(params());
    let best = run(&mut builder, chain.genesis(), 8, 1);
    let side = run(&mut builder, chain.genesis(), 9, 2);
    feed(&mut chain, &side[0]);
    for block in &best {
        feed(&mut chain, block);
    }
    assert_eq!(chain.header(&side[0].header.hash()), None);
    assert_eq!(chain.insert_header(side[1].header), Err(InsertError::Orphan));
    for block in &side {
        feed(&mut chain, block);
    }
    same_state(&chain, &builder.replay(side[8].header.hash()));
}

#[test]
fn bodies_in_any_order_lead_to_the_same_tip() {
    let mut builder = Builder::new(params());
    let mut chain = Chain::new(params());
    let blocks = run(&mut builder, chain.genesis(), 5, 1);
    for block in &blocks {
        assert_eq!(chain.insert_header(block.header), Ok(true));
        assert_eq!(chain.insert_header(block.header), Ok(false));
    }
    assert_eq!(chain.missing().collect::<Vec<_>>(), hashes(&blocks));
    for index in [4, 2, 1, 3] {
        assert!(chain.insert_body(blocks[index].clone()).connected.is_empty());
    }
    let change = chain.insert_body(blocks[0].clone());
    assert_eq!(hashes(&change.connected), hashes(&blocks));
    assert_eq!(chain.missing().count(), 0);
}

#[test]
fn an_invalid_block_on_a_heavier_branch_leaves_the_tip_where_it_was() {
    let mut builder = Builder::new(params());
    let mut chain = Chain::new(params());
    let best = run(&mut builder, chain.genesis(), 2, 1);
    let side = run(&mut builder, chain.genesis(), 2, 2);
    for block in best.iter().chain(&side) {
        feed(&mut chain, block);
    }
    // Third block of the side branch: it pays its miner one TAB too much.
    let on_side = builder.replay(side[1].header.hash());
    let reward = Reward { height: Height(3), to: address(2), amount: Amount::from_tab(51) };
    let block = Block { header: on_side.tip_header(), transactions: vec![Transaction::Reward(reward)] };
    let bad = builder.finish(&on_side, block, 0);
    let change = feed(&mut chain, &bad);
    assert!(matches!(change.invalid[..], [(hash, LedgerError::Reward { .. })] if hash == bad.header.hash()));
    assert!(change.reverted.is_empty() && change.connected.is_empty());
    same_state(&chain, &builder.replay(best[1].header.hash()));
    assert!(chain.is_invalid(&bad.header.hash()));
    assert_eq!(chain.insert_header(bad.header), Err(InsertError::OnInvalid));
    // The valid part of the branch is still a branch.
    assert_eq!(chain.branch_tips().into_iter().collect::<Vec<_>>(), vec![side[1].header.hash()]);
    // The best header is again one that may be valid.
    assert_eq!(chain.best_header().0.height, Height(2));
}

#[test]
fn a_reorganisation_of_a_hundred_blocks_equals_a_fresh_replay() {
    let mut builder = Builder::new(params());
    let genesis = builder.genesis;
    let mut chain = Chain::new(params());
    let mut branches = [(1_u8, Vec::new()), (2, Vec::new())];
    for (miner, blocks) in &mut branches {
        let mut parent = genesis;
        for nonce in 0..100 + u64::from(*miner) {
            let payments = vec![transfer(genesis, 0, *miner, 1_000 * u64::from(*miner), nonce)];
            let block = builder.extend(parent, *miner, payments, 0);
            parent = block.header.hash();
            blocks.push(block);
        }
    }
    let [(_, first), (_, second)] = branches;
    for block in &first {
        feed(&mut chain, block);
    }
    let changes: Vec<_> = second.iter().map(|block| feed(&mut chain, block)).collect();
    let change = changes.into_iter().find(|change| !change.reverted.is_empty()).unwrap();
    assert_eq!(change.reverted.len(), 101);
    same_state(&chain, &builder.replay(second[101].header.hash()));
}

#[test]
fn locators_find_the_fork() {
    let mut builder = Builder::new(params());
    let mut ours = Chain::new(params());
    let mut theirs = Chain::new(params());
    let shared = run(&mut builder, ours.genesis(), 30, 1);
    for block in &shared {
        feed(&mut ours, block);
        feed(&mut theirs, block);
    }
    let tip = shared[29].header.hash();
    for block in run(&mut builder, tip, 4, 2) {
        feed(&mut ours, &block);
    }
    let news = run(&mut builder, tip, 5, 3);
    for block in &news {
        feed(&mut theirs, block);
    }
    let answer = theirs.headers_after(&ours.locator(), 2_000);
    assert_eq!(
        answer.iter().map(super::super::block::BlockHeader::hash).collect::<Vec<_>>()[answer.len() - 5..],
        hashes(&news)
    );
    assert!(answer.len() < 12, "{} headers", answer.len());
    assert_eq!(theirs.headers_after(&[], 3).len(), 3);
}

/// Headers are cheap at a low difficulty: one that forks at every height must not fill the memory.
#[test]
fn idle_headers_are_bounded_and_the_best_branch_is_kept() {
    let mut builder = Builder::new(params());
    let mut chain = Chain::new(params());
    let best = run(&mut builder, chain.genesis(), 3, 1);
    for block in &best {
        feed(&mut chain, block);
    }
    let wanted = builder.extend(best[2].header.hash(), 1, Vec::new(), 0);
    assert_eq!(chain.insert_header(wanted.header), Ok(true));
    // A branch of less work than all others: a whole block, and a header on it.
    let side = run(&mut builder, chain.genesis(), 2, 2);
    feed(&mut chain, &side[0]);
    assert_eq!(chain.insert_header(side[1].header), Ok(true));
    let first = best[2].header;
    let mut made = 0;
    for time in 0.. {
        let header = BlockHeader { time: first.time.after(Duration::from_millis(time + 1)), nonce: 0, ..first };
        if let Some(header) = mining::search(header, 1_000) {
            assert_eq!(chain.insert_header(header), Ok(true));
            made += 1;
        }
        if made > MAX_IDLE_HEADERS + 100 {
            break;
        }
    }
    assert!(chain.header_count() <= 6 + MAX_IDLE_HEADERS + 4, "{} headers", chain.header_count());
    assert_eq!(chain.header(&side[1].header.hash()), None);
    assert!(chain.block(&side[0].header.hash()).is_some(), "blocks whose bodies are here are not idle");
    assert_eq!(chain.missing().filter(|hash| *hash == wanted.header.hash()).count(), 1);
    let change = chain.insert_body(wanted);
    assert_eq!(change.connected.len(), 1);
}

/// The issuer that the parameters name assigns new coins, once for each nonce, and nobody else does.
#[test]
fn an_issuer_assigns_new_coins_once() {
    let issuer = key(7);
    let params = ChainParams { issuer: Some(issuer.public_key()), ..params() };
    let mut builder = Builder::new(params.clone());
    let genesis = builder.genesis;
    let issue = |nonce: u64, by: &SecretKey| {
        let mut issue = Issue { to: address(1), amount: Amount::from_tab(1_000), nonce, signature: Signature::NONE };
        issue.sign(by, genesis);
        Transaction::Issue(issue)
    };
    let holds = |transaction: &Transaction| {
        transaction.signature_check(genesis, params.issuer).is_some_and(|check| check.verify())
    };
    assert!(holds(&issue(0, &issuer)));
    assert!(!holds(&issue(0, &key(1))), "signed by another");
    assert_eq!(issue(0, &issuer).signature_check(genesis, None), None, "on a network without an issuer");

    let block = builder.extend(genesis, 2, vec![issue(0, &issuer)], 0);
    let mut chain = Chain::new(params.clone());
    let before = chain.ledger().total().unwrap();
    feed(&mut chain, &block);
    assert_eq!(chain.ledger().account(&address(1)).balance, Amount::from_tab(1_100));
    let expected = before.checked_add(Amount::from_tab(1_050));
    assert_eq!(chain.ledger().total(), expected, "the issue and the subsidy");

    // Sent again, it is refused by the mempool and in a block.
    let mut mempool = Mempool::default();
    let now = Timestamp::default();
    let again = mempool.insert(&params, chain.ledger(), Arc::new(issue(0, &issuer)), now);
    assert!(matches!(again, Err(AdmitError::NonceUsed { found: 0, expected: 1 })));
    let again = mining::assemble(&mut chain, vec![issue(0, &issuer)], address(2), Amount::ZERO, now);
    assert!(matches!(again, Err(LedgerError::Nonce { .. })));
    assert_eq!(mempool.insert(&params, chain.ledger(), Arc::new(issue(1, &issuer)), now), Ok(Vec::new()));
    assert_eq!(mempool.select(10_000, &Wishes::default()).len(), 1);
}

/// With the last coin that an issuer may assign there are as many as can ever be, and blocks go on.
#[test]
fn an_issuer_cannot_assign_more_than_there_can_be() {
    let issuer = key(7);
    let params = ChainParams { issuer: Some(issuer.public_key()), ..params() };
    let mut builder = Builder::new(params.clone());
    let genesis = builder.genesis;
    let issue = |amount: Amount, nonce: u64| {
        let mut issue = Issue { to: address(1), amount, nonce, signature: Signature::NONE };
        issue.sign(&issuer, genesis);
        Transaction::Issue(issue)
    };
    let (most, grain) = (params.issuable(), Amount::from_grains(1).unwrap());
    let mut chain = Chain::new(params.clone());
    let mut mempool = Mempool::default();
    let above = issue(most.checked_add(grain).unwrap(), 0);
    let now = Timestamp::default();
    let refused = mempool.insert(&params, chain.ledger(), Arc::new(above.clone()), now);
    assert!(matches!(refused, Err(AdmitError::InsufficientFunds { available, .. }) if available == most));
    let refused = mining::assemble(&mut chain, vec![above], address(2), Amount::ZERO, now);
    assert_eq!(refused, Err(LedgerError::Overflow));

    assert_eq!(mempool.insert(&params, chain.ledger(), Arc::new(issue(most, 0)), now), Ok(Vec::new()));
    let refused = mempool.insert(&params, chain.ledger(), Arc::new(issue(grain, 1)), now);
    assert!(matches!(refused, Err(AdmitError::InsufficientFunds { .. })), "beside what waits");
    let block = builder.extend(genesis, 1, vec![issue(most, 0)], 0);
    feed(&mut chain, &block);
    assert_eq!(chain.ledger().unissued(), Amount::ZERO);
    // The account that has nearly all coins mines on, and its rewards become free.
    for block in run(&mut builder, block.header.hash(), 2 * params.reward_maturity, 1) {
        assert_eq!(feed(&mut chain, &block).connected.len(), 1);
    }
    assert!(chain.ledger().total().is_some());
}
