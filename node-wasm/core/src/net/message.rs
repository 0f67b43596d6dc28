//! What peers say to each other, in canonical bytes, every list bounded.

use crate::block::{Block, BlockHeader};
use crate::chain::tree::MAX_LOCATOR;
use crate::contract::ChannelBinding;
use crate::hash::{BlockHash, TxId, tagged_sha256};
use crate::keys::{PublicKey, SecretKey, Signature, SignatureCheck};
use crate::net::compact::{BlockTransactions, CompactBlock, GetBlockTransactions, MAX_BLOCK_TRANSACTIONS};
use crate::net::exchange::{MAX_SAMPLE, PeerSample};
use crate::net::offence::Offence;
use crate::net::proofs::{Answer, MAX_PROVED, Question};
use crate::net::relay::RelayedSignal;
use crate::sentence::Say;
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp, Work};
use crate::view::Role;
use borsh::{BorshDeserialize, BorshSerialize};
use tracker_protocol::MAX_SIGNAL_CHARS;

/// Version of this protocol. Peers of different versions part.
pub const PROTOCOL_VERSION: u16 = 2;
/// Most headers in one message (Bitcoin Core's number): 232 kB.
pub const MAX_HEADERS: usize = 2_000;
/// Most blocks asked for in one message.
pub const MAX_BLOCKS_ASKED: usize = 16;
/// Most transactions announced, asked for or sent in one message (Bitcoin Core's number).
pub const MAX_TRANSACTIONS: usize = 1_000;
/// Most bytes of the detail of a refusal: a sentence.
pub const MAX_DETAIL_BYTES: usize = 300;

/// A message between peers. New kinds get new numbers.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    /// First message of both sides.
    Hello(Box<Hello>),
    /// Asks for a [`Message::Pong`] with the same number.
    Ping(u64),
    /// Answers a ping, and tells where the peer's chain ends now: what an announcement that never
    /// came would have told.
    Pong {
        /// Of the ping.
        number: u64,
        /// The tip.
        tip: BlockHash,
        /// Height of the tip.
        height: Height,
        /// Work of the chain.
        work: Work,
    },
    /// Asks for the headers behind the first hash that the peer knows.
    GetHeaders(Vec<BlockHash>),
    /// Headers in the order of their chain: an answer, or the announcement of a new tip.
    Headers(Vec<BlockHeader>),
    /// Asks for blocks.
    GetBlocks(Vec<BlockHash>),
    /// A block that was asked for.
    Block(Box<Block>),
    /// Blocks that were asked for and are not here.
    NotFound(Vec<BlockHash>),
    /// Transactions that wait here.
    Announce(Vec<TxId>),
    /// Asks for transactions.
    GetTransactions(Vec<TxId>),
    /// Transactions that were asked for.
    Transactions(Vec<Transaction>),
    /// Something the peer sent was refused.
    Refused(Refused),
    /// Whether the peer is to push new blocks at once, in compact form.
    PushBlocks(bool),
    /// A block in compact form: pushed, or asked for.
    CompactBlock(Box<CompactBlock>),
    /// Asks for the compact form of a block near the tip.
    GetCompact(BlockHash),
    /// Asks for transactions of a block.
    GetBlockTransactions(GetBlockTransactions),
    /// Transactions of a block that were asked for.
    BlockTransactions(BlockTransactions),
    /// Asks for peers that the peer is connected to.
    GetPeers,
    /// Answers it.
    PeerSample(PeerSample),
    /// A signal on its way between two peers that are not connected.
    Relay(Box<RelayedSignal>),
    /// Blocks of the sender's best chain below this height are not here any more: nobody need ask.
    Keeps(Height),
    /// The sender does something else for others from now on.
    Role(Role),
    /// A light node asks for something that can be proved.
    Ask {
        /// Comes back with the answer.
        number: u64,
        /// What.
        question: Question,
    },
    /// Answers it.
    Answer {
        /// Of the question.
        number: u64,
        /// What can be said.
        answer: Answer,
    },
}

/// Who a peer is and where its chain ends.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`].
    pub version: u16,
    /// Names the network.
    pub genesis: BlockHash,
    /// Key of the peer's id.
    pub key: PublicKey,
    /// What the peer does for others.
    pub role: Role,
    /// Its tip.
    pub tip: BlockHash,
    /// Height of its tip.
    pub height: Height,
    /// Work of its chain, by its own word.
    pub work: Work,
    /// Its clock, to warn a user whose clock is wrong; nobody's clock is set by it.
    pub clock: Timestamp,
    /// Over [`Hello::digest`], by the key.
    pub proof: Signature,
}

impl Hello {
    /// What proves the id: genesis, channel and side, so that a proof holds on one channel, in
    /// one direction.
    fn digest(genesis: BlockHash, binding: ChannelBinding, offerer: bool) -> [u8; 32] {
        tagged_sha256(b"tabchain/hello", &[&genesis.0, &binding.0, &[u8::from(offerer)]])
    }

