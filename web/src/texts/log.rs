//! What lines of the log mean, by their codes, and messages of what concerns the person at this tab.

/// Said by the button that a line's code is.
pub(crate) fn explain_code(code: &str) -> String {
    format!("What {code} means")
}

/// Somebody's payment to this wallet waits.
pub(crate) fn payment_coming(amount: &str) -> String {
    format!("{amount} TAB are on their way to you. They count when they are in a block.")
}

/// Somebody's payment to this wallet is in a block.
pub(crate) fn payment_arrived(amount: &str, height: u32) -> String {
    format!("{amount} TAB have arrived, in block {height}.")
}

/// A payment of this wallet is in a block.
pub(crate) fn payment_confirmed(amount: &str, height: u32) -> String {
    format!("Your payment of {amount} TAB is in block {height}.")
}

/// What a code means, in a sentence or two. `None` for one that this page does not know.
pub(crate) fn explanation(code: &str) -> Option<&'static str> {
    of_the_chain(code).or_else(|| of_peers(code)).or_else(|| of_this_tab(code))
}

fn of_the_chain(code: &str) -> Option<&'static str> {
    Some(match code {
        // Blocks and branches.
        "block-connected" | "blocks-connected" => {
            "The block keeps every rule and stands on the newest one: it is the new end of the chain with the most work."
        }
        "headers-connected" => {
            "A light node keeps the headers alone. Their work is checked; what is in the blocks is not."
        }
        "reorganisation" => {
            "Two branches were alive, and the other one now has more work. The blocks that were taken back count no more; their transactions wait again."
        }
        "transactions-returned" => {
            "These were in blocks of a branch that lost. They are not lost with it: a miner can take them again."
        }
        "fork" => "Two blocks stand on the same one. Both are kept; which branch wins is decided by the next blocks.",
        "fork-discarded" => "The best chain is so far ahead that this branch cannot come back. It is forgotten.",
        "block-ahead" => "Its time is later than a clock may be wrong. It is looked at again when that time has come.",
        "invalid-header" => {
            "The header breaks a rule: work, target, time, height or the block before are not what they must be."
        }
        "invalid-block" => {
            "The block breaks a rule: a signature, a balance, the reward, or a transaction that was there before."
        }
        "own-block-invalid" => "This tab found a block that its own rules refuse. Mostly its clock is wrong.",
        "no-template" => "The miner has nothing to work on until the next block or transaction comes.",
        "pruned" => {
            "As chosen in the settings. Headers and balances stay; the dropped blocks can no more be read or served here."
        }
        "tip-stale" => "No block came for much longer than usual. Perhaps all peers are cut off: one more is tried.",
        // Transactions.
        "transaction-waiting" => {
            "Signature, balance and number are right: it waits in the mempool until a miner takes it."
        }
        "transaction-sent" => "It was told to peers. A light node counts it when a block is proved to hold it.",
        "transaction-dropped" => {
            "It can no more get into a block here: it was replaced, spent otherwise, waited too long, or paid too little."
        }
        "transaction-refused" => "A transaction of this wallet was refused. The reason stands in the line.",
        "history-incomplete" => {
            "What peers have proved does not add up to the balance: something is missing, and is asked for again."
        }
        _ => return None,
    })
}

