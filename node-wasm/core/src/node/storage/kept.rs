//! What a node takes over from its store beside the chain: identity, wallet, peers, bans, transactions
//! that wait, settings.

use super::{Mode, Storage, damaged, sent};
use crate::hash::{sha256, tagged_sha256};
use crate::log::Line;
use crate::node::wallet::quick_start;
use crate::sentence::{Sentence, sentence};
use crate::store::opening::{self, Fit};
use crate::store::record;
use crate::store::{Stored, Table, Write};
use crate::transaction::Transaction;
use crate::units::Timestamp;
use crate::wallet::Wallet;
use crate::wallet::history::History;
use crate::wallet::record::RecordError;
use std::sync::Arc;
use tracker_protocol::PeerId;

/// What a node takes over from its store beside the chain.
pub(in crate::node) struct Kept {
    pub(in crate::node) storage: Storage,
    pub(in crate::node) seed: [u8; 32],
    pub(in crate::node) wallet: Wallet,
    pub(in crate::node) peers: Vec<PeerId>,
    pub(in crate::node) bans: Vec<(PeerId, Timestamp)>,
    /// Transactions of the wallet that waited for a block, and since when.
    pub(in crate::node) sent: Vec<(Timestamp, Arc<Transaction>)>,
    /// Why the stored wallet cannot be read.
    pub(in crate::node) damaged: Option<Sentence>,
    pub(in crate::node) lines: Vec<Line>,
}

impl Kept {
    /// Takes over what is there and whole; `fresh` is for what is not.
    pub(in crate::node) fn new(stored: &Stored, opened: &opening::Opened, fresh: [u8; 32]) -> Self {
        let mut lines: Vec<Line> = opened.damage.iter().cloned().map(damaged).collect();
        let mut storage = Storage { mode: Mode::On, ..Storage::default() };
        match opening::fit(stored) {
            Fit::Current => {}
            Fit::Empty => storage.singles.push(opening::version()),
            Fit::Old(version) => {
                storage.singles = opening::migration();
                let version = version.map_or_else(|| sentence!("unknown"), |version| sentence!("{version}"));
                lines.push(Line::warning(
                    "storage-migrated",
                    sentence!(
                        "the store was of version {version}: wallet and settings stay, the chain comes from peers"
                    ),
                ));
            }
            Fit::Newer(version) => {
                let reason = sentence!("it was written by newer software (version {version} of the layout)");
                lines.push(Line::warning("storage-newer", sentence!("the store is left as it is: {reason}")));
                storage.mode = Mode::Foreign(reason);
            }
        }
        let read = |key: &[u8]| stored.get(Table::Meta, key);
        let seed = read(record::IDENTITY).and_then(|seed| seed.try_into().ok()).unwrap_or_else(|| {
            let seed = tagged_sha256(b"tabchain/identity", &[&fresh]);
            storage.singles.push(record::put_bytes(Table::Meta, record::IDENTITY.to_vec(), seed.to_vec()));
            seed
        });
        let list = |key: &[u8]| read(key).and_then(|bytes| borsh::from_slice::<Vec<[u8; 20]>>(bytes).ok());
        storage.peers = list(record::PEERS).unwrap_or_default().into_iter().map(PeerId::from_bytes).collect();
        let bans = read(record::BANS).and_then(|bytes| borsh::from_slice(bytes).ok());
        storage.bans = bans.unwrap_or_default();
        storage.sent = sent::read(stored, opened.chain.genesis(), &mut lines);
        storage.settings = read(record::SETTINGS).and_then(|bytes| borsh::from_slice(bytes).ok()).unwrap_or_default();
        let (mut wallet, damaged) = open_wallet(stored, fresh, &mut storage, &mut lines);
        if let Some(tip) = &opened.tip {
            // Rows of blocks that are not connected any more come again with them.
            let height = opened.chain.height();
            (storage.written, storage.safe, storage.top) = (height, height, tip.height);
            if let Some(rows) = &opened.rows {
                let history = History::restore(tip, rows, height, opened.chain.params().issuer);
                wallet.take_up(history);
            }
            (storage.snapshot, storage.journal) = (tip.snapshot, opened.journal);
        }
        if matches!(storage.mode, Mode::Foreign(_)) {
            (storage.wallet, storage.singles) = (None, Vec::new());
        }
        let peers = storage.peers.clone();
        let bans = storage.bans.iter().map(|(id, until)| (PeerId::from_bytes(*id), *until)).collect();
        storage.due = !storage.singles.is_empty() || storage.wallet.is_some();
        let sent = storage.sent.clone();
        Self { storage, seed, wallet, peers, bans, sent, damaged, lines }
    }
}

/// The stored wallet, or a new one and why the stored one cannot be read. A record that is there
/// and not whole is put aside and never overwritten.
fn open_wallet(
    stored: &Stored,
    fresh: [u8; 32],
    storage: &mut Storage,
    lines: &mut Vec<Line>,
) -> (Wallet, Option<Sentence>) {
    let table = Table::Wallet;
    let raw = stored.table(table).iter().find(|(key, _)| key == record::WALLET);
    let damaged = match stored.get(table, record::WALLET).map(|content| (content, Wallet::open(content))) {
        Some((content, Ok(wallet))) => {
            (storage.wallet_stored, storage.wallet_hash) = (true, Some(sha256(content)));
            return (wallet, None);
        }
        Some((_, Err(problem))) => Some(problem),
        None => raw.map(|_| RecordError::Damaged),
    };
    if let Some(((_, value), problem)) = raw.zip(damaged) {
        let message = sentence!("{problem}: it is put aside, and this tab begins with a new one");
        lines.push(Line::warning("wallet-damaged", message));
        let (key, value) = (free_name(stored), value.clone());
        storage.singles.push(Write::Put { table, key, value });
    }
    let wallet = quick_start(&tagged_sha256(b"tabchain/wallet", &[&fresh]));
    storage.set_wallet(&wallet);
    (wallet, damaged.map(Sentence::from))
}

/// A name for a record that is put aside: none takes the place of another.
fn free_name(stored: &Stored) -> Vec<u8> {
    let taken = stored.table(Table::Wallet);
    let mut key = record::WALLET_ASIDE.to_vec();
    while taken.iter().any(|(name, _)| *name == key) {
        key.push(b'+');
    }
    key
}
