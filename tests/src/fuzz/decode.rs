//! Every decoder of bytes from outside: no panic, and what decodes has no second spelling.
//!
//! The first byte chooses the decoder, the others are what it gets.

use arbitrary::{Arbitrary, Unstructured};
use borsh::{BorshDeserialize, BorshSerialize};
use node_core::block::{Block, BlockHeader};
use node_core::chain::accounts::{Account, AccountProof};
use node_core::consensus::validation;
use node_core::contract::{ChannelBinding, RtcSignal};
use node_core::hash::{BlockHash, MerkleRoot, StateRoot, TxId, sha256, sha256d};
use node_core::keys::{Address, SecretKey, Signature, SignatureCheck, verify_all};
use node_core::merkle;
use node_core::net::frame::{self, Assembler, CHUNK_BYTES, Class, FrameError, MAX_FRAME_BYTES, MAX_MESSAGE_BYTES};
use node_core::net::message::Message;
use node_core::net::proofs::{self, Answer, MAX_PROVED, Place};
use node_core::net::signal::{self, SignalBody};
use node_core::params::{ChainParams, PUBLIC_ROOM};
use node_core::request::Request;
use node_core::transaction::{MAX_MEMO_BYTES, MAX_TRANSACTION_BYTES, Transaction};
use node_core::units::{Amount, CompactTarget, Timestamp, Work};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::sync::LazyLock;
use tracker_protocol::{ClientMessage, PeerId, RoomId, ServerMessage};

/// Frames of one input: enough for one message of the greatest length and the frame too many.
const MAX_FRAMES: usize = MAX_MESSAGE_BYTES / CHUNK_BYTES + 8;

static PARAMS: LazyLock<ChainParams> =
    LazyLock::new(|| ChainParams::named("dev", PUBLIC_ROOM).expect("the network is known"));

/// Signatures that hold, to be changed in places: made by chance, none would come near.
static SIGNED: LazyLock<[SignatureCheck; 4]> = LazyLock::new(|| {
    [0, 1, 2, 2].map(|number| {
        let key = SecretKey::derive(&[number; 32], b"fuzz");
        let digest = sha256(&[number, 7]);
        SignatureCheck { key: key.public_key(), digest, signature: key.sign(digest) }
    })
});

/// Gives the bytes behind the first to the decoder that the first byte names.
pub fn decode(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 16 {
        0 => message(bytes),
        1 => transaction(bytes),
        2 => block(bytes),
        3 => header(bytes),
        4 => merkle_proof(bytes),
        5 => account_proof(bytes),
        6 => frames(bytes),
        7 => texts(bytes),
        8 => signals(bytes),
        9 => signature_checks(bytes),
        10 => json::<ServerMessage>(bytes),
        11 => json::<ClientMessage>(bytes),
        12 => json::<Request>(bytes),
        13 => units(bytes),
        14 => drop(canonical::<RtcSignal>(bytes)),
        _ => drop(canonical::<Vec<SignatureCheck>>(bytes)),
    }
}

/// Decodes canonical bytes; what decodes must encode to the very same ones.
fn canonical<T: BorshDeserialize + BorshSerialize>(bytes: &[u8]) -> Option<T> {
    let value = T::try_from_slice(bytes).ok()?;
    assert!(borsh::to_vec(&value).expect("memory takes everything") == bytes, "a second spelling");
    Some(value)
}

fn message(bytes: &[u8]) {
    let Ok(message) = Message::decode(bytes) else { return };
    assert!(message.encode() == bytes, "a second spelling of a message");
    match message {
        Message::Hello(hello) => {
            // Nobody signed it for this channel.
            assert!(!hello.proves(ChannelBinding([0; 32]), true));
        }
        Message::Block(block) => check_block(&block),
        Message::Transactions(transactions) => transactions.iter().for_each(check_transaction),
        Message::Headers(headers) => headers.iter().for_each(check_header),
        Message::Answer { answer, .. } => check_answer(answer),
        _ => {}
    }
}

/// Of what no header commits to, nothing is proved.
fn check_answer(answer: Answer) {
    let items = match answer {
        Answer::Transactions { items, .. } => items,
        Answer::Transaction(item) => vec![*item],
        Answer::NotHere | Answer::Account(_) => return,
    };
    assert!(items.len() <= MAX_PROVED);
    for item in &items {
        check_transaction(&item.transaction);
    }
    let genesis = PARAMS.genesis(StateRoot::ZERO).header;
    let listed = proofs::check_listing(|_| Some(genesis), &Address([0; 20]), None, Place::default(), &items);
    assert!(items.is_empty() || listed.is_err());
}

fn transaction(bytes: &[u8]) {
    canonical::<Transaction>(bytes).iter().for_each(check_transaction);
}

