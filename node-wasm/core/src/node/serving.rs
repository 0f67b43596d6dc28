//! Blocks and headers that peers ask for: served as fast as a peer's line and budget allow, one
//! after the other, so that what is new never waits behind what is old.

use super::Node;
use crate::contract::LinkId;
use crate::hash::BlockHash;
use crate::net::frame::Class;
use crate::net::limits::{Kind, MAX_ORDERS, SERVE_ROOM};
use crate::net::message::{MAX_HEADERS, Message};
use crate::net::offence::Offence;
use crate::net::outbox::Outbox;
use crate::net::peers::Peer;
use crate::net::sync::learn_tip;
use crate::sentence::sentence;
use crate::units::Timestamp;
use crate::view::TrafficItem;

impl Node {
    pub(super) fn on_get_headers(&mut self, link: LinkId, locator: Vec<BlockHash>) {
        if let Some(peer) = self.peers.get_mut(link) {
            // An honest peer asks for one thing at a time: what it asks for now is what it wants.
            peer.wants_headers = Some(locator);
        }
    }

    pub(super) fn on_get_blocks(&mut self, link: LinkId, hashes: Vec<BlockHash>) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        if peer.orders.len() + hashes.len() > MAX_ORDERS {
            return self.refuse(link, Offence::Flood, None, sentence!("more blocks asked for than may be under way"));
        }
        peer.orders.extend(hashes);
    }

    /// Serves what peers asked for, as far as their lines and budgets go.
    pub(super) fn serve(&mut self) {
        let waiting = self.peers.connected().filter(|(_, peer)| waits(peer)).map(|(link, _)| link);
        for link in waiting.collect::<Vec<_>>() {
            while has_room(&self.outbox, link)
                && !self.loads.waits_for(link)
                && let Some(peer) = self.peers.get_mut(link).filter(|peer| may_be_served(peer, self.now))
            {
                let before = peer.bytes_out;
                if let Some(locator) = peer.wants_headers.take() {
                    let headers = self.chain.headers_after(&locator, MAX_HEADERS);
                    self.send(link, &Message::Headers(headers));
                } else if let Some(hash) = peer.orders.pop_front() {
                    self.serve_block(link, hash);
                } else if let Some((number, question)) = peer.questions.pop_front() {
                    self.answer_question(link, number, question);
                }
                self.count_served(link, before);
            }
        }
    }

    /// When a peer that waits may be served again; a full line tells of itself.
    pub(super) fn serving_timeout(&self) -> Option<Timestamp> {
        // What waits for the store goes on when the block is read.
        let waiting = self
            .peers
            .connected()
            .filter(|(link, peer)| waits(peer) && has_room(&self.outbox, *link) && !self.loads.waits_for(*link));
        waiting.map(|(_, peer)| served_at(peer)).min()
    }

    /// Whether a peer has not used up its budget of served bytes.
    pub(super) fn may_serve(&self, link: LinkId) -> bool {
        self.peers.get(link).is_some_and(|peer| peer.buckets.serves_at() <= self.now)
    }

    /// Bytes sent to a peer so far.
    pub(super) fn sent_to(&self, link: LinkId) -> u64 {
        self.peers.get(link).map_or(0, |peer| peer.bytes_out)
    }

    /// Takes what was sent since from the peer's budget.
    pub(super) fn count_served(&mut self, link: LinkId, before: u64) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let bytes = peer.bytes_out.saturating_sub(before) as f64;
        peer.buckets.of(Kind::ServedBytes).spend(bytes, self.now);
    }

    fn serve_block(&mut self, link: LinkId, hash: BlockHash) {
        let ready = self.ready_for(link, &hash);
        let lost = ready.as_ref().is_some_and(Result::is_err);
        let block = ready.and_then(Result::ok).or_else(|| self.body_for_peers(&hash));
        if block.is_none() && !lost && self.read_for_peer(link, hash) {
            if let Some(peer) = self.peers.get_mut(link) {
                peer.orders.push_front(hash);
            }
            return;
        }
        let Some(block) = block else {
            return self.send(link, &Message::NotFound(vec![hash]));
        };
        self.send(link, &Message::Block(Box::new((*block).clone())));
        self.traffic(link, false, TrafficItem::Block);
        if let Some(peer) = self.peers.get_mut(link) {
            learn_tip(peer, &self.chain, hash);
        }
    }
}

