//! Links and what comes over them: greetings, messages, offences.

use super::Node;
use crate::contract::{ChannelBinding, LinkId};
use crate::hash::BlockHash;
use crate::keys::Signature;
use crate::log::{Cost, Line, to_subject};
use crate::net::exchange;
use crate::net::gossip::Gossip;
use crate::net::limits::Kind;
use crate::net::message::{Hello, MAX_DETAIL_BYTES, Message, MessageError, PROTOCOL_VERSION, Refused};
use crate::net::offence::Offence;
use crate::net::peers::PING_INTERVAL;
use crate::net::sync::{Sync, learn_tip};
use crate::sentence::{Say, Sentence, sentence};
use crate::units::{Height, Timestamp, Work};
use crate::view::{Event, PeerState};
use rand_core::Rng;
use std::time::Duration;

/// Least time between two pings of a peer.
const PING_GAP: Duration = Duration::from_secs(1);

impl Node {
    pub(super) fn on_link_opened(&mut self, link: LinkId, binding: ChannelBinding) {
        let mut hello = Hello {
            version: PROTOCOL_VERSION,
            genesis: self.chain.genesis(),
            key: self.mesh.key().public_key(),
            role: self.role,
            tip: self.chain.tip(),
            height: self.chain.height(),
            work: self.chain.work(),
            clock: self.now,
            proof: Signature::NONE,
        };
        let Some(peer) = self.peers.get_mut(link).filter(|peer| peer.state == PeerState::Connecting) else { return };
        hello.sign(self.mesh.key(), binding, peer.outbound);
        (peer.state, peer.since, peer.binding) = (PeerState::Greeting, self.now, Some(binding));
        peer.told_role = Some(self.role);
        let peer_id = peer.id;
        self.send(link, &Message::Hello(Box::new(hello)));
        self.tell(Event::Peer { peer_id, state: Some(PeerState::Greeting) });
    }

    pub(super) fn on_link_closed(&mut self, link: LinkId, reason: Sentence) {
        let Some(peer) = self.peers.get(link) else { return };
        let (id, state) = (peer.id, peer.state);
        let line = match state {
            PeerState::Connected => Line::info("peer-left", sentence!("the connection to a peer is gone: {reason}")),
            _ => Line::info("peer-not-reached", sentence!("no connection to a peer came about: {reason}")),
        };
        self.write(line.peer(id));
        self.end_attacks_at(link);
        self.mesh.gone(&mut context!(self), link, state != PeerState::Connected);
    }

    pub(super) fn on_frame(&mut self, link: LinkId, frame: &[u8]) {
        let now = self.now;
        let Some(peer) = self.peers.get_mut(link).filter(|peer| peer.state != PeerState::Connecting) else { return };
        peer.bytes_in += frame.len() as u64;
        peer.heard = now;
        let message = match peer.assembler.push(frame) {
            Ok(None) if peer.state == PeerState::Connected => return,
            Ok(None) => {
                return self.refuse(
                    link,
                    Offence::Garbage,
                    None,
                    sentence!("the first message is too long for a hello"),
                );
            }
            Ok(Some(message)) => message,
            Err(error) => return self.refuse(link, Offence::Garbage, None, error.say()),
        };
        if !peer.buckets.take(Kind::Messages, 1, now) {
            return self.refuse(link, Offence::Flood, None, sentence!("more messages than the rate allows"));
        }
        let length = message.len();
        match Message::decode(&message) {
            Ok(message) if !self.within_limits(link, &message, length) => {
                self.refuse(link, Offence::Flood, None, sentence!("more of a kind of messages than the rate allows"));
            }
            Ok(message) => self.on_message(link, message),
            Err(error @ MessageError::Malformed) => self.refuse(link, Offence::Garbage, None, error.say()),
            Err(error @ MessageError::TooMany(_)) => self.refuse(link, Offence::TooMany, None, error.say()),
        }
    }

