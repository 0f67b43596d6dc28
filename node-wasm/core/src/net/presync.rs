//! Headers of a branch that has too little work so far: measured and thrown away, until they are
//! shown to have enough; then asked for again and stored.
//!
//! The idea is that of Bitcoin Core's headers presync. Core commits to a bit of one header in some
//! six hundred; here the last hash of every full message is kept, and since every header names the
//! one before, that hash fixes all of the message. What is kept of a peer is eleven headers and 32
//! bytes for every 2,000 headers.

use crate::block::BlockHeader;
use crate::chain::tree::Chain;
use crate::consensus::validation::{self, HeaderError, MEDIAN_SPAN};
use crate::hash::BlockHash;
use crate::net::message::MAX_HEADERS;
use crate::params::ChainParams;
use crate::units::{Target, Work};
use std::collections::VecDeque;

/// Full messages that are measured of one branch at most: two million headers, eight months of the
/// main network behind one fork, 32 kB a peer.
pub const MAX_BATCHES: usize = 1_024;

/// The end of a branch whose headers are checked without being stored.
#[derive(Debug, Clone)]
pub struct Tail {
    /// Newest first, as many as the rules look at.
    recent: VecDeque<BlockHeader>,
    last: BlockHash,
    work: Work,
}

impl Tail {
    /// On a header that is here; `None` for any other.
    pub fn on(chain: &Chain, hash: BlockHash) -> Option<Self> {
        let work = chain.work_of(&hash)?;
        Some(Self { recent: chain.headers_up_to(&hash).into(), last: hash, work })
    }

    /// Checks a header on the last one by every rule and counts its work.
    pub fn push(&mut self, params: &ChainParams, header: &BlockHeader, hash: BlockHash) -> Result<(), HeaderError> {
        validation::check_header(params, header, &self.recent.iter().collect::<Vec<_>>())?;
        self.work = self.work.plus(header.target.expand().map(Target::work).unwrap_or_default());
        self.recent.push_front(*header);
        self.recent.truncate(MEDIAN_SPAN);
        self.last = hash;
        Ok(())
    }

    /// Work of the branch so far, with all before it.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Hash of the last header.
    pub fn last(&self) -> BlockHash {
        self.last
    }
}

/// What is known of a branch that a peer is showing.
#[derive(Debug)]
pub enum Presync {
    /// It has too little work so far; nothing of it is stored.
    Measuring {
        /// The header here on which it stands.
        start: BlockHash,
        /// Its end so far.
        tail: Box<Tail>,
        /// Last hashes of the full messages in which it came.
        batches: VecDeque<BlockHash>,
    },
    /// It has enough: its headers are on their way again, in these messages.
    Storing {
        /// Last hashes of the messages to come.
        batches: VecDeque<BlockHash>,
    },
}

impl Presync {
    /// A full message was measured that did not have enough work.
    pub fn new(start: BlockHash, tail: Tail) -> Self {
        let batches = VecDeque::from([tail.last()]);
        Self::Measuring { start, tail: Box::new(tail), batches }
    }

    /// Whether headers behind this one are the next to be measured.
    pub fn expects(&self, previous: &BlockHash) -> bool {
        matches!(self, Self::Measuring { tail, .. } if tail.last() == *previous)
    }

    /// Whether these are the headers that were measured before; then they may be stored.
    pub fn admits(&mut self, headers: &[BlockHeader], last: &BlockHash) -> bool {
        let Self::Storing { batches } = self else { return false };
        headers.len() == MAX_HEADERS && batches.pop_front() == Some(*last)
    }

    /// Whether nothing is left to be compared: the rest is judged like any other headers.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Storing { batches } if batches.is_empty())
    }
}
