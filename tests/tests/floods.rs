//! Hostile peers in a network of honest ones: what they send is bounded, refused and costs them
//! their links, while payments and blocks of the others go their way.

use node_core::block::BlockHeader;
use node_core::hash::{BlockHash, TxId};
use node_core::keys::{SecretKey, Signature};
use node_core::mempool::{MAX_COUNT, MAX_PER_PAYER, MIN_FEE_RATE};
use node_core::net::limits::{Kind, MAX_CHECKS, MAX_ORDERS};
use node_core::net::message::{MAX_BLOCKS_ASKED, MAX_HEADERS, MAX_TRANSACTIONS, Message};
use node_core::request::{Request, Response, SendForm};
use node_core::transaction::{Memo, Transaction, Transfer};
use node_core::units::{Amount, Height, Timestamp, Work};
use node_core::view::{LogLevel, PeerState};
use std::time::Duration;
use tests::hostile::cheap_headers;
use tests::simulator::{Forgery, NodeIndex, Options, Simulation};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);
/// Accounts that own coins from the start.
const RICH: u16 = 20;
/// Numbers of messages on the wire.
const HEADERS: u8 = 4;
const ANNOUNCE: u8 = 8;

fn key(number: u16) -> SecretKey {
    let mut seed = [0; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    SecretKey::derive(&seed, b"rich")
}

/// Nodes that know each other and have a chain of some blocks. The last one is hostile in most tests.
fn network(seed: u64, count: usize, blocks: u32) -> (Simulation, Vec<NodeIndex>) {
    rich_network(seed, count, blocks, RICH)
}

fn rich_network(seed: u64, count: usize, blocks: u32, rich: u16) -> (Simulation, Vec<NodeIndex>) {
    built(options(seed, rich), count, blocks)
}

fn options(seed: u64, rich: u16) -> Options {
    let mut options = Options::new(seed);
    options.params.allocation =
        (0..rich).map(|number| (key(number).public_key().address(), Amount::from_tab(1_000))).collect();
    options
}

fn built(options: Options, count: usize, blocks: u32) -> (Simulation, Vec<NodeIndex>) {
    let seed = options.seed;
    let mut simulation = Simulation::new(options);
    let nodes: Vec<NodeIndex> = (0..count).map(|_| simulation.add_node(8.0)).collect();
    let wanted = (count - 1).min(6);
    let meshed = simulation.run_until(MINUTE, |simulation| {
        nodes.iter().all(|node| simulation.node(*node).peers().connected().count() >= wanted)
    });
    assert!(meshed, "seed {seed}: the nodes find each other");
    simulation.mine(nodes[0], true);
    assert!(simulation.run_until(30 * MINUTE, |simulation| simulation.least_height().0 >= blocks));
    simulation.mine(nodes[0], false);
    assert!(simulation.run_until(MINUTE, Simulation::agree));
    (simulation, nodes)
}

/// Whether a node still has a link to another one.
fn linked(simulation: &Simulation, node: NodeIndex, to: NodeIndex) -> bool {
    let id = simulation.node(to).id();
    simulation.node(node).peers().iter().any(|(_, peer)| peer.id == id && peer.state == PeerState::Connected)
}

/// Lets a node drop the hostile one; gives how long it took.
fn time_to_drop(simulation: &mut Simulation, honest: &[NodeIndex], hostile: NodeIndex, limit: Duration) -> Duration {
    let start = simulation.now();
    let dropped =
        simulation.run_until(limit, |simulation| honest.iter().all(|node| !linked(simulation, *node, hostile)));
    assert!(dropped, "the hostile peer is dropped by everybody within {limit:?}");
    simulation.now().since(start)
}

fn refused(simulation: &Simulation, node: NodeIndex, by: NodeIndex, code: &str) -> bool {
    let id = simulation.node(by).id();
    let of = |line: &&node_core::view::LogEntry| line.level == LogLevel::Rejected && line.peer == Some(id);
    simulation.log(node).iter().filter(of).any(|line| line.code == code)
}

/// A payment between honest nodes is seen everywhere and confirmed, and blocks reach all of them.
fn honest_service_goes_on(simulation: &mut Simulation, honest: &[NodeIndex]) {
    let to = simulation.address(honest[1]);
    let form = SendForm { to, amount: "1".to_owned(), ..SendForm::default() };
    let Ok(Response::Sent(id)) = simulation.request(honest[0], Request::Send(form)) else { panic!("a payment") };
    let seen = simulation.run_until(5 * SECOND, |simulation| {
        honest.iter().all(|node| simulation.node(*node).mempool().get(&id).is_some())
    });
    assert!(seen, "a payment waits at every honest node within five seconds");
    let height = simulation.node(honest[0]).chain().height().0;
    simulation.mine(honest[0], true);
    let mined = simulation.run_until(3 * MINUTE, |simulation| {
        honest.iter().all(|node| {
            let node = simulation.node(*node);
            node.chain().height().0 > height + 2 && node.mempool().get(&id).is_none()
        })
    });
    assert!(mined, "the payment is confirmed at every honest node");
    simulation.mine(honest[0], false);
}

fn work_of(headers: &[BlockHeader]) -> Work {
    let works = headers.iter().map(|header| header.target.expand().expect("valid").work());
    works.fold(Work::default(), Work::plus)
}

/// A transfer with a signature that does not hold, or with one that does.
fn transfer(simulation: &Simulation, from: u16, nonce: u64, signed: bool) -> Transaction {
    let Transaction::Transfer(mut transfer) = paying(simulation, from, nonce, 1_000) else { unreachable!() };
    if !signed {
        transfer.signature.0[40] ^= 1;
    }
    Transaction::Transfer(transfer)
}

/// A transfer with so many grains of fee.
fn paying(simulation: &Simulation, from: u16, nonce: u64, fee: u64) -> Transaction {
    let mut transfer = Transfer {
        from: key(from).public_key(),
        to: key(0).public_key().address(),
        amount: Amount::from_grains(1).expect("small"),
        fee: Amount::from_grains(fee).expect("small"),
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    };
    transfer.sign(&key(from), simulation.node(NodeIndex(0)).chain().genesis());
    Transaction::Transfer(transfer)
}

fn names(count: usize, salt: u64) -> impl Iterator<Item = [u8; 32]> {
    (0..count as u64).map(move |number| {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        bytes[8..16].copy_from_slice(&salt.to_le_bytes());
        bytes
    })
}

#[test]
fn of_a_flood_of_low_work_headers_nothing_is_stored_and_the_peer_is_dropped() {
    let (mut simulation, nodes) = network(201, 5, 60);
    let (honest, hostile) = (&nodes[..4], nodes[4]);
    let stored: Vec<usize> = honest.iter().map(|node| simulation.node(*node).chain().header_count()).collect();
    let batches: Vec<Message> = (0..8)
        .map(|salt| {
            let headers = cheap_headers(&simulation, nodes[0], 100, salt);
            assert!(work_of(&headers) < simulation.node(nodes[0]).chain().minimum_work());
            Message::Headers(headers)
        })
        .collect();
    simulation.send_messages(hostile, &batches);
    let time = time_to_drop(&mut simulation, honest, hostile, 5 * SECOND);
    println!("low-work headers that nobody asked for: dropped after {time:?}");
    for (node, stored) in honest.iter().zip(stored) {
        assert!(refused(&simulation, *node, hostile, "unwanted"));
        assert_eq!(simulation.node(*node).chain().header_count(), stored);
    }
    honest_service_goes_on(&mut simulation, honest);
}

#[test]
fn a_peer_that_claims_work_and_shows_less_is_dropped_and_nothing_is_stored() {
    let (mut simulation, nodes) = network(211, 5, 150);
    let (honest, hostile) = (&nodes[..4], nodes[4]);
    let stored = simulation.node(nodes[0]).chain().header_count();
    let headers = cheap_headers(&simulation, nodes[0], MAX_HEADERS / 10, 1);
    let ours = simulation.node(nodes[0]).chain().work();
    assert!(work_of(&headers) < simulation.node(nodes[0]).chain().minimum_work());
    simulation.forge(hostile, Forgery { claim: ours.plus(ours), headers });
    // With the next pong, ten seconds after the last.
    let time = time_to_drop(&mut simulation, honest, hostile, 15 * SECOND);
    println!("a chain that was claimed and not shown: dropped after {time:?}");
    for node in honest {
        assert!(refused(&simulation, *node, hostile, "low-work"));
        assert_eq!(simulation.node(*node).chain().header_count(), stored);
    }
    honest_service_goes_on(&mut simulation, honest);
}

#[test]
fn a_peer_that_keeps_bodies_to_itself_is_gone_around_and_then_dropped() {
    let (mut simulation, nodes) = network(221, 5, 80);
    let (honest, hostile) = (&nodes[..4], nodes[4]);
    simulation.stall(hostile);
    let newcomer = simulation.add_node(8.0);
    let joined = simulation.run_until(MINUTE, |simulation| linked(simulation, newcomer, hostile));
    assert!(joined);
    let start = simulation.now();
    let target = simulation.node(nodes[0]).chain().height();
    assert!(simulation.run_until(20 * SECOND, |simulation| simulation.node(newcomer).chain().height() == target));
    println!("with one peer of five that stalls, a newcomer is there after {:?}", simulation.now().since(start));
    // It announces blocks that nobody else has, and sends none of them.
    simulation.mine(hostile, true);
    let time = time_to_drop(&mut simulation, honest, hostile, 5 * MINUTE);
    println!("a miner that keeps its blocks: dropped after {time:?}");
    for node in honest {
        assert!(refused(&simulation, *node, hostile, "stalled"));
    }
    honest_service_goes_on(&mut simulation, honest);
}

#[test]
fn broken_frames_of_every_sort_cost_the_sender_its_links() {
    let valid = Message::Announce(names(100, 1).map(TxId).collect()).encode();
    let frame = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let endless: Vec<Vec<u8>> = (0..=256).map(|_| frame(0, &[0; 16 * 1024])).collect();
    let sorts: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("truncated", vec![frame(1, &valid[..valid.len() - 1])]),
        ("too long a frame", vec![frame(1, &[0; 16 * 1024 + 1])]),
        ("in crumbs", vec![frame(0, &valid[..1]), frame(1, &valid[1..])]),
        ("without end", endless),
        ("of no kind", vec![frame(1, &[200, 1, 2, 3])]),
        ("empty", vec![vec![]]),
        ("mutated", vec![frame(1, &[&valid[..1], &[0xff; 4], &valid[5..]].concat())]),
    ];
    let (mut simulation, mut nodes) = network(231, 4, 10);
    for (sort, frames) in sorts {
        let hostile = simulation.add_node(8.0);
        let joined = simulation.run_until(MINUTE, |simulation| {
            nodes.iter().all(|node| linked(simulation, *node, hostile) && linked(simulation, hostile, *node))
        });
        assert!(joined, "{sort}");
        for frame in &frames {
            simulation.send_raw(hostile, frame);
        }
        time_to_drop(&mut simulation, &nodes, hostile, 5 * SECOND);
        assert!(nodes.iter().all(|node| refused(&simulation, *node, hostile, "garbage")), "{sort}");
        simulation.stop_node(hostile);
    }
    nodes.truncate(4);
    honest_service_goes_on(&mut simulation, &nodes);
}

