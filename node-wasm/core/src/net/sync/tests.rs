//! Headers of weak, strong and lying branches; bodies from peers that have them, lack them or stall.

use super::*;
use crate::block::Block;
use crate::chain::testing::{Builder, address, params};
use crate::consensus::difficulty;
use crate::contract::Output;
use crate::log::Log;
use crate::mining;
use crate::net::frame::Assembler;
use crate::net::outbox::Outbox;
use crate::units::Amount;
use crate::view::PeerState;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::sync::Arc;
use tracker_protocol::PeerId;

/// One node's side of its links.
struct Bench {
    now: Timestamp,
    chain: Chain,
    peers: Peers,
    outbox: Outbox,
    log: Log,
    rng: ChaCha8Rng,
    sync: Sync,
    assemblers: BTreeMap<LinkId, Assembler>,
}

impl Bench {
    fn new(chain: Chain) -> Self {
        // Late enough for every header that a test makes.
        let now = chain.tip_header().time.after(Duration::from_hours(100));
        let (peers, outbox, log, rng) =
            (Peers::default(), Outbox::default(), Log::default(), ChaCha8Rng::seed_from_u64(1));
        Self { now, chain, peers, outbox, log, rng, sync: Sync::default(), assemblers: BTreeMap::new() }
    }

    fn link(&mut self) -> LinkId {
        let number = u8::try_from(self.peers.len()).unwrap();
        let link = self.peers.open(PeerId::from_bytes([number; 20]), true, 0, self.now).unwrap();
        self.peers.get_mut(link).unwrap().state = PeerState::Connected;
        link
    }

    /// Lets one of the methods work on the parts.
    fn with<T>(&mut self, act: impl FnOnce(&mut Sync, &mut Context, &mut Chain) -> T) -> T {
        let mut context = Context {
            now: self.now,
            peers: &mut self.peers,
            outbox: &mut self.outbox,
            log: &mut self.log,
            rng: &mut self.rng,
        };
        act(&mut self.sync, &mut context, &mut self.chain)
    }

    fn headers(&mut self, link: LinkId, headers: &[BlockHeader]) -> HeadersOutcome {
        self.with(|sync, context, chain| sync.on_headers(context, chain, link, headers))
    }

    /// Messages that were sent since the last call.
    fn sent(&mut self) -> Vec<(LinkId, Message)> {
        let mut sent = Vec::new();
        while let Some(output) = self.outbox.pop() {
            let Output::Send { link, frame } = output else { continue };
            if let Some(bytes) = self.assemblers.entry(link).or_default().push(&frame).unwrap() {
                sent.push((link, Message::decode(&bytes).unwrap()));
            }
        }
        sent
    }

    /// Asks for the headers of a peer that claims so much work, and answers from these chains, one
    /// for each question and the last for all further ones. Gives the last outcome and the most
    /// headers that were ever stored.
    fn download(&mut self, link: LinkId, claim: Work, chains: &[&[BlockHeader]]) -> (HeadersOutcome, usize) {
        self.peers.get_mut(link).unwrap().claim = claim;
        let locator = self.chain.locator();
        self.with(|_, context, _| Sync::ask_headers(context, link, locator));
        let (mut outcome, mut most) = (HeadersOutcome::default(), self.chain.header_count());
        for turn in 0.. {
            let chain = chains[turn.min(chains.len() - 1)];
            let sent = self.sent();
            let Some((_, Message::GetHeaders(locator))) = sent.first() else { break };
            let known = locator.iter().find_map(|hash| chain.iter().position(|header| header.hash() == *hash));
            let start = known.map_or(0, |place| place + 1);
            outcome = self.headers(link, &chain[start..chain.len().min(start + MAX_HEADERS)]);
            most = most.max(self.chain.header_count());
        }
        (outcome, most)
    }