    /// Counts a message by its kind; gives whether the peer may send it.
    fn within_limits(&mut self, link: LinkId, message: &Message, length: usize) -> bool {
        let Some(peer) = self.peers.get_mut(link) else { return false };
        let counted = match message {
            // An answer is as long as the question allows, and there is one for each.
            Message::Headers(headers) => {
                let asked = peer.asked_headers.as_ref();
                let answer = asked.is_some_and(|asked| asked.is_answered_by(self.chain.genesis(), headers));
                (!answer).then_some((Kind::Headers, headers.len()))
            }
            Message::Block(block) if !self.sync.wants(link, &block.header.hash()) => Some((Kind::UnaskedBytes, length)),
            Message::CompactBlock(compact) if !self.sync.wants(link, &compact.header.hash()) => {
                Some((Kind::UnaskedBytes, length))
            }
            Message::BlockTransactions(answer) if !self.relay.awaits(link, &answer.block) => {
                Some((Kind::UnaskedBytes, length))
            }
            Message::Answer { number, .. } if !self.light.awaits(link, *number) => Some((Kind::UnaskedBytes, length)),
            message => Kind::of(message),
        };
        counted.is_none_or(|(kind, count)| peer.buckets.take(kind, count, self.now))
    }

    fn on_message(&mut self, link: LinkId, message: Message) {
        let greeted = self.peers.get(link).is_some_and(|peer| peer.state == PeerState::Connected);
        match message {
            Message::Hello(hello) if !greeted => self.on_hello(link, &hello),
            Message::Hello(_) => self.refuse(link, Offence::OutOfOrder, None, sentence!("a second hello")),
            _ if !greeted => self.refuse(link, Offence::OutOfOrder, None, sentence!("a message before the hello")),
            message if !self.chain.keeps_bodies() && is_of_bodies(&message) => {}
            Message::Ping(number) => {
                let (tip, height, work) = (self.chain.tip(), self.chain.height(), self.chain.work());
                self.send(link, &Message::Pong { number, tip, height, work });
            }
            Message::Pong { number, tip, height, work } => self.on_pong(link, number, (tip, height, work)),
            Message::GetHeaders(locator) => self.on_get_headers(link, locator),
            Message::Headers(headers) => self.on_headers(link, &headers),
            Message::GetBlocks(hashes) => self.on_get_blocks(link, hashes),
            Message::Block(block) => self.on_block(link, *block),
            Message::NotFound(hashes) => self.on_not_found(link, &hashes),
            Message::Announce(ids) => self.on_announce(link, &ids),
            Message::GetTransactions(ids) => self.on_get_transactions(link, &ids),
            Message::Transactions(transactions) => self.on_transactions(link, transactions),
            Message::Refused(refused) => self.on_refused(link, &refused),
            Message::PushBlocks(wanted) => self.on_push_blocks(link, wanted),
            Message::CompactBlock(compact) => self.on_compact_block(link, *compact),
            Message::GetCompact(hash) => self.on_get_compact(link, hash),
            Message::GetBlockTransactions(request) => self.on_get_block_transactions(link, &request),
            Message::BlockTransactions(answer) => self.on_block_transactions(link, answer),
            Message::Role(role) => self.on_role(link, role),
            Message::Ask { number, question } => self.on_ask(link, number, question),
            Message::Answer { number, answer } => self.on_answer(link, number, answer),
            Message::GetPeers => {
                let result = exchange::answer(&mut context!(self), link);
                self.judge(link, result, || sentence!("asks for peers too often"));
            }
            Message::PeerSample(sample) => {
                let result = self.mesh.on_sample(&mut context!(self), link, sample);
                self.judge(link, result, || sentence!("a sample of peers that nobody asked for"));
            }
            Message::Keeps(height) => {
                if let Some(peer) = self.peers.get_mut(link) {
                    peer.keeps = height;
                }
            }
            Message::Relay(signal) => {
                let result = self.mesh.on_relay(&mut context!(self), link, *signal);
                self.judge(link, result, || {
                    sentence!("a relayed signal that is forged, too many, or has travelled too far")
                });
            }
        }
    }

    fn judge(&mut self, link: LinkId, result: Result<(), Offence>, detail: impl FnOnce() -> Sentence) {
        if let Err(offence) = result {
            self.refuse(link, offence, None, detail());
        }
    }