#[test]
fn wrong_signatures_cost_a_bounded_number_of_checks_and_then_a_ban() {
    let (mut simulation, nodes) = network(241, 5, 8);
    let (honest, hostile) = (&nodes[..4], nodes[4]);
    let before: Vec<u64> = honest.iter().map(|node| simulation.verified(*node)).collect();
    let bad: Vec<Transaction> = (0..10)
        .flat_map(|from| (0..100).map(move |nonce| (from, nonce)))
        .map(|(from, nonce)| transfer(&simulation, from, nonce, false))
        .collect();
    assert_eq!(bad.len(), MAX_TRANSACTIONS);
    let ids = bad.iter().map(Transaction::id).collect();
    simulation.send_messages(hostile, &[Message::Announce(ids), Message::Transactions(bad)]);
    let time = time_to_drop(&mut simulation, honest, hostile, 5 * SECOND);
    for (node, before) in honest.iter().zip(before) {
        let checks = simulation.verified(*node) - before;
        println!("wrong signatures: dropped after {time:?} and {checks} checks");
        // By number, so that whoever raises it thinks of this.
        assert!(MAX_CHECKS == 128 && checks <= 128, "{checks} checks of a thousand");
        assert!(refused(&simulation, *node, hostile, "bad-signature"));
        assert!(simulation.node(*node).mempool().is_empty(), "nothing of it waits");
        assert_eq!(simulation.sent(*node, ANNOUNCE), 0, "nothing of it is forwarded");
    }
    honest_service_goes_on(&mut simulation, honest);
}

