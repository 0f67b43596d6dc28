//! Texts of the wallet.

use super::{transactions, translated};
use node_wasm::sentence::fill;

// Wallet.
pub(crate) const WALLET_LEAD: &str =
    "Receive, hold and send coins. The wallet lives in this tab; no server knows its key.";
pub(crate) const SPENDABLE: &str = "Spendable";
pub(crate) const SPENDABLE_NOTE: &str = "Confirmed and free to spend, less what waits to be sent.";
pub(crate) const IMMATURE: &str = "Immature";
pub(crate) const IMMATURE_NOTE: &str =
    "Rewards for mined blocks: free to spend once enough blocks stand on top of theirs";
pub(crate) const PENDING_IN: &str = "Arriving";
pub(crate) const PENDING_IN_NOTE: &str = "Waits in the mempool for a block";
pub(crate) const PENDING_OUT: &str = "Leaving";
pub(crate) const PENDING_OUT_NOTE: &str = "Waits in the mempool for a block, fees included";
pub(crate) const BALANCE_WAITING: &str = "Adding up the balance…";
pub(crate) const RECEIVE: &str = "Receive";
pub(crate) const ADDRESS_WAITING: &str = "Waiting for the address…";
pub(crate) const ADDRESS_NOTE: &str =
    "Give this address to whoever wants to pay you. Its flag helps to recognise it, but only the whole text counts.";
pub(crate) const SEND: &str = "Send";
pub(crate) const TO: &str = "To";
pub(crate) const TO_PLACEHOLDER: &str = "address of the receiver";
pub(crate) const TO_HINT: &str = "An address, or a payment link.";
pub(crate) const AMOUNT: &str = "Amount";
pub(crate) const AMOUNT_HINT: &str = "Eight decimals at most.";
pub(crate) const FEE: &str = "Fee";
pub(crate) const FEE_AUTOMATIC: &str = "automatic";
pub(crate) const FEE_HINT: &str = "Leave empty for the node’s proposal.";
pub(crate) const MEMO: &str = "Memo";
pub(crate) const MEMO_HINT: &str = "Optional, and readable by everybody for as long as the chain exists.";
pub(crate) const UNSIGNED: &str = "Leave unsigned";
pub(crate) const UNSIGNED_HINT: &str = "An experiment: sends the transaction without a valid signature, to see every peer refuse it. No coins move, and peers may ban this tab for a while.";
pub(crate) const UNSIGNED_REVIEW: &str = "This transaction will carry no valid signature. Peers will refuse it and hold it against this tab; no coins will move.";
pub(crate) const PLAN_NOTHING: &str = "With receiver and amount, the cost stands here.";
pub(crate) const PLAN_TOTAL: &str = "Costs";
pub(crate) const PLAN_LEFT: &str = "leaves";
pub(crate) const SEND_REVIEW: &str = "Look over";
pub(crate) const REVIEW: &str = "Look over the transfer";
pub(crate) const REVIEW_NOTE: &str = "Once it is in a block, nobody can take it back.";
pub(crate) const TOTAL: &str = "Total";
pub(crate) const SEND_NOW: &str = "Send now";
pub(crate) const SEND_UNSIGNED_NOW: &str = "Send unsigned";
pub(crate) const SENT_TEXT: &str = "The transfer is on its way to the peers and waits for a block.";
pub(crate) const SENT_CONFIRMED: &str = "The transfer is in a block. The more blocks follow, the surer it is.";
pub(crate) const SENT_UNSIGNED: &str = "The transaction went out without a valid signature. Watch the log of another tab in this room: it is refused there, with the reason.";
pub(crate) const HISTORY: &str = "History";
pub(crate) const HISTORY_WAITING: &str = "Looking for this wallet’s transactions…";
pub(crate) const HISTORY_EMPTY: &str =
    "Nothing yet. Start mining on the overview, or have somebody send you coins: it appears here at once.";
pub(crate) const RECEIVED_FROM: &str = "From";
pub(crate) const SENT_TO: &str = "To";
pub(crate) const SENT_TO_SELF: &str = "To this wallet itself";
pub(crate) const REWARD: &str = "Block reward";
pub(crate) const ISSUED: &str = "Issued";
pub(crate) const TRANSFER: &str = "Transfer";

