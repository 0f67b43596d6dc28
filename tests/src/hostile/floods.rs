//! Floods: too much of something, again and again.

use super::{HOSTILE_ACCOUNTS, INTERVAL};
use crate::money;
use crate::simulator::{Behaviour, NodeIndex, Simulation};
use node_core::block::BlockHeader;
use node_core::consensus::difficulty;
use node_core::hash::{StateRoot, TxId, sha256};
use node_core::mining;
use node_core::net::frame;
use node_core::net::message::{MAX_TRANSACTIONS, Message};
use node_core::net::relay::RelayedSignal;
use node_core::transaction::Transaction;
use std::time::Duration;
use tracker_protocol::PeerId;

/// The same, or something like it, in each interval, to all peers.
pub(super) struct Flood<F> {
    round: u64,
    /// What is sent in a round.
    make: F,
}

impl<F: FnMut(u64) -> Vec<Message>> Flood<F> {
    fn new(make: F) -> Self {
        Self { round: 0, make }
    }
}

impl<F: FnMut(u64) -> Vec<Message>> Behaviour for Flood<F> {
    fn act(&mut self, simulation: &mut Simulation, own: NodeIndex) -> Option<Duration> {
        self.round += 1;
        let messages = (self.make)(self.round);
        simulation.send_messages(own, &messages);
        Some(INTERVAL)
    }
}

/// Valid headers from the first block on, each so long after the one before: cheap to make.
pub fn cheap_headers(simulation: &Simulation, node: NodeIndex, count: usize, salt: u8) -> Vec<BlockHeader> {
    let chain = simulation.node(node).chain();
    let params = chain.params();
    let mut recent = chain.headers_up_to(&chain.genesis());
    let mut made = Vec::new();
    for _ in 0..count {
        let parent = recent[0];
        let header = BlockHeader {
            height: parent.height.next().expect("low"),
            previous: parent.hash(),
            state_root: StateRoot([salt; 32]),
            time: parent.time.after(params.spacing * 2),
            target: difficulty::next_target(params, &recent.iter().collect::<Vec<_>>()),
            nonce: 0,
            ..chain.tip_header()
        };
        let header = mining::search(header, u32::MAX).expect("the difficulty falls");
        recent.insert(0, header);
        recent.truncate(difficulty::SPAN);
        made.push(header);
    }
    made
}

pub(super) fn low_work(simulation: &Simulation) -> impl Behaviour + use<> {
    let batches: Vec<_> = (0..4).map(|salt| cheap_headers(simulation, NodeIndex(0), 100, salt)).collect();
    Flood::new(move |round| {
        let place = usize::try_from(round).unwrap_or_default() % batches.len();
        vec![Message::Headers(batches[place].clone())]
    })
}

pub(super) fn orphans(simulation: &Simulation) -> impl Behaviour + use<> {
    let made = cheap_headers(simulation, NodeIndex(0), 1_100, 9);
    Flood::new(move |_| vec![Message::Headers(made[100..].to_vec())])
}

pub(super) fn announcements() -> impl Behaviour {
    Flood::new(|round| {
        let batch = |part: u64| (0..MAX_TRANSACTIONS as u64).map(move |number| name(round, part, number)).collect();
        (0..20).map(|part| Message::Announce(batch(part))).collect()
    })
}

fn name(round: u64, part: u64, number: u64) -> TxId {
    TxId(sha256(&[round, part, number].map(u64::to_le_bytes).concat()))
}

pub(super) fn bad_signatures(simulation: &Simulation) -> impl Behaviour + use<> {
    let genesis = simulation.node(NodeIndex(0)).chain().genesis();
    let made: Vec<Transaction> =
        (0..500).map(|number| money::unsigned(genesis, number / 100, u64::from(number % 100))).collect();
    let ids: Vec<TxId> = made.iter().map(Transaction::id).collect();
    Flood::new(move |_| vec![Message::Announce(ids.clone()), Message::Transactions(made.clone())])
}

/// All of them send the same: which was first matters to nobody.
pub(super) fn fees(simulation: &Simulation) -> impl Behaviour + use<> {
    let genesis = simulation.node(NodeIndex(0)).chain().genesis();
    let accounts = HOSTILE_ACCOUNTS;
    Flood::new(move |round| {
        let nonces = (round - 1) * 10..round * 10;
        let made: Vec<Transaction> = accounts
            .clone()
            .flat_map(|account| nonces.clone().map(move |nonce| money::transfer(genesis, account, nonce, 150)))
            .collect();
        let ids = made.iter().map(Transaction::id).collect();
        vec![Message::Announce(ids), Message::Transactions(made)]
    })
}

pub(super) fn questions(simulation: &Simulation) -> impl Behaviour + use<> {
    let to = simulation.node(NodeIndex(0)).id();
    Flood::new(move |round| {
        let pings = (0..60).map(|number| Message::Ping(round * 100 + number));
        let questions = (0..20).map(|_| Message::GetPeers);
        let signals = (0..50_u8).map(|number| {
            let from = PeerId::from_bytes([number; 20]);
            let payload = format!("{:0>200}", round * 100 + u64::from(number));
            Message::Relay(Box::new(RelayedSignal { from, to, hops: 1, payload }))
        });
        pings.chain(questions).chain(signals).collect()
    })
}

/// Frames that are no messages, and messages with bytes changed.
#[derive(Debug, Default)]
pub(super) struct Garbage {
    round: u64,
}

impl Behaviour for Garbage {
    fn act(&mut self, simulation: &mut Simulation, own: NodeIndex) -> Option<Duration> {
        self.round += 1;
        for part in 0..20 {
            let noise = name(self.round, part, 0).0;
            let mut frame = frame::split(&Message::Announce(vec![TxId(noise); 3]).encode()).remove(0);
            if part % 2 == 0 {
                let place = usize::from(noise[0]) % frame.len();
                frame[place] ^= noise[1] | 1;
            } else {
                frame = noise.to_vec();
            }
            simulation.send_raw(own, &frame);
        }
        Some(INTERVAL)
    }
}