#[test]
fn floods_of_all_sorts_are_capped_and_honest_service_goes_on() {
    type Flood = fn(&Simulation) -> Vec<Message>;
    let floods: [(&str, Flood); 5] = [
        ("pings", |_| (0..60).map(Message::Ping).collect()),
        ("announcements", |_| {
            (0..30).map(|salt| Message::Announce(names(MAX_TRANSACTIONS, salt).map(TxId).collect())).collect()
        }),
        ("requests for transactions", |_| {
            (0..30).map(|salt| Message::GetTransactions(names(MAX_TRANSACTIONS, salt).map(TxId).collect())).collect()
        }),
        ("requests for headers", |_| (0..2_100).map(|_| Message::GetHeaders(Vec::new())).collect()),
        ("orphans", |simulation| {
            let made = cheap_headers(simulation, NodeIndex(0), 1_100, 9);
            (0..10).map(|_| Message::Headers(made[100..].to_vec())).collect()
        }),
    ];
    for (sort, flood) in floods {
        let (mut simulation, nodes) = network(251, 5, 40);
        let (honest, hostile) = (&nodes[..4], nodes[4]);
        let stored = simulation.node(nodes[0]).chain().header_count();
        let messages = flood(&simulation);
        simulation.send_messages(hostile, &messages);
        let time = time_to_drop(&mut simulation, honest, hostile, 10 * SECOND);
        println!("{sort}: dropped after {time:?}");
        for node in honest {
            assert!(refused(&simulation, *node, hostile, "flood"), "{sort}");
            assert_eq!(simulation.node(*node).chain().header_count(), stored, "{sort}");
            assert_eq!(simulation.sent(*node, ANNOUNCE), 0, "{sort}: nothing is forwarded");
        }
        honest_service_goes_on(&mut simulation, honest);
    }
}