// The state of the wallet, and what to do about it.
pub(crate) const NUDGE_BOTH: &str = "This wallet is neither backed up nor protected";
pub(crate) const NUDGE_BACKUP: &str = "This wallet is not backed up";
pub(crate) const NUDGE_PROTECT: &str = "This wallet is not protected";
pub(crate) const NUDGE_UNSTORED: &str = "This wallet is in this tab and nowhere else";
pub(crate) const NUDGE_UNSTORED_TEXT: &str =
    "The browser stores nothing here: when the tab is closed, the wallet is gone. Its twelve words bring it back.";
pub(crate) const NUDGE_BACKUP_TEXT: &str =
    "Write its twelve words down: with them the coins can be had again when this tab or this computer is gone.";
pub(crate) const NUDGE_PROTECT_TEXT: &str =
    "Give it a passphrase: without one, whoever comes to this browser can spend its coins.";
pub(crate) const DAMAGED: &str = "The stored wallet could not be read";
pub(crate) const DAMAGED_TEXT: &str =
    "It is left as it is, and this is a makeshift. Bring yours back by its twelve words or from a file.";
pub(crate) const LOCKED: &str = "This wallet is locked";
pub(crate) const LOCKED_TEXT: &str =
    "Balance and history are seen all the same. To send, unlock it with its passphrase.";
pub(crate) const ACCOUNT: &str = "Account";
pub(crate) const ACCOUNT_WATCHED_NOTE: &str = " (watched)";
pub(crate) const ACCOUNT_ADDED: &str = "The new account is selected";
pub(crate) const ACCOUNT_ADD: &str = "New account";
pub(crate) const ACCOUNT_ADD_TEXT: &str =
    "A further address with a balance of its own. The same twelve words bring it back.";
pub(crate) const ACCOUNT_NAME: &str = "Name";
pub(crate) const ACCOUNT_NAME_HINT: &str = "Only you see it.";
pub(crate) const RENAME: &str = "Rename";
pub(crate) const RENAMED: &str = "Renamed";
pub(crate) const WATCH: &str = "Watch an address";
pub(crate) const WATCH_TEXT: &str = "Its balance and history are shown here; its coins stay with whoever has the key.";
pub(crate) const WATCH_NOTE: &str = "Only watched: this wallet does not have its key";
pub(crate) const WATCHED: &str = "The address is watched";
pub(crate) const UNWATCH: &str = "Stop watching";
pub(crate) const LOCK: &str = "Lock now";
pub(crate) const UNLOCK: &str = "Unlock";
pub(crate) const KEYS: &str = "Keys and backup";
pub(crate) const WORKING: &str = "Working on it…";

// Backup and restoring.
pub(crate) const BACK_UP: &str = "Back up";
pub(crate) const BACKUP: &str = "Back up the wallet";
pub(crate) const BACKUP_TEXT: &str = "Write these twelve words on paper, in this order. Whoever has them has the coins: do not photograph them, and give them to nobody.";
pub(crate) const BACKUP_WORDS: &str = "The twelve words";
pub(crate) const BACKUP_WRITTEN: &str = "I have written them down";
pub(crate) const BACKUP_ASK: &str = "To be sure that the paper is right, type these three words from it.";
pub(crate) const BACKUP_CONFIRM: &str = "Confirm";
pub(crate) const BACKUP_AGAIN: &str = "See the words again";
pub(crate) const BACKUP_DONE: &str = "The backup is confirmed";
pub(crate) const RESTORE: &str = "Restore from words";
pub(crate) const RESTORE_TEXT: &str =
    "Type the twelve words of a backup. Its accounts and their history are looked for on the chain.";
pub(crate) const RESTORE_WORDS: &str = "Twelve words";
pub(crate) const RESTORE_NOW: &str = "Restore";
pub(crate) const RESTORE_DONE: &str = "The wallet is back";
pub(crate) const REPLACE: &str = "Replace the wallet that is here";
pub(crate) const REPLACE_HINT: &str = "It is in use. Without its words or a file of it, its coins are lost for good.";

// Passphrase and files.
pub(crate) const PROTECT: &str = "Protect with a passphrase";
pub(crate) const PROTECT_TEXT: &str =
    "The keys are then kept encrypted. Nobody can bring back a forgotten passphrase; the twelve words help even then.";
