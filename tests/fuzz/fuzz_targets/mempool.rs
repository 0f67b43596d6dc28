//! [`tests::fuzz::mempool`] for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzz::mempool(data));