#[test]
fn a_peer_that_asks_for_the_same_blocks_again_and_again_gets_what_its_budget_allows() {
    // Over a good line, so that the budget is what holds back.
    let mut options = options(261, RICH);
    options.faults.loss = 0.0;
    let (mut simulation, nodes) = built(options, 3, 8);
    let (victim, hostile) = (nodes[0], nodes[2]);
    // A large block, so that bytes count and not messages.
    let many: Vec<Transaction> = (0..RICH)
        .flat_map(|from| (0..60).map(move |nonce| (from, nonce)))
        .map(|(from, nonce)| transfer(&simulation, from, nonce, true))
        .collect();
    for part in many.chunks(MAX_TRANSACTIONS) {
        let ids = part.iter().map(Transaction::id).collect();
        simulation.send_messages(nodes[1], &[Message::Announce(ids), Message::Transactions(part.to_vec())]);
    }
    let waits = simulation.run_until(MINUTE, |simulation| simulation.node(victim).mempool().len() == many.len());
    assert!(waits, "{} wait", simulation.node(victim).mempool().len());
    simulation.mine(victim, true);
    assert!(simulation.run_until(MINUTE, |simulation| simulation.node(victim).mempool().is_empty()));
    simulation.mine(victim, false);
    simulation.run_for(10 * SECOND);
    let chain = simulation.node(victim).chain();
    let blocks = (1..=chain.height().0).filter_map(|height| chain.hash_at(Height(height)));
    let size = |hash: &BlockHash| chain.block(hash).map_or(0, |block| block.to_bytes().len());
    let largest = blocks.max_by_key(size).expect("there are blocks");
    let bytes = size(&largest);
    let sent = |simulation: &Simulation| {
        let id = simulation.node(hostile).id();
        simulation.node(victim).peers().iter().find(|(_, peer)| peer.id == id).map_or(0, |(_, peer)| peer.bytes_out)
    };
    let (before, start) = (sent(&simulation), simulation.now());
    let limit = Kind::ServedBytes.limit();
    let asks = Message::GetBlocks(vec![largest; MAX_BLOCKS_ASKED]);
    let mut most = 0;
    // Who asks like this does not look at what comes.
    simulation.sleep(hostile);
    for _ in 0..100 {
        simulation.send_messages(hostile, std::slice::from_ref(&asks));
        simulation.run_for(SECOND / 2);
        most = most.max(sent(&simulation).saturating_sub(before));
        if !linked(&simulation, victim, hostile) {
            break;
        }
    }
    let seconds = simulation.now().since(start).as_secs_f64();
    let float = |bytes: u64| f64::from(u32::try_from(bytes).expect("less than 4 GiB"));
    let allowed = limit.burst + limit.rate * seconds + 2.0 * float(bytes as u64);
    println!("{most} bytes of a block of {bytes} in {seconds} s; {allowed} are allowed");
    assert!(float(most) < allowed);
    assert!(float(most) > limit.burst, "the burst is used up");
    // It asked for more than may be under way.
    assert!(refused(&simulation, victim, hostile, "flood"), "more than {MAX_ORDERS} at once");
    assert!(!linked(&simulation, victim, hostile));
    honest_service_goes_on(&mut simulation, &nodes[..2]);
}

