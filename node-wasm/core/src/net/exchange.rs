//! Peer exchange: asking a peer whom it is connected to, and answering that.

use crate::contract::LinkId;
use crate::net::draw;
use crate::net::limits::{Bucket, Limit};
use crate::net::mesh::Context;
use crate::net::message::Message;
use crate::net::offence::Offence;
use crate::units::Timestamp;
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;
use std::time::Duration;
use tracker_protocol::PeerId;

/// Most peers in one sample: twice the links that this node allows.
pub const MAX_SAMPLE: usize = 32;
/// Shortest time between two questions to one peer.
pub const ASK_INTERVAL: Duration = Duration::from_secs(30);
/// Records a second that are taken from a peer in the long run (Bitcoin Core's rate).
pub const RECORD_RATE: f64 = 0.1;
/// Records that are taken at once (Bitcoin Core's number); more are passed over.
pub const RECORD_BURST: f64 = 1_000.0;
/// Questions a second that a peer may ask: three times what an honest one does.
const QUESTION_RATE: f64 = 0.1;
/// Questions that may come at once, after a line that was held up.
const QUESTION_BURST: f64 = 3.0;

/// Peers that somebody is connected to: 20 bytes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSample(pub Vec<PeerId>);

impl BorshSerialize for PeerSample {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        let ids: Vec<[u8; PeerId::LENGTH]> = self.0.iter().map(|id| *id.as_bytes()).collect();
        ids.serialize(writer)
    }
}

impl BorshDeserialize for PeerSample {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let ids = Vec::<[u8; PeerId::LENGTH]>::deserialize_reader(reader)?;
        Ok(Self(ids.into_iter().map(PeerId::from_bytes).collect()))
    }
}

/// What was asked and may be asked on one link.
#[derive(Debug)]
pub struct Exchange {
    /// Whether a question waits for its answer.
    waiting: bool,
    next_question: Timestamp,
    questions: Bucket,
    records: Bucket,
}

impl Exchange {
    /// Nothing asked yet.
    pub fn new(now: Timestamp) -> Self {
        Self {
            waiting: false,
            next_question: now,
            questions: Bucket::new(Limit::new("questions", QUESTION_RATE, QUESTION_BURST), now),
            records: Bucket::new(Limit::new("records", RECORD_RATE, RECORD_BURST), now),
        }
    }
}

/// Asks a peer for peers, unless it was asked lately or has not answered.
pub fn ask(context: &mut Context, link: LinkId) {
    let now = context.now;
    let Some(peer) = context.peers.get_mut(link) else { return };
    if !peer.exchange.waiting && peer.exchange.next_question <= now {
        peer.exchange.waiting = true;
        peer.exchange.next_question = now.after(ASK_INTERVAL);
        peer.bytes_out += context.outbox.send(link, &Message::GetPeers);
    }
}

/// Answers a peer that asks: connected peers at random, without itself.
pub fn answer(context: &mut Context, link: LinkId) -> Result<(), Offence> {
    let now = context.now;
    let Some(peer) = context.peers.get_mut(link) else { return Ok(()) };
    if !peer.exchange.questions.take(1.0, now) {
        return Err(Offence::Flood);
    }
    let mut others: Vec<PeerId> =
        context.peers.connected().filter(|(other, _)| *other != link).map(|(_, peer)| peer.id).collect();
    let mut sample = Vec::new();
    while sample.len() < MAX_SAMPLE
        && let Some(other) = draw(context.rng, &mut others)
    {
        sample.push(other);
    }
    let bytes = context.outbox.send(link, &Message::PeerSample(PeerSample(sample)));
    if let Some(peer) = context.peers.get_mut(link) {
        peer.bytes_out += bytes;
    }
    Ok(())
}