fn waits(peer: &Peer) -> bool {
    waits_for_bytes(peer) || !peer.questions.is_empty()
}

fn waits_for_bytes(peer: &Peer) -> bool {
    peer.wants_headers.is_some() || !peer.orders.is_empty()
}

/// When the budget of a peer allows what it waits for.
fn served_at(peer: &Peer) -> Timestamp {
    if waits_for_bytes(peer) { peer.buckets.serves_at() } else { peer.buckets.proves_at() }
}

fn may_be_served(peer: &Peer, now: Timestamp) -> bool {
    waits(peer) && served_at(peer) <= now
}

/// Whether more may be served over a link.
fn has_room(outbox: &Outbox, link: LinkId) -> bool {
    outbox.waiting(link, Class::Bulk) < SERVE_ROOM
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::TxId;
    use crate::net::frame::CHUNK_BYTES;
    use crate::net::lanes::WINDOW;
    use crate::net::peers::Peers;
    use crate::net::proofs::Question;
    use tracker_protocol::PeerId;

    #[test]
    fn who_used_up_its_budget_waits() {
        let (mut peers, now) = (Peers::default(), Timestamp::from_millis(1_000));
        let link = peers.open(PeerId::from_bytes([1; 20]), true, 0, now).unwrap();
        let peer = peers.get_mut(link).unwrap();
        assert!(!may_be_served(peer, now), "it asked for nothing");
        peer.orders.push_back(BlockHash([1; 32]));
        assert!(may_be_served(peer, now));
        peer.buckets.of(Kind::ServedBytes).spend(Kind::ServedBytes.limit().burst + 1.0, now);
        assert!(!may_be_served(peer, now), "its budget is used up");
        assert!(may_be_served(peer, peer.buckets.serves_at()));
    }

    #[test]
    fn a_link_that_does_not_drain_is_served_nothing_more() {
        let (mut outbox, link) = (Outbox::default(), LinkId(1));
        // What the window holds does not wait here.
        outbox.send_bytes(link, vec![6; usize::try_from(WINDOW).unwrap()]);
        assert_eq!(outbox.waiting(link, Class::Bulk), 0);
        outbox.send_bytes(link, vec![6; CHUNK_BYTES - 17]);
        while outbox.waiting(link, Class::Bulk) < SERVE_ROOM {
            assert!(has_room(&outbox, link));
            outbox.send_bytes(link, vec![6; CHUNK_BYTES - 1]);
        }
        assert_eq!(outbox.waiting(link, Class::Bulk), SERVE_ROOM + CHUNK_BYTES as u64 - 16);
        assert!(!has_room(&outbox, link));
        assert!(has_room(&outbox, LinkId(2)), "a slow link delays no other");
        outbox.drained(link, WINDOW);
        assert!(has_room(&outbox, link));
    }

    #[test]
    fn questions_wait_for_their_own_budget_and_blocks_do_not_wait_for_it() {
        let (mut peers, now) = (Peers::default(), Timestamp::from_millis(1_000));
        let link = peers.open(PeerId::from_bytes([1; 20]), true, 0, now).unwrap();
        let peer = peers.get_mut(link).unwrap();
        peer.questions.push_back((1, Question::Transaction { id: TxId::ZERO }));
        assert!(may_be_served(peer, now));
        peer.buckets.of(Kind::ProofHashes).spend(Kind::ProofHashes.limit().burst + 1.0, now);
        assert!(!may_be_served(peer, now));
        assert!(may_be_served(peer, peer.buckets.proves_at()));
        peer.orders.push_back(BlockHash([1; 32]));
        assert!(may_be_served(peer, now));
    }
}