#[test]
fn a_message_that_comes_a_thousand_times_is_forwarded_once() {
    let (mut simulation, nodes) = network(271, 6, 8);
    let hostile = nodes[5];
    let payment = transfer(&simulation, 3, 0, true);
    let id = payment.id();
    let before: Vec<u64> = nodes.iter().map(|node| simulation.sent(*node, ANNOUNCE)).collect();
    let tips: Vec<u64> = nodes.iter().map(|node| simulation.sent(*node, HEADERS)).collect();
    let tip = simulation.node(nodes[0]).chain().tip_header();
    for _ in 0..20 {
        let messages: Vec<Message> = (0..17)
            .flat_map(|_| {
                [Message::Announce(vec![id]), Message::Transactions(vec![payment.clone()]), Message::Headers(vec![tip])]
            })
            .collect();
        simulation.send_messages(hostile, &messages);
        simulation.run_for(SECOND);
    }
    for (index, node) in nodes[..5].iter().enumerate() {
        assert!(simulation.node(*node).mempool().get(&id).is_some(), "it is a good payment");
        let forwarded = simulation.sent(*node, ANNOUNCE) - before[index];
        assert!(forwarded <= 5, "{forwarded} announcements for five links");
        assert_eq!(simulation.sent(*node, HEADERS), tips[index], "a tip that is known is no news");
    }
}