fn of_peers(code: &str) -> Option<&'static str> {
    Some(match code {
        // Offences of peers, as protocol.md has them.
        "garbage" => "These bytes are no message. No honest node sends such: it is banned at once.",
        "out-of-order" => "A message that does not belong there, such as a second greeting.",
        "bad-proof" => {
            "It could not prove that its id is its own on this very connection: somebody may sit in between."
        }
        "wrong-network" => "It speaks of another chain or another version of the protocol. That is no fault.",
        "too-many" => "A list longer than the protocol allows, which would cost memory.",
        "flood" => "More messages than the limit of their kind. Who goes on is banned.",
        "invalid-transaction" => "A transaction that is wrong in itself, whatever the balances are.",
        "bad-signature" => {
            "It is not signed by the key of the account that would pay. Only the owner of a key can spend its coins."
        }
        "not-admitted" => {
            "Nothing is wrong with it in itself, but the balance does not suffice or its number is used. That is nobody’s fault."
        }
        "stalled" => "What was asked for did not come in time. Somebody else is asked.",
        "silent" => "No answer to several pings: the tab is closed, asleep, or cut off.",
        "low-work" => "It claimed a chain with more work than its headers have.",
        "unwanted" => "Headers that nobody asked for, of a branch with too little work to matter.",
        "bad-compact-block" => "The short form of a block that does not go together.",
        "no-room" => "The link makes room for another one. That is no fault.",
        "not-reading" => "It does not read what is sent to it, which would cost memory here.",
        "false-proof" => "A proof for a light node that a header refutes.",
        "undelivered" => "It announced things and did not have them when it was asked.",
        // Peers.
        "peer-joined" => "A direct connection to another tab. Both check each other’s every word.",
        "peer-left" => "A connection is gone. Others are looked for if there are too few.",
        "peer-not-reached" => {
            "No direct connection came about: the tab is gone, or a firewall stands in between. Others are tried."
        }
        "peer-full" => "It has as many links as it may. Others are tried.",
        "peer-evicted" | "peer-replaced" | "light-peer-evicted" => {
            "Links are limited. The least useful one goes, so that newcomers find a place and nobody can occupy all."
        }
        "peer-behind" => "A peer that stays on an old chain is of no use for learning of new blocks.",
        "peer-banned" => "It has a hundred points. For ten minutes no link to it is opened.",
        "peer-pardoned" => "Its ban is lifted, and its points are forgotten.",
        "refused-by-peer" => "A peer refused what this tab sent, and says why. In the lab that is what should happen.",
        "attack" => "Launched from this tab’s lab. The own chain, mempool and wallet take no part in it.",
        "link-refused" => "Somebody wanted to connect, and every place is taken by a link that is worth more.",
        "bad-signal" => "An offer for a connection that is not signed rightly, was used before, or is out of order.",
        "signal-not-sent" => "An offer for a connection could not be sent on its way.",
        "tracker-joined" => "The tracker introduces tabs of a room to each other. It sees no blocks and no coins.",
        "tracker-lost" => "Nobody new is introduced by it meanwhile; tabs that are connected go on without it.",
        "tracker-refused" => "The tracker did not do what this tab asked for.",
        _ => return None,
    })
}

fn of_this_tab(code: &str) -> Option<&'static str> {
    Some(match code {
        // The tab.
        "miner-started" => "This tab tries nonces until a header’s hash is below the target.",
        "miner-stopped" => "This tab tries no more nonces. It goes on checking and forwarding.",
        "mining-failed" => "The tab was to mine from the start, and the node refused it.",
        "compute-worker-failed" => {
            "The browser lets this tab use fewer processors: it does the same work, more slowly."
        }
        "node-stopped" => "Nothing is checked, forwarded or mined in this tab any more. Load the page again.",
        "role-changed" => "As chosen in the settings. Peers were told.",
        "profile-in-use" => {
            "A profile is a wallet and a chain, for one tab at a time. Close the other tab, or choose in the settings."
        }
        "woke" => "The browser or the computer had stopped this tab. What was missed comes from peers.",
        "clock-wrong" => {
            "Most peers have another time. With a wrong clock this tab refuses good blocks: set the computer’s clock."
        }
        // Storage.
        "storage-absent" => "Wallet and chain live in this tab’s memory alone, and are gone when it is closed.",
        "storage-failed" => "The browser does not let this page write any more. Back up the wallet.",
        "storage-damaged" => {
            "A checksum does not hold. What is lost of the chain comes from peers; the wallet is apart."
        }
        "storage-replay" => "The blocks are there and are gone through once more, because the balances were not.",
        "storage-migrated" => "This version of the page writes another layout. Nothing of the wallet is lost.",
        "storage-newer" => "A newer version of the page wrote it. It is not touched; this tab works in memory.",
        // Wallet.
        "wallet-created" | "wallet-restored" | "wallet-imported" => "The keys of this tab are others from now on.",
        "wallet-damaged" => "The stored keys cannot be read. They are kept as they are; restore your backup.",
        "wallet-locked" => "The keys are in the vault only. Nothing can be paid until the passphrase is given.",
        "wallet-unlocked" => "The keys are in memory until the wallet is locked or the tab is closed.",
        "wallet-protected" => "The keys are stored encrypted only. Without passphrase or words nobody can pay.",
        "wallet-backed-up" => "The words that were asked for are right: you can get these coins back in any browser.",
        "vault-renewed" => "Guessing the passphrase takes more work from now on.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_log_is_explained() {
        for code in node_wasm::log_codes() {
            let text = explanation(code).unwrap_or_else(|| panic!("{code} needs a sentence here"));
            assert!(text.ends_with('.') && text.len() > 30, "{code}: {text}");
        }
        assert_eq!(explanation("no-such-code"), None);
    }
}
