//! Consensus and ledger among whole nodes: what a peer sends against the rules costs that peer its link and
//! nobody else anything.

use node_core::block::{Block, BlockHeader};
use node_core::chain::tree::Chain;
use node_core::hash::BlockHash;
use node_core::keys::{Address, SecretKey, Signature};
use node_core::mining;
use node_core::net::frame;
use node_core::net::message::Message;
use node_core::params::ChainParams;
use node_core::transaction::{Memo, Reward, Transaction, Transfer};
use node_core::units::{Amount, Height};
use node_core::view::LogLevel;
use std::time::Duration;
use tests::simulator::{NodeIndex, Options, Simulation, checks};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Nonces tried for a block; far more than the difficulty of simulations needs.
const MAX_ATTEMPTS: u32 = 10_000_000;

/// The key of an account with 1,000 TAB from the start.
fn key(number: u8) -> SecretKey {
    SecretKey::derive(&[number; 32], b"test")
}

fn address(number: u8) -> Address {
    key(number).public_key().address()
}

fn options(seed: u64) -> Options {
    let mut options = Options::new(seed);
    options.params.allocation = (0..4).map(|number| (address(number), Amount::from_tab(1000))).collect();
    options
}

/// So many nodes, each connected to each.
fn network(seed: u64, count: usize) -> (Simulation, Vec<NodeIndex>) {
    let mut simulation = Simulation::new(options(seed));
    let nodes: Vec<NodeIndex> = (0..count).map(|_| simulation.add_node(8.0)).collect();
    let meshed = simulation.run_until(MINUTE, |simulation| {
        nodes.iter().all(|node| simulation.node(*node).peers().connected().count() == count - 1)
    });
    assert!(meshed, "seed {seed}: the nodes find each other");
    (simulation, nodes)
}

/// Mines on one node until it has so many blocks more; gives its tip.
fn mine(simulation: &mut Simulation, miner: NodeIndex, blocks: u32) -> BlockHash {
    let height = simulation.node(miner).chain().height().0 + blocks;
    simulation.mine(miner, true);
    let found = simulation.run_until(HOUR, |simulation| simulation.node(miner).chain().height().0 >= height);
    assert!(found, "node {} finds {blocks} blocks", miner.0);
    simulation.mine(miner, false);
    simulation.node(miner).chain().tip()
}

/// Says something to all peers of a node that the node itself would not say.
fn say(simulation: &mut Simulation, liar: NodeIndex, message: &Message) {
    for frame in frame::split(&message.encode()) {
        simulation.send_raw(liar, &frame);
    }
}

/// A signed transfer of one TAB.
fn transfer(genesis: BlockHash, from: u8, nonce: u64) -> Transfer {
    let mut transfer = Transfer {
        from: key(from).public_key(),
        to: address(9),
        amount: Amount::from_tab(1),
        fee: Amount::from_grains(10_000).expect("small"),
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    };
    transfer.sign(&key(from), genesis);
    transfer
}

/// A chain that went through the best chain of a node.
fn replay(simulation: &Simulation, node: NodeIndex) -> Chain {
    let best = simulation.node(node).chain();
    let mut chain = Chain::new(best.params().clone());
    for hash in (1..=best.height().0).filter_map(|height| best.hash_at(Height(height))) {
        let block = best.block(&hash).expect("the best chain is complete");
        chain.insert_header(block.header).expect("a valid header");
        chain.insert_body(block);
    }
    assert_eq!(chain.tip(), best.tip());
    chain
}

/// A block on the tip of a node, valid but for signatures that do not hold.
fn block_with(simulation: &Simulation, node: NodeIndex, others: Vec<Transaction>) -> Block {
    let mut chain = replay(simulation, node);
    let made = mining::assemble(&mut chain, others, address(8), Amount::ZERO, simulation.now());
    let mut block = made.expect("a block that goes with the accounts");
    block.header = mining::search(block.header, MAX_ATTEMPTS).expect("the difficulty of simulations is low");
    block
}

/// Whether a node refused something of a peer's for this reason.
fn refused(simulation: &Simulation, node: NodeIndex, peer: NodeIndex, code: &str) -> bool {
    let id = simulation.node(peer).id();
    let mut log = simulation.log(node).iter();
    log.any(|line| line.level == LogLevel::Rejected && line.code == code && line.peer == Some(id))
}