    fn on_hello(&mut self, link: LinkId, hello: &Hello) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let proved =
            hello.key.peer_id() == peer.id && peer.binding.is_some_and(|binding| hello.proves(binding, !peer.outbound));
        if hello.version != PROTOCOL_VERSION || hello.genesis != self.chain.genesis() {
            self.refuse(
                link,
                Offence::WrongNetwork,
                None,
                sentence!("another version of the protocol, or another chain"),
            );
            return self.part(link);
        }
        if !proved {
            self.refuse(
                link,
                Offence::BadProof,
                None,
                sentence!("the hello does not prove the peer's id on this channel"),
            );
            return self.part(link);
        }
        (peer.state, peer.since, peer.role) = (PeerState::Connected, self.now, Some(hello.role));
        peer.told(hello.tip, hello.height, hello.work);
        (peer.heard, peer.next_ping) = (self.now, self.now);
        // How old the hello is does not matter: what counts is minutes.
        peer.clock_ahead = hello.clock.offset_from(self.now);
        let id = peer.id;
        self.write(
            Line::info("peer-joined", sentence!("connected to a peer at height {height}", height = hello.height))
                .peer(id),
        );
        self.mesh.greeted(&mut context!(self), link);
        self.check_clock();
        if self.chain.oldest() > Height::GENESIS {
            self.send(link, &Message::Keeps(self.chain.oldest()));
        }
        self.learn_claim(link);
        let own = self.own_payments();
        let ids = self.mempool.iter().map(|waiting| waiting.id).chain(own);
        Gossip::introduce(&mut context!(self), link, ids);
        self.ping(link);
    }

    /// Warns the user when the clocks of most peers say another time.
    fn check_clock(&mut self) {
        let mut offsets: Vec<i64> = self.peers.connected().map(|(_, peer)| peer.clock_ahead).collect();
        offsets.sort_unstable();
        let Some(median) = offsets.get(offsets.len() / 2).copied() else { return };
        let wrong = u128::from(median.unsigned_abs()) > self.chain.params().max_ahead.as_millis();
        if wrong && !self.clock_warned {
            let minutes = median.unsigned_abs() / 60_000;
            let side =
                if median > 0 { sentence!("{minutes} minutes behind") } else { sentence!("{minutes} minutes ahead") };
            let message =
                sentence!("this computer's clock seems to be {side}: blocks may be refused until it is right");
            self.write(Line::warning("clock-wrong", message));
        }
        self.clock_warned = wrong;
    }

    fn on_pong(&mut self, link: LinkId, number: u64, tip: (BlockHash, Height, Work)) {
        let now = self.now;
        let Some(peer) = self.peers.get_mut(link) else { return };
        let Some((_, sent)) = peer.ping.take_if(|(expected, _)| *expected == number) else { return };
        peer.measured(now.since(sent));
        peer.read_until = sent;
        peer.told(tip.0, tip.1, tip.2);
        let peer_id = peer.id;
        self.tell(Event::Peer { peer_id, state: Some(PeerState::Connected) });
        self.learn_claim(link);
    }

    /// A peer told where its chain ends: asks for its headers, if they are not here and more work.
    pub(super) fn learn_claim(&mut self, link: LinkId) {
        // A light node has checked nothing but headers, which full ones show as well.
        let Some(peer) = self.peers.get_mut(link).filter(|peer| !peer.is_light()) else { return };
        if self.chain.header(&peer.tip).is_some() {
            let tip = peer.tip;
            learn_tip(peer, &self.chain, tip);
        } else if peer.claim > self.chain.work() {
            Sync::ask_headers(&mut context!(self), link, self.chain.locator());
        }
    }

    /// A peer showed headers that stand on none of ours. Asks for what lies between, if its chain
    /// has enough work by its own word; else for its word, once a second at most.
    pub(super) fn on_orphan(&mut self, link: LinkId) {
        let Some(peer) = self.peers.get(link) else { return };
        if peer.is_light() {
            return;
        }
        if peer.claim >= self.chain.minimum_work() {
            Sync::ask_headers(&mut context!(self), link, self.chain.locator());
        } else if peer.ping.is_none() && peer.next_ping.since(self.now).saturating_add(PING_GAP) <= PING_INTERVAL {
            self.ping(link);
        }
    }

    fn on_refused(&mut self, link: LinkId, refused: &Refused) {
        let Some(peer) = self.peers.get(link) else { return };
        let id = peer.id;
        if refused.offence == Offence::NoRoom {
            self.mesh.on_no_room(&mut context!(self), id);
            return self.write(
                Line::info("peer-full", sentence!("a peer gives up the link: {words}", words = refused.detail))
                    .peer(id),
            );
        }
        if let Some(subject) = refused.subject {
            self.payment_refused(link, subject, refused.offence, &refused.detail);
        }
        self.on_attack_refused(id, refused);
        let message = sentence!("a peer refused something of ours: {words}", words = refused.detail);
        let mut line = Line::warning("refused-by-peer", message).peer(id);
        if let Some(subject) = refused.subject {
            line = line.subject(to_subject(subject));
        }
        self.write(line);
    }

    /// Refuses something of a peer's: logs it, tells the peer, and bans it if that is due.
    pub(super) fn refuse(
        &mut self,
        link: LinkId,
        offence: Offence,
        subject: Option<[u8; 32]>,
        detail: impl Into<Sentence>,
    ) {
        let detail = detail.into();
        let banned = self.peers.offend(link, offence, self.now);
        let Some(peer) = self.peers.get_mut(link) else { return };
        let (id, score, told) = (peer.id, peer.score, peer.buckets.take(Kind::Refusals, 1, self.now));
        if told {
            let banned_until = self.peers.ban_of(&id, self.now).map(|ban| ban.until);
            let cost = Cost { points: offence.points(), score, banned_until };
            let mut line = Line::rejected(offence.code(), detail.clone()).peer(id).cost(cost);
            if let Some(subject) = subject {
                line = line.subject(to_subject(subject));
            }
            self.write(line);
            let left = banned_until.map(|until| until.since(self.now).as_secs());
            let banned_seconds = left.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
            let refused = Refused { offence, subject, detail: shortened(&detail), score, banned_seconds };
            self.send(link, &Message::Refused(refused));
        }
        if banned {
            self.write(
                Line::warning(
                    "peer-banned",
                    sentence!("banned a peer for ten minutes: {offence}", offence = offence.code()),
                )
                .peer(id),
            );
            self.part(link);
        }
    }

    /// Tells peers from which height on blocks are here.
    pub(super) fn tell_oldest(&mut self) {
        let message = Message::Keeps(self.chain.oldest());
        for link in self.peers.connected().map(|(link, _)| link).collect::<Vec<_>>() {
            self.send(link, &message);
        }
    }

    /// Closes a link from this side.
    pub(super) fn part(&mut self, link: LinkId) {
        self.end_attacks_at(link);
        self.mesh.disconnect(&mut context!(self), link, true);
    }

    /// Sends a message.
    pub(super) fn send(&mut self, link: LinkId, message: &Message) {
        let bytes = self.outbox.send(link, message);
        if let Some(peer) = self.peers.get_mut(link) {
            peer.bytes_out += bytes;
        }
    }

    /// Drops links that carry nothing of what waits for them.
    pub(super) fn drop_those_who_do_not_read(&mut self) {
        for link in self.outbox.stuck(self.now) {
            self.refuse(link, Offence::NotReading, None, sentence!("does not read what is sent to it"));
            self.part(link);
        }
    }

    /// Drops links that let a deadline pass, and pings the others.
    pub(super) fn look_after_links(&mut self) {
        let now = self.now;
        let late: Vec<LinkId> =
            self.peers.iter().filter(|(_, peer)| peer.deadline() <= now).map(|(link, _)| link).collect();
        for link in late {
            match self.peers.get(link).map(|peer| (peer.id, peer.state)) {
                Some((_, PeerState::Connected)) => {
                    self.refuse(link, Offence::Silent, None, sentence!("no answer for a long time"));
                }
                Some((id, _)) => {
                    self.write(Line::info("peer-not-reached", sentence!("a peer did not answer in time")).peer(id));
                }
                None => {}
            }
            self.part(link);
        }
        let due: Vec<LinkId> =
            self.peers.connected().filter(|(_, peer)| peer.next_ping <= now).map(|(link, _)| link).collect();
        for link in due {
            self.ping(link);
        }
    }

    pub(super) fn ping(&mut self, link: LinkId) {
        let (now, number): (Timestamp, u64) = (self.now, self.rng.next_u64());
        if let Some(peer) = self.peers.get_mut(link) {
            peer.ping = Some((number, now));
            peer.next_ping = now.after(PING_INTERVAL);
            self.send(link, &Message::Ping(number));
        }
    }
}

/// A text cut to what a refusal may hold, at a character's end.
fn shortened(text: &str) -> String {
    let end = (0..=text.len().min(MAX_DETAIL_BYTES)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].to_owned()
}

/// Whether a message is of no use to a node that keeps headers only: what it did not ask for, and
/// ids of transactions of others.
fn is_of_bodies(message: &Message) -> bool {
    matches!(
        message,
        Message::Block(_)
            | Message::CompactBlock(_)
            | Message::BlockTransactions(_)
            | Message::Announce(_)
            | Message::Transactions(_)
            | Message::PushBlocks(_)
    )
}
