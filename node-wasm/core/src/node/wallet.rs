//! The node's wallet: requests about keys, lock and accounts, the vault's dear work, and the search
//! for addresses in blocks from before they were known.

#[cfg(test)]
mod tests;

use super::Node;
use crate::block::Block;
use crate::contract::{JobId, Output};
use crate::hash::{BlockHash, tagged_sha256};
use crate::keys::{Address, Entropy, PHRASE_WORDS, Phrase, Secret};
use crate::log::Line;
use crate::request::wallet::WalletRequest;
use crate::request::{ErrorCode, RequestError, RequestId, Response};
use crate::sentence::{Sentence, sentence};
use crate::units::{Height, Timestamp};
use crate::view::Event;
use crate::view::wallet::{AddressView, BackupView, WalletView};
use crate::wallet::file::WalletFile;
use crate::wallet::vault::{
    Derivation, DerivedKey, KdfParameters, MAX_PASSPHRASE_BYTES, MIN_PASSPHRASE, Mould, VaultError,
};
use crate::wallet::{ASKED_WORDS, Wallet, WalletError};
use rand_core::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Time without use after which an open, protected wallet locks itself: long enough to look
/// something up, short enough for a desk that was left.
const IDLE_LOCK: Duration = Duration::from_mins(10);
/// Transactions looked at in one go for addresses that were added late: some milliseconds.
const LOOK_BACK_TRANSACTIONS: usize = 5_000;

type Answer = Result<Response, RequestError>;

/// What the node knows of its wallet beside the wallet itself.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    /// Random bytes from outside for the next request that needs them.
    entropy: Option<Entropy>,
    /// The passphrase that is being stretched.
    deriving: Option<Deriving>,
    /// Places of the words that were asked for, counted from zero.
    asked: Vec<usize>,
    /// When the keys were last used.
    used_at: Timestamp,
    /// Why the stored wallet could not be read.
    pub(super) damaged: Option<Sentence>,
    /// Whether the chain is being searched.
    searching: bool,
    /// Whether stored blocks are being read for that,
    reading: bool,
    /// and those that came; `None` where one cannot be read.
    read: BTreeMap<BlockHash, Option<Arc<Block>>>,
}

/// A passphrase that is being stretched, and for what.
#[derive(Debug)]
struct Deriving {
    job: JobId,
    asker: Option<RequestId>,
    then: Then,
}

#[derive(Debug)]
enum Then {
    Unlock {
        passphrase: Secret,
        entropy: Entropy,
    },
    /// The first half of a change of passphrase.
    Verify {
        new: Secret,
        entropy: Entropy,
    },
    Protect {
        mould: Mould,
    },
    Export {
        mould: Mould,
    },
    Import {
        file: Box<WalletFile>,
        passphrase: Secret,
        entropy: Entropy,
    },
    /// A vault of earlier parameters is made anew; nobody waits for it.
    Renew {
        mould: Mould,
    },
}

/// The wallet of a node that has none: from its seed, so that a simulation is replayed. Outside of
/// simulations the seed is random, new at every start, and kept nowhere.
pub(super) fn quick_start(seed: &[u8; 32]) -> Wallet {
    let mut counter = 0_u32;
    loop {
        let entropy = Entropy::new(tagged_sha256(b"tabchain/quick-start", &[seed, &counter.to_le_bytes()]));
        if let Some(wallet) = Wallet::create(&entropy) {
            return wallet;
        }
        counter += 1;
    }
}

impl Keeper {
    /// At the start.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { used_at: now, ..Self::default() }
    }

    /// Stored blocks were read for the search; `None` where one cannot be read.
    pub(super) fn searched(&mut self, blocks: BTreeMap<BlockHash, Option<Arc<Block>>>) {
        (self.read, self.reading) = (blocks, false);
    }

    /// Random bytes from outside.
    pub(super) fn take_in(&mut self, entropy: Entropy) {
        self.entropy = Some(entropy);
    }

    fn entropy(&mut self) -> Result<Entropy, RequestError> {
        let problem = || RequestError::new(ErrorCode::NoEntropy, sentence!("the browser gave no random numbers"));
        self.entropy.take().ok_or_else(problem)
    }
}

