//! Every developer task of Tabchain as one command: `cargo xtask serve`, `cargo xtask test`, …

mod axe;
mod bench;
mod browser;
mod bundle;
mod command;
mod compress;
mod debian;
mod deny;
mod fuzz;
mod html;
mod libtest;
mod made;
mod offline;
mod package;
mod page;
mod screens;
mod serve;
mod sim;
mod test;
mod toolchain;
mod tools;
mod trunk;
mod workspace;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::ExitCode;
use workspace::Workspace;

/// Tabchain's developer tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the page if it changed, start the tracker and serve the page from it.
    Serve(serve::Options),
    /// Build the page only.
    Build,
    /// Build the npm package of the node, into target/package.
    Package,
    /// Run every check and every test; the last line counts them.
    Test(test::Options),
    /// Measure our code beside its peers, in one page of a browser (needs npm), how long a tab
    /// takes to reopen on a long chain, or the whole page (needs npm, and more than an hour).
    Bench {
        /// What to measure.
        #[arg(value_enum, default_value_t)]
        what: bench::What,
        /// Options of `page`, behind `--`: which parts, and for how long.
        #[arg(last = true)]
        options: Vec<OsString>,
    },
    /// Take the README's pictures anew, from real tabs.
    Screens,
    /// Let a fuzzer make up inputs until one breaks something (needs a nightly toolchain and cargo-fuzz).
    Fuzz(fuzz::Options),
    /// Write the TypeScript types of the JavaScript API anew, after a change of its calls.
    Types,
    /// Write the list of the node's sentences for translators anew, after one was added or changed.
    Texts,
    /// Run scenarios in the simulator, or write the report on the network (`--list`, `--report`, `--help`).
    #[command(disable_help_flag = true)]
    Sim {
        /// What the simulator is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run Trunk with the pinned tools, by default `trunk serve`: rebuilds on every change.
    Trunk {
        /// What Trunk is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Say where the page is as soon as the tracker answers (`serve` starts this).
    #[command(hide = true)]
    Announce {
        /// Where the tracker listens.
        address: SocketAddr,
        /// Open a browser, too.
        #[arg(long)]
        open: bool,
    },
}

fn run(task: Task) -> Result<ExitCode, Box<dyn Error>> {
    if let Task::Announce { address, open } = task {
        serve::announce(address, open)?;
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = Workspace::find()?;
    match task {
        Task::Serve(options) => serve::serve(&workspace, &options)?,
        Task::Build => {
            toolchain::ensure_wasm_target()?;
            let page = page::build(&workspace)?;
            println!("the page is in {}", page.display());
        }
        Task::Package => {
            toolchain::ensure_wasm_target()?;
            let package = package::build(&workspace)?;
            println!("the package is in {}", package.display());
        }
        Task::Test(options) => return Ok(test::test(&workspace, &options)),
        Task::Bench { what, options } => bench::bench(&workspace, what, &options)?,
        Task::Screens => screens::take(&workspace)?,
        Task::Fuzz(options) => fuzz::fuzz(&workspace, &options)?,
        Task::Types => made::write(&workspace, &made::TYPES)?,
        Task::Texts => made::write(&workspace, &made::TEXTS)?,
        Task::Sim { arguments } => sim::sim(&workspace, &arguments)?,
        Task::Trunk { arguments } => trunk::pass_through(&workspace, arguments)?,
        Task::Announce { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", command::with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
