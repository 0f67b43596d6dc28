//! The wallet: accounts that grow from twelve words, addresses that are only watched, and the
//! confirmed transactions of all of them.
//!
//! A wallet is open or locked. Open, it has its keys in memory. Locked, it has them in its
//! [`vault`] only, and still shows addresses, balances and history.

mod accounts;
pub mod chunks;
pub mod file;
pub mod history;
pub mod record;
pub mod vault;

#[cfg(test)]
mod tests;

use crate::block::Block;
use crate::hash::BlockHash;
use crate::keys::{Address, Entropy, Keychain, PHRASE_WORDS, Phrase, PublicKey, Secret, SecretKey, Signature};
use crate::sentence::{Say, sentence};
use crate::store::record::{Followed, Place};
use crate::transaction::{Memo, Transaction, Transfer};
use crate::units::{Amount, Height};
use chunks::Changes;
use file::{FileAccount, FileWatch, WalletFile};
use history::History;
use record::{Keys, MAX_NAME_BYTES, OpenKeys, Record, RecordError, StoredAccount, StoredWatch};
use std::collections::BTreeMap;
use vault::{DerivedKey, Vault, VaultError};

/// Unused accounts in a row behind which none is looked for (BIP 44).
pub const ACCOUNT_GAP: u32 = 20;
/// Words that are asked for to confirm a backup.
pub const ASKED_WORDS: usize = 3;

/// What a transfer is made of before it has a nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Who is paid.
    pub to: Address,
    /// What is paid.
    pub amount: Amount,
    /// What the miner gets.
    pub fee: Amount,
    /// Text to go with it.
    pub memo: Memo,
}

/// How a transfer is signed.
#[derive(Debug, Clone, Copy)]
pub enum Signing<'a> {
    /// As it must be.
    Own,
    /// Not at all, to see it refused.
    Omitted,
    /// By another key, to see it refused.
    By(&'a SecretKey),
}

/// Why a wallet does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum WalletError {
    /// The keys are in the vault.
    #[error("the wallet is locked: unlock it with its passphrase first")]
    Locked,
    /// There is no vault that could be opened or shut.
    #[error("the wallet has no passphrase yet")]
    Unprotected,
    /// No account or watched address of this wallet.
    #[error("this wallet has no such address")]
    UnknownAddress,
    /// It is there already.
    #[error("this address is in the wallet already")]
    KnownAddress,
    /// The list is full.
    #[error("a wallet has at most {0} of these")]
    Full(usize),
    /// Empty or too long.
    #[error("a name has 1 to {MAX_NAME_BYTES} bytes")]
    BadName,
    /// The accounts do not grow from the phrase: somebody changed what is stored.
    #[error("the accounts do not belong to the keys: the stored wallet was altered")]
    Altered,
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// An account: a key of the phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its place under the phrase.
    pub index: u32,
    /// What its owner calls it.
    pub name: String,
    /// Its address.
    pub address: Address,
    key: PublicKey,
}

impl Account {
    fn new(index: u32, key: PublicKey) -> Self {
        Self { index, name: default_name(index), address: key.address(), key }
    }
}

/// An address without a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The address.
    pub address: Address,
    /// What its watcher calls it.
    pub name: String,
}

/// The keys of an open wallet.
#[derive(Debug)]
struct Session {
    phrase: Phrase,
    keychain: Keychain,
    keys: BTreeMap<u32, SecretKey>,
}

/// Accounts, watched addresses, and their history on the best chain.
#[derive(Debug)]
pub struct Wallet {
    /// The keys, unless the wallet is locked.
    session: Option<Session>,
    /// The keys under a passphrase, once there is one.
    vault: Option<Vault>,
    backed_up: bool,
    accounts: Vec<Account>,
    /// Place in `accounts`.
    selected: usize,
    watched: Vec<Watched>,
    /// Accounts that are not shown yet, looked for on the chain: at most [`ACCOUNT_GAP`].
    ahead: Vec<Account>,
    history: History,
}

impl Wallet {
    /// A wallet of this phrase with its first account; `None` with probability 2^-127.
    pub fn new(phrase: Phrase) -> Option<Self> {
        let session = Session { keychain: phrase.keychain()?, phrase, keys: BTreeMap::new() };
        let mut wallet = Self::empty(Some(session), None);
        let first = wallet.grow(0)?;
        wallet.take_in(first);
        Some(wallet)
    }

    /// A wallet without accounts yet.
    fn empty(session: Option<Session>, vault: Option<Vault>) -> Self {
        Self {
            session,
            vault,
            backed_up: false,
            accounts: Vec::new(),
            selected: 0,
            watched: Vec::new(),
            ahead: Vec::new(),
            history: History::default(),
        }
    }

    /// A wallet of words that somebody kept: it looks for its accounts on the chain.
    pub fn restore(phrase: Phrase) -> Option<Self> {
        let mut wallet = Self::new(phrase)?;
        wallet.backed_up = true;
        wallet.look_ahead();
        Some(wallet)
    }

