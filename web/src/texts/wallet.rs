//! Texts of the wallet.

// Wallet.
pub(crate) const WALLET_LEAD: &str =
    "Receive, hold and send coins. The wallet lives in this tab; no server knows its key.";
pub(crate) const KEY_NOTE: &str = "This wallet lives only as long as this tab";
pub(crate) const KEY_NOTE_TEXT: &str = "Its key is in this tab’s memory and nowhere else: when the tab is closed or loaded again, the key is gone, and with it the coins.";
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
pub(crate) const ADDRESS_QR: &str = "QR code of the address";
pub(crate) const ADDRESS_NOTE: &str =
    "Give this address to whoever wants to pay you. Its flag helps to recognise it, but only the whole text counts.";
pub(crate) const SEND: &str = "Send";
pub(crate) const TO: &str = "To";
pub(crate) const TO_PLACEHOLDER: &str = "address of the receiver";
pub(crate) const AMOUNT: &str = "Amount";
pub(crate) const FEE: &str = "Fee";
pub(crate) const FEE_AUTOMATIC: &str = "automatic";
pub(crate) const FEE_HINT: &str = "Leave empty for the node’s proposal.";
pub(crate) const MEMO: &str = "Memo";
pub(crate) const MEMO_HINT: &str = "Optional, and readable by everybody for as long as the chain exists.";
pub(crate) const UNSIGNED: &str = "Leave unsigned";
pub(crate) const UNSIGNED_HINT: &str = "An experiment: sends the transaction without a valid signature, to see every peer refuse it. No coins move, and peers may ban this tab for a while.";
pub(crate) const UNSIGNED_REVIEW: &str = "This transaction will carry no valid signature. Peers will refuse it and hold it against this tab; no coins will move.";
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
