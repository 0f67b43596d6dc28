//! Blocks and headers that peers ask for: served as fast as a peer's line and budget allow, one
//! after the other, so that what is new never waits behind what is old.

use super::Node;
use crate::contract::LinkId;
use crate::hash::BlockHash;
use crate::net::limits::{Kind, MAX_ORDERS, SERVE_ROOM};
use crate::net::message::{MAX_HEADERS, Message};
use crate::net::offence::Offence;
use crate::net::peers::Peer;
use crate::net::sync::learn_tip;
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
            return self.refuse(link, Offence::Flood, None, "more blocks asked for than may be under way");
        }
        peer.orders.extend(hashes);
    }

    /// Serves what peers asked for, as far as their lines and budgets go.
    pub(super) fn serve(&mut self) {
        let waiting = self.peers.connected().filter(|(_, peer)| waits(peer)).map(|(link, _)| link);
        for link in waiting.collect::<Vec<_>>() {
            while let Some(peer) = self.peers.get_mut(link).filter(|peer| may_be_served(peer, self.now)) {
                // What it waits for comes from the store, and the rest after it.
                if self.loads.waits_for(link) {
                    break;
                }
                let before = peer.bytes_out;
                if let Some(locator) = peer.wants_headers.take() {
                    let headers = self.chain.headers_after(&locator, MAX_HEADERS);
                    self.send(link, &Message::Headers(headers));
                } else if let Some(hash) = peer.orders.pop_front() {
                    self.serve_block(link, hash);
                }
                self.count_served(link, before);
            }
        }
    }

    /// When a peer that waits may be served again; a full line tells of itself.
    pub(super) fn serving_timeout(&self) -> Option<Timestamp> {
        let waiting = self
            .peers
            .connected()
            .filter(|(link, peer)| waits(peer) && peer.queued() < SERVE_ROOM && !self.loads.waits_for(*link));
        waiting.map(|(_, peer)| peer.buckets.serves_at()).min()
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
    peer.wants_headers.is_some() || !peer.orders.is_empty()
}

fn may_be_served(peer: &Peer, now: Timestamp) -> bool {
    waits(peer) && peer.queued() < SERVE_ROOM && peer.buckets.serves_at() <= now
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::peers::Peers;
    use tracker_protocol::PeerId;

    #[test]
    fn a_link_that_does_not_drain_is_served_nothing_more() {
        let (mut peers, now) = (Peers::default(), Timestamp::from_millis(1_000));
        let link = peers.open(PeerId::from_bytes([1; 20]), true, 0, now).unwrap();
        let peer = peers.get_mut(link).unwrap();
        assert!(!may_be_served(peer, now), "it asked for nothing");
        peer.orders.push_back(BlockHash([1; 32]));
        for (queued, served) in [(0, true), (SERVE_ROOM - 1, true), (SERVE_ROOM, false), (SERVE_ROOM + 1, false)] {
            peer.bytes_out = queued;
            assert_eq!(may_be_served(peer, now), served, "{queued} bytes wait");
        }
        peer.drained = 2;
        assert!(may_be_served(peer, now));
        peer.buckets.of(Kind::ServedBytes).spend(Kind::ServedBytes.limit().burst + 1.0, now);
        assert!(!may_be_served(peer, now), "its budget is used up");
        assert!(may_be_served(peer, peer.buckets.serves_at()));
    }
}
