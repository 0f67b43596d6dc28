//! [`tests::fuzz::node`] for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzz::node(data));