/// Points of a peer at a node; `None` if they are not connected.
fn score(simulation: &Simulation, node: NodeIndex, peer: NodeIndex) -> Option<u32> {
    let id = simulation.node(peer).id();
    simulation.node(node).peers().connected().find(|(_, peer)| peer.id == id).map(|(_, peer)| peer.score)
}

/// Signatures of a transfer that do not hold, by what is wrong with them.
fn bad_signatures(genesis: BlockHash, good: &Transfer) -> Vec<(&'static str, Signature)> {
    let changed = |change: &dyn Fn(&mut [u8; Signature::LENGTH])| {
        let mut bytes = good.signature.0;
        change(&mut bytes);
        Signature(bytes)
    };
    let signed = |by: u8, genesis: BlockHash| {
        let mut transfer = good.clone();
        transfer.sign(&key(by), genesis);
        transfer.signature
    };
    let room = ChainParams { room: "elsewhere".to_owned(), ..options(0).params };
    vec![
        ("none", Signature::NONE),
        ("zero r", changed(&|bytes| bytes[..32].fill(0))),
        ("zero s", changed(&|bytes| bytes[32..64].fill(0))),
        ("out of range", Signature([0xff; Signature::LENGTH])),
        ("high s", changed(&|bytes| negate_s(bytes))),
        ("flipped bit", changed(&|bytes| bytes[10] ^= 1)),
        ("of another key", signed(3, genesis)),
        ("of another room", signed(0, Chain::new(room).genesis())),
    ]
}

/// Replaces s by the group's order less s, and the parity of R with it: what holds if high S is allowed.
fn negate_s(bytes: &mut [u8; Signature::LENGTH]) {
    let order = hex_bytes("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let mut borrow = 0_i16;
    for place in (0..32).rev() {
        let difference = i16::from(order[place]) - i16::from(bytes[32 + place]) - borrow;
        borrow = i16::from(difference < 0);
        bytes[32 + place] = u8::try_from(difference.rem_euclid(256)).expect("below 256");
    }
    bytes[64] ^= 1;
}

fn hex_bytes(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|place| u8::from_str_radix(&text[place..place + 2], 16).expect("hex")).collect()
}

/// The good one waits in every mempool, where its signature was verified: the bad one has the same id and
/// must not pass for it.
#[test]
fn a_block_with_a_bad_signature_is_refused_also_when_its_transaction_waits_with_a_good_one() {
    for waits in [false, true] {
        let genesis = Chain::new(options(0).params).genesis();
        let good = transfer(genesis, 0, 0);
        for (wrong, signature) in bad_signatures(genesis, &good) {
            let (mut simulation, nodes) = network(201, 4);
            let liar = nodes[3];
            if waits {
                offer(&mut simulation, liar, vec![Transaction::Transfer(good.clone())]);
                simulation.run_for(2 * SECOND);
                assert!(nodes[..3].iter().all(|node| simulation.node(*node).mempool().len() == 1));
            }
            let bad = Transaction::Transfer(Transfer { signature, ..good.clone() });
            let block = block_with(&simulation, nodes[0], vec![bad]);
            let hash = block.header.hash();
            say(&mut simulation, liar, &Message::Headers(vec![block.header]));
            say(&mut simulation, liar, &Message::Block(Box::new(block)));
            simulation.run_for(2 * SECOND);
            for node in &nodes[..3] {
                assert!(refused(&simulation, *node, liar, "invalid-block"), "{wrong}");
                assert_eq!(score(&simulation, *node, liar), None, "{wrong}: the liar is banned");
                let chain = simulation.node(*node).chain();
                assert!(chain.is_invalid(&hash) && chain.height() == Height(0), "{wrong}");
            }
            // The others go on, and confirm the good one.
            mine(&mut simulation, nodes[0], 1);
            simulation.run_for(2 * SECOND);
            for node in &nodes[..3] {
                assert_eq!(simulation.node(*node).chain().height(), Height(1), "{wrong}");
                let account = simulation.node(*node).chain().ledger().account(&address(0));
                assert_eq!(account.nonce, u64::from(waits), "{wrong}");
            }
        }
    }
}