    /// What each peer is asked for, in whatever form.
    fn schedule(&mut self) -> Vec<(LinkId, Vec<BlockHash>)> {
        self.with(|sync, context, chain| sync.schedule(context, chain));
        let mut asked: BTreeMap<LinkId, Vec<BlockHash>> = BTreeMap::new();
        for (link, message) in self.sent() {
            match message {
                Message::GetBlocks(hashes) => asked.entry(link).or_default().extend(hashes),
                Message::GetCompact(hash) => asked.entry(link).or_default().push(hash),
                _ => {}
            }
        }
        asked.into_iter().collect()
    }

    fn stalled(&mut self) -> BTreeSet<LinkId> {
        self.sync.stalled(self.now, &mut self.peers, self.chain.params().max_block_bytes)
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    /// A frame that means nothing came from a peer.
    fn hear(&mut self, link: LinkId, bytes: u64) {
        let peer = self.peers.get_mut(link).unwrap();
        (peer.heard, peer.bytes_in) = (self.now, peer.bytes_in + bytes);
    }
}

/// A whole chain of so many blocks, each so long after the one before.
fn grow(blocks: u32, step: Duration) -> Chain {
    let mut chain = Chain::new(params());
    for _ in 0..blocks {
        let now = chain.tip_header().time.after(step);
        let block = mining::assemble(&mut chain, Vec::new(), address(1), Amount::ZERO, now).unwrap();
        let header = mining::search(block.header, u32::MAX).unwrap();
        chain.insert_header(header).unwrap();
        chain.insert_body(Arc::new(Block { header, ..block }));
    }
    assert_eq!(chain.height(), Height(blocks));
    chain
}

/// So many valid headers on one of a chain's, each so long after the one before.
fn branch(chain: &Chain, from: BlockHash, count: usize, step: Duration) -> Vec<BlockHeader> {
    let mut recent = chain.headers_up_to(&from);
    let mut made = Vec::new();
    for _ in 0..count {
        let parent = recent[0];
        let header = BlockHeader {
            height: parent.height.next().unwrap(),
            previous: parent.hash(),
            time: parent.time.after(step),
            target: difficulty::next_target(chain.params(), &recent.iter().collect::<Vec<_>>()),
            nonce: 0,
            ..chain.tip_header()
        };
        let header = mining::search(header, u32::MAX).unwrap();
        recent.insert(0, header);
        recent.truncate(validation::MEDIAN_SPAN);
        made.push(header);
    }
    made
}

fn work_of(headers: &[BlockHeader]) -> Work {
    headers.iter().fold(Work::default(), |sum, header| sum.plus(header.target.expand().unwrap().work()))
}

/// Blocks in a hurry are harder: a chain that a branch of leisurely blocks does not catch up with.
const FAST: Duration = Duration::from_secs(1);
const SLOW: Duration = Duration::from_secs(3);

#[test]
fn a_header_ahead_of_the_clock_waits_for_its_time() {
    let mut builder = Builder::new(params());
    let genesis = builder.genesis;
    let block = builder.extend(genesis, 1, Vec::new(), 0);
    let mut bench = Bench::new(Chain::new(params()));
    let early = Timestamp::from_millis(block.header.time.millis() - 120_001);
    bench.now = early;
    let link = bench.link();
    let outcome = bench.headers(link, &[block.header]);
    assert_eq!(outcome, HeadersOutcome { parked: 1, ..HeadersOutcome::default() });
    assert_eq!(bench.peers.get(link).unwrap().score, 0);
    assert!(bench.sync.ripe(&bench.chain, early).is_empty());
    let ripe = bench.sync.ripe(&bench.chain, early.after(Duration::from_millis(1)));
    assert_eq!(ripe, vec![block.header]);
    assert_eq!(bench.chain.insert_header(ripe[0]), Ok(true));
}

#[test]
fn a_header_ahead_of_the_clock_without_proof_of_work_does_not_wait() {
    let mut builder = Builder::new(params());
    let genesis = builder.genesis;
    let mut header = builder.extend(genesis, 1, Vec::new(), 0).header;
    while validation::meets_target(&header) {
        header.nonce += 1;
    }
    let mut bench = Bench::new(Chain::new(params()));
    bench.now = Timestamp::from_millis(header.time.millis() - 120_001);
    let link = bench.link();
    let outcome = bench.headers(link, &[header]);
    assert_eq!((outcome.parked, outcome.invalid), (0, Some((header.hash(), HeaderError::Work))));
    assert!(bench.sync.parked.is_empty());
}

#[test]
fn a_branch_of_low_work_is_measured_and_nothing_of_it_is_stored() {
    let chain = grow(200, FAST);
    let weak = branch(&chain, chain.genesis(), MAX_HEADERS + 300, SLOW);
    assert!(work_of(&weak) < chain.minimum_work());
    let (claim, stored) = (chain.work().plus(chain.work()), chain.header_count());
    let mut bench = Bench::new(chain);
    let link = bench.link();
    let (outcome, most) = bench.download(link, claim, &[&weak]);
    assert_eq!(outcome.refused.unwrap().offence(), Offence::LowWork);
    assert_eq!(most, stored, "nothing is stored, not even for a while");
    assert!(bench.sync.presyncs.is_empty() && bench.chain.missing_count() == 0);
}

#[test]
fn a_short_branch_of_low_work_ends_the_same_way() {
    let chain = grow(200, FAST);
    let weak = branch(&chain, chain.genesis(), 50, SLOW);
    let (claim, stored) = (chain.work().plus(chain.work()), chain.header_count());
    let mut bench = Bench::new(chain);
    let link = bench.link();
    let (outcome, most) = bench.download(link, claim, &[&weak]);
    assert_eq!((outcome.refused.unwrap().offence(), most), (Offence::LowWork, stored));
    // An honest peer may have fallen behind meanwhile: it showed what it said it has.
    let (outcome, most) = bench.download(link, work_of(&weak), &[&weak]);
    assert_eq!((outcome.refused, most), (None, stored));
}

#[test]
fn a_branch_that_starts_deep_and_light_and_ends_with_more_work_is_stored_whole() {
    let chain = grow(200, FAST);
    let genesis = chain.genesis();
    let mut strong = branch(&chain, genesis, MAX_HEADERS, SLOW);
    assert!(work_of(&strong) < chain.minimum_work());
    // The rest in one run, as hard as it has to be.
    let mut theirs = Chain::new(params());
    for header in &strong {
        theirs.insert_header(*header).unwrap();
    }
    strong.extend(branch(&theirs, strong[MAX_HEADERS - 1].hash(), MAX_HEADERS + 500, Duration::from_millis(1_990)));
    let (ours, total) = (chain.work(), work_of(&strong));
    assert!(total > ours, "{total:?} and {ours:?}");
    let stored = chain.header_count();
    let mut bench = Bench::new(chain);
    let link = bench.link();
    let (outcome, _) = bench.download(link, total, &[&strong]);
    assert_eq!((outcome.refused, outcome.invalid), (None, None));
    assert_eq!(bench.chain.header_count(), stored + strong.len());
    assert_eq!(bench.chain.best_header().0.hash(), strong.last().unwrap().hash());
    assert!(bench.sync.presyncs.is_empty());
    assert_eq!(bench.peers.get(link).unwrap().shown, strong.last().unwrap().hash());
}

#[test]
fn what_is_shown_again_must_be_what_was_measured() {
    let chain = grow(200, FAST);
    let genesis = chain.genesis();
    let strong = branch(&chain, genesis, 2 * MAX_HEADERS, SLOW);
    let weak = branch(&chain, genesis, MAX_HEADERS, SLOW * 2);
    assert!(work_of(&strong) > chain.work() && work_of(&weak) < chain.minimum_work());
    let stored = chain.header_count();
    let mut bench = Bench::new(chain);
    let link = bench.link();
    let (_, most) = bench.download(link, work_of(&strong), &[&strong, &strong, &weak]);
    assert_eq!(most, stored);
}

#[test]
fn headers_that_nobody_asked_for_are_kept_near_the_tip_only() {
    let chain = grow(60, FAST);
    let (stored, depth) = (chain.header_count(), chain.params().prune_depth);
    let at = |below: u32| chain.hash_at(chain.height().below(below).unwrap()).unwrap();
    let sibling = branch(&chain, at(1), 1, SLOW);
    let deepest = branch(&chain, at(depth), 1, SLOW);
    let deeper = branch(&chain, at(3 * depth), 1, SLOW);
    let tip = chain.tip();
    let mut bench = Bench::new(chain);
    let link = bench.link();
    assert_eq!(bench.headers(link, &sibling).new, 1);
    assert_eq!(bench.headers(link, &deepest).new, 1);
    assert_eq!(bench.headers(link, &deepest).new, 0, "it is here already");
    let outcome = bench.headers(link, &deeper);
    assert_eq!((outcome.new, outcome.refused.unwrap().offence()), (0, Offence::Unwanted));
    assert_eq!(bench.chain.header_count(), stored + 2);
    assert_eq!(bench.chain.tip(), tip);
}

#[test]
fn headers_that_do_not_follow_each_other_or_stand_on_nothing_are_not_stored() {
    let chain = grow(20, FAST);
    let made = branch(&chain, chain.tip(), 3, SLOW);
    let stored = chain.header_count();
    let mut bench = Bench::new(chain);
    let link = bench.link();
    assert_eq!(bench.headers(link, &[made[0], made[2]]).refused.unwrap().offence(), Offence::InvalidHeader);
    assert!(bench.headers(link, &made[1..]).orphan);
    assert_eq!(bench.chain.header_count(), stored);
    assert_eq!(bench.headers(link, &made).new, 3);
}

#[test]
fn a_newcomer_takes_a_whole_chain_from_genesis() {
    let theirs = grow(30, SLOW);
    let headers = theirs.headers_after(&[], MAX_HEADERS);
    let mut bench = Bench::new(Chain::new(params()));
    bench.now = theirs.tip_header().time;
    let link = bench.link();
    let (outcome, _) = bench.download(link, theirs.work(), &[&headers]);
    assert_eq!((outcome.new, outcome.refused), (30, None));
    // A peer that said it has more than it showed lied.
    let link = bench.link();
    let mut bench = Bench { chain: Chain::new(params()), ..bench };
    let (outcome, _) = bench.download(link, theirs.work().plus(theirs.work()), &[&headers]);
    assert_eq!(outcome.refused.unwrap().offence(), Offence::LowWork);
}

/// A node that has the headers of so many blocks, and peers of which some have shown the blocks.
fn behind(blocks: u32, have: &[bool]) -> (Bench, Vec<LinkId>, Vec<Arc<Block>>) {
    let theirs = grow(blocks, SLOW);
    let mut bench = Bench::new(Chain::new(params()));
    let headers = theirs.headers_after(&[], MAX_HEADERS);
    let links: Vec<LinkId> = have.iter().map(|_| bench.link()).collect();
    for header in &headers {
        bench.chain.insert_header(*header).unwrap();
    }
    for (link, has) in links.iter().zip(have) {
        if *has {
            learn_tip(bench.peers.get_mut(*link).unwrap(), &bench.chain, theirs.tip());
        }
    }
    let blocks = headers.iter().map(|header| theirs.block(&header.hash()).unwrap()).collect();
    (bench, links, blocks)
}

#[test]
fn bodies_come_from_all_peers_that_have_them_and_never_more_than_the_window() {
    let (mut bench, links, blocks) = behind(60, &[true, false, true]);
    let asked = bench.schedule();
    assert!(asked.iter().all(|(link, _)| *link != links[1]), "nothing is asked for where it is not");
    let hashes: Vec<BlockHash> = asked.iter().flat_map(|(_, hashes)| hashes.clone()).collect();
    assert_eq!(hashes.len(), 2 * MAX_FLIGHTS_A_PEER);
    let lowest: BTreeSet<BlockHash> = blocks[..hashes.len()].iter().map(|block| block.header.hash()).collect();
    assert_eq!(hashes.iter().copied().collect::<BTreeSet<_>>(), lowest, "the lowest first, each once");
    assert!(bench.schedule().is_empty(), "no more while all are under way");
    // For each one that comes another is asked for.
    let (link, first) = (asked[0].0, asked[0].1[0]);
    assert!(bench.with(|sync, context, _| sync.on_block(context, link, first)));
    assert!(!bench.with(|sync, context, _| sync.on_block(context, links[1], hashes[1])), "it was not asked");
    let block = blocks.iter().find(|block| block.header.hash() == first).unwrap().clone();
    bench.chain.insert_body(block);
    assert_eq!(bench.schedule().iter().map(|(_, hashes)| hashes.len()).sum::<usize>(), 1);
}

#[test]
fn a_peer_on_another_branch_is_not_asked_for_what_it_never_showed() {
    let (mut bench, links, blocks) = behind(30, &[true, false]);
    // As much work, but another chain since block 10.
    let other = branch(&bench.chain, blocks[9].header.hash(), 20, SLOW);
    for header in &other {
        bench.chain.insert_header(*header).unwrap();
    }
    learn_tip(bench.peers.get_mut(links[1]).unwrap(), &bench.chain, other.last().unwrap().hash());
    let theirs: BTreeSet<BlockHash> = blocks.iter().map(|block| block.header.hash()).collect();
    let own: BTreeSet<BlockHash> = other.iter().map(BlockHeader::hash).collect();
    for (link, hashes) in bench.schedule() {
        let wrong = if link == links[0] { &own } else { &theirs };
        let shared: BTreeSet<BlockHash> = blocks[..10].iter().map(|block| block.header.hash()).collect();
        assert!(hashes.iter().all(|hash| shared.contains(hash) || !wrong.contains(hash)));
    }
}

#[test]
fn a_body_that_does_not_come_in_time_is_asked_for_elsewhere() {
    let (mut bench, links, _) = behind(10, &[true, true]);
    let asked: BTreeMap<LinkId, Vec<BlockHash>> = bench.schedule().into_iter().collect();
    bench.now = Timestamp::from_millis(bench.now.after(FIRST_PATIENCE).millis() - 1);
    bench.hear(links[0], 100);
    for hash in &asked[&links[0]] {
        bench.with(|sync, context, _| sync.on_block(context, links[0], *hash));
        bench.sync.hold(*hash);
    }
    assert!(bench.stalled().is_empty(), "not before its time");
    assert_eq!(bench.sync.next_timeout(&bench.peers, 0), Some(bench.now.after(Duration::from_millis(1))));
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.stalled(), BTreeSet::from([links[1]]));
    let again = bench.schedule();
    let elsewhere: Vec<BlockHash> =
        again.iter().filter(|(link, _)| *link == links[0]).flat_map(|(_, hashes)| hashes.clone()).collect();
    assert_eq!(elsewhere.len(), asked[&links[1]].len(), "all of them, and none from who stalled: {again:?}");
    assert_eq!(bench.sync.patience, FIRST_PATIENCE * 2);
}

