//! Writes the report on difficulty, `docs/difficulty.md`, to its output.

use tests::difficulty::report;

/// Runs of each scenario: enough for the figure that one run in twenty exceeds.
const SEEDS: u64 = 100;

fn main() {
    print!("{}", report::whole_report(SEEDS));
}