/// Takes a peer's answer; gives the records that its bucket lets through.
pub fn accept(context: &mut Context, link: LinkId, sample: PeerSample) -> Result<Vec<PeerId>, Offence> {
    let now = context.now;
    let Some(peer) = context.peers.get_mut(link) else { return Ok(Vec::new()) };
    if !std::mem::take(&mut peer.exchange.waiting) {
        return Err(Offence::OutOfOrder);
    }
    Ok(sample.0.into_iter().filter(|_| peer.exchange.records.take(1.0, now)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Log;
    use crate::net::outbox::Outbox;
    use crate::net::peers::Peers;
    use crate::view::PeerState;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn id(number: u8) -> PeerId {
        PeerId::from_bytes([number; 20])
    }

    /// Runs something in the context of a node that is connected to so many peers.
    fn with_peers<T>(count: u8, mut action: impl FnMut(&mut Context) -> T) -> T {
        let mut peers = Peers::default();
        for number in 0..count {
            let link = peers.open(id(number), true, 0, at(0)).unwrap();
            peers.get_mut(link).unwrap().state = PeerState::Connected;
        }
        let (mut outbox, mut log, mut rng) = (Outbox::default(), Log::default(), ChaCha8Rng::seed_from_u64(1));
        action(&mut Context { now: at(0), peers: &mut peers, outbox: &mut outbox, log: &mut log, rng: &mut rng })
    }

    fn sent(context: &mut Context) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(crate::contract::Output::Send { frame, .. }) = context.outbox.pop() {
            messages.push(Message::decode(&frame[1..]).unwrap());
        }
        messages
    }

    #[test]
    fn a_peer_is_told_of_all_connected_peers_but_itself() {
        with_peers(5, |context| {
            context.peers.get_mut(LinkId(5)).unwrap().state = PeerState::Greeting;
            assert_eq!(answer(context, LinkId(1)), Ok(()));
            let messages = sent(context);
            let [Message::PeerSample(PeerSample(sample))] = &messages[..] else { panic!("{messages:?}") };
            let mut sample = sample.clone();
            sample.sort_unstable();
            assert_eq!(sample, vec![id(1), id(2), id(3)]);
        });
    }

    #[test]
    fn questions_are_bounded_on_both_sides() {
        with_peers(2, |context| {
            ask(context, LinkId(1));
            assert_eq!(sent(context), vec![Message::GetPeers]);
            context.now = at(29);
            accept(context, LinkId(1), PeerSample(Vec::new())).unwrap();
            ask(context, LinkId(1));
            assert!(sent(context).is_empty(), "asked 29 seconds ago");
            context.now = at(30);
            ask(context, LinkId(1));
            assert_eq!(sent(context).len(), 1);
            context.now = at(90);
            ask(context, LinkId(1));
            assert!(sent(context).is_empty(), "the answer is still to come");
            for _ in 0..3 {
                assert_eq!(answer(context, LinkId(2)), Ok(()));
            }
            assert_eq!(answer(context, LinkId(2)), Err(Offence::Flood));
            context.now = at(100);
            assert_eq!(answer(context, LinkId(2)), Ok(()));
        });
    }

    #[test]
    fn a_sample_that_nobody_asked_for_is_an_offence() {
        with_peers(1, |context| {
            assert_eq!(accept(context, LinkId(1), PeerSample(vec![id(7)])), Err(Offence::OutOfOrder));
            ask(context, LinkId(1));
            assert_eq!(accept(context, LinkId(1), PeerSample(vec![id(7)])), Ok(vec![id(7)]));
            assert_eq!(accept(context, LinkId(1), PeerSample(vec![id(7)])), Err(Offence::OutOfOrder));
        });
    }

    #[test]
    fn a_thousand_records_are_taken_at_once_and_then_one_in_ten_seconds() {
        with_peers(1, |context| {
            let take = |context: &mut Context, count| {
                context.peers.get_mut(LinkId(1)).unwrap().exchange.waiting = true;
                accept(context, LinkId(1), PeerSample(vec![id(7); count])).unwrap().len()
            };
            assert_eq!(take(context, 999), 999);
            assert_eq!(take(context, 1), 1);
            assert_eq!(take(context, 1), 0);
            context.now = at(9);
            assert_eq!(take(context, 1), 0);
            context.now = at(30);
            assert_eq!(take(context, 32), 3);
        });
    }
}
