//! Amounts, heights, times, targets and work: one type a unit, arithmetic that cannot wrap.

use crate::sentence::{Say, ToValue, Value};
use borsh::{BorshDeserialize, BorshSerialize};
use primitive_types::U256;
use serde::{Deserialize, Serialize};
use std::{fmt, io, str::FromStr, time::Duration};

/// Why a text or a number is not an [`Amount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum AmountError {
    /// Not digits with at most one decimal point.
    #[error("not a number such as 12 or 0.5")]
    Malformed,
    /// More than eight decimals.
    #[error("at most eight decimals: one grain is 0.00000001 TAB")]
    TooPrecise,
    /// Above [`Amount::MAX`].
    #[error("more than all coins that can exist")]
    TooLarge,
}

/// An amount of money: decimal TAB in JSON, grains inside; 1 TAB is [`Amount::GRAINS_PER_TAB`] grains.
///
/// Never above [`Amount::MAX`], so that the sum of any two amounts fits a `u64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(as = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct Amount(u64);

impl Amount {
    /// Grains in one TAB.
    pub const GRAINS_PER_TAB: u64 = 100_000_000;
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Ten thousand million TAB: above every network's supply, far below the end of `u64`.
    pub const MAX: Self = Self(10_000_000_000 * Self::GRAINS_PER_TAB);

    /// An amount of whole TAB; for constants, fails to compile when above [`Amount::MAX`].
    pub const fn from_tab(tab: u64) -> Self {
        assert!(tab <= Self::MAX.0 / Self::GRAINS_PER_TAB, "amount above the maximum");
        Self(tab * Self::GRAINS_PER_TAB)
    }

    /// An amount of grains, if not above [`Amount::MAX`].
    pub const fn from_grains(grains: u64) -> Result<Self, AmountError> {
        if grains > Self::MAX.0 { Err(AmountError::TooLarge) } else { Ok(Self(grains)) }
    }

