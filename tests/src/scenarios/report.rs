//! The report on the network, as Markdown: `docs/simulation.md`.

use super::propagation;
use super::{Figures, SEVERANCES, Setup, attack, churn, growth, heal, rates};
use crate::hostile;
use crate::simulator::Severance;
use std::fmt::Write;
use std::time::Duration;

/// What stands before the tables.
const INTRODUCTION: &str = "\
# The network in simulation

Do not edit: run it again. The command above a table runs one scenario of it alone. What must hold is asserted
by the scenarios themselves; the short ones run with every test (`tests/tests/simulation.rs`).

Whole nodes in virtual time: the code that runs in tabs, and the real tracker. Latency between two nodes is drawn
once, from a log-normal distribution with a median of 50 ms one way and a standard deviation of 0.5 of its
logarithm (one pair in twenty has more than 114 ms). Each node has a line of 10 Mbit/s up and another down, shared
by its links; IP, UDP, DTLS and SCTP add 100 bytes to each packet of 1,100. One packet in a hundred is lost, which
delays its channel by 200 ms, and by twice as much each time that it is lost again. Verifying a signature takes
0.2 ms; all else that a node computes takes no virtual time.
Nodes find each other by the tracker and want 8 links, which may become up to 16.
";

/// How large rooms are.
#[derive(Debug, Clone)]
pub struct Scale {
    /// For blocks.
    pub propagation: Vec<usize>,
    /// For the cost of a node.
    pub growth: Vec<usize>,
    /// Honest nodes under attack.
    pub attack: usize,
    /// Tells the bytes that this program holds.
    pub memory: Option<fn() -> usize>,
}

/// Writes all tables; tells of each as soon as it is there.
pub fn whole_report(seed: u64, scale: &Scale, tell: &mut dyn FnMut(&str)) -> String {
    let list = |sizes: &[usize]| sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let (spread, rooms, attacked) = (list(&scale.propagation), list(&scale.growth), scale.attack);
    let mut text = format!(
        "{INTRODUCTION}\nMade by `cargo xtask sim --report --seed {seed} --spread {spread} --rooms {rooms} --attacked {attacked}`.\n"
    );
    let mut section = |table: String| {
        tell(&table);
        text.push_str(&table);
    };
    section(blocks(seed, scale));
    section(payments(seed, scale));
    section(partitions(seed));
    section(times(seed));
    section(attacks(seed, scale));
    section(costs(seed, scale));
    text
}

fn blocks(seed: u64, scale: &Scale) -> String {
    let mut rows = Vec::new();
    for nodes in &scale.propagation {
        let measured = propagation::compared(Setup { seed, nodes: *nodes });
        rows.extend(measured.into_iter().map(|(name, figures)| (format!("{nodes}, {name}"), figures)));
    }
    table(
        "Blocks",
        &format!("cargo xtask sim --scenario propagation-warm --seed {seed} --nodes 100"),
        "A block of 1,000 transfers, three times from different miners: medians of the times from the miner to parts of the \
         nodes, means of bytes and copies. *Warm*: all have all transfers; *half*: each has a random half; *cold*: the miner \
         alone has them, and believes that the others do. Bytes are those of all messages about blocks. The other protocols send whole blocks over the same \
         links and lines, take 5 ms for the check before they go on, and need no mempool: *whole blocks to all* sends to every \
         peer but the one it came from; *gossipsub* has D = 6, a heartbeat of 1 s, IHAVE to 6 others, IWANT. The aim is 95 % \
         within four median latencies (200 ms) and what lines take, at 1.3 times header and short ids. Both cannot be had at \
         once: a push costs one latency a hop and a copy for each that pushes, a question three latencies and one copy. \
         ADR 0010 has the figures for none, one, two and three that push: 1.2 to 3.1 times the bytes, 390 to 220 ms, which differ by some 25 ms from run to run. A node \
         asks two peers to push, and who finds a block pushes it to all that know its transactions. What mempools lack is asked for at every hop, \
         which costs a round trip and the line's time for it to each of those that ask the same node.",
        "nodes, mempools",
        &rows,
    )
}

fn payments(seed: u64, scale: &Scale) -> String {
    let rows: Vec<_> = scale
        .propagation
        .iter()
        .map(|nodes| (nodes.to_string(), propagation::payments(Setup { seed, nodes: *nodes })))
        .collect();
    table(
        "Transactions",
        &format!("cargo xtask sim --scenario payments --seed {seed} --nodes 100"),
        "1,000 transfers, a hundred a second, at nodes all over the room. Bytes are those of announcements, requests and \
         the transfers themselves. Most of what is beside these are announcements: an id has 32 bytes, and comes over each \
         link from one side at least.",
        "nodes",
        &rows,
    )
}