/// The block of another's work is not asked for a second time.
#[test]
fn a_block_whose_body_breaks_a_rule_is_refused_for_good() {
    let payment = |amount: Amount| {
        let genesis = Chain::new(options(0).params).genesis();
        let mut transfer = Transfer { amount, ..transfer(genesis, 0, 0) };
        transfer.sign(&key(0), genesis);
        Transaction::Transfer(transfer)
    };
    let reward = |height: u32| {
        Transaction::Reward(Reward { height: Height(height), to: address(8), amount: Amount::from_tab(50) })
    };
    let twice = payment(Amount::from_tab(1));
    for (wrong, transactions) in [
        ("no reward", Vec::new()),
        ("a second reward", vec![reward(1), reward(1)]),
        ("the reward of another height", vec![reward(2)]),
        ("one transaction twice", vec![reward(1), twice.clone(), twice]),
        ("an amount of nothing", vec![reward(1), payment(Amount::ZERO)]),
        ("an amount that overflows with its fee", vec![reward(1), payment(Amount::MAX)]),
    ] {
        let (mut simulation, nodes) = network(206, 3);
        let liar = nodes[2];
        let mut block = Block { transactions, ..block_with(&simulation, liar, Vec::new()) };
        block.header.merkle_root = block.merkle_root();
        block.header = mining::search(block.header, MAX_ATTEMPTS).expect("the difficulty of simulations is low");
        let hash = block.header.hash();
        say(&mut simulation, liar, &Message::Headers(vec![block.header]));
        say(&mut simulation, liar, &Message::Block(Box::new(block)));
        simulation.run_for(2 * SECOND);
        for node in &nodes[..2] {
            assert!(refused(&simulation, *node, liar, "invalid-block"), "{wrong}");
            assert_eq!(score(&simulation, *node, liar), None, "{wrong}: the liar is banned");
            let chain = simulation.node(*node).chain();
            assert!(chain.is_invalid(&hash) && chain.missing().count() == 0, "{wrong}");
            assert_eq!(chain.best_header().0, chain.tip_header(), "{wrong}: nothing is built on it");
        }
    }
}

/// Announces transactions as if the node had them, and hands them over.
fn offer(simulation: &mut Simulation, node: NodeIndex, transactions: Vec<Transaction>) {
    let ids = transactions.iter().map(Transaction::id).collect();
    say(simulation, node, &Message::Announce(ids));
    simulation.run_for(SECOND / 2);
    say(simulation, node, &Message::Transactions(transactions));
}

#[test]
fn a_transaction_with_a_bad_signature_waits_nowhere_and_costs_its_sender_points() {
    let genesis = Chain::new(options(0).params).genesis();
    let good = transfer(genesis, 0, 0);
    for (wrong, signature) in bad_signatures(genesis, &good) {
        let (mut simulation, nodes) = network(211, 3);
        let liar = nodes[2];
        offer(&mut simulation, liar, vec![Transaction::Transfer(Transfer { signature, ..good.clone() })]);
        simulation.run_for(SECOND);
        for node in &nodes[..2] {
            assert!(refused(&simulation, *node, liar, "bad-signature"), "{wrong}");
            assert_eq!(score(&simulation, *node, liar), Some(25), "{wrong}");
            assert!(simulation.node(*node).mempool().is_empty(), "{wrong}");
        }
    }
}

#[test]
fn a_transaction_that_is_sent_again_is_paid_once_and_blames_nobody() {
    let (mut simulation, nodes) = network(221, 3);
    let sender = nodes[2];
    let genesis = simulation.node(sender).chain().genesis();
    let once = Transaction::Transfer(transfer(genesis, 0, 0));
    for _ in 0..3 {
        offer(&mut simulation, sender, vec![once.clone()]);
        mine(&mut simulation, nodes[0], 2);
        simulation.run_for(2 * SECOND);
        assert!(simulation.agree());
        for node in &nodes {
            let node = simulation.node(*node);
            assert_eq!(node.chain().ledger().account(&address(9)).balance, Amount::from_tab(1));
            assert!(node.mempool().is_empty());
        }
        assert_eq!(score(&simulation, nodes[0], sender), Some(0));
    }
}