#[test]
fn a_peer_that_sends_slowly_but_steadily_is_not_stalling_and_one_that_trickles_is() {
    let (mut bench, links, _) = behind(1, &[true, true]);
    let (link, other) = (bench.schedule()[0].0, links[1]);
    for _ in 0..10 {
        bench.wait(Duration::from_secs(1));
        bench.hear(link, LEAST_RATE);
        bench.hear(other, 1);
        assert!(bench.stalled().is_empty());
    }
    bench.wait(FIRST_PATIENCE);
    bench.hear(other, 1);
    assert_eq!(bench.stalled(), BTreeSet::from([link]));
    // However much comes of it, no body takes longer than the largest one.
    bench.schedule();
    let started = bench.now;
    while bench.stalled().is_empty() {
        bench.wait(Duration::from_secs(1));
        for link in &links {
            bench.hear(*link, 100 * LEAST_RATE);
        }
        assert!(bench.now.since(started) < Duration::from_secs(30));
    }
}

#[test]
fn nobody_is_blamed_while_this_nodes_own_line_is_dead() {
    let (mut bench, links, _) = behind(10, &[true, true]);
    bench.schedule();
    bench.wait(Duration::from_secs(10));
    assert!(bench.stalled().is_empty());
    assert!(bench.sync.flights.is_empty(), "they are asked for anew nevertheless");
    bench.schedule();
    bench.wait(Duration::from_secs(10));
    bench.hear(links[0], 1);
    assert_eq!(bench.stalled(), BTreeSet::from([links[1]]));
}

