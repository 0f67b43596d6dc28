//! Scenarios by name: each builds a network, does something to it, demands an outcome, and gives
//! the figures that it measured. `cargo xtask sim` runs them.

pub mod attack;
pub mod baseline;
pub mod churn;
pub mod crash;
pub mod growth;
pub mod heal;
pub mod propagation;
pub mod rates;
pub mod report;
mod room;

use crate::hostile;
use crate::simulator::Severance;
use propagation::Pools;

/// What a scenario is given.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Replays it.
    pub seed: u64,
    /// Honest nodes.
    pub nodes: usize,
}

/// What a scenario measured: names and figures, in the order of telling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures(pub Vec<(&'static str, String)>);

impl Figures {
    /// Adds one.
    pub fn add(&mut self, name: &'static str, figure: impl ToString) {
        self.0.push((name, figure.to_string()));
    }
}

/// A scenario.
pub struct Scenario {
    /// For the command line.
    pub name: String,
    /// What happens and what is demanded.
    pub tells: String,
    /// Nodes, if nothing else is said.
    pub nodes: usize,
    run: Box<dyn Fn(Setup) -> Figures>,
}

impl Scenario {
    fn new(
        name: impl Into<String>,
        tells: impl Into<String>,
        nodes: usize,
        run: impl Fn(Setup) -> Figures + 'static,
    ) -> Self {
        Self { name: name.into(), tells: tells.into(), nodes, run: Box::new(run) }
    }

    /// Runs it; panics where something does not hold.
    pub fn run(&self, setup: Setup) -> Figures {
        (self.run)(setup)
    }
}

/// Partitions of every kind, by name. Slow and lossy ones are such that blocks do not get across: at 16 kbit/s a
/// block's compact form takes a fifth of a second, and the nodes stay one room.
pub const SEVERANCES: [(&str, Severance); 5] = [
    ("halves", Severance::Both),
    ("outward", Severance::Outward),
    ("inward", Severance::Inward),
    ("slow", Severance::Slow { rate: 250 }),
    ("lossy", Severance::Lossy { loss: 0.8 }),
];

/// All scenarios.
pub fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (name, severance) in SEVERANCES {
        all.push(Scenario::new(
            format!("heal-{name}"),
            "half of the nodes are cut off for a minute while all mine and pay, then healed: one tip, one state, nothing lost",
            20,
            move |setup| heal::heal(setup, severance, setup.nodes / 2),
        ));
    }
    all.push(Scenario::new("heal-single", "the same with one node cut off", 20, |setup| {
        heal::heal(setup, Severance::Both, 1)
    }));
    for (name, stage) in crash::STAGES {
        all.push(Scenario::new(
            format!("crash-{name}"),
            "a node crashes after each of its next inputs in turn and comes back: it always ends on the others' chain",
            6,
            move |setup| crash::crash(setup, stage, None),
        ));
        for (left, aftermath) in crash::AFTERMATHS {
            all.push(Scenario::new(
                format!("crash-{name}-{left}"),
                format!("the same of a node with a storage, which is {left} after the crash: its wallet is never lost while it is there"),
                6,
                move |setup| crash::crash(setup, stage, Some(aftermath)),
            ));
        }
    }
    all.push(Scenario::new(
        "crash-random",
        "nodes crash and come back all the time while blocks and payments go on",
        20,
        |setup| crash::random(setup, false),
    ));
    all.push(Scenario::new(
        "crash-random-stored",
        "the same with storages that crashes keep, tear or take: who has a wallet keeps it",
        20,
        |setup| crash::random(setup, true),
    ));
    for (name, pools) in [("warm", Pools::Warm), ("half", Pools::Half), ("cold", Pools::Cold)] {
        all.push(Scenario::new(
            format!("propagation-{name}"),
            "a block of 1,000 transfers over lines of 10 Mbit/s and 50 ms: how fast, and how many bytes",
            100,
            move |setup| propagation::propagation(setup, pools),
        ));
    }
    all.push(Scenario::new(
        "payments",
        "1,000 transfers are announced: what they cost beside their bytes",
        100,
        propagation::payments,
    ));
    for (name, spacing) in [("10s", 10), ("2s", 2)] {
        all.push(Scenario::new(
            format!("stale-{name}"),
            "all mine: how many blocks end beside the best chain",
            50,
            move |setup| rates::stale(setup, std::time::Duration::from_secs(spacing)),
        ));
    }
    all.push(Scenario::new("join", "a newcomer joins a room: how soon it has six links", 100, rates::join));
    all.push(Scenario::new(
        "dead-tracker",
        "the tracker dies and three of ten nodes leave: how soon all have six links again",
        100,
        churn::dead_tracker,
    ));
    all.push(Scenario::new("growth", "a quiet room: messages, bytes and memory of a node", 100, |setup| {
        growth::growth(setup, None)
    }));
    for kind in &hostile::KINDS {
        all.push(Scenario::new(
            format!("attack-{}", kind.name),
            format!("hostile nodes among honest ones: {}", kind.does),
            100,
            move |setup| attack::attack(setup, kind),
        ));
    }
    all
}

/// The scenario of this name.
pub fn by_name(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}
