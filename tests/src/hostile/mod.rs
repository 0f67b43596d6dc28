//! Kinds of hostile nodes, each behind [`Behaviour`]: what plugs into a simulation.

mod floods;
mod liars;

pub use floods::cheap_headers;

use crate::simulator::{Behaviour, NodeIndex, Simulation, Staller};
use std::time::Duration;

/// How often a flood goes on.
const INTERVAL: Duration = Duration::from_secs(1);

/// A kind of hostile node.
pub struct Kind {
    /// Short, for tables and commands.
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
    /// How many of them there are for a hundred honest nodes.
    pub count: usize,
    make: fn(&Simulation, &[NodeIndex]) -> Box<dyn Behaviour>,
}

impl Kind {
    /// Turns nodes of a simulation into such, all of one mind.
    pub fn unleash(&self, simulation: &mut Simulation, nodes: &[NodeIndex]) {
        for node in nodes {
            let behaviour = (self.make)(simulation, nodes);
            simulation.turn_hostile(*node, behaviour);
        }
    }
}

/// Accounts with numbers from here on belong to hostile nodes; so many of them.
pub const HOSTILE_ACCOUNTS: std::ops::Range<u32> = 2_000..2_020;

/// All kinds.
pub const KINDS: [Kind; 12] = [
    Kind {
        name: "low-work-headers",
        does: "100 headers from the first block on, of little work, each second",
        count: 5,
        make: |simulation, _| Box::new(floods::low_work(simulation)),
    },
    Kind {
        name: "staller",
        does: "mines, announces its blocks and serves no body",
        count: 5,
        make: |_, _| Box::new(liars::Miner::new(Staller)),
    },
    Kind {
        name: "garbage",
        does: "20 frames of random and mutated bytes each second",
        count: 5,
        make: |_, _| Box::new(floods::Garbage::default()),
    },
    Kind {
        name: "bad-signatures",
        does: "500 transfers with wrong signatures each second",
        count: 5,
        make: |simulation, _| Box::new(floods::bad_signatures(simulation)),
    },
    Kind {
        name: "orphans",
        does: "1,000 headers that stand on nothing, each second",
        count: 5,
        make: |simulation, _| Box::new(floods::orphans(simulation)),
    },
    Kind {
        name: "announcements",
        does: "20,000 ids of transactions that do not exist, each second",
        count: 5,
        make: |_, _| Box::new(floods::announcements()),
    },
    Kind {
        name: "pings-and-questions",
        does: "60 pings, 20 questions for peers and 50 forged signals to relay, each second",
        count: 5,
        make: |simulation, _| Box::new(floods::questions(simulation)),
    },
    Kind {
        name: "invalid-blocks",
        does: "a block with work that pays its miner too much, each 5 s",
        count: 5,
        make: |_, _| Box::new(liars::Inflater),
    },
    Kind {
        name: "fee-flood",
        does: "200 transfers each second that pay the least fee",
        count: 5,
        make: |simulation, _| Box::new(floods::fees(simulation)),
    },
    Kind {
        name: "stale-chain",
        does: "claims twice the work of the chain in each pong, and shows a cheap one",
        count: 5,
        make: |simulation, _| Box::new(liars::stale_chain(simulation)),
    },
    Kind {
        name: "sybils",
        does: "connects to whom it can, names its own kind only, and passes nothing on",
        count: 30,
        make: |simulation, own| Box::new(liars::Sybil::new(simulation, own)),
    },
    Kind {
        name: "withholder",
        does: "a fifth of the hash rate, whose blocks are held back for 10 s each time",
        count: 1,
        make: |_, _| Box::new(liars::Withholder::default()),
    },
];

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
