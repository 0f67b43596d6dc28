//! Texts of mining.

use super::plural;
use crate::format;

pub(crate) const MINING_VIEW: &str = "Mining";
pub(crate) const MINING_LEAD: &str = "Miners search a number that makes the hash of their block small enough. Whoever finds one first adds a block to the chain and is paid with new coins and the fees.";
pub(crate) const MINING: &str = "Mining here";
pub(crate) const MINING_START: &str = "Start mining";
pub(crate) const MINING_STOP: &str = "Stop mining";
pub(crate) const MINING_NOTE: &str =
    "Each thread keeps one processor core busy looking for the next block. Whoever finds it gets its reward.";
pub(crate) const THREADS: &str = "Threads";
pub(crate) const ON_BATTERY: &str = "Pause on battery";
pub(crate) const ON_BATTERY_HINT: &str =
    "Mining stops when the computer is unplugged and goes on when it is plugged in again.";
pub(crate) const ON_BATTERY_UNKNOWN: &str = "This browser does not say whether the computer runs on its battery.";
pub(crate) const BATTERY_PAUSED: &str = "Mining pauses: the computer runs on its battery";
pub(crate) const BATTERY_ALLOWED: &str = "Mining goes on, on battery";
pub(crate) const BATTERY_RESUMED: &str = "Mining goes on: the computer is plugged in";
pub(crate) const RATE_CHART: &str = "Hash rate";
pub(crate) const RATE_CHART_EMPTY: &str = "The line begins when you start mining.";
pub(crate) const RATE_OWN: &str = "this tab";
pub(crate) const RATE_ALL: &str = "all, estimated";
pub(crate) const RATE_TABLE: &str = "Hash rate as a table";
pub(crate) const RATE_TIME: &str = "Time";
pub(crate) const PROSPECTS: &str = "Prospects";
pub(crate) const OWN_TIME: &str = "This tab finds a block about every";
pub(crate) const OWN_TIME_IDLE: &str = "Start mining to find blocks.";
pub(crate) const ALL_TIME: &str = "All together about every";
pub(crate) const SHARE: &str = "Share of the network";
pub(crate) const FOUND: &str = "Found since the tab was opened";
pub(crate) const FOUND_LIST: &str = "Blocks of this wallet";
pub(crate) const FOUND_MORE: &str = "Earlier ones are in the wallet’s history";
pub(crate) const FOUND_WAITING: &str = "Looking for blocks of this wallet…";
pub(crate) const FOUND_EMPTY: &str =
    "None yet. Start mining: every block that this tab finds is listed here with its reward.";
pub(crate) const FOUND_NONE_LATELY: &str =
    "None among the newest transactions of this wallet; older ones are in its history.";
pub(crate) const CHANCE_NOTE: &str =
    "An average, not a clock: each hash is a draw of its own, and nobody knows which one wins.";

pub(crate) fn chart_summary(own: &str, all: &str, span: &str) -> String {
    format!("Hash rate over the last {span}: this tab now {own}, all together {all}.")
}

pub(crate) fn blocks_found(blocks: u32) -> String {
    format!("{} found", plural(blocks, "block"))
}

pub(crate) fn of(part: u32, whole: u32) -> String {
    format!("{part} of {whole}")
}

pub(crate) fn percent(percent: f64) -> String {
    format!("{} %", format::decimal(percent, usize::from(percent < 10.0)))
}