    /// A wallet with a phrase of fresh random bytes.
    pub fn create(entropy: &Entropy) -> Option<Self> {
        Self::new(Phrase::from_entropy(entropy.part(b"phrase")))
    }

    /// The wallet of stored bytes, locked if it is protected.
    pub fn open(bytes: &[u8]) -> Result<Self, RecordError> {
        let record = Record::from_bytes(bytes)?;
        let mut wallet = match &record.keys {
            Keys::Open(keys) => Self::new(Phrase::from_entropy(keys.0)).ok_or(RecordError::Damaged)?,
            Keys::Sealed(vault) => Self::empty(None, Some(vault.clone())),
        };
        wallet.fill_in(record);
        if wallet.session.is_some() {
            wallet.check_accounts().map_err(|_| RecordError::Damaged)?;
        }
        Ok(wallet)
    }

    fn fill_in(&mut self, record: Record) {
        self.backed_up = record.backed_up;
        self.selected = record.selected as usize;
        self.history = History::default();
        self.accounts.clear();
        for StoredAccount { index, key, name } in record.accounts {
            self.take_in(Account { name, ..Account::new(index, key) });
        }
        for StoredWatch { address, name } in record.watched {
            self.history.add(address);
            self.watched.push(Watched { address, name });
        }
    }

    /// Its bytes for storage.
    pub fn record(&self) -> Record {
        let keys = match (&self.vault, &self.session) {
            (Some(vault), _) => Keys::Sealed(vault.clone()),
            (None, Some(session)) => Keys::Open(OpenKeys(*session.phrase.entropy())),
            // No wallet is both locked and without a vault: see `lock`.
            (None, None) => Keys::Open(OpenKeys([0; 16])),
        };
        let account =
            |Account { index, key, name, .. }: &Account| StoredAccount { index: *index, key: *key, name: name.clone() };
        let watch = |Watched { address, name }: &Watched| StoredWatch { address: *address, name: name.clone() };
        Record {
            keys,
            backed_up: self.backed_up,
            selected: u32::try_from(self.selected).unwrap_or_default(),
            accounts: self.accounts.iter().map(account).collect(),
            watched: self.watched.iter().map(watch).collect(),
        }
    }

    // --- Lock and vault.

    /// Whether the keys are under a passphrase.
    pub fn is_protected(&self) -> bool {
        self.vault.is_some()
    }

    /// Whether the keys are in the vault only.
    pub fn is_locked(&self) -> bool {
        self.session.is_none()
    }

    /// The vault, if there is one.
    pub fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    /// Forgets the keys; they stay in the vault.
    pub fn lock(&mut self) -> Result<(), WalletError> {
        self.vault.as_ref().ok_or(WalletError::Unprotected)?;
        self.session = None;
        Ok(())
    }

    /// Opens the vault with the key of its derivation. A refusal changes nothing.
    pub fn unlock(&mut self, key: &DerivedKey) -> Result<(), WalletError> {
        let phrase = self.vault.as_ref().ok_or(WalletError::Unprotected)?.open(key)?;
        let keychain = phrase.keychain().ok_or(VaultError::Damaged)?;
        self.session = Some(Session { phrase, keychain, keys: BTreeMap::new() });
        if let Err(problem) = self.check_accounts() {
            self.session = None;
            return Err(problem);
        }
        self.look_ahead();
        Ok(())
    }

    /// Puts the keys under a vault of this wallet's own phrase.
    pub fn protect(&mut self, vault: Vault) {
        self.vault = Some(vault);
    }

    /// The phrase of an open wallet.
    pub fn phrase(&self) -> Result<&Phrase, WalletError> {
        self.session.as_ref().map(|session| &session.phrase).ok_or(WalletError::Locked)
    }

    /// Whether its owner has shown to have the words.
    pub fn is_backed_up(&self) -> bool {
        self.backed_up
    }

    /// Takes words for these places, counted from zero, as proof that the owner has them all.
    pub fn confirm_backup(&mut self, places: &[usize], words: &[Secret]) -> Result<bool, WalletError> {
        let phrase = self.phrase()?;
        let fits = places.len() == words.len()
            && places.iter().zip(words).all(|(place, word)| *place < PHRASE_WORDS && phrase.has_word(*place, word));
        self.backed_up |= fits;
        Ok(fits)
    }

    /// A file around a vault of this wallet's phrase; `text` writes an address.
    pub fn to_file(&self, vault: &Vault, text: impl Fn(&Address) -> String) -> WalletFile {
        let account = |account: &Account| FileAccount { index: account.index, name: account.name.clone() };
        let watch = |watch: &Watched| FileWatch { address: text(&watch.address), name: watch.name.clone() };
        let accounts = self.accounts.iter().map(account).collect();
        WalletFile::new(vault, self.backed_up, accounts, self.watched.iter().map(watch).collect())
    }

