//! Vectors of 32-bit words: one word natively, four in a wasm vector.

/// A vector whose lanes are 32-bit words, with the operations of SHA-256.
pub(super) trait Lanes: Copy {
    /// Number of lanes.
    const COUNT: u32;
    /// The same word in every lane.
    fn splat(word: u32) -> Self;
    /// `first`, `first + 1` and so on, wrapping.
    fn counting(first: u32) -> Self;
    /// Wrapping sum.
    fn add(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Bitwise and.
    fn and(self, other: Self) -> Self;
    /// Shift to the right by `N` bits.
    fn shift_right<const N: u32>(self) -> Self;
    /// Rotation to the right by `N` bits.
    fn rotate_right<const N: u32>(self) -> Self;
    /// The other byte order.
    fn swap_bytes(self) -> Self;
    /// Whether a lane is at most the same lane of `limit`, unsigned.
    fn any_at_most(self, limit: Self) -> bool;

    /// SHA-256's small sigma 0.
    #[inline(always)]
    fn small_sigma0(self) -> Self {
        self.rotate_right::<7>().xor(self.rotate_right::<18>()).xor(self.shift_right::<3>())
    }

    /// SHA-256's small sigma 1.
    #[inline(always)]
    fn small_sigma1(self) -> Self {
        self.rotate_right::<17>().xor(self.rotate_right::<19>()).xor(self.shift_right::<10>())
    }

    /// SHA-256's big sigma 0.
    #[inline(always)]
    fn big_sigma0(self) -> Self {
        self.rotate_right::<2>().xor(self.rotate_right::<13>()).xor(self.rotate_right::<22>())
    }

    /// SHA-256's big sigma 1.
    #[inline(always)]
    fn big_sigma1(self) -> Self {
        self.rotate_right::<6>().xor(self.rotate_right::<11>()).xor(self.rotate_right::<25>())
    }
}

impl Lanes for u32 {
    const COUNT: u32 = 1;

    #[inline(always)]
    fn splat(word: u32) -> Self {
        word
    }

    #[inline(always)]
    fn counting(first: u32) -> Self {
        first
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }

    #[inline(always)]
    fn shift_right<const N: u32>(self) -> Self {
        self >> N
    }

    #[inline(always)]
    fn rotate_right<const N: u32>(self) -> Self {
        self.rotate_right(N)
    }

    #[inline(always)]
    fn swap_bytes(self) -> Self {
        self.swap_bytes()
    }

    #[inline(always)]
    fn any_at_most(self, limit: Self) -> bool {
        self <= limit
    }
}

#[cfg(target_arch = "wasm32")]
pub(super) use simd::V128;

#[cfg(target_arch = "wasm32")]
mod simd {
    use super::Lanes;
    use std::arch::wasm32::{
        i8x16_shuffle, i32x4_add, i32x4_shl, u32x4, u32x4_le, u32x4_shr, u32x4_splat, v128, v128_and, v128_any_true,
        v128_or, v128_xor,
    };

    /// Four words in a wasm vector.
    #[derive(Clone, Copy)]
    pub(in crate::kernel) struct V128(v128);

    impl Lanes for V128 {
        const COUNT: u32 = 4;

        #[inline(always)]
        fn splat(word: u32) -> Self {
            Self(u32x4_splat(word))
        }

        #[inline(always)]
        fn counting(first: u32) -> Self {
            Self(i32x4_add(u32x4_splat(first), u32x4(0, 1, 2, 3)))
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(i32x4_add(self.0, other.0))
        }

        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            Self(v128_xor(self.0, other.0))
        }

        #[inline(always)]
        fn and(self, other: Self) -> Self {
            Self(v128_and(self.0, other.0))
        }

        #[inline(always)]
        fn shift_right<const N: u32>(self) -> Self {
            Self(u32x4_shr(self.0, N))
        }

        #[inline(always)]
        fn rotate_right<const N: u32>(self) -> Self {
            Self(v128_or(u32x4_shr(self.0, N), i32x4_shl(self.0, 32 - N)))
        }

        #[inline(always)]
        fn swap_bytes(self) -> Self {
            Self(i8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(self.0, self.0))
        }

        #[inline(always)]
        fn any_at_most(self, limit: Self) -> bool {
            v128_any_true(u32x4_le(self.0, limit.0))
        }
    }
}