fn partitions(seed: u64) -> String {
    let nodes = 20;
    let mut rows = Vec::new();
    for (name, severance) in SEVERANCES {
        rows.push((name.to_owned(), heal::heal(Setup { seed, nodes }, severance, nodes / 2)));
    }
    rows.push(("single".to_owned(), heal::heal(Setup { seed, nodes }, Severance::Both, 1)));
    table(
        "Partitions",
        &format!("cargo xtask sim --scenario heal-halves --seed {seed}"),
        "Of 20 nodes half (*single*: one) are cut off for a minute, while two on each side mine blocks of 2 s and payments \
         are made on both sides, some of the same money. *outward*, *inward*: nothing leaves, or nothing enters; *slow*: \
         250 bit/s for each link, so that a block takes longer than the next one; *lossy*: 80 % of all packets are lost, \
         which are sent again after 200 ms, 400 ms and so on. *Blocks apart*: of each side since they had the same, when \
         the network is healed; *links across* are those that were not given up until then. Afterwards all have one tip and \
         one state, and what was confirmed on the side that lost is confirmed again.",
        "kind",
        &rows,
    )
}

fn times(seed: u64) -> String {
    let mut text = String::new();
    let stale = [10, 2]
        .map(|spacing| (format!("{spacing} s"), rates::stale(Setup { seed, nodes: 50 }, Duration::from_secs(spacing))));
    text += &table(
        "Stale blocks",
        &format!("cargo xtask sim --scenario stale-2s --seed {seed}"),
        "50 nodes of equal hash rate mine empty blocks for 150 spacings.",
        "spacing",
        &stale,
    );
    let join = [("100".to_owned(), rates::join(Setup { seed, nodes: 100 }))];
    text += &table("Joining", &format!("cargo xtask sim --scenario join --seed {seed}"), "", "nodes", &join);
    let churn = [("100".to_owned(), churn::dead_tracker(Setup { seed, nodes: 100 }))];
    text += &table(
        "A dead tracker",
        &format!("cargo xtask sim --scenario dead-tracker --seed {seed}"),
        "The tracker dies, and three of ten nodes go at once, half of them without closing their links.",
        "nodes",
        &churn,
    );
    text
}

fn attacks(seed: u64, scale: &Scale) -> String {
    let nodes = scale.attack;
    let rows: Vec<_> = hostile::KINDS
        .iter()
        .map(|kind| {
            (
                format!("{} × {}", (kind.count * nodes).div_ceil(100), kind.name),
                attack::attack(Setup { seed, nodes }, kind),
            )
        })
        .collect();
    let kinds: String = hostile::KINDS.iter().fold(String::new(), |mut text, kind| {
        let _ = write!(text, "\n- *{}*: {}", kind.name, kind.does);
        text
    });
    table(
        "Hostile nodes",
        &format!("cargo xtask sim --scenario attack-staller --seed {seed}"),
        &format!(
            "{nodes} honest nodes, four of which mine; a payment every 2 s. Figures are before / during / after the attack, of \
             honest nodes: medians of the time to 95 % of them, payments not confirmed 10 s after the last, and what a node \
             received, verified and computed in a second (the last in time of a processor of the machine that made this report). *First ban*: \
             from the start of the attack; *bans*: how often an honest node banned a hostile one in the 50 s of it, who then \
             tried others; *links left*: to hostile nodes at its end.\n{kinds}"
        ),
        "hostile",
        &rows,
    )
}

fn costs(seed: u64, scale: &Scale) -> String {
    let rows: Vec<_> = scale
        .growth
        .iter()
        .map(|nodes| (nodes.to_string(), growth::growth(Setup { seed, nodes: *nodes }, scale.memory)))
        .collect();
    table(
        "The cost of a room",
        &format!("cargo xtask sim --scenario growth --seed {seed} --nodes 1000"),
        "A quiet room, over a minute. Memory is what the whole simulation holds, by the number of nodes.",
        "nodes",
        &rows,
    )
}

/// A table; rows may lack the last columns.
pub fn table(title: &str, command: &str, tells: &str, first: &str, rows: &[(String, Figures)]) -> String {
    let mut text = format!("\n## {title}\n\n`{command}`\n\n");
    if !tells.is_empty() {
        let _ = writeln!(text, "{tells}\n");
    }
    let columns: Vec<&str> = rows
        .iter()
        .map(|(_, figures)| &figures.0)
        .max_by_key(|all| all.len())
        .map_or_else(Vec::new, |all| all.iter().map(|(name, _)| *name).collect());
    let _ = writeln!(text, "| {first} | {} |", columns.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(columns.len()));
    for (name, figures) in rows {
        let cell =
            |column: &&str| figures.0.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value).to_owned();
        let cells: Vec<String> = columns.iter().map(cell).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_cell_for_each_column_and_row() {
        let mut full = Figures::default();
        full.add("a", 1);
        full.add("b", 2);
        let mut part = Figures::default();
        part.add("b", 3);
        let text = table("T", "c", "", "x", &[("one".to_owned(), full), ("two".to_owned(), part)]);
        assert_eq!(text, "\n## T\n\n`c`\n\n| x | a | b |\n|---|---|---|\n| one | 1 | 2 |\n| two |  | 3 |\n");
    }
}