pub(crate) const PROTECT_NOW: &str = "Protect";
pub(crate) const PROTECT_DONE: &str = "The wallet is protected";
pub(crate) const CHANGE: &str = "Change the passphrase";
pub(crate) const PASSPHRASE: &str = "Passphrase";
pub(crate) const PASSPHRASE_NEW: &str = "New passphrase";
pub(crate) const PASSPHRASE_CURRENT: &str = "Present passphrase";
pub(crate) const PASSPHRASE_AGAIN: &str = "The same once more";
pub(crate) const PASSPHRASE_HINT: &str = "Eight characters or more. Several words are good.";
pub(crate) const PASSPHRASE_DIFFERS: &str = "This is not the same.";
pub(crate) const UNLOCK_TEXT: &str =
    "Type the passphrase of this wallet. After ten minutes without use it locks itself.";
pub(crate) const UNLOCK_DONE: &str = "The wallet is open";
pub(crate) const EXPORT: &str = "Save to a file";
pub(crate) const EXPORT_TEXT: &str =
    "The file holds the keys encrypted. It opens with its passphrase, here or on another device.";
pub(crate) const EXPORT_HINT: &str = "Leave empty to use the passphrase of the wallet.";
pub(crate) const EXPORT_NOW: &str = "Make the file";
pub(crate) const EXPORT_READY: &str = "The file is ready.";
pub(crate) const EXPORT_SAVE: &str = "Save tabchain-wallet.json";
pub(crate) const IMPORT: &str = "Open a file";
pub(crate) const IMPORT_TEXT: &str = "The wallet of the file takes the place of the one that is here.";
pub(crate) const IMPORT_FILE: &str = "File";
pub(crate) const IMPORT_NOW: &str = "Open";
pub(crate) const IMPORT_DONE: &str = "The wallet of the file is here";
pub(crate) const IMPORT_UNREADABLE: &str = "This is not the file of a wallet.";

// Payment links and wrong signatures.
pub(crate) const REQUEST_AMOUNT: &str = "Ask for an amount";
pub(crate) const REQUEST_HINT: &str = "Optional: it then stands in the payment link.";
pub(crate) const LINK: &str = "Payment link";
pub(crate) const WHAT_PAYMENT_LINK: &str = "payment link";
pub(crate) const LINK_QR: &str = "QR code of the payment link";
pub(crate) const WRONG_KEY: &str = "Sign with a wrong key";
pub(crate) const WRONG_KEY_HINT: &str =
    "An experiment: signs with a key that is not yours. No coins move, and peers may ban this tab for a while.";
pub(crate) const WRONG_KEY_REVIEW: &str = "This transaction will carry a signature of another key. Peers will refuse it and hold it against this tab; no coins will move.";
pub(crate) const SEND_WRONG_KEY_NOW: &str = "Send wrongly signed";

/// An account as people see it: what was never named has an English name of the node.
pub(crate) fn account_called(name: &str) -> String {
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match name.strip_prefix("Account ").filter(is_number) {
        Some(number) => fill(translated("Account {number}"), |_| Some(number.to_owned())),
        None => name.to_owned(),
    }
}

pub(crate) fn word(place: u32) -> String {
    format!("Word {place}")
}

pub(crate) const HISTORY_PAGER: &str = "Pages of the history";

/// Which rows are shown, of how many.
pub(crate) fn history_rows(first: u32, last: u32, total: u32) -> String {
    format!("{first} to {last} of {}", transactions(total))
}

/// How far the search for accounts is; a light node has no blocks to look through.
pub(crate) fn account_searching(block: u32, tip: Option<u32>) -> String {
    match tip {
        Some(tip) if block > 0 => format!("searching the chain for this wallet’s accounts: block {block} of {tip}"),
        _ => "searching the chain for this wallet’s accounts…".to_owned(),
    }
}

/// From which block on the rows are listed.
pub(crate) fn history_since(block: u32) -> String {
    format!("Transactions before block {block} are not listed here.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_without_a_name_are_called_by_their_numbers() {
        for name in ["Account 3", "Account", "Account ", "Account 3b", "Lunch"] {
            assert_eq!(account_called(name), name);
        }
        let is_listed = include_str!("node.txt").lines().any(|pattern| pattern == "Account {number}");
        assert!(is_listed, "the node's own name for an account");
    }
}
