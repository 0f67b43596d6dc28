//! Hostile nodes among honest ones: what honest nodes get done before, during and after, what the
//! attack costs them, and how soon they are rid of it.

use super::room::{self, MINUTE, SECOND, float, ms, seconds};
use super::{Figures, Setup};
use crate::hostile::{HOSTILE_ACCOUNTS, Kind};
use crate::money;
use crate::simulator::{NodeIndex, Simulation};
use node_core::hash::TxId;
use std::time::Duration;

/// Blocks before the attack: so many that cheap headers from the first on have too little work.
const BLOCKS: u32 = 40;
/// How long service is measured each time.
const PHASE: Duration = Duration::from_secs(40);
/// A payment each so often.
const PAYMENT_EVERY: Duration = Duration::from_secs(2);
/// Payments shall be at nearly all honest nodes so soon, also under attack.
const SERVICE: Duration = Duration::from_secs(3);

/// What honest nodes got done, and what it cost each in a second.
struct Service {
    payment: Duration,
    block: Option<Duration>,
    unconfirmed: usize,
    bytes: f64,
    checks: f64,
    busy: Duration,
}

/// So many hostile nodes as the kind has for a hundred honest ones join, attack for a while, and leave.
pub fn attack(setup: Setup, kind: &Kind) -> Figures {
    let Setup { seed, nodes: count } = setup;
    let mut options = room::options(seed, HOSTILE_ACCOUNTS.end);
    options.log_lines = 200;
    let hostile_count = (kind.count * count).div_ceil(100);
    let (mut simulation, all) = room::meshed(options, count + hostile_count);
    let (honest, hostile) = all.split_at(count);
    room::mine(&mut simulation, honest[0], BLOCKS);
    let mut payer = 0;
    for miner in &honest[..4] {
        simulation.mine(*miner, true);
    }
    let before = service(&mut simulation, honest, &mut payer);
    kind.unleash(&mut simulation, hostile);
    let start = simulation.elapsed();
    let during = service(&mut simulation, honest, &mut payer);
    let links = honest.iter().flat_map(|node| simulation.neighbours(*node)).filter(|one| hostile.contains(one)).count();
    let bans = bans(&simulation, honest, hostile, start);
    for one in hostile {
        simulation.turn_honest(*one);
        simulation.stop_node(*one);
    }
    simulation.run_for(10 * SECOND);
    let after = service(&mut simulation, honest, &mut payer);
    for miner in &honest[..4] {
        simulation.mine(*miner, false);
    }
    // Branches of equal work stay where they are until a block decides.
    let height = simulation.node(honest[0]).chain().height();
    simulation.mine(honest[0], true);
    let decided = simulation
        .run_until_every(SECOND, 10 * MINUTE, |simulation| simulation.node(honest[0]).chain().height() > height);
    assert!(decided, "seed {seed}: {}: honest nodes find blocks", kind.name);
    simulation.mine(honest[0], false);
    let agreed = simulation.run_until_every(SECOND, 2 * MINUTE, |simulation| {
        let tip = simulation.node(honest[0]).chain().tip();
        honest.iter().filter(|node| simulation.node(**node).chain().tip() == tip).count() * 100 >= count * 95
    });
    assert!(agreed, "seed {seed}: {}: honest nodes agree", kind.name);
    for (when, phase) in [("before", &before), ("during", &during), ("after", &after)] {
        assert!(phase.payment <= SERVICE, "seed {seed}: {} {when}: a payment takes {:?}", kind.name, phase.payment);
    }
    assert!(during.unconfirmed <= before.unconfirmed + 3, "seed {seed}: {}: payments are confirmed", kind.name);
    let mut figures = Figures::default();
    let times = |of: &dyn Fn(&Service) -> String| format!("{} / {} / {}", of(&before), of(&during), of(&after));
    figures.add("payment to 95 %", times(&|phase| ms(phase.payment)));
    figures.add("block to 95 %", times(&|phase| phase.block.map_or_else(|| "none".to_owned(), ms)));
    figures.add("unconfirmed", times(&|phase| phase.unconfirmed.to_string()));
    figures.add("kB received a second", times(&|phase| format!("{:.1}", phase.bytes / 1_000.0)));
    figures.add("signatures a second", times(&|phase| format!("{:.1}", phase.checks)));
    figures.add("ms busy a second", times(&|phase| format!("{:.2}", phase.busy.as_secs_f64() * 1_000.0)));
    figures.add("first ban after", bans.first().map_or_else(|| "none".to_owned(), |first| seconds(*first)));
    figures.add("bans", bans.len());
    figures.add("links left", links);
    figures
}

/// When honest nodes banned hostile ones, from the start of the attack on, by their logs.
fn bans(simulation: &Simulation, honest: &[NodeIndex], hostile: &[NodeIndex], start: Duration) -> Vec<Duration> {
    let ids: Vec<_> = hostile.iter().map(|one| simulation.node(*one).id()).collect();
    let so_far = simulation.elapsed().checked_sub(start).unwrap_or_default();
    let begin = simulation.now().millis().saturating_sub(u64::try_from(so_far.as_millis()).unwrap_or_default());
    let lines = honest.iter().flat_map(|node| simulation.log(*node)).filter(|line| line.code == "peer-banned");
    let lines = lines.filter(|line| line.peer.is_some_and(|peer| ids.contains(&peer)));
    let mut times: Vec<Duration> =
        lines.map(|line| Duration::from_millis(line.time.millis().saturating_sub(begin))).collect();
    times.sort_unstable();
    times
}

fn service(simulation: &mut Simulation, honest: &[NodeIndex], payer: &mut u32) -> Service {
    let genesis = simulation.node(honest[0]).chain().genesis();
    let cost = |simulation: &Simulation| {
        let bytes: u64 = honest.iter().map(|node| simulation.traffic(*node).total_received().bytes).sum();
        let checks: u64 = honest.iter().map(|node| simulation.verified(*node)).sum();
        let busy: Duration = honest.iter().map(|node| simulation.busy(*node)).sum();
        (bytes, checks, busy)
    };
    simulation.record_arrivals();
    let start = cost(simulation);
    let mut paid: Vec<TxId> = Vec::new();
    let steps = u32::try_from(PHASE.as_secs() / PAYMENT_EVERY.as_secs()).unwrap_or(1);
    for _ in 0..steps {
        let payment = money::transfer(genesis, *payer, 0, 10_000);
        paid.push(payment.id());
        let at = honest[*payer as usize * 13 % honest.len()];
        assert!(simulation.give(at, &[payment]), "it has a peer");
        *payer += 1;
        simulation.run_for(PAYMENT_EVERY);
    }
    let end = cost(simulation);
    // The last ones have time to be confirmed.
    simulation.run_for(10 * SECOND);
    let arrivals = simulation.arrivals();
    // What did not reach so many counts as the worst.
    let payments = paid.iter().map(|id| arrivals.transaction_spread(id, honest, 0.95).unwrap_or(PHASE)).collect();
    let blocks = arrivals.blocks().filter_map(|hash| arrivals.block_spread(&hash, honest, 0.95)).collect();
    let pool = simulation.node(honest[0]).mempool();
    let (nodes, time) = (float(honest.len()), PHASE.as_secs_f64());
    Service {
        payment: room::median(payments).unwrap_or(PHASE),
        block: room::median(blocks),
        unconfirmed: paid.iter().filter(|id| pool.get(id).is_some()).count(),
        bytes: float(end.0 - start.0) / nodes / time,
        checks: float(end.1 - start.1) / nodes / time,
        busy: end.2.saturating_sub(start.2).div_f64(nodes * time),
    }
}