    /// Signs for a channel; `offerer` says whether the signer made the offer.
    pub fn sign(&mut self, key: &SecretKey, binding: ChannelBinding, offerer: bool) {
        self.proof = key.sign(Self::digest(self.genesis, binding, offerer));
    }

    /// Whether the proof holds on a channel whose offer the sender made or did not make.
    pub fn proves(&self, binding: ChannelBinding, offerer: bool) -> bool {
        SignatureCheck { key: self.key, digest: Self::digest(self.genesis, binding, offerer), signature: self.proof }
            .verify()
    }
}

/// What was refused and why.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Refused {
    /// The table's entry.
    pub offence: Offence,
    /// Hash or id of what was refused, if it has one.
    pub subject: Option<[u8; 32]>,
    /// The reason in words, at most [`MAX_DETAIL_BYTES`]. From outside: shown as text only.
    pub detail: String,
    /// Points of the receiver at the sender now.
    pub score: u32,
    /// If that is a ban: how many seconds it has left.
    pub banned_seconds: Option<u32>,
}

impl Refused {
    /// Of something that is no fault, for which nobody is judged.
    pub fn without_fault(offence: Offence, detail: &str) -> Self {
        Self { offence, subject: None, detail: detail.to_owned(), score: 0, banned_seconds: None }
    }
}

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum MessageError {
    /// Not canonical bytes of a message.
    #[error("not a message")]
    Malformed,
    /// A list is longer than allowed.
    #[error("a list of {0} is longer than allowed")]
    TooMany(usize),
}

