//! A user of the node under test, who asks for anything.

use super::super::world::address;
use super::Session;
use arbitrary::Arbitrary;
use node_core::mempool;
use node_core::request::{Attack, Request, SendForm};
use node_core::units::Amount;

/// What a user does, beside free text.
#[derive(Debug, Arbitrary)]
pub(super) enum Wish {
    Look(u8),
    Find(u8),
    Send { to: u8, grains: u32, fee: Option<u32>, memo: u8, sign: bool },
    MinerStart(u8),
    MinerMine,
    Attack(u8),
    Disconnect(u8),
    Mining { number: u8, wish: u8 },
    Json(Vec<u8>),
    Role(u8),
    Proof(u8),
}

impl Wish {
    /// The request of this wish; `None` for a text that is none.
    pub(super) fn request(self, session: &Session) -> Option<Request> {
        Some(match self {
            Self::Look(number) => match number % 9 {
                0 => Request::Status,
                1 => Request::Blocks { from: None, limit: None },
                2 => Request::Forks,
                3 => Request::Balance { address: None },
                4 => Request::History { address: None, from: None, limit: Some(number.into()) },
                5 => Request::Mempool { from: None, limit: Some(u32::MAX) },
                6 => Request::Peers,
                7 => Request::Log { limit: Some(u32::MAX) },
                _ => Request::MinerStop,
            },
            Self::Find(number) if number % 2 == 0 => Request::Block { id: session.hash(number).to_string() },
            Self::Find(number) => match session.ids(&[number]).first() {
                Some(id) => Request::Transaction { id: id.to_string() },
                None => Request::Block { id: number.to_string() },
            },
            Self::Send { to, grains, fee, memo, sign } => {
                let text = |grains: u32| Amount::from_grains(grains.into()).unwrap_or_default().to_string();
                let to = address(to).to_text(session.world.params.address_prefix);
                let (amount, fee) = (text(grains), fee.map(text));
                let memo = Some("m".repeat(memo.into()));
                Request::Send(SendForm { to, amount, fee, memo, sign: Some(sign), wrong_key: None })
            }
            Self::MinerStart(threads) => Request::MinerStart { threads: Some(threads.into()) },
            Self::MinerMine => Request::MinerMine,
            Self::Attack(number) => {
                let attack = Attack::ALL[usize::from(number) % Attack::ALL.len()];
                Request::Attack { attack, peer: None, every: (number > 127).then(|| number.into()) }
            }
            Self::Disconnect(end) => Request::Disconnect { peer: Session::end(end).id },
            Self::Mining { number, wish } => match session.ids(&[number]).first() {
                Some(id) => Request::MinerWish {
                    id: id.to_string(),
                    wish: [mempool::Wish::Pin, mempool::Wish::Exclude, mempool::Wish::None][usize::from(wish) % 3],
                },
                None => Request::Template { from: None, limit: None },
            },
            Self::Role(role) => Request::SetRole { role: super::ROLES[usize::from(role) % super::ROLES.len()] },
            Self::Proof(number) => match session.ids(&[number]).first() {
                Some(id) => Request::Proof { id: id.to_string() },
                None => {
                    Request::Balance { address: Some(address(number).to_text(session.world.params.address_prefix)) }
                }
            },
            Self::Json(text) => return serde_json::from_slice(&text).ok(),
        })
    }
}