#[test]
fn a_flood_of_cheap_payments_fills_the_pool_to_its_cap_and_then_pays_more_or_leaves() {
    let payers = u16::try_from(MAX_COUNT / MAX_PER_PAYER).expect("a few hundred");
    let (mut simulation, nodes) = rich_network(275, 3, 10, payers + 20);
    let (honest, hostile) = (&nodes[..2], nodes[2]);
    simulation.sleep(hostile);
    let send = |simulation: &mut Simulation, payers: std::ops::Range<u16>, fee: u64| {
        for from in payers.collect::<Vec<_>>().chunks(MAX_TRANSACTIONS / MAX_PER_PAYER) {
            let nonces = 0..MAX_PER_PAYER as u64;
            let part: Vec<Transaction> = from
                .iter()
                .flat_map(|from| nonces.clone().map(move |nonce| (*from, nonce)))
                .map(|(from, nonce)| paying(simulation, from, nonce, fee))
                .collect();
            let ids = part.iter().map(Transaction::id).collect();
            simulation.send_messages(hostile, &[Message::Announce(ids), Message::Transactions(part)]);
            simulation.run_for(SECOND * 3 / 10);
            for node in honest {
                assert!(simulation.node(*node).mempool().len() <= MAX_COUNT);
            }
        }
    };
    let floor = |simulation: &Simulation| simulation.node(honest[0]).mempool().floor(simulation.now());
    send(&mut simulation, 0..payers, 150);
    simulation.run_for(SECOND);
    let full = |simulation: &Simulation| honest.iter().all(|node| simulation.node(*node).mempool().len() == MAX_COUNT);
    assert!(full(&simulation), "{} wait", simulation.node(honest[0]).mempool().len());
    assert_eq!(floor(&simulation), MIN_FEE_RATE);
    // Those that pay more take the places of the cheap ones.
    send(&mut simulation, payers..payers + 20, 2_000);
    simulation.run_for(SECOND);
    let node = simulation.node(honest[0]);
    let dear = node.mempool().iter().filter(|waiting| waiting.transaction.fee().grains() == 2_000).count();
    assert_eq!(dear, 20 * MAX_PER_PAYER, "the dear ones are in");
    assert!(node.mempool().len() <= MAX_COUNT);
    assert!(floor(&simulation) > MIN_FEE_RATE, "the floor has risen");
    honest_service_goes_on(&mut simulation, honest);
}

#[test]
fn a_tab_that_slept_blames_nobody_and_catches_up() {
    let (mut simulation, nodes) = network(281, 6, 8);
    let sleeper = nodes[5];
    simulation.mine(nodes[1], true);
    // Shorter than its peers wait for a sign of life.
    simulation.run_for(10 * SECOND);
    simulation.sleep(sleeper);
    simulation.run_for(20 * SECOND);
    simulation.wake(sleeper);
    simulation.run_for(5 * SECOND);
    assert_eq!(simulation.node(sleeper).peers().connected().count(), 5, "all links hold");
    assert!(simulation.node(sleeper).peers().iter().all(|(_, peer)| peer.score == 0));
    assert!(!simulation.log(sleeper).iter().any(|line| line.level == LogLevel::Rejected));
    // So long that everybody has let it go.
    simulation.sleep(sleeper);
    simulation.run_for(60 * MINUTE);
    let height = simulation.node(nodes[1]).chain().height();
    simulation.wake(sleeper);
    assert!(simulation.log(sleeper).iter().any(|line| line.code == "woke"));
    let caught_up = simulation.run_until(MINUTE, |simulation| simulation.node(sleeper).chain().height() >= height);
    assert!(caught_up, "at {} of {height}", simulation.node(sleeper).chain().height());
    assert!(!simulation.log(sleeper).iter().any(|line| line.level == LogLevel::Rejected));
}

#[test]
fn progress_is_told_at_a_bounded_rate_and_catching_up_goes_on_when_a_peer_is_lost() {
    let (mut simulation, nodes) = network(291, 3, 400);
    let newcomer = simulation.add_node(8.0);
    let (start, target): (Timestamp, Height) = (simulation.now(), simulation.node(nodes[0]).chain().height());
    let underway = simulation.run_until(MINUTE, |simulation| {
        let chain = simulation.node(newcomer).chain();
        chain.height() > Height(0) && chain.height() < target
    });
    assert!(underway, "the newcomer is in the middle of it");
    let Ok(Response::Status(status)) = simulation.request(newcomer, Request::Status) else { panic!("a status") };
    let progress = status.syncing.expect("it is catching up");
    assert_eq!(progress.target, target);
    simulation.stop_node(nodes[1]);
    let there = simulation.run_until(MINUTE, |simulation| simulation.node(newcomer).chain().height() == target);
    assert!(there, "at {} of {target}", simulation.node(newcomer).chain().height());
    let told = simulation.told_sync(newcomer);
    let seconds = simulation.now().since(start).as_secs();
    println!("{told} reports of progress in {seconds} s");
    assert!(told >= 2 && told <= 2 * seconds + 4, "{told} in {seconds} s");
}