/// It was asked for, and a block with it came first.
#[test]
fn a_transaction_that_comes_behind_the_block_that_confirms_it_blames_nobody() {
    let (mut simulation, nodes) = network(226, 3);
    let genesis = simulation.node(nodes[0]).chain().genesis();
    let late = Transaction::Transfer(transfer(genesis, 0, 0));
    let block = block_with(&simulation, nodes[0], vec![late.clone()]);
    let (slow, quick, node) = (nodes[1], nodes[2], nodes[0]);
    say(&mut simulation, slow, &Message::Announce(vec![late.id()]));
    simulation.run_for(SECOND);
    say(&mut simulation, quick, &Message::Headers(vec![block.header]));
    say(&mut simulation, quick, &Message::Block(Box::new(block)));
    simulation.run_for(SECOND);
    assert_eq!(simulation.node(node).chain().height(), Height(1));
    say(&mut simulation, slow, &Message::Transactions(vec![late]));
    simulation.run_for(SECOND);
    assert!(simulation.log(node).iter().all(|line| line.level != LogLevel::Rejected));
    assert_eq!(score(&simulation, node, slow), Some(0));
}

/// Whom a lost branch paid has nothing of it on the other, and what he spent of it does not wait on.
#[test]
fn what_a_lost_branch_paid_cannot_be_spent_on_the_other() {
    let (mut simulation, nodes) = network(228, 4);
    let (node, liar, other) = (nodes[0], nodes[1], nodes[2]);
    let genesis = simulation.node(node).chain().genesis();
    simulation.partition(&[node, liar]);
    let payments: Vec<Transaction> = (0..2).map(|nonce| Transaction::Transfer(transfer(genesis, 0, nonce))).collect();
    offer(&mut simulation, liar, payments.clone());
    simulation.run_for(SECOND);
    mine(&mut simulation, node, 1);
    let spend = Transaction::Transfer(transfer(genesis, 9, 0));
    offer(&mut simulation, liar, vec![spend.clone()]);
    simulation.run_for(SECOND);
    assert!(simulation.node(node).mempool().get(&spend.id()).is_some());
    let tip = mine(&mut simulation, other, 2);
    simulation.heal();
    simulation.run_for(10 * SECOND);
    assert_eq!(simulation.node(node).chain().tip(), tip);
    let pool = simulation.node(node).mempool();
    assert!(payments.iter().all(|payment| pool.get(&payment.id()).is_some()), "the payments wait again");
    assert!(pool.get(&spend.id()).is_none());
}

/// What a liar makes of an honest block's body.
type Change = fn(&mut Vec<Transaction>);

#[test]
fn a_forged_body_under_an_honest_header_costs_the_liar_its_link_and_not_the_block_its_place() {
    let forgeries: [(&str, Change); 7] = [
        // The reward of a young block is on no account: only the Merkle root tells.
        ("the reward to another", |transactions| {
            if let Some(Transaction::Reward(Reward { to, .. })) = transactions.first_mut() {
                *to = address(8);
            }
        }),
        ("one left out", |transactions| drop(transactions.pop())),
        ("none", Vec::clear),
        ("the last twice", |transactions| transactions.extend(transactions.last().cloned())),
        ("another order", |transactions| transactions.swap(1, 2)),
        ("another signature", |transactions| {
            if let Some(Transaction::Transfer(transfer)) = transactions.last_mut() {
                transfer.signature.0[40] ^= 1;
            }
        }),
        ("far too much", |transactions| {
            let last = transactions.last().cloned();
            transactions.extend(std::iter::repeat_n(last, 10_000).flatten());
        }),
    ];
    for (forgery, change) in forgeries {
        let (mut simulation, nodes) = network(231, 4);
        let (victims, honest, liar) = (&nodes[..2], nodes[2], nodes[3]);
        let genesis = simulation.node(honest).chain().genesis();
        let payments = (0..2).map(|nonce| Transaction::Transfer(transfer(genesis, 0, nonce))).collect();
        offer(&mut simulation, liar, payments);
        simulation.run_for(2 * SECOND);
        // The honest node finds a block that nobody hears of yet.
        simulation.withhold(honest);
        let hash = mine(&mut simulation, honest, 1);
        let block = simulation.node(honest).chain().block(&hash).expect("its own");
        assert_eq!(block.transactions.len(), 3);
        let mut forged = (*block).clone();
        change(&mut forged.transactions);
        say(&mut simulation, liar, &Message::Headers(vec![forged.header]));
        say(&mut simulation, liar, &Message::Block(Box::new(forged)));
        simulation.run_for(2 * SECOND);
        for node in victims {
            assert!(refused(&simulation, *node, liar, "invalid-block"), "{forgery}");
            assert_eq!(score(&simulation, *node, liar), None, "{forgery}: the liar is banned");
            let chain = simulation.node(*node).chain();
            assert!(chain.header(&hash).is_some() && !chain.is_invalid(&hash), "{forgery}: it is still wanted");
            assert_eq!(chain.height(), Height(0), "{forgery}");
        }
        simulation.release(honest);
        simulation.run_for(5 * SECOND);
        for node in victims {
            assert_eq!(simulation.node(*node).chain().tip(), hash, "{forgery}: the honest block is taken");
            assert_eq!(score(&simulation, *node, honest), Some(0), "{forgery}");
        }
    }
}