impl Message {
    /// Canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Writing to memory does not fail.
        borsh::to_vec(self).unwrap_or_default()
    }

    /// Reads canonical bytes and checks every limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let message = Self::try_from_slice(bytes).map_err(|_| MessageError::Malformed)?;
        let (length, limit) = match &message {
            Self::Hello(_)
            | Self::Ping(_)
            | Self::Pong { .. }
            | Self::Block(_)
            | Self::PushBlocks(_)
            | Self::GetCompact(_)
            | Self::GetPeers
            | Self::Keeps(_)
            | Self::Role(_)
            | Self::Ask { .. }
            | Self::Answer { answer: Answer::Account(_) | Answer::Transaction(_) | Answer::NotHere, .. } => (0, 0),
            Self::GetHeaders(hashes) => (hashes.len(), MAX_LOCATOR),
            Self::Headers(headers) => (headers.len(), MAX_HEADERS),
            Self::GetBlocks(hashes) | Self::NotFound(hashes) => (hashes.len(), MAX_BLOCKS_ASKED),
            Self::Announce(ids) | Self::GetTransactions(ids) => (ids.len(), MAX_TRANSACTIONS),
            Self::Transactions(transactions) => (transactions.len(), MAX_TRANSACTIONS),
            Self::Refused(refused) => (refused.detail.len(), MAX_DETAIL_BYTES),
            Self::CompactBlock(compact) => (compact.short_ids.len() + compact.prefilled.len(), MAX_BLOCK_TRANSACTIONS),
            Self::GetBlockTransactions(request) => (request.indexes.len(), MAX_BLOCK_TRANSACTIONS),
            Self::BlockTransactions(answer) => (answer.transactions.len(), MAX_BLOCK_TRANSACTIONS),
            Self::PeerSample(sample) => (sample.0.len(), MAX_SAMPLE),
            Self::Relay(signal) => (signal.payload.len(), MAX_SIGNAL_CHARS),
            Self::Answer { answer: Answer::Transactions { items, .. }, .. } => (items.len(), MAX_PROVED),
        };
        if length > limit { Err(MessageError::TooMany(length)) } else { Ok(message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::frame::Class;
    use proptest::prelude::*;
    use tracker_protocol::PeerId;

    #[test]
    fn lists_are_bounded() {
        for (length, valid) in [(MAX_TRANSACTIONS - 1, true), (MAX_TRANSACTIONS, true), (MAX_TRANSACTIONS + 1, false)] {
            let bytes = Message::Announce(vec![TxId::ZERO; length]).encode();
            assert_eq!(Message::decode(&bytes).is_ok(), valid, "{length}");
        }
        for (length, valid) in [(MAX_SAMPLE - 1, true), (MAX_SAMPLE, true), (MAX_SAMPLE + 1, false)] {
            let bytes = Message::PeerSample(PeerSample(vec![PeerId::from_bytes([7; 20]); length])).encode();
            assert_eq!(bytes.len(), 1 + 4 + 20 * length);
            assert_eq!(Message::decode(&bytes).is_ok(), valid, "{length} peers");
        }
        for (length, valid) in [(MAX_SIGNAL_CHARS - 1, true), (MAX_SIGNAL_CHARS, true), (MAX_SIGNAL_CHARS + 1, false)] {
            let (from, to) = (PeerId::from_bytes([1; 20]), PeerId::from_bytes([2; 20]));
            let signal = RelayedSignal { from, to, hops: 1, payload: "x".repeat(length) };
            assert_eq!(
                Message::decode(&Message::Relay(Box::new(signal)).encode()).is_ok(),
                valid,
                "{length} characters"
            );
        }
        for (length, valid) in [(MAX_PROVED - 1, true), (MAX_PROVED, true), (MAX_PROVED + 1, false)] {
            let reward = crate::transaction::Reward {
                height: Height(1),
                to: crate::keys::Address([1; 20]),
                amount: crate::units::Amount::ZERO,
            };
            let block = crate::block::Block {
                header: crate::params::ChainParams::named("dev", "test")
                    .unwrap()
                    .genesis(crate::hash::StateRoot::ZERO)
                    .header,
                transactions: vec![Transaction::Reward(reward)],
            };
            let items = vec![crate::net::proofs::Proved::of(&block, 0).unwrap(); length];
            let answer = Answer::Transactions { items, next: None, since: Height(1) };
            assert_eq!(
                Message::decode(&Message::Answer { number: 1, answer }.encode()).is_ok(),
                valid,
                "{length} proofs"
            );
        }
        let long = Refused::without_fault(Offence::Flood, &"x".repeat(MAX_DETAIL_BYTES + 1));
        assert_eq!(Message::decode(&Message::Refused(long).encode()), Err(MessageError::TooMany(MAX_DETAIL_BYTES + 1)));
    }

    #[test]
    fn what_is_new_and_what_asks_is_urgent_and_what_is_served_is_not() {
        let params = crate::params::ChainParams::named("dev", "test").unwrap();
        let header = params.genesis(crate::hash::StateRoot::ZERO).header;
        let headers = |count| Message::Headers(vec![header; count]);
        let block = Message::Block(Box::new(params.genesis(crate::hash::StateRoot::ZERO)));
        let answer = BlockTransactions { block: BlockHash::ZERO, transactions: Vec::new() };
        let relayed = |byte| PeerId::from_bytes([byte; 20]);
        let signal = RelayedSignal { from: relayed(1), to: relayed(2), hops: 1, payload: String::new() };
        for (message, class) in [
            (Message::Ping(1), Class::Urgent),
            (headers(8), Class::Urgent),
            (headers(9), Class::Bulk),
            (headers(2_000), Class::Bulk),
            (Message::GetHeaders(vec![BlockHash::ZERO; MAX_LOCATOR]), Class::Urgent),
            (Message::GetBlocks(Vec::new()), Class::Urgent),
            (Message::NotFound(Vec::new()), Class::Urgent),
            (Message::PushBlocks(true), Class::Urgent),
            (Message::GetCompact(BlockHash::ZERO), Class::Urgent),
            (Message::BlockTransactions(answer), Class::Block),
            (Message::Announce(Vec::new()), Class::Ordinary),
            (Message::GetTransactions(Vec::new()), Class::Ordinary),
            (Message::Transactions(Vec::new()), Class::Ordinary),
            (Message::GetPeers, Class::Ordinary),
            (Message::PeerSample(PeerSample(Vec::new())), Class::Ordinary),
            (Message::Relay(Box::new(signal)), Class::Ordinary),
            (block, Class::Bulk),
        ] {
            assert_eq!(Class::of(&message.encode()), class, "{message:?}");
        }
        // Kinds that have no message of their own above.
        for (kind, class) in [(0, Class::Urgent), (2, Class::Urgent), (11, Class::Urgent), (13, Class::Urgent)] {
            assert_eq!(Class::of(&[kind]), class);
        }
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        // A list of 2^32 - 1 headers in five bytes.
        assert_eq!(Message::decode(&[4, 0xff, 0xff, 0xff, 0xff]), Err(MessageError::Malformed));
    }

    #[test]
    fn a_hello_proves_its_id_on_one_channel_in_one_direction() {
        let key = SecretKey::derive(&[1; 32], b"peer");
        let mut hello = Hello {
            version: PROTOCOL_VERSION,
            genesis: BlockHash([1; 32]),
            key: key.public_key(),
            role: Role::Full,
            tip: BlockHash::ZERO,
            height: Height(0),
            work: Work::default(),
            clock: Timestamp::default(),
            proof: Signature::NONE,
        };
        let (channel, other) = (ChannelBinding([3; 32]), ChannelBinding([4; 32]));
        hello.sign(&key, channel, true);
        assert!(hello.proves(channel, true));
        assert!(!hello.proves(channel, false));
        assert!(!hello.proves(other, true));
    }

    proptest! {
        #[test]
        fn decoding_never_panics_and_is_canonical(kind in 0_u8..26, mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            bytes.insert(0, kind);
            if let Ok(message) = Message::decode(&bytes) {
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }
}