impl Node {
    /// Answers now, or later.
    pub(super) fn on_wallet_request(&mut self, id: RequestId, request: WalletRequest) {
        if let Some(answer) = self.wallet_answer(id, request).transpose() {
            self.reply(id, answer);
        }
    }

    fn wallet_answer(&mut self, id: RequestId, request: WalletRequest) -> Result<Option<Response>, RequestError> {
        if self.keeper.deriving.is_some() && !matches!(request, WalletRequest::Show | WalletRequest::Lock) {
            return Err(RequestError::new(
                ErrorCode::Busy,
                sentence!("the wallet is busy with a passphrase: try again in a moment"),
            ));
        }
        if !matches!(request, WalletRequest::Show) {
            self.keeper.used_at = self.now;
        }
        match request {
            WalletRequest::Show => {}
            WalletRequest::Create { replace } => {
                self.may_replace(replace)?;
                let wallet = Wallet::create(&self.keeper.entropy()?);
                self.replace_wallet(
                    wallet,
                    "wallet-created",
                    sentence!("a new wallet takes the place of the one before"),
                )?;
            }
            WalletRequest::Restore { words, replace } => {
                let phrase = Phrase::parse(&words)
                    .map_err(|problem| RequestError::new(ErrorCode::BadWords, problem).in_field("words"))?;
                self.may_replace(replace)?;
                let wallet = Wallet::restore(phrase);
                self.replace_wallet(wallet, "wallet-restored", sentence!("the wallet of a backup is back"))?;
            }
            WalletRequest::Lock => self.lock_wallet(sentence!("the wallet was locked"))?,
            WalletRequest::Unlock { passphrase } => return self.unlock(id, passphrase),
            WalletRequest::Protect { passphrase, current } => {
                return self.protect(id, passphrase, current).map(|()| None);
            }
            WalletRequest::Words => return self.backup().map(Some),
            WalletRequest::ConfirmBackup { words } => self.confirm_backup(&words)?,
            WalletRequest::AddAccount { name } => {
                self.wallet.add_account(name.as_deref().unwrap_or_default()).map_err(wallet_error)?;
                self.miner.tip_changed();
                self.wallet_changed();
            }
            WalletRequest::SelectAccount { address } => {
                let address = self.address_from(&address)?;
                self.wallet.select(&address).map_err(wallet_error)?;
                self.miner.tip_changed();
                self.wallet_changed();
            }
            WalletRequest::Rename { address, name } => {
                let address = self.address_from(&address)?;
                self.wallet.rename(&address, &name).map_err(wallet_error)?;
                self.wallet_changed();
            }
            WalletRequest::Watch { address, name } => {
                let address = self.address_from(address.trim()).map_err(|problem| problem.in_field("address"))?;
                self.wallet.watch(address, &name).map_err(wallet_error)?;
                self.wallet_changed();
            }
            WalletRequest::Unwatch { address } => {
                let address = self.address_from(&address)?;
                self.wallet.unwatch(&address).map_err(wallet_error)?;
                self.wallet_changed();
            }
            WalletRequest::Export { passphrase } => return self.export(id, passphrase),
            WalletRequest::Import { file, passphrase, replace } => {
                return self.import(id, file, passphrase, replace).map(|()| None);
            }
        }
        Ok(Some(self.wallet_response()))
    }

    // --- What the user interface sees.

    fn wallet_response(&self) -> Response {
        Response::Wallet(Box::new(self.wallet_view()))
    }