#[test]
fn patience_doubles_up_to_a_minute_and_calms_down_again() {
    let (mut bench, links, blocks) = behind(10, &[true, true]);
    for _ in 0..20 {
        bench.schedule();
        bench.wait(LAST_PATIENCE);
        bench.hear(links[0], 1);
        bench.stalled();
    }
    assert_eq!(bench.sync.patience, LAST_PATIENCE);
    for _ in 0..30 {
        bench.schedule();
        let Some((hash, link)) = bench.sync.flights.first_key_value().map(|(hash, link)| (*hash, *link)) else { break };
        bench.with(|sync, context, _| sync.on_block(context, link, hash));
        assert_eq!(bench.peers.get(link).unwrap().stalls, 0);
    }
    assert_eq!(bench.sync.patience, FIRST_PATIENCE, "{} blocks", blocks.len());
}

#[test]
fn a_peer_that_lacks_a_block_is_not_asked_for_it_again() {
    let (mut bench, links, _) = behind(3, &[true]);
    let asked = bench.schedule().remove(0).1;
    bench.with(|sync, context, _| sync.on_not_found(context, links[0], &asked));
    assert!(bench.schedule().is_empty());
    let peer = bench.peers.get_mut(links[0]).unwrap();
    peer.told(BlockHash([9; 32]), Height(9), Work::default());
    assert_eq!(bench.schedule().len(), 1, "its tip is another one");
}