fn block(bytes: &[u8]) {
    canonical::<Block>(bytes).iter().for_each(check_block);
}

fn header(bytes: &[u8]) {
    let Some(header) = BlockHeader::from_bytes(bytes) else {
        return assert!(bytes.len() != BlockHeader::BYTES, "every 116 bytes are a header");
    };
    assert_eq!(header.to_bytes(), bytes);
    check_header(&header);
}

fn check_transaction(transaction: &Transaction) {
    let bytes = transaction.to_bytes();
    assert!(bytes.len() <= MAX_TRANSACTION_BYTES);
    if let Transaction::Transfer(transfer) = transaction {
        assert!(transfer.memo.as_str().len() <= MAX_MEMO_BYTES);
    }
    let valid = validation::check_transaction(&PARAMS, transaction).is_ok();
    assert!(!valid || !transaction.amount().is_zero());
    assert!(transaction.fee() <= Amount::MAX && transaction.amount() <= Amount::MAX);
    // The signature is not part of the id.
    let signature = if matches!(transaction, Transaction::Reward(_)) { 0 } else { Signature::LENGTH };
    assert_eq!(transaction.id(), TxId(sha256d(&bytes[..bytes.len() - signature])));
}

fn check_block(block: &Block) {
    check_header(&block.header);
    if validation::check_body(&PARAMS, block).is_ok() {
        assert_eq!(block.merkle_root(), block.header.merkle_root);
    }
    block.transactions.iter().for_each(check_transaction);
    let leaves: Vec<Vec<u8>> = block.transactions.iter().map(Transaction::to_bytes).collect();
    for (index, leaf) in leaves.iter().enumerate().take(4) {
        let proof = merkle::prove(&leaves, index).expect("there is such a leaf");
        assert_eq!(proof.verify(block.merkle_root(), leaf), Ok(()));
    }
}

fn check_header(header: &BlockHeader) {
    let genesis = PARAMS.genesis(StateRoot::ZERO).header;
    let refused = validation::check_header(&PARAMS, header, &[&genesis]).is_err();
    assert!(refused || validation::meets_target(header));
    assert_eq!(BlockHeader::from_bytes(&header.to_bytes()), Some(*header));
}

fn merkle_proof(bytes: &[u8]) {
    let Some(proof) = canonical::<merkle::Proof>(bytes) else { return };
    assert!(proof.index() < proof.count() && proof.siblings().len() <= merkle::MAX_DEPTH);
    let path = proof.path(b"leaf");
    assert_eq!(path.steps.len(), proof.siblings().len());
    assert_eq!(proof.verify(path.root, b"leaf"), Ok(()));
    assert!(proof.verify(MerkleRoot::ZERO, b"leaf").is_err());
    assert!(proof.verify(path.root, b"other").is_err());
}

fn account_proof(bytes: &[u8]) {
    let Some((address, bytes)) = bytes.split_at_checked(Address::LENGTH) else { return };
    let Some(proof) = canonical::<AccountProof>(bytes) else { return };
    let address = Address(address.try_into().expect("as many bytes"));
    // Only the empty tree has this root.
    let of_nothing = proof.verify(StateRoot::ZERO, &address);
    assert!(of_nothing != Ok(Some(Account::default())));
}

/// A run of equal frames, as a few bytes stand for them.
#[derive(Debug, Arbitrary)]
struct Frames {
    first: u8,
    fill: u8,
    length: u16,
    count: u16,
}

/// Frames put together, beside a plain buffer for each class.
fn frames(bytes: &[u8]) {
    let mut assembler = Assembler::default();
    let mut plain: Vec<Vec<u8>> = vec![Vec::new(); Class::ALL.len()];
    let mut input = Unstructured::new(bytes);
    let mut left = MAX_FRAMES;
    while !input.is_empty()
        && left > 0
        && let Ok(Frames { first, fill, length, count }) = input.arbitrary()
    {
        let length = usize::from(length) % (MAX_FRAME_BYTES + 3);
        let mut frame = vec![fill; length];
        frame.iter_mut().take(1).for_each(|byte| *byte = first % 10);
        for _ in 0..usize::from(count).clamp(1, left) {
            left -= 1;
            match assembler.push(&frame) {
                Ok(None) => {
                    assert!(frame.len() > 1 && frame[0].is_multiple_of(2));
                    plain[usize::from(frame[0] / 2)].extend_from_slice(&frame[1..]);
                }
                Ok(Some(message)) => {
                    let plain = &mut plain[usize::from(frame[0] / 2)];
                    plain.extend_from_slice(&frame[1..]);
                    assert!(!frame[0].is_multiple_of(2) && message == *plain);
                    assert_same_after_splitting(&message);
                    plain.clear();
                }
                Err(FrameError::TooLong) => assert!(assembler.buffered() + frame.len() - 1 > MAX_MESSAGE_BYTES),
                Err(FrameError::Malformed) => {
                    let tag = frame.first().copied();
                    // All but the last frame of a message are full.
                    let short = tag.is_some_and(|tag| tag.is_multiple_of(2)) && frame.len() < MAX_FRAME_BYTES;
                    assert!(frame.len() > MAX_FRAME_BYTES || tag.is_none_or(|tag| tag > 7) || short);
                }
            }
            let buffered: usize = plain.iter().map(Vec::len).sum();
            assert!(buffered == assembler.buffered() && buffered <= MAX_MESSAGE_BYTES);
        }
    }
}

