//! SHA-256's rounds and message schedule (FIPS 180-4), written out over [`Lanes`].

#![expect(clippy::many_single_char_names, reason = "the standard's own names")]

use super::lanes::Lanes;

/// Initial state.
pub(super) const IV: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Round constants.
#[rustfmt::skip]
pub(super) const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// SHA-256's small sigma 0 of one word.
pub(super) fn small_sigma0(word: u32) -> u32 {
    Lanes::small_sigma0(word)
}

/// SHA-256's small sigma 1 of one word.
pub(super) fn small_sigma1(word: u32) -> u32 {
    Lanes::small_sigma1(word)
}

/// One round; leaves the state turned so that its words stand in their usual places.
#[inline(always)]
pub(super) fn round<L: Lanes>(state: &mut [L; 8], word: L, k: u32) {
    let [a, b, c, d, e, f, g, h] = *state;
    let choice = g.xor(e.and(f.xor(g)));
    // The same as (a & b) ^ (a & c) ^ (b & c), sharing `a ^ b` with the next round's `b ^ c`.
    let majority = b.xor(a.xor(b).and(b.xor(c)));
    let sum = h.add(word.add(L::splat(k))).add(e.big_sigma1()).add(choice);
    *state = [sum.add(a.big_sigma0()).add(majority), a, b, c, d.add(sum), e, f, g];
}

/// Calls a macro with each of the numbers 0 to 15: a loop that the compiler cannot leave rolled
/// up, because rolled up its state would move through memory in every round.
macro_rules! sixteen {
    ($step:ident) => {
        $step!(0);
        $step!(1);
        $step!(2);
        $step!(3);
        $step!(4);
        $step!(5);
        $step!(6);
        $step!(7);
        $step!(8);
        $step!(9);
        $step!(10);
        $step!(11);
        $step!(12);
        $step!(13);
        $step!(14);
        $step!(15);
    };
}

/// Sixteen rounds beginning with round `FIRST`.
#[inline(always)]
pub(super) fn rounds_from<L: Lanes, const FIRST: usize>(state: &mut [L; 8], words: &[L; 16]) {
    macro_rules! step {
        ($index:literal) => {
            round(state, words[$index], K[FIRST + $index])
        };
    }
    sixteen!(step);
}

/// Rounds 12 to 15 with their words.
#[inline(always)]
pub(super) fn tail_rounds<L: Lanes>(state: &mut [L; 8], words: &[L; 4]) {
    round(state, words[0], K[12]);
    round(state, words[1], K[13]);
    round(state, words[2], K[14]);
    round(state, words[3], K[15]);
}

/// The next sixteen words of the message schedule, in place of the last sixteen.
#[inline(always)]
pub(super) fn expand<L: Lanes>(words: &mut [L; 16]) {
    macro_rules! step {
        ($index:literal) => {
            words[$index] = words[$index]
                .add(words[($index + 1) & 15].small_sigma0())
                .add(words[($index + 9) & 15])
                .add(words[($index + 14) & 15].small_sigma1())
        };
    }
    sixteen!(step);
}

/// Compresses one block into a state.
pub(super) fn compress(state: &mut [u32; 8], block: &[u32; 16]) {
    let start = *state;
    let mut words = *block;
    rounds_from::<u32, 0>(state, &words);
    expand(&mut words);
    rounds_from::<u32, 16>(state, &words);
    expand(&mut words);
    rounds_from::<u32, 32>(state, &words);
    expand(&mut words);
    rounds_from::<u32, 48>(state, &words);
    for (word, start) in state.iter_mut().zip(start) {
        *word = word.wrapping_add(start);
    }
}