#[test]
fn a_node_that_slept_blames_nobody_for_bodies_that_did_not_come() {
    let (mut bench, links, _) = behind(10, &[true, true]);
    bench.schedule();
    let slept = Duration::from_hours(1);
    bench.wait(slept);
    bench.sync.woke(slept);
    bench.hear(links[0], 1);
    assert!(bench.stalled().is_empty());
    bench.wait(FIRST_PATIENCE);
    bench.hear(links[0], 1);
    assert_eq!(bench.stalled(), BTreeSet::from([links[1]]));
}

#[test]
fn headers_that_do_not_come_are_a_stall_too() {
    let mut bench = Bench::new(Chain::new(params()));
    let (link, other) = (bench.link(), bench.link());
    let locator = bench.chain.locator();
    bench.with(|_, context, _| Sync::ask_headers(context, link, locator.clone()));
    bench.with(|_, context, _| Sync::ask_headers(context, link, locator));
    assert_eq!(bench.sent().len(), 1, "one question at a time");
    bench.now = Timestamp::from_millis(bench.now.after(HEADERS_TIMEOUT).millis() - 1);
    bench.hear(other, 1);
    assert!(bench.stalled().is_empty());
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.stalled(), BTreeSet::from([link]));
    assert!(bench.peers.get(link).unwrap().asked_headers.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whether a block stands before a tip, beside a walk down to genesis, while branches grow and end.
    #[test]
    fn ancestry_is_that_of_a_walk(steps in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..40)) {
        let mut chain = Chain::new(params());
        let mut known = vec![chain.genesis()];
        for (choice, what) in steps {
            let from = known[choice.index(known.len())];
            if what == 0 && from != chain.genesis() {
                chain.mark_invalid(from);
            } else if !chain.is_invalid(&from) {
                let header = branch(&chain, from, 1, Duration::from_millis(u64::from(what) * 700 + 1)).remove(0);
                if chain.insert_header(header).is_ok() {
                    known.push(header.hash());
                }
            }
            for tip in &known {
                let mut line = BTreeSet::from([*tip]);
                let mut at = *tip;
                while at != chain.genesis() {
                    at = chain.header(&at).unwrap().previous;
                    line.insert(at);
                }
                for hash in &known {
                    prop_assert_eq!(chain.leads_to(hash, tip), line.contains(hash));
                }
            }
        }
    }
}
