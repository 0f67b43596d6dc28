//! The whole thing from outside: real tabs in a real browser, a real tracker.

mod accessibility;
mod accounts;
mod arrival;
mod chain_file;
mod crowd;
mod devtools;
mod explorer;
mod firefox;
mod harness;
mod lab;
mod learn;
mod life;
mod mesh;
mod news;
mod offline;
mod package;
mod policy;
mod program;
mod scenarios;
mod screens;
mod sharing;
mod storage;
mod views;
mod wallet;
mod webdriver;