    /// The number of grains.
    pub const fn grains(self) -> u64 {
        self.0
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` above [`Amount::MAX`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_grains(self.0.checked_add(other.0)?).ok()
    }

    /// The difference, or `None` below zero.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// This amount halved `times` times, rounded down: the subsidy schedule.
    #[must_use]
    pub const fn halved(self, times: u32) -> Self {
        if times >= u64::BITS { Self::ZERO } else { Self(self.0 >> times) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, grains) = (self.0 / Self::GRAINS_PER_TAB, self.0 % Self::GRAINS_PER_TAB);
        if grains == 0 {
            return write!(formatter, "{whole}");
        }
        let decimals = format!("{grains:08}");
        write!(formatter, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl ToValue for Amount {
    fn to_value(&self) -> Value {
        Value::Amount(self.to_string())
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(decimals) {
            return Err(AmountError::Malformed);
        }
        if decimals.len() > 8 {
            return Err(AmountError::TooPrecise);
        }
        let whole: u64 = whole.parse().map_err(|_| AmountError::TooLarge)?;
        let grains: u64 = format!("{decimals:0<8}").parse().map_err(|_| AmountError::Malformed)?;
        let total = whole.checked_mul(Self::GRAINS_PER_TAB).and_then(|whole| whole.checked_add(grains));
        Self::from_grains(total.ok_or(AmountError::TooLarge)?)
    }
}

impl TryFrom<String> for Amount {
    type Error = AmountError;

    fn try_from(text: String) -> Result<Self, AmountError> {
        text.parse()
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

impl BorshDeserialize for Amount {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        Self::from_grains(u64::deserialize_reader(reader)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// Position of a block in its chain; the genesis block has height 0.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Height(pub u32);

impl Height {
    /// Height of the genesis block.
    pub const GENESIS: Self = Self(0);

    /// The height above, or `None` at the end of `u32`.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// How many blocks `self` is above `other`; zero when it is not above.
    pub const fn above(self, other: Self) -> u32 {
        self.0.saturating_sub(other.0)
    }

    /// The height `blocks` below, or `None` below genesis.
    pub fn below(self, blocks: u32) -> Option<Self> {
        self.0.checked_sub(blocks).map(Self)
    }
}

impl fmt::Display for Height {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl ToValue for Height {
    fn to_value(&self) -> Value {
        self.0.to_value()
    }
}

/// Milliseconds since 1970-01-01 UTC, below 2^48 so that a header spends six bytes on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Bytes in canonical form.
    pub const BYTES: usize = 6;
    /// The last time that fits: the year 10889.
    pub const MAX: Self = Self((1 << 48) - 1);

    /// A time in milliseconds, held at [`Timestamp::MAX`].
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 { Self::MAX } else { Self(millis) }
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// This time plus `duration`, held at [`Timestamp::MAX`].
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Milliseconds that this time is ahead of `other`; negative when it is behind.
    pub const fn offset_from(self, other: Self) -> i64 {
        // Both are below 2^48.
        self.0.cast_signed() - other.0.cast_signed()
    }

    /// Time passed since `earlier`; zero when it is not earlier.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl BorshSerialize for Timestamp {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&self.0.to_le_bytes()[..Self::BYTES])
    }
}

impl BorshDeserialize for Timestamp {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut bytes = [0; 8];
        reader.read_exact(&mut bytes[..Self::BYTES])?;
        Ok(Self(u64::from_le_bytes(bytes)))
    }
}

/// Expected number of attempts: what the best chain has most of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Work(pub U256);

impl Work {
    /// The sum, held at the maximum (which no hash power ever reaches).
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The work as a floating-point number of hashes, for rates and charts.
    pub fn hashes(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        self.0.0.iter().rev().fold(0.0, |sum, limb| sum * 18_446_744_073_709_551_616.0 + *limb as f64)
    }
}

impl fmt::Display for Work {
    /// Decimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl BorshSerialize for Work {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&self.0.to_little_endian())
    }
}

impl BorshDeserialize for Work {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        Ok(Self(U256::from_little_endian(&<[u8; 32]>::deserialize_reader(reader)?)))
    }
}

/// The number that a block's hash, read as a big-endian integer, must not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(pub U256);

impl Target {
    /// Expected attempts for one hash at or below the target: 2^256 / (target + 1).
    pub fn work(self) -> Work {
        // 2^256 does not fit; (2^256 - target - 1) / (target + 1) + 1 is the same number.
        match self.0.checked_add(U256::one()) {
            None => Work(U256::one()),
            Some(divisor) => Work((!self.0 / divisor).saturating_add(U256::one())),
        }
    }

    /// The shortest form, which loses all but the upper 23 or 24 bits (rounded down).
    pub fn to_compact(self) -> CompactTarget {
        let mut size = self.0.bits().div_ceil(8);
        let mut mantissa =
            if size <= 3 { self.0.low_u64() << (8 * (3 - size)) } else { (self.0 >> (8 * (size - 3))).low_u64() };
        if mantissa & 0x0080_0000 != 0 {
            mantissa >>= 8;
            size += 1;
        }
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        CompactTarget(u32::try_from(mantissa).unwrap_or(0) | (size << 24))
    }
}

impl fmt::Display for Target {
    /// 64 hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:064x}", self.0)
    }
}

/// A target as it stands in a header: Bitcoin's `nBits`, one byte of exponent and three of mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct CompactTarget(pub u32);

impl CompactTarget {
    /// The target, or `None` for a form that is negative, zero, above 2^256 or not the shortest.
    pub fn expand(self) -> Option<Target> {
        let (size, mantissa) = (self.0 >> 24, self.0 & 0x00ff_ffff);
        if mantissa & 0x0080_0000 != 0 || mantissa == 0 {
            return None;
        }
        let target = match size.checked_sub(3) {
            None | Some(0) => U256::from(mantissa) >> (8 * (3 - size)),
            Some(bytes) if 8 * bytes + (u32::BITS - mantissa.leading_zeros()) <= 256 => {
                U256::from(mantissa) << (8 * bytes)
            }
            Some(_) => return None,
        };
        let target = Target(target);
        (target.to_compact() == self).then_some(target)
    }
}

impl fmt::Display for CompactTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", self.0)
    }
}

impl ToValue for CompactTarget {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amount_reads_and_writes_decimals() {
        for (text, grains) in
            [("0", 0), ("1", 100_000_000), ("0.5", 50_000_000), ("12.00000001", 1_200_000_001), ("1.10", 110_000_000)]
        {
            assert_eq!(text.parse::<Amount>().map(Amount::grains), Ok(grains), "{text}");
        }
        assert_eq!(Amount(110_000_000).to_string(), "1.1");
        for (text, error) in [
            ("", AmountError::Malformed),
            (".5", AmountError::Malformed),
            ("5.", AmountError::Malformed),
            ("-1", AmountError::Malformed),
            ("+1", AmountError::Malformed),
            ("1e3", AmountError::Malformed),
            ("1,5", AmountError::Malformed),
            (" 1", AmountError::Malformed),
            ("0.000000001", AmountError::TooPrecise),
            ("10000000000.00000001", AmountError::TooLarge),
            ("99999999999999999999999", AmountError::TooLarge),
        ] {
            assert_eq!(text.parse::<Amount>(), Err(error), "{text}");
        }
    }

    #[test]
    fn compact_targets_of_bitcoin() {
        // From Bitcoin Core's arith_uint256 tests: value and its shortest form.
        for (compact, valid) in [
            (0x1d00_ffff, true),
            (0x0412_3456, true),
            (0x0092_3456, false),
            (0x0480_0000, false),
            (0x0400_1234, false),
            (0x2312_3456, false),
        ] {
            assert_eq!(CompactTarget(compact).expand().is_some(), valid, "{compact:08x}");
        }
        assert_eq!(CompactTarget(0x0412_3456).expand(), Some(Target(U256::from(0x1234_5600_u64))));
        assert_eq!(Target(U256::MAX).to_compact(), CompactTarget(0x2100_ffff));
        assert_eq!(CompactTarget(0x2100_ffff).expand(), Some(Target(U256::from(0xffff) << 240)));
        assert_eq!(CompactTarget(0x1d00_ffff).expand().map(Target::work), Some(Work(U256::from(0x1_0001_0001_u64))));
    }

    #[test]
    fn work_at_the_ends() {
        assert_eq!(Target(U256::MAX).work(), Work(U256::one()));
        assert_eq!(Target(U256::one()).work(), Work(U256::one() << 255));
        assert_eq!(Target(U256::zero()).work().0, U256::MAX);
    }

    proptest! {
        #[test]
        fn amount_text_round_trips(grains in 0..=Amount::MAX.grains()) {
            let amount = Amount(grains);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }

        #[test]
        fn any_text_is_an_amount_or_an_error(text in ".{0,40}") {
            if let Ok(amount) = text.parse::<Amount>() {
                prop_assert!(amount <= Amount::MAX);
            }
        }

        #[test]
        fn compact_form_is_unique(bits in any::<u32>()) {
            if let Some(target) = CompactTarget(bits).expand() {
                prop_assert_eq!(target.to_compact(), CompactTarget(bits));
            }
        }

        #[test]
        fn compact_form_rounds_down(high in any::<[u64; 4]>(), shift in 0_usize..256) {
            let target = Target(U256(high) >> shift);
            prop_assume!(!target.0.is_zero());
            let rounded = target.to_compact().expand().unwrap();
            prop_assert!(rounded <= target);
            prop_assert!(target.0 - rounded.0 <= target.0 >> 15);
        }

        #[test]
        fn timestamp_bytes_round_trip(millis in 0..=Timestamp::MAX.millis()) {
            let bytes = borsh::to_vec(&Timestamp(millis)).unwrap();
            prop_assert_eq!(bytes.len(), Timestamp::BYTES);
            prop_assert_eq!(Timestamp::try_from_slice(&bytes).unwrap(), Timestamp(millis));
        }
    }
}