    /// The wallet of a file whose vault was opened, with that vault; `read` reads an address, and
    /// those of another network are left out.
    pub fn from_file(
        file: &WalletFile,
        vault: Vault,
        phrase: Phrase,
        read: impl Fn(&str) -> Option<Address>,
    ) -> Option<Self> {
        let mut wallet = Self::new(phrase)?;
        wallet.vault = Some(vault);
        wallet.backed_up = file.backed_up;
        for FileAccount { index, name } in &file.accounts {
            if let Some(known) = wallet.accounts.iter_mut().find(|account| account.index == *index) {
                known.name.clone_from(name);
            } else {
                let account = wallet.grow(*index)?;
                wallet.take_in(Account { name: name.clone(), ..account });
            }
        }
        for FileWatch { address, name } in &file.watched {
            if let Some(address) = read(address) {
                // One that is there already needs no second mention.
                let _ = wallet.watch(address, name);
            }
        }
        wallet.look_ahead();
        Some(wallet)
    }

    // --- Paying.

    /// A transfer from the selected account for the network with this genesis.
    pub fn transfer(
        &self,
        payment: Payment,
        nonce: u64,
        genesis: BlockHash,
        signing: Signing<'_>,
    ) -> Result<Transaction, WalletError> {
        let session = self.session.as_ref().ok_or(WalletError::Locked)?;
        let mut transfer = self.draft(payment, nonce);
        match signing {
            Signing::Own => {
                let key = session.keys.get(&self.account().index).ok_or(WalletError::Locked)?;
                transfer.sign(key, genesis);
            }
            Signing::By(other) => transfer.sign(other, genesis),
            Signing::Omitted => {}
        }
        Ok(Transaction::Transfer(transfer))
    }

    /// Bytes that a transfer will have.
    pub fn transfer_bytes(&self, payment: Payment, nonce: u64) -> usize {
        Transaction::Transfer(self.draft(payment, nonce)).to_bytes().len()
    }

    fn draft(&self, payment: Payment, nonce: u64) -> Transfer {
        let Payment { to, amount, fee, memo } = payment;
        Transfer { from: self.account().key, to, amount, fee, nonce, memo, signature: Signature::NONE }
    }

    // --- The chain.

    /// Places of the confirmed transactions of an address, oldest first.
    pub fn history(&self, address: &Address) -> &[Place] {
        self.history.of(address)
    }

    /// A confirmed transaction of one of the addresses.
    pub fn transaction(&self, place: &Place) -> Option<&Transaction> {
        self.history.transaction(place)
    }

    /// Takes over the history that was stored, if it is this wallet's.
    pub fn take_up(&mut self, history: History) {
        if !self.accounts.iter().any(|account| history.follows(&account.address)) {
            return;
        }
        let more = history.followed().iter().any(|followed| !self.has(&followed.address));
        self.history = history;
        for address in self.addresses().collect::<Vec<_>>() {
            self.history.add(address);
        }
        // It looked for accounts when it was stored, and goes on once it is open.
        if more {
            self.look_ahead();
        }
    }

    /// The addresses that are followed and how far they are, for the store.
    pub fn followed(&self) -> Vec<Followed> {
        self.history.followed()
    }

    /// Number of confirmed transactions up to a height.
    pub fn rows_up_to(&self, height: Height) -> u64 {
        self.history.rows_up_to(height)
    }

    /// What the store lacks of the history up to a height; it counts as done from now on.
    pub fn take_changes(&mut self, top: Height) -> Changes<'_> {
        self.history.take_changes(top)
    }

    /// The best chain begins anew.
    pub fn restart(&mut self) {
        self.history.disconnect(Height::GENESIS);
    }

    /// Height from which on the transactions of an address are known.
    pub fn known_from(&self, address: &Address) -> Height {
        self.history.known_from(address)
    }

    /// Whether a transaction pays one of the addresses or is paid by one.
    pub fn concerns(&self, transaction: &Transaction, issuer: Option<PublicKey>) -> bool {
        self.has(&transaction.recipient()) || transaction.payer(issuer).is_some_and(|payer| self.has(&payer))
    }

    /// The lowest block that must still be looked at for a chain of this height, if one must.
    pub fn behind(&self, tip: Height) -> Option<Height> {
        self.history.behind(tip)
    }

    /// A block of the best chain: its newest, or one that [`Wallet::behind`] named. Whether it made
    /// accounts known.
    pub fn connect(&mut self, block: &Block, issuer: Option<PublicKey>) -> bool {
        let used = self.history.connect(block, issuer);
        self.discover(&used)
    }

    /// The block that [`Wallet::behind`] named is not here any more.
    pub fn skip(&mut self, height: Height) {
        self.history.skip(height);
    }

    /// The newest block left the best chain.
    pub fn disconnect(&mut self, block: &Block) {
        self.history.disconnect(block.header.height);
    }
}

fn default_name(index: u32) -> String {
    sentence!("Account {number}", number = u64::from(index) + 1).to_string()
}