/// The parked header alone brings the block: its miner says nothing of it again.
#[test]
fn a_block_ahead_of_the_clock_waits_for_its_time_and_blames_nobody() {
    let (mut simulation, nodes) = network(241, 3);
    let max_ahead = simulation.node(nodes[0]).chain().params().max_ahead;
    let ahead = max_ahead + 30 * SECOND;
    let early = simulation.add_node_with_clock(8.0, i64::try_from(ahead.as_millis()).expect("minutes"));
    assert!(
        simulation
            .run_until(MINUTE, |simulation| { nodes.iter().all(|node| score(simulation, *node, early).is_some()) })
    );
    let hash = mine(&mut simulation, early, 1);
    let time = simulation.node(early).chain().tip_header().time;
    simulation.run_for(SECOND);
    simulation.withhold(early);
    // Until a second before its time comes.
    let rest = time.since(simulation.now().after(max_ahead + SECOND));
    assert!(rest > 20 * SECOND);
    simulation.run_for(rest);
    for node in &nodes {
        assert!(simulation.log(*node).iter().any(|line| line.code == "block-ahead"));
        assert!(simulation.log(*node).iter().all(|line| line.level != LogLevel::Rejected));
        assert_eq!(simulation.node(*node).chain().header(&hash), None);
        assert_eq!(score(&simulation, *node, early), Some(0));
    }
    simulation.run_for(3 * SECOND);
    for node in &nodes {
        assert!(simulation.node(*node).chain().header(&hash).is_some(), "its time has come");
    }
    simulation.release(early);
    simulation.run_for(5 * SECOND);
    for node in &nodes {
        assert_eq!(simulation.node(*node).chain().tip(), hash);
        assert_eq!(score(&simulation, *node, early), Some(0));
    }
}

#[test]
fn between_equal_work_the_first_in_full_stays_and_headers_alone_move_nothing() {
    let (mut simulation, nodes) = network(251, 4);
    let (quiet, others) = (nodes[0], &nodes[1..]);
    mine(&mut simulation, nodes[1], 3);
    simulation.run_for(2 * SECOND);
    assert!(simulation.agree());
    simulation.withhold(quiet);
    let kept = mine(&mut simulation, quiet, 1);
    let first = mine(&mut simulation, nodes[1], 1);
    simulation.run_for(2 * SECOND);
    simulation.release(quiet);
    simulation.run_for(2 * SECOND);
    assert_ne!(kept, first);
    for (node, tip) in others.iter().map(|node| (*node, first)).chain([(quiet, kept)]) {
        let chain = simulation.node(node).chain();
        assert!(chain.block(&kept).is_some() && chain.block(&first).is_some(), "both are here in full");
        assert_eq!(chain.work_of(&kept), chain.work_of(&first));
        assert_eq!(chain.tip(), tip, "the tip of node {}", node.0);
    }
    // More work, but headers alone, which somebody else passes on.
    simulation.withhold(quiet);
    let longer = mine(&mut simulation, quiet, 2);
    let chain = simulation.node(quiet).chain();
    let headers: Vec<BlockHeader> =
        (5..=6).filter_map(|height| chain.hash_at(Height(height))).filter_map(|hash| chain.header(&hash)).collect();
    say(&mut simulation, nodes[1], &Message::Headers(headers));
    simulation.run_for(5 * SECOND);
    for node in &others[1..] {
        let chain = simulation.node(*node).chain();
        assert_eq!(chain.best_header().0.hash(), longer);
        assert_eq!(chain.tip(), first);
    }
    simulation.release(quiet);
    simulation.run_for(10 * SECOND);
    assert_eq!(simulation.node(nodes[3]).chain().tip(), longer);
    checks::agreement(&simulation);
}

