//! Chain parameters: everything that makes one network differ from another. A value, never global.

use crate::block::{Block, BlockHeader};
use crate::hash::{BlockHash, StateRoot, tagged_sha256};
use crate::keys::{Address, PublicKey};
use crate::merkle;
use crate::rules::Rules;
use crate::units::{Amount, CompactTarget, Height, Target, Timestamp};
use bech32::Hrp;
use borsh::BorshSerialize;
use primitive_types::U256;
use std::time::Duration;
use tracker_protocol::RoomId;

/// Room that a tab joins when its address names none.
pub const PUBLIC_ROOM: &str = "public";
/// Most characters in a room's name: with the network's it must fit a [`RoomId`].
pub const MAX_ROOM_CHARS: usize = 32;
/// Most canonical bytes of a block on the shipped networks.
pub const MAX_BLOCK_BYTES: usize = 1024 * 1024;
/// Time of every genesis block: 2026-01-01. Rooms of one name share a genesis, whenever they open.
const GENESIS_TIME: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// Why there are no parameters for a network and room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// Neither `main` nor `dev`.
    #[error("there is no network of this name: main and dev are known")]
    UnknownNetwork,
    /// Not a room's name.
    #[error("a room's name has 1 to 32 characters from a-z, 0-9 and '-'")]
    BadRoom,
}

/// Parameters of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainParams {
    /// Name of the network.
    pub network: String,
    /// Name of the room; each room is a chain of its own.
    pub room: String,
    /// Prefix of addresses.
    pub address_prefix: Hrp,
    /// Wanted time between blocks.
    pub spacing: Duration,
    /// Being late by this much halves the difficulty, being early doubles it.
    pub half_life: Duration,
    /// Most lateness that a single block can bring into the difficulty, so that a room found
    /// empty for a day does not wake up with a difficulty of nothing. Well above `max_ahead`, or
    /// false times would drive the difficulty up.
    pub max_lateness: Duration,
    /// Easiest target allowed.
    pub pow_limit: Target,
    /// Target of the first two blocks.
    pub first_target: CompactTarget,
    /// New coins a block before the first halving.
    pub subsidy: Amount,
    /// Blocks between halvings.
    pub halving_interval: u32,
    /// Blocks until a reward can be spent: the reward of block h is free from block h + this on.
    pub reward_maturity: u32,
    /// Blocks that a branch may fall behind the best chain before it is discarded.
    pub prune_depth: u32,
    /// Most canonical bytes of a block.
    pub max_block_bytes: usize,
    /// How far ahead of the local clock a block may be before it has to wait.
    pub max_ahead: Duration,
    /// Coins that exist from the start.
    pub allocation: Vec<(Address, Amount)>,
    /// Who may assign new coins beside the block reward, if anyone.
    pub issuer: Option<PublicKey>,
    /// What an application demands of transactions beside the protocol.
    pub rules: Rules,
}