fn assert_same_after_splitting(message: &[u8]) {
    let mut assembler = Assembler::default();
    let frames = frame::split(message);
    assert!(frames.iter().all(|frame| frame.len() <= MAX_FRAME_BYTES));
    let last = frames.iter().map(|frame| assembler.push(frame).expect("our own frames")).last().flatten();
    assert!(last.as_deref() == Some(message), "a message of {} bytes", message.len());
}

/// Texts that people and programs write: one spelling each.
fn texts(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match kind % 7 {
        0 => {
            let prefix = PARAMS.address_prefix;
            if let Ok(address) = Address::from_text(text, prefix) {
                // BIP 173 allows a text all in capitals.
                let capitals = text.to_ascii_uppercase() == text;
                let plain = address.to_text(prefix);
                assert!(text == plain || (capitals && text.to_ascii_lowercase() == plain));
            }
        }
        1 => {
            if let Ok(amount) = text.parse::<Amount>() {
                assert!(amount <= Amount::MAX);
                assert_eq!(amount.to_string().parse(), Ok(amount));
            }
        }
        2 => one_spelling::<BlockHash>(text),
        3 => one_spelling::<TxId>(text),
        4 => one_spelling::<PeerId>(text),
        5 => one_spelling::<RoomId>(text),
        _ => {
            let (network, room) = text.split_once('.').unwrap_or(("dev", text));
            if let Ok(params) = ChainParams::named(network, room) {
                assert_eq!(params.room_id().as_str(), format!("{network}.{room}"));
            }
        }
    }
}

fn one_spelling<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

/// What the tracker passes on: as text, and as the bytes in it.
fn signals(bytes: &[u8]) {
    canonical::<SignalBody>(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let (from, to) = (PeerId::from_bytes([1; 20]), PeerId::from_bytes([2; 20]));
        assert!(signal::open(text, BlockHash::ZERO, from, to).is_err(), "nobody has this id");
    }
}

/// A changed byte in a batch of signatures.
#[derive(Debug, Arbitrary)]
struct Flip {
    place: u16,
    bits: u8,
}

/// Signatures that hold but for a few changed bytes: a batch and single checks say the same, and
/// what was changed does not hold.
fn signature_checks(bytes: &[u8]) {
    let mut checks = SIGNED.to_vec();
    let mut input = Unstructured::new(bytes);
    for _ in 0..input.int_in_range(0..=3).unwrap_or(0) {
        let Ok(Flip { place, bits }) = input.arbitrary() else { break };
        let index = usize::from(place) % checks.len();
        let check = &mut checks[index];
        let mut spelled = borsh::to_vec(check).expect("memory takes everything");
        let byte = usize::from(place) / SIGNED.len() % spelled.len();
        spelled[byte] ^= bits;
        *check = canonical(&spelled).expect("any bytes of this length are a check");
    }
    let each: Vec<bool> = checks.iter().map(SignatureCheck::verify).collect();
    assert_eq!(verify_all(&checks), each);
    for ((check, signed), holds) in checks.iter().zip(SIGNED.iter()).zip(each) {
        assert_eq!(holds, check == signed, "a changed signature holds, or a good one does not");
    }
}

/// JSON of tracker and page: what is read is written and read as the same.
fn json<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(bytes) {
        let text = serde_json::to_vec(&value).expect("plain data");
        assert_eq!(serde_json::from_slice::<T>(&text).expect("our own text"), value);
    }
}

/// Numbers with bounds or a form of their own.
fn units(bytes: &[u8]) {
    canonical::<Amount>(bytes);
    canonical::<Timestamp>(bytes);
    canonical::<Work>(bytes);
    canonical::<Account>(bytes);
    if let Some(compact) = canonical::<CompactTarget>(bytes)
        && let Some(target) = compact.expand()
    {
        assert_eq!(target.to_compact(), compact);
        assert!(!target.0.is_zero() && !target.work().0.is_zero());
    }
}
