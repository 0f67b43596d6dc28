//! The whole thing from outside: real tabs in a real browser, a real tracker.

mod harness;
mod scenarios;
mod storage;
mod webdriver;