impl ChainParams {
    /// Parameters of a shipped network, for one room.
    pub fn named(network: &str, room: &str) -> Result<Self, ParamsError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if room.is_empty() || room.len() > MAX_ROOM_CHARS || !room.bytes().all(allowed) {
            return Err(ParamsError::BadRoom);
        }
        match network {
            "main" => Ok(Self::main(room)),
            "dev" => Ok(Self::dev(room)),
            _ => Err(ParamsError::UnknownNetwork),
        }
    }

    /// The network for people: a block each ten seconds.
    fn main(room: &str) -> Self {
        let spacing = Duration::from_secs(10);
        Self {
            network: "main".to_owned(),
            room: room.to_owned(),
            address_prefix: Hrp::parse_unchecked("tab"),
            spacing,
            half_life: spacing * 16,
            max_lateness: spacing * 64,
            pow_limit: target_of_work(16),
            // Four million hashes a second are what one thread of a laptop does: about ten seconds.
            first_target: target_of_work(25).to_compact(),
            subsidy: Amount::from_tab(50),
            // Four months at ten seconds: 105 million TAB in all.
            halving_interval: 1_051_200,
            reward_maturity: 20,
            prune_depth: 6,
            max_block_bytes: MAX_BLOCK_BYTES,
            max_ahead: Duration::from_mins(2),
            allocation: Vec::new(),
            issuer: None,
            rules: Rules::default(),
        }
    }

    /// The network for trying things out: a block each two seconds, found at once at first.
    fn dev(room: &str) -> Self {
        let spacing = Duration::from_secs(2);
        Self {
            network: "dev".to_owned(),
            address_prefix: Hrp::parse_unchecked("tabdev"),
            spacing,
            half_life: spacing * 16,
            // More than on the main network, because `max_ahead` is sixty spacings here.
            max_lateness: spacing * 96,
            pow_limit: target_of_work(8),
            first_target: target_of_work(20).to_compact(),
            reward_maturity: 5,
            ..Self::main(room)
        }
    }

    /// The room's name for the tracker.
    pub fn room_id(&self) -> RoomId {
        // Network and room are checked by `named`; parameters made by hand may hold anything, and
        // then share a room that nobody can name in an address.
        format!("{}.{}", self.network, self.room).parse().unwrap_or_else(|_| fallback_room())
    }

    /// New coins that the block of this height brings.
    pub fn subsidy_at(&self, height: Height) -> Amount {
        if height == Height::GENESIS {
            return Amount::ZERO;
        }
        self.subsidy.halved((height.0 - 1) / self.halving_interval.max(1))
    }

    /// The first block. Its `previous` commits to all parameters, so that chains of different
    /// rules, networks or rooms share no block.
    pub fn genesis(&self, state_root: StateRoot) -> Block {
        let header = BlockHeader {
            version: BlockHeader::VERSION,
            height: Height::GENESIS,
            previous: BlockHash(tagged_sha256(b"tabchain/parameters", &[&self.to_bytes()])),
            merkle_root: merkle::root(&[]),
            state_root,
            time: GENESIS_TIME,
            target: self.first_target,
            nonce: 0,
        };
        Block { header, transactions: Vec::new() }
    }

    /// All that makes the network what it is, as bytes to be hashed.
    fn to_bytes(&self) -> Vec<u8> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let fields = (
            (&self.network, &self.room, self.address_prefix.as_str(), millis(self.spacing), millis(self.half_life)),
            (millis(self.max_lateness), self.pow_limit.to_compact(), self.first_target, self.subsidy),
            (self.halving_interval, self.reward_maturity, self.prune_depth, self.max_block_bytes as u64),
            (millis(self.max_ahead), &self.allocation, &self.issuer),
        );
        // Writing to memory does not fail.
        let written = fields.serialize(&mut bytes);
        debug_assert!(written.is_ok());
        // Networks without rules of their own have the genesis blocks that they always had.
        bytes.extend_from_slice(self.rules.name().as_bytes());
        bytes
    }
}

/// The target that takes 2^`bits` hashes on average.
pub fn target_of_work(bits: u32) -> Target {
    Target(U256::MAX >> bits)
}

fn fallback_room() -> RoomId {
    match "unnamed".parse() {
        Ok(room) => room,
        Err(_) => unreachable!("the text is a valid room id"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_room_and_network_has_its_own_genesis() {
        let hashes: Vec<_> = [("main", "public"), ("main", "class"), ("dev", "public")]
            .iter()
            .map(|(network, room)| ChainParams::named(network, room).unwrap().genesis(StateRoot::ZERO).header.hash())
            .collect();
        assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2] && hashes[1] != hashes[2]);
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(ChainParams::named("test", "a"), Err(ParamsError::UnknownNetwork));
        for bad in ["", "A", "a.b", "a b", "<b>", &"a".repeat(33)] {
            assert_eq!(ChainParams::named("dev", bad), Err(ParamsError::BadRoom), "{bad}");
        }
        let longest = ChainParams::named("main", &"a".repeat(32)).unwrap();
        assert_eq!(longest.room_id().as_str(), format!("main.{}", "a".repeat(32)));
    }

    #[test]
    fn supply_ends_below_the_greatest_amount() {
        let params = ChainParams::named("main", PUBLIC_ROOM).unwrap();
        let mut total = Amount::ZERO;
        for era in 0..64 {
            let first = Height(1 + era * params.halving_interval);
            let subsidy = params.subsidy_at(first);
            assert_eq!(subsidy, params.subsidy.halved(era));
            for _ in 0..2 {
                total = total
                    .checked_add(
                        Amount::from_grains(subsidy.grains() * u64::from(params.halving_interval / 2)).unwrap(),
                    )
                    .unwrap();
            }
        }
        assert!(total < Amount::from_tab(106_000_000) && total > Amount::from_tab(105_000_000));
        assert_eq!(params.subsidy_at(Height::GENESIS), Amount::ZERO);
    }
}
