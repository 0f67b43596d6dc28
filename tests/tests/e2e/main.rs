//! The whole thing from outside: real tabs in a real browser, a real tracker.

mod devtools;
mod firefox;
mod harness;
mod life;
mod mesh;
mod scenarios;
mod storage;
mod wallet;
mod webdriver;
