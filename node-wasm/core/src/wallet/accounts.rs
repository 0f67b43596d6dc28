//! Accounts and watched addresses: which there are, and the search for those of restored words.

use super::record::{MAX_ACCOUNTS, MAX_NAME_BYTES, MAX_WATCHED};
use super::{ACCOUNT_GAP, Account, Wallet, WalletError, Watched, default_name};
use crate::keys::{Address, PublicKey};

impl Wallet {
    /// The address that is paid to and pays.
    pub fn address(&self) -> Address {
        self.account().address
    }

    /// The account that is paid to and pays.
    pub(super) fn account(&self) -> &Account {
        // There is at least one account, and `selected` is always one of them.
        &self.accounts[self.selected.min(self.accounts.len() - 1)]
    }

    /// The accounts, at least one.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The addresses that are only watched.
    pub fn watched(&self) -> &[Watched] {
        &self.watched
    }

    /// Addresses of the accounts, then those that are only watched.
    pub fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        let own = self.accounts.iter().map(|account| account.address);
        own.chain(self.watched.iter().map(|watched| watched.address))
    }

    /// Whether an address is an account's or watched.
    pub fn has(&self, address: &Address) -> bool {
        self.addresses().any(|own| own == *address)
    }

    /// Adds the next account and selects it.
    pub fn add_account(&mut self, name: &str) -> Result<Address, WalletError> {
        if self.accounts.len() >= MAX_ACCOUNTS {
            return Err(WalletError::Full(MAX_ACCOUNTS));
        }
        let next = self.accounts.iter().map(|account| account.index + 1).max().unwrap_or_default();
        let name = if name.trim().is_empty() { default_name(next) } else { checked_name(name)? };
        self.phrase()?;
        let account = self.grow(next).ok_or(WalletError::Full(MAX_ACCOUNTS))?;
        let address = account.address;
        self.take_in(Account { name, ..account });
        self.selected = self.accounts.len() - 1;
        if !self.ahead.is_empty() {
            self.look_ahead();
        }
        Ok(address)
    }

    /// Makes an account the one that is paid to and pays.
    pub fn select(&mut self, address: &Address) -> Result<(), WalletError> {
        let place = self.accounts.iter().position(|account| account.address == *address);
        self.selected = place.ok_or(WalletError::UnknownAddress)?;
        Ok(())
    }

    /// Renames an account or a watched address.
    pub fn rename(&mut self, address: &Address, name: &str) -> Result<(), WalletError> {
        let name = checked_name(name)?;
        let own = self.accounts.iter_mut().map(|account| (account.address, &mut account.name));
        let watched = self.watched.iter_mut().map(|watched| (watched.address, &mut watched.name));
        let found = own.chain(watched).find(|(known, _)| known == address);
        *found.ok_or(WalletError::UnknownAddress)?.1 = name;
        Ok(())
    }

    /// Watches an address.
    pub fn watch(&mut self, address: Address, name: &str) -> Result<(), WalletError> {
        let name = checked_name(name)?;
        if self.has(&address) {
            return Err(WalletError::KnownAddress);
        }
        if self.watched.len() >= MAX_WATCHED {
            return Err(WalletError::Full(MAX_WATCHED));
        }
        self.history.add(address);
        self.watched.push(Watched { address, name });
        Ok(())
    }

    /// Watches an address no longer.
    pub fn unwatch(&mut self, address: &Address) -> Result<(), WalletError> {
        let place = self.watched.iter().position(|watched| watched.address == *address);
        self.watched.remove(place.ok_or(WalletError::UnknownAddress)?);
        if !self.ahead.iter().any(|account| account.address == *address) {
            self.history.remove(address);
        }
        Ok(())
    }

    /// The account of an index, if the keys are there.
    pub(super) fn grow(&mut self, index: u32) -> Option<Account> {
        let session = self.session.as_mut()?;
        let key = session.keychain.account(index)?;
        let public = key.public_key();
        session.keys.insert(index, key);
        Some(Account::new(index, public))
    }

    pub(super) fn take_in(&mut self, account: Account) {
        // An account of one's own is not only watched.
        self.watched.retain(|watched| watched.address != account.address);
        self.history.add(account.address);
        self.accounts.push(account);
    }

    /// Derives the keys of the accounts, and compares them with those that are stored.
    pub(super) fn check_accounts(&mut self) -> Result<(), WalletError> {
        let stored: Vec<(u32, PublicKey)> = self.accounts.iter().map(|account| (account.index, account.key)).collect();
        for (index, key) in stored {
            if self.grow(index).is_none_or(|account| account.key != key) {
                return Err(WalletError::Altered);
            }
        }
        Ok(())
    }

    /// Looks for the accounts behind the last one that is known.
    pub(super) fn look_ahead(&mut self) {
        if self.session.is_none() || self.accounts.len() >= MAX_ACCOUNTS {
            return;
        }
        let last = self.accounts.iter().map(|account| account.index).max().unwrap_or_default();
        self.ahead.retain(|account| account.index > last);
        let first = self.ahead.last().map_or(last, |account| account.index) + 1;
        for index in first..=last.saturating_add(ACCOUNT_GAP) {
            let Some(account) = self.grow(index) else { break };
            self.history.add(account.address);
            self.ahead.push(account);
        }
        // Some may be known to be in use already.
        let known = self.ahead.iter().map(|account| account.address);
        let used: Vec<Address> = known.filter(|address| !self.history.of(address).is_empty()).collect();
        self.discover(&used);
    }

    /// Accounts that are looked for, if this wallet was restored.
    pub fn ahead(&self) -> impl Iterator<Item = Address> + '_ {
        self.ahead.iter().map(|account| account.address)
    }

    /// These addresses have their first transaction: accounts up to them are in use. Whether there
    /// were any such.
    pub fn discover(&mut self, used: &[Address]) -> bool {
        let found = self.ahead.iter().rposition(|account| used.contains(&account.address));
        let Some(found) = found else { return false };
        for account in self.ahead.drain(..=found).collect::<Vec<_>>() {
            if self.accounts.len() < MAX_ACCOUNTS {
                self.take_in(account);
            } else {
                self.history.remove(&account.address);
            }
        }
        self.look_ahead();
        true
    }
}

fn checked_name(name: &str) -> Result<String, WalletError> {
    let name = name.trim();
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        return Err(WalletError::BadName);
    }
    Ok(name.to_owned())
}