/// Mean time between the blocks of a node's best chain from one height to another, in seconds.
fn interval(simulation: &Simulation, node: NodeIndex, from: u32, to: u32) -> f64 {
    let chain = simulation.node(node).chain();
    let time = |height| chain.hash_at(Height(height)).and_then(|hash| chain.header(&hash)).expect("high enough").time;
    time(to).since(time(from)).as_secs_f64() / f64::from(to - from)
}

/// The numbers of blocks are those that `tests/difficulty.rs` holds the rule to.
#[test]
fn the_interval_recovers_when_a_hundredfold_hash_power_comes_and_goes() {
    let mut simulation = Simulation::new(options(261));
    let small: Vec<NodeIndex> = (0..4).map(|_| simulation.add_node(2.0)).collect();
    let great = simulation.add_node(800.0);
    for node in &small {
        simulation.mine(*node, true);
    }
    let grow = |simulation: &mut Simulation, blocks: u32| {
        let start = simulation.node(small[0]).chain().height().0;
        let grown =
            simulation.run_until(6 * HOUR, |simulation| simulation.node(small[0]).chain().height().0 >= start + blocks);
        assert!(grown, "the chain goes on");
        start
    };
    // Half to twice the spacing over fifty blocks: what chance does to an even rate, and more.
    let steady = |simulation: &Simulation, from: u32| {
        for start in (from..from + 200).step_by(50) {
            let interval = interval(simulation, small[0], start, start + 50);
            assert!((1.0..4.0).contains(&interval), "{interval} s from height {start} on");
        }
    };
    grow(&mut simulation, 200);
    simulation.mine(great, true);
    let rise = grow(&mut simulation, 400);
    steady(&simulation, rise + 200);
    simulation.mine(great, false);
    let fall = grow(&mut simulation, 300);
    steady(&simulation, fall + 100);
}

/// A miner with 40 % shows what it found only when the others have found two more.
#[test]
fn honest_nodes_converge_beside_a_selfish_miner() {
    let mut simulation = Simulation::new(options(271));
    let honest: Vec<NodeIndex> = (0..4).map(|_| simulation.add_node(3.0)).collect();
    let selfish = simulation.add_node(8.0);
    for node in simulation.running() {
        simulation.mine(node, true);
    }
    for _ in 0..20 {
        simulation.withhold(selfish);
        let height = simulation.node(honest[0]).chain().height().0 + 2;
        assert!(simulation.run_until(HOUR, |simulation| simulation.node(honest[0]).chain().height().0 >= height));
        simulation.release(selfish);
        simulation.run_for(2 * SECOND);
    }
    for node in simulation.running() {
        simulation.mine(node, false);
    }
    simulation.run_for(5 * SECOND);
    // Between equal work the next block decides.
    let tip = mine(&mut simulation, honest[0], 2);
    simulation.run_for(5 * SECOND);
    checks::agreement(&simulation);
    let chain = simulation.node(honest[1]).chain();
    assert_eq!(chain.tip(), tip);
    let own = simulation.node(selfish).address();
    let found = (1..=chain.height().0).filter_map(|height| chain.hash_at(Height(height)));
    let found = found.filter_map(|hash| chain.block(&hash)).filter(|block| block.transactions[0].recipient() == own);
    assert!((5..chain.height().0 as usize / 2 + 5).contains(&found.count()), "some of its blocks, and not all");
}