    /// The state of the wallet.
    pub(super) fn wallet_view(&self) -> WalletView {
        let view = |address: &Address, name: &str| AddressView { address: self.text(address), name: name.to_owned() };
        WalletView {
            protected: self.wallet.is_protected(),
            locked: self.wallet.is_locked(),
            backed_up: self.wallet.is_backed_up(),
            damaged: self.keeper.damaged.clone(),
            in_use: self.wallet_in_use(),
            busy: self.keeper.deriving.is_some(),
            selected: self.text(&self.wallet.address()),
            accounts: self.wallet.accounts().iter().map(|account| view(&account.address, &account.name)).collect(),
            watched: self.wallet.watched().iter().map(|watched| view(&watched.address, &watched.name)).collect(),
            searched: self.searched(),
            idle_lock_ms: u64::try_from(IDLE_LOCK.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// How far the search for the wallet's addresses is, while it goes on. A light node asks peers for
    /// each address as a whole.
    fn searched(&self) -> Option<Height> {
        if self.chain.keeps_bodies() {
            return self.wallet.behind(self.chain.height());
        }
        self.is_looking_ahead().then_some(Height::GENESIS)
    }

    fn wallet_in_use(&self) -> bool {
        let used = |address: &Address| {
            if !self.chain.keeps_bodies() {
                // What is not proved may be so.
                return self.light_used(address) != Some(false);
            }
            !self.wallet.history(address).is_empty() || !self.chain.ledger().account(address).balance.is_zero()
        };
        self.wallet.is_protected() || self.wallet.accounts().iter().any(|account| used(&account.address))
    }

    /// What is stored or shown of the wallet changed.
    pub(super) fn wallet_changed(&mut self) {
        self.keep_wallet();
        self.tell_wallet();
        self.tell_balance();
    }

    pub(super) fn tell_wallet(&mut self) {
        let view = self.wallet_view();
        self.tell(Event::Wallet(Box::new(view)));
    }

    // --- Another wallet in the place of this one.

    fn may_replace(&self, replace: Option<bool>) -> Result<(), RequestError> {
        if replace == Some(true) || !self.wallet_in_use() {
            return Ok(());
        }
        let message = if self.wallet.is_backed_up() {
            sentence!("another wallet is in use here: it would be replaced")
        } else {
            sentence!("another wallet is in use here and not backed up: it would be lost")
        };
        Err(RequestError::new(ErrorCode::WalletInUse, message))
    }

    fn replace_wallet(
        &mut self,
        wallet: Option<Wallet>,
        code: &'static str,
        words: Sentence,
    ) -> Result<(), RequestError> {
        // One phrase in 2^127 has no keys.
        self.wallet =
            wallet.ok_or_else(|| RequestError::new(ErrorCode::BadWords, sentence!("these words have no keys")))?;
        self.keeper.damaged = None;
        self.keeper.asked.clear();
        self.told_balances.clear();
        self.miner.tip_changed();
        self.write(Line::info(code, words));
        self.wallet_changed();
        Ok(())
    }

    // --- Lock and vault.

    /// Locks the wallet; a passphrase that is being stretched was so in vain.
    fn lock_wallet(&mut self, words: Sentence) -> Result<(), RequestError> {
        self.wallet.lock().map_err(wallet_error)?;
        if let Some(asker) = self.keeper.deriving.take().and_then(|deriving| deriving.asker) {
            self.reply(asker, Err(RequestError::new(ErrorCode::Locked, sentence!("the wallet was locked meanwhile"))));
        }
        self.keeper.asked.clear();
        self.write(Line::info("wallet-locked", words));
        self.wallet_changed();
        Ok(())
    }

    /// When the wallet locks itself, if it does.
    pub(super) fn idle_lock_at(&self) -> Option<Timestamp> {
        (self.wallet.is_protected() && !self.wallet.is_locked()).then(|| self.keeper.used_at.after(IDLE_LOCK))
    }

    pub(super) fn lock_when_idle(&mut self) {
        if self.idle_lock_at().is_some_and(|at| at <= self.now) {
            // Refuses wallets without a vault only.
            let _ = self.lock_wallet(sentence!("the wallet locked itself: it was not used for a while"));
        }
    }

    /// The keys are being used: the wallet stays open for a while.
    pub(super) fn use_wallet(&mut self) {
        self.keeper.used_at = self.now;
    }

    fn unlock(&mut self, id: RequestId, passphrase: Secret) -> Result<Option<Response>, RequestError> {
        let vault = self.wallet.vault().ok_or_else(|| wallet_error(WalletError::Unprotected))?;
        if passphrase.expose().len() > MAX_PASSPHRASE_BYTES {
            return Err(wallet_error(VaultError::WrongPassphrase.into()));
        }
        let derivation = vault.derivation(passphrase.clone());
        let entropy = self.keeper.entropy()?;
        self.derive(Some(id), derivation, Then::Unlock { passphrase, entropy });
        Ok(None)
    }

    fn protect(&mut self, id: RequestId, passphrase: Secret, current: Option<Secret>) -> Result<(), RequestError> {
        check_passphrase(&passphrase)?;
        self.wallet.phrase().map_err(wallet_error)?;
        let Some(vault) = self.wallet.vault() else {
            let mould = Mould::new(&self.keeper.entropy()?, KdfParameters::CURRENT);
            self.derive(Some(id), mould.derivation(passphrase), Then::Protect { mould });
            return Ok(());
        };
        let current = current.filter(|current| current.expose().len() <= MAX_PASSPHRASE_BYTES);
        let current = current.ok_or_else(|| wallet_error(VaultError::WrongPassphrase.into()).in_field("current"))?;
        let derivation = vault.derivation(current);
        let entropy = self.keeper.entropy()?;
        self.derive(Some(id), derivation, Then::Verify { new: passphrase, entropy });
        Ok(())
    }

    fn derive(&mut self, asker: Option<RequestId>, derivation: Derivation, then: Then) {
        let job = self.new_job();
        self.keeper.deriving = Some(Deriving { job, asker, then });
        self.outbox.push(Output::DeriveKey { job, derivation });
        self.tell_wallet();
    }

    /// A passphrase was stretched.
    pub(super) fn on_key_derived(&mut self, job: JobId, key: Option<DerivedKey>) {
        // One that was given up, or an answer from nowhere.
        let Some(Deriving { asker, then, .. }) = self.keeper.deriving.take_if(|deriving| deriving.job == job) else {
            return;
        };
        self.keeper.used_at = self.now;
        let key = key.ok_or_else(|| {
            RequestError::new(ErrorCode::NoMemory, sentence!("there is too little memory to work out the key"))
        });
        match (key.and_then(|key| self.go_on(asker, then, &key)), asker) {
            (Ok(Some(response)), Some(asker)) => self.reply(asker, Ok(response)),
            (Err(problem), Some(asker)) => self.reply(asker, Err(problem)),
            // The answer comes later, or nobody waits for it.
            (Ok(_), _) | (Err(_), None) => {}
        }
        self.tell_wallet();
    }

    fn go_on(
        &mut self,
        asker: Option<RequestId>,
        then: Then,
        key: &DerivedKey,
    ) -> Result<Option<Response>, RequestError> {
        match then {
            Then::Unlock { passphrase, entropy } => {
                self.wallet.unlock(key).map_err(wallet_error)?;
                self.write(Line::info("wallet-unlocked", sentence!("the wallet is open")));
                self.renew(passphrase, &entropy);
                self.wallet_changed();
            }
            Then::Verify { new, entropy } => {
                let vault = self.wallet.vault().ok_or_else(|| wallet_error(WalletError::Unprotected))?;
                vault.open(key).map_err(|problem| wallet_error(problem.into()).in_field("current"))?;
                let mould = Mould::new(&entropy, KdfParameters::CURRENT);
                self.derive(asker, mould.derivation(new), Then::Protect { mould });
                return Ok(None);
            }
            Then::Protect { mould } => {
                let vault = mould.seal(self.wallet.phrase().map_err(wallet_error)?, key);
                self.wallet.protect(vault);
                self.write(Line::info("wallet-protected", sentence!("the wallet is under a passphrase")));
                self.wallet_changed();
            }
            Then::Renew { mould } => {
                let vault = mould.seal(self.wallet.phrase().map_err(wallet_error)?, key);
                self.wallet.protect(vault);
                self.write(Line::info("vault-renewed", sentence!("the wallet’s vault was made harder to guess")));
                self.wallet_changed();
            }
            Then::Export { mould } => {
                let vault = mould.seal(self.wallet.phrase().map_err(wallet_error)?, key);
                return Ok(Some(file_response(self.wallet.to_file(&vault, |address| self.text(address)))));
            }
            Then::Import { file, passphrase, entropy } => {
                let vault =
                    file.vault().map_err(|problem| RequestError::new(ErrorCode::BadFile, problem).in_field("file"))?;
                let phrase = vault.open(key).map_err(|problem| wallet_error(problem.into()))?;
                let wallet = Wallet::from_file(&file, vault, phrase, |text| self.address_from(text).ok());
                self.replace_wallet(
                    wallet,
                    "wallet-imported",
                    sentence!("the wallet of a file takes the place of the one before"),
                )?;
                self.renew(passphrase, &entropy);
            }
        }
        Ok(Some(self.wallet_response()))
    }

    /// Makes the vault anew if it is easier to guess than it should be by now.
    fn renew(&mut self, passphrase: Secret, entropy: &Entropy) {
        if self.wallet.vault().is_some_and(|vault| vault.parameters().is_outdated()) {
            let mould = Mould::new(entropy, KdfParameters::CURRENT);
            self.derive(None, mould.derivation(passphrase), Then::Renew { mould });
        }
    }

    // --- Backup and files.

    fn backup(&mut self) -> Answer {
        let words = self.wallet.phrase().map_err(wallet_error)?.words();
        let mut places: Vec<usize> = (0..PHRASE_WORDS).collect();
        while places.len() > ASKED_WORDS {
            let place = self.rng.next_u32() as usize % places.len();
            places.remove(place);
        }
        let ask = places.iter().filter_map(|place| u32::try_from(place + 1).ok()).collect();
        self.keeper.asked = places;
        Ok(Response::Backup(Box::new(BackupView { words, ask })))
    }

    fn confirm_backup(&mut self, words: &[Secret]) -> Result<(), RequestError> {
        if self.keeper.asked.is_empty() {
            return Err(RequestError::new(
                ErrorCode::BadRequest,
                sentence!("ask for the words first: then some of them are asked for"),
            ));
        }
        let fits = self.wallet.confirm_backup(&self.keeper.asked, words).map_err(wallet_error)?;
        if !fits {
            return Err(RequestError::new(
                ErrorCode::WrongWords,
                sentence!("these are not the words that were asked for"),
            )
            .in_field("words"));
        }
        self.keeper.asked.clear();
        self.write(Line::info("wallet-backed-up", sentence!("the backup of the wallet is confirmed")));
        self.wallet_changed();
        Ok(())
    }

    fn export(&mut self, id: RequestId, passphrase: Option<Secret>) -> Result<Option<Response>, RequestError> {
        let Some(passphrase) = passphrase else {
            let vault = self.wallet.vault().ok_or_else(|| {
                RequestError::new(
                    ErrorCode::Unprotected,
                    sentence!("the wallet has no passphrase yet: give one for the file"),
                )
                .in_field("passphrase")
            })?;
            return Ok(Some(file_response(self.wallet.to_file(vault, |address| self.text(address)))));
        };
        check_passphrase(&passphrase)?;
        self.wallet.phrase().map_err(wallet_error)?;
        let mould = Mould::new(&self.keeper.entropy()?, KdfParameters::CURRENT);
        self.derive(Some(id), mould.derivation(passphrase), Then::Export { mould });
        Ok(None)
    }

    fn import(
        &mut self,
        id: RequestId,
        file: Box<WalletFile>,
        passphrase: Secret,
        replace: Option<bool>,
    ) -> Result<(), RequestError> {
        let vault = file.vault().map_err(|problem| RequestError::new(ErrorCode::BadFile, problem).in_field("file"))?;
        self.may_replace(replace)?;
        if passphrase.expose().len() > MAX_PASSPHRASE_BYTES {
            return Err(wallet_error(VaultError::WrongPassphrase.into()));
        }
        let entropy = self.keeper.entropy()?;
        self.derive(Some(id), vault.derivation(passphrase.clone()), Then::Import { file, passphrase, entropy });
        Ok(())
    }

    // --- The chain.

    /// Looks at some blocks from before an address was known.
    pub(super) fn look_back(&mut self) {
        if !self.chain.keeps_bodies() {
            return;
        }
        let issuer = self.chain.params().issuer;
        let mut left = LOOK_BACK_TRANSACTIONS;
        let mut found = false;
        while left > 0
            && !self.keeper.reading
            && let Some(height) = self.wallet.behind(self.chain.height())
        {
            self.keeper.searching = true;
            let Some(hash) = self.chain.hash_at(height) else { break };
            let block = match self.chain.block(&hash) {
                Some(block) => Some(block),
                None if self.keeper.read.contains_key(&hash) => self.keeper.read.remove(&hash).flatten(),
                None if self.chain.is_stored(&hash) && self.storage.can_read() => {
                    self.keeper.reading = true;
                    self.read_for_search(height);
                    break;
                }
                // It was dropped, or is lost.
                None => None,
            };
            left = left.saturating_sub(1 + block.as_ref().map_or(0, |block| block.transactions.len()));
            match block {
                Some(block) => found |= self.wallet.connect(&block, issuer),
                None => self.wallet.skip(height),
            }
        }
        let done = self.keeper.searching && self.wallet.behind(self.chain.height()).is_none();
        if done {
            self.keeper.searching = false;
        }
        if done || found {
            self.wallet_changed();
        }
    }

    /// Whether the search goes on at once.
    pub(super) fn look_back_at(&self) -> Option<Timestamp> {
        if !self.chain.keeps_bodies() {
            return None;
        }
        let behind = self.wallet.behind(self.chain.height()).filter(|_| !self.keeper.reading);
        behind.map(|_| self.now)
    }
}

fn file_response(file: WalletFile) -> Response {
    Response::WalletFile(Box::new(file))
}

fn check_passphrase(passphrase: &Secret) -> Result<(), RequestError> {
    let text = passphrase.expose();
    if text.chars().count() < MIN_PASSPHRASE || text.len() > MAX_PASSPHRASE_BYTES {
        let message =
            sentence!("a passphrase has {MIN_PASSPHRASE} characters at least and {MAX_PASSPHRASE_BYTES} bytes at most");
        return Err(RequestError::new(ErrorCode::BadPassphrase, message).in_field("passphrase"));
    }
    Ok(())
}

/// A refusal of the wallet with its stable word.
pub(super) fn wallet_error(problem: WalletError) -> RequestError {
    let (code, field) = match problem {
        WalletError::Locked => (ErrorCode::Locked, None),
        WalletError::Unprotected => (ErrorCode::Unprotected, None),
        WalletError::UnknownAddress => (ErrorCode::NotFound, Some("address")),
        WalletError::KnownAddress => (ErrorCode::BadAddress, Some("address")),
        WalletError::Full(_) => (ErrorCode::WalletFull, None),
        WalletError::BadName => (ErrorCode::BadName, Some("name")),
        WalletError::Altered | WalletError::Vault(VaultError::Damaged) => (ErrorCode::WalletDamaged, None),
        WalletError::Vault(VaultError::WrongPassphrase) => (ErrorCode::WrongPassphrase, Some("passphrase")),
    };
    RequestError { field: field.map(str::to_owned), ..RequestError::new(code, problem) }
}
