//! What decoding takes in memory, counted at the allocator: in proportion to what came, whatever
//! length the bytes claim. A binary of its own with one test, because the count is of the whole process.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::fs;
use std::path::Path;
use tests::fuzz::decode;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes allocated, one after the other or at once, for each byte that came: it is decoded, encoded
/// and hashed several times over.
const EACH: usize = 400;
/// Bytes allocated whatever came: borsh takes up to a megabyte for a text of any claimed length, of which no value
/// here gets to a second before the first is there. The rest is for four signatures that are checked together.
const FIXED: usize = (1024 + 64) * 1024;
/// The decoder that puts frames together: a few bytes stand for many frames there.
const FRAMES: u8 = 6;

fn allocated(input: &[u8]) -> usize {
    let region = Region::new(ALLOCATOR);
    decode(input);
    region.change().bytes_allocated
}

#[test]
fn decoding_takes_memory_by_what_came_and_not_by_what_it_claims() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decode");
    let files = fs::read_dir(corpus).expect("a corpus").map(|file| fs::read(file.expect("a file").path()));
    let mut inputs: Vec<Vec<u8>> = files.map(|bytes| bytes.expect("a readable file")).collect();
    // Every decoder, and every kind behind it, before a length that is claimed and not there.
    for (decoder, kind) in (0..16).flat_map(|decoder| (0..16).map(move |kind| (decoder, kind))) {
        inputs.push([&[decoder, kind][..], &[0xff; 4]].concat());
        inputs.push([&[decoder, kind][..], &[0xff, 0xff, 0xff, 0, 1, 2, 3, 4]].concat());
        inputs.push([&[decoder][..], &[0xff; 4], &[kind; 600]].concat());
    }
    // What is made once is made now.
    for input in &inputs {
        decode(input);
    }
    for input in inputs.iter().filter(|input| input.first().is_some_and(|decoder| decoder % 16 != FRAMES)) {
        let bytes = allocated(input);
        assert!(bytes <= FIXED + EACH * input.len(), "{bytes} bytes for {}: {input:02x?}", input.len());
    }
}
