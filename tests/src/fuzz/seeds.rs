//! Messages to begin with, one of each kind, made of the types themselves: a kind that changes or is
//! added changes the inputs, or does not compile without one.

use crate::money;
use node_core::block::Block;
use node_core::chain::accounts::Accounts;
use node_core::hash::{BlockHash, StateRoot, TxId};
use node_core::keys::{Address, SecretKey, Signature};
use node_core::net::compact::{BlockTransactions, GetBlockTransactions, Shortened};
use node_core::net::exchange::PeerSample;
use node_core::net::message::{Hello, Message, PROTOCOL_VERSION, Refused};
use node_core::net::offence::Offence;
use node_core::net::proofs::{Answer, Proved, Question};
use node_core::net::relay::RelayedSignal;
use node_core::params::{ChainParams, PUBLIC_ROOM};
use node_core::transaction::{Reward, Transaction};
use node_core::units::{Amount, Height, Timestamp, Work};
use node_core::view::Role;
use tracker_protocol::PeerId;

/// The input of a decoder that chooses messages.
const DECODES_MESSAGES: u8 = 0;

/// A message of each kind, in the order of their numbers.
pub fn messages() -> Vec<Message> {
    let block = block();
    std::iter::successors(Some(hello(&block)), |message| next(message, &block)).collect()
}

/// The same as inputs of [`super::decode`].
pub fn inputs() -> Vec<Vec<u8>> {
    messages().iter().map(|message| [&[DECODES_MESSAGES][..], &message.encode()].concat()).collect()
}

fn block() -> Block {
    let params = ChainParams::named("dev", PUBLIC_ROOM).expect("the network is known");
    let genesis = params.genesis(StateRoot::ZERO);
    let key = SecretKey::derive(&[1; 32], b"seed");
    let reward = Reward { height: Height(1), to: key.public_key().address(), amount: Amount::from_tab(50) };
    let transfer = money::transfer(genesis.header.hash(), 1, 0, 1_000);
    let transactions = vec![Transaction::Reward(reward), transfer];
    Block { header: genesis.header, transactions }
}

fn hello(block: &Block) -> Message {
    Message::Hello(Box::new(Hello {
        version: PROTOCOL_VERSION,
        genesis: block.header.hash(),
        key: SecretKey::derive(&[3; 32], b"seed").public_key(),
        role: Role::Full,
        tip: block.header.hash(),
        height: Height(7),
        work: Work(9_u32.into()),
        clock: Timestamp::from_millis(1),
        proof: Signature::NONE,
    }))
}

/// A message of the kind whose number follows.
fn next(message: &Message, block: &Block) -> Option<Message> {
    let (hash, id) = (block.header.hash(), TxId([4; 32]));
    let (address, peer) = (Address([5; 20]), PeerId::from_bytes([6; 20]));
    Some(match message {
        Message::Hello(_) => Message::Ping(1),
        Message::Ping(_) => Message::Pong { number: 1, tip: hash, height: Height(7), work: Work(9_u32.into()) },
        Message::Pong { .. } => Message::GetHeaders(vec![hash, BlockHash::ZERO]),
        Message::GetHeaders(_) => Message::Headers(vec![block.header; 2]),
        Message::Headers(_) => Message::GetBlocks(vec![hash]),
        Message::GetBlocks(_) => Message::Block(Box::new(block.clone())),
        Message::Block(_) => Message::NotFound(vec![hash]),
        Message::NotFound(_) => Message::Announce(vec![id; 2]),
        Message::Announce(_) => Message::GetTransactions(vec![id]),
        Message::GetTransactions(_) => Message::Transactions(block.transactions[1..].to_vec()),
        Message::Transactions(_) => {
            let (subject, detail) = (Some(id.0), "transactions that were announced did not come".to_owned());
            Message::Refused(Refused {
                offence: Offence::Undelivered,
                subject,
                detail,
                score: 25,
                banned_seconds: Some(600),
            })
        }
        Message::Refused(_) => Message::PushBlocks(true),
        Message::PushBlocks(_) => {
            Message::CompactBlock(Box::new(Shortened::new(block, 7).expect("a small one").compact(block, |_| false)))
        }
        Message::CompactBlock(_) => Message::GetCompact(hash),
        Message::GetCompact(_) => {
            Message::GetBlockTransactions(GetBlockTransactions { block: hash, indexes: vec![0, 1] })
        }
        Message::GetBlockTransactions(_) => {
            Message::BlockTransactions(BlockTransactions { block: hash, transactions: block.transactions.clone() })
        }
        Message::BlockTransactions(_) => Message::GetPeers,
        Message::GetPeers => Message::PeerSample(PeerSample(vec![peer; 2])),
        Message::PeerSample(_) => {
            Message::Relay(Box::new(RelayedSignal { from: peer, to: peer, hops: 2, payload: "{}".to_owned() }))
        }
        Message::Relay(_) => Message::Keeps(Height(3)),
        Message::Keeps(_) => Message::Role(Role::Light),
        Message::Role(_) => Message::Ask { number: 1, question: Question::Account { block: hash, address } },
        Message::Ask { question: Question::Account { .. }, .. } => {
            let question =
                Question::Transactions { block: hash, address, from: node_core::net::proofs::Place::default() };
            Message::Ask { number: 2, question }
        }
        Message::Ask { question: Question::Transactions { .. }, .. } => {
            Message::Ask { number: 3, question: Question::Transaction { id } }
        }
        Message::Ask { question: Question::Transaction { .. }, .. } => {
            Message::Answer { number: 1, answer: Answer::NotHere }
        }
        Message::Answer { answer: Answer::NotHere, .. } => {
            Message::Answer { number: 2, answer: Answer::Account(Box::new(Accounts::default().prove(&address))) }
        }
        Message::Answer { answer: Answer::Account(_), .. } => {
            let items = Proved::of(block, 1).into_iter().collect();
            Message::Answer { number: 3, answer: Answer::Transactions { items, next: None, since: Height(1) } }
        }
        Message::Answer { answer: Answer::Transactions { .. }, .. } => {
            Message::Answer { number: 4, answer: Answer::Transaction(Box::new(Proved::of(block, 0)?)) }
        }
        Message::Answer { answer: Answer::Transaction(_), .. } => return None,
    })
}
