//! Chain parameters: everything that makes one network differ from another. A value, never global.

use crate::block::{Block, BlockHeader};
use crate::hash::{BlockHash, StateRoot, tagged_sha256};
use crate::keys::{Address, PublicKey};
use crate::merkle;
use crate::rules::Rules;
use crate::sentence::Say;
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Say)]
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
        // Network and room are checked by `named`; parameters made by hand may hold anything.
        RoomId::lossy(&format!("{}.{}", self.network, self.room))
    }

    /// New coins that the block of this height brings.
    pub fn subsidy_at(&self, height: Height) -> Amount {
        if height == Height::GENESIS {
            return Amount::ZERO;
        }
        self.subsidy.halved((height.0 - 1) / self.halving_interval.max(1))
    }

    /// Grains that exist without the issuer, once all subsidies have come: the allocation, and the
    /// subsidies of all heights there can be.
    pub fn supply_grains(&self) -> u128 {
        let interval = u64::from(self.halving_interval.max(1));
        let eras = (0..u64::BITS).zip((0..u64::from(u32::MAX)).step_by(self.halving_interval.max(1) as usize));
        let subsidies = eras.map(|(era, before)| {
            let blocks = interval.min(u64::from(u32::MAX) - before);
            u128::from(self.subsidy.halved(era).grains()) * u128::from(blocks)
        });
        let allocated = self.allocation.iter().map(|(_, amount)| u128::from(amount.grains()));
        subsidies.chain(allocated).sum()
    }

    /// Coins that the issuer may assign in all, if there is one: what the greatest amount leaves
    /// beside all others. Without this bound the sums of later blocks could leave it, and a chain
    /// whose next reward cannot be credited has come to its end.
    pub fn issuable(&self) -> Amount {
        let left = u128::from(Amount::MAX.grains()).saturating_sub(self.supply_grains());
        let left = u64::try_from(left).ok().filter(|_| self.issuer.is_some());
        left.and_then(|grains| Amount::from_grains(grains).ok()).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SecretKey;
    use proptest::prelude::*;

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
        // Parameters made by hand have a room, too.
        let by_hand = ChainParams { network: "My Net".to_owned(), ..longest };
        assert_eq!(by_hand.room_id().as_str(), format!("yet.{}", "a".repeat(32)));
    }

    /// Adds up the subsidies as blocks would bring them, era by era, and checks each era's ends.
    fn add_up(params: &ChainParams) -> u128 {
        let subsidy = |height: u64| params.subsidy_at(Height(u32::try_from(height).expect("a height"))).grains();
        let (end, interval) = (u64::from(u32::MAX), u64::from(params.halving_interval));
        assert_eq!(subsidy(0), 0, "genesis brings nothing");
        assert_eq!(subsidy(1), params.subsidy.grains());
        let mut sum = 0;
        let mut first = 1;
        while first <= end && subsidy(first) > 0 {
            let last = (first + interval - 1).min(end);
            assert_eq!(subsidy(first), subsidy(first.midpoint(last)), "an era has one subsidy");
            assert_eq!(subsidy(first), subsidy(last), "an era has one subsidy");
            if last < end {
                assert_eq!(subsidy(last + 1), subsidy(last) / 2, "the next era has half of it");
            }
            sum += u128::from(subsidy(first)) * u128::from(last - first + 1);
            first = last + 1;
        }
        if first <= end {
            assert_eq!(
                (subsidy(first), subsidy(first.midpoint(end)), subsidy(end)),
                (0, 0, 0),
                "nothing comes after nothing"
            );
        }
        sum
    }

    fn with_schedule(subsidy: Amount, halving_interval: u32, allocation: &[Amount], issues: bool) -> ChainParams {
        let key = SecretKey::derive(&[1; 32], b"test").public_key();
        let allocation = allocation.iter().map(|amount| (key.address(), *amount)).collect();
        let issuer = issues.then_some(key);
        ChainParams { subsidy, halving_interval, allocation, issuer, ..ChainParams::named("dev", "a").unwrap() }
    }

    #[test]
    fn the_shipped_networks_end_at_105_million_and_bring_nothing_after() {
        for network in ["main", "dev"] {
            let params = ChainParams::named(network, PUBLIC_ROOM).unwrap();
            let supply = add_up(&params);
            assert_eq!(params.supply_grains(), supply);
            let tab = supply / u128::from(Amount::GRAINS_PER_TAB);
            // Twice the first era's, less what the halvings round off.
            assert_eq!(tab, 105_119_999, "{network}");
            assert!(supply < u128::from(Amount::MAX.grains()));
            // 50 TAB are below 2^33 grains.
            let last = 33 * params.halving_interval;
            assert_eq!(params.subsidy_at(Height(last)), Amount::from_grains(1).unwrap());
            assert_eq!(params.subsidy_at(Height(last + 1)), Amount::ZERO);
            assert_eq!(params.issuable(), Amount::ZERO, "nobody issues");
        }
    }

    fn amounts() -> impl Strategy<Value = Amount> {
        // Of all magnitudes.
        (0_u32..60, 0..=Amount::MAX.grains()).prop_map(|(shift, grains)| Amount::from_grains(grains >> shift).unwrap())
    }

    proptest! {
        #[test]
        fn every_schedule_halves_at_its_boundaries_and_adds_up(
            subsidy in amounts(),
            interval in (0_u32..32, 1..=u32::MAX).prop_map(|(shift, interval)| (interval >> shift).max(1)),
            allocation in prop::collection::vec(amounts(), 0..4),
            issues: bool,
        ) {
            let params = with_schedule(subsidy, interval, &allocation, issues);
            let allocated: u128 = allocation.iter().map(|amount| u128::from(amount.grains())).sum();
            let supply = add_up(&params) + allocated;
            prop_assert_eq!(params.supply_grains(), supply);
            let most = u128::from(Amount::MAX.grains());
            let issuable = u128::from(params.issuable().grains());
            // With all that an issuer may assign there are as many coins as there can be, and no more.
            let expected = if issues { most.saturating_sub(supply) } else { 0 };
            prop_assert_eq!(issuable, expected);
            prop_assert!(supply > most || supply + issuable <= most);
        }

        #[test]
        fn the_subsidy_never_grows(subsidy in amounts(), interval in 1..=u32::MAX, low: u32, high: u32) {
            let params = with_schedule(subsidy, interval, &[], false);
            let (low, high) = (low.min(high).max(1), low.max(high).max(1));
            prop_assert!(params.subsidy_at(Height(low)) >= params.subsidy_at(Height(high)));
        }

        /// Block by block, where eras are short enough for that.
        #[test]
        fn short_schedules_add_up_block_by_block(subsidy in amounts(), interval in 1_u32..40) {
            let params = with_schedule(subsidy, interval, &[], false);
            let mut left = subsidy.grains();
            let mut sum = 0_u128;
            for height in 1..=interval * 64 {
                prop_assert_eq!(params.subsidy_at(Height(height)).grains(), left);
                sum += u128::from(left);
                if height % interval == 0 {
                    left /= 2;
                }
            }
            prop_assert_eq!(left, 0);
            prop_assert_eq!(params.supply_grains(), sum);
        }
    }
}
