//! A long chain, made in a moment: its blocks are dated so far apart that they need hardly any work.

use crate::harness::{Browser, Tab};
use node_core::chain::tree::Chain;
use node_core::keys::Address;
use node_core::mining;
use node_core::params::ChainParams;
use node_core::units::{Amount, Timestamp};
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds from block to block: as late as counts, so that the difficulty falls to the least there is at once.
const GAP_MS: u128 = 200_000;
/// Nonces tried for a block: some times what the first ones need.
const MAX_ATTEMPTS: u32 = 100_000_000;

/// Has a tab that shows its settings take in a chain with so many blocks, by its file.
pub(crate) async fn open(browser: &Browser, tab: &Tab, params: &ChainParams, blocks: u32, miners: &[Address]) {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("long.tabchain");
    fs::write(&path, file(params, blocks, miners)).expect("it can be written");
    browser.choose_file(tab, "chain-open", &path).await;
    browser.shows(tab, "chain-file-said", &format!("{blocks} blocks were taken in.")).await;
}

/// The file of a chain with so many blocks, whose rewards go to these miners in turn.
pub(crate) fn file(params: &ChainParams, blocks: u32, miners: &[Address]) -> String {
    let mut chain = Chain::new(params.clone());
    let mut text = format!("tabchain-chain 1 {}\n", chain.genesis());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_millis();
    for (left, miner) in (1..=blocks).rev().zip(miners.iter().cycle()) {
        let time = now - GAP_MS * u128::from(left);
        let time = Timestamp::from_millis(u64::try_from(time).expect("a time of today"));
        let mut block = mining::assemble(&mut chain, Vec::new(), *miner, Amount::ZERO, time).expect("it goes on");
        block.header = mining::search(block.header, MAX_ATTEMPTS).expect("hardly any work");
        writeln!(text, "{}", hex::encode(block.to_bytes())).expect("a text takes it");
        chain.insert_header(block.header).expect("a valid header");
        chain.insert_body(Arc::new(block));
    }
    assert_eq!(chain.height().0, blocks);
    text
}
