//! Runs scenarios in the simulator and writes the report on the network. `cargo xtask sim` builds
//! it for speed and starts it.

use clap::Parser;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use tests::scenarios::report::{self, Scale};
use tests::scenarios::{self, Scenario, Setup};

/// Counts what is allocated, for the memory of a node.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Scenarios in the simulator.
#[derive(Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
struct Arguments {
    /// Run this scenario; all of them if absent.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Replays a run exactly.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run so many seeds, from the first on, and print those that fail.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    seeds: u64,
    /// Honest nodes; each scenario has its own number if absent.
    #[arg(long)]
    nodes: Option<usize>,
    /// List the scenarios.
    #[arg(long)]
    list: bool,
    /// Write the tables of the report to this file.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Sizes of the rooms in the report's last table.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100, 1_000, 5_000])]
    rooms: Vec<usize>,
    /// Honest nodes under attack in the report.
    #[arg(long, default_value_t = 100)]
    attacked: usize,
    /// Sizes of the rooms in which blocks spread in the report.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000])]
    spread: Vec<usize>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        for scenario in scenarios::all() {
            println!("{:28} {} ({} nodes)", scenario.name, scenario.tells, scenario.nodes);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(path) = &arguments.report {
        let scale = Scale {
            propagation: arguments.spread.clone(),
            growth: arguments.rooms.clone(),
            attack: arguments.attacked,
            memory: Some(held),
        };
        let text = report::whole_report(arguments.seed, &scale, &mut |table| println!("{table}"));
        if let Err(error) = std::fs::write(path, text) {
            eprintln!("error: {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<Scenario> = match &arguments.scenario {
        Some(name) => scenarios::by_name(name).into_iter().collect(),
        None => scenarios::all(),
    };
    if chosen.is_empty() {
        eprintln!("error: no such scenario; `cargo xtask sim --list` lists them");
        return ExitCode::FAILURE;
    }
    let mut failed = Vec::new();
    let mut runs = 0;
    for scenario in &chosen {
        for seed in arguments.seed..arguments.seed.saturating_add(arguments.seeds) {
            runs += 1;
            let setup = Setup { seed, nodes: arguments.nodes.unwrap_or(scenario.nodes) };
            if !run(scenario, setup, arguments.seeds == 1) {
                failed.push(format!(
                    "cargo xtask sim --scenario {} --seed {seed} --nodes {}",
                    scenario.name, setup.nodes
                ));
            }
        }
    }
    println!("\n{} of {runs} runs failed", failed.len());
    for command in &failed {
        println!("{command}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one; gives whether all held that must.
fn run(scenario: &Scenario, setup: Setup, loud: bool) -> bool {
    let start = Instant::now();
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| scenario.run(setup)));
    let took = start.elapsed().as_secs_f64();
    let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
    println!("{} seed {} nodes {}: {verdict} in {took:.1} s", scenario.name, setup.seed, setup.nodes);
    if let Ok(figures) = &outcome
        && loud
    {
        println!("  {}", scenario.tells);
        for (name, figure) in &figures.0 {
            println!("  {name}: {figure}");
        }
        println!("  after every event held: coins, accounts, state roots, mempools, limits of what a node keeps");
    }
    outcome.is_ok()
}

/// Bytes that this program holds.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}
