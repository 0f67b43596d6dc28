//! Addresses: 20 bytes, shown as bech32m (BIP 350) with the network's prefix.

use crate::sentence::Say;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// Characters of the longest text that is read at all: the limit of BIP 173, within which the
/// checksum keeps its promise to find any four mistyped characters.
const MAX_TEXT: usize = 90;

/// Characters of an address between the separator and the checksum: 20 bytes, five bits each.
const DATA_CHARACTERS: usize = Address::LENGTH * 8 / 5;

/// Why a text is not an address of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum AddressError {
    /// Not bech32m, or its checksum does not hold.
    #[error("not an address, or a character of it is wrong")]
    Malformed,
    /// Of another network.
    #[error("an address of another network")]
    WrongNetwork,
    /// Not 20 bytes.
    #[error("an address of the wrong length")]
    WrongLength,
}

/// An account: the first 20 bytes of the SHA-256 of a compressed public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Address(pub [u8; Address::LENGTH]);

impl Address {
    /// Length in bytes.
    pub const LENGTH: usize = 20;

    /// Bech32m (BIP 350) with the network's prefix.
    pub fn to_text(&self, prefix: Hrp) -> String {
        // Encoding fails only past bech32's length limit, which 20 bytes and a short prefix never reach.
        bech32::encode::<Bech32m>(prefix, &self.0).unwrap_or_default()
    }

    /// Reads the text of an address of the network with this prefix.
    pub fn from_text(text: &str, prefix: Hrp) -> Result<Self, AddressError> {
        // The library's own limit is that of the code, 1023 characters.
        if text.len() > MAX_TEXT {
            return Err(AddressError::Malformed);
        }
        let checked = CheckedHrpstring::new::<Bech32m>(text).map_err(|_| AddressError::Malformed)?;
        if checked.hrp() != prefix {
            return Err(AddressError::WrongNetwork);
        }
        // The library drops the bits of an incomplete last byte, so that 33 characters would be a
        // second text of the same address.
        if checked.data_part_ascii_no_checksum().len() != DATA_CHARACTERS {
            return Err(AddressError::WrongLength);
        }
        let bytes: Vec<u8> = checked.byte_iter().collect();
        bytes.try_into().map(Self).map_err(|_| AddressError::WrongLength)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Address({})", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bech32::{ByteIterExt, Fe32, Fe32IterExt};
    use proptest::prelude::*;

    /// The valid strings of BIP 350.
    const VALID: [&str; 7] = [
        "A1LQFN3A",
        "a1lqfn3a",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "?1v759aa",
    ];

    /// The invalid strings of BIP 350, in its order.
    const INVALID: [&str; 14] = [
        "\u{20}1xj0phk",
        "\u{7f}1g6xzxy",
        "\u{80}1vctc34",
        "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
        "qyrz8wqd2c9m",
        "1qyrz8wqd2c9m",
        "y1b0jsk6g",
        "lt1igcx5c0",
        "in1muywd",
        "mm1crxm3i",
        "au1s5cgom",
        "M1VUXWEZ",
        "16plkw9",
        "1p2gdwpf",
    ];

    /// Addresses of BIP 350 whose checksum holds.
    const VALID_CHECKSUM: [&str; 4] = [
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "BC1SW50QGDZ25J",
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ];

    /// Addresses of BIP 350 with the older checksum, a wrong character, or letters of both cases.
    const INVALID_CHECKSUM: [&str; 7] = [
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
        "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
    ];

    #[test]
    fn the_checksum_is_that_of_bip_350() {
        let other = Hrp::parse_unchecked("tab");
        // One string alone is 20 bytes long: it has every character, from 31 down to 0.
        let downwards = (0..32_u8).rev().map(|value| Fe32::try_from(value).unwrap()).fes_to_bytes();
        let downwards = Address(downwards.collect::<Vec<_>>().try_into().unwrap());
        for text in VALID.into_iter().chain(VALID_CHECKSUM) {
            let prefix = Hrp::parse(text.rsplit_once('1').unwrap().0).unwrap();
            let expected = if text == VALID[3] { Ok(downwards) } else { Err(AddressError::WrongLength) };
            assert_eq!(Address::from_text(text, prefix), expected, "{text}");
            assert_eq!(Address::from_text(text, other), Err(AddressError::WrongNetwork), "{text}");
        }
        for text in INVALID.into_iter().chain(INVALID_CHECKSUM) {
            assert_eq!(Address::from_text(text, other), Err(AddressError::Malformed), "{text}");
        }
    }

    #[test]
    fn addresses_are_read_in_their_network_only() {
        let (main, dev) = (Hrp::parse_unchecked("tab"), Hrp::parse_unchecked("tabdev"));
        let address = Address([0xab; 20]);
        let text = address.to_text(main);
        assert!(text.starts_with("tab1"));
        assert_eq!(Address::from_text(&text, main), Ok(address));
        assert_eq!(Address::from_text(&text.to_uppercase(), main), Ok(address));
        assert_eq!(Address::from_text(&text, dev), Err(AddressError::WrongNetwork));
        let short = bech32::encode::<Bech32m>(main, &[1; 19]).unwrap();
        assert_eq!(Address::from_text(&short, main), Err(AddressError::WrongLength));
        // The older checksum of BIP 173 does not do.
        let old = bech32::encode::<bech32::Bech32>(main, &address.0).unwrap();
        assert_eq!(Address::from_text(&old, main), Err(AddressError::Malformed));
        assert_eq!(Address::from_text("", main), Err(AddressError::Malformed));
        let [longest, too_long] = [50, 51].map(|length| bech32::encode::<Bech32m>(main, &vec![1; length]).unwrap());
        assert_eq!((longest.len(), too_long.len()), (90, 92));
        assert_eq!(Address::from_text(&longest, main), Err(AddressError::WrongLength));
        assert_eq!(Address::from_text(&too_long, main), Err(AddressError::Malformed));
    }

    #[test]
    fn an_address_has_one_text() {
        let main = Hrp::parse_unchecked("tab");
        let address = Address([0xab; 20]);
        for extra in [Fe32::Q, Fe32::P, Fe32::L] {
            let longer: String =
                address.0.into_iter().bytes_to_fes().chain([extra]).with_checksum::<Bech32m>(&main).chars().collect();
            assert_eq!(Address::from_text(&longer, main), Err(AddressError::WrongLength), "{longer}");
        }
    }

    proptest! {
        #[test]
        fn a_mistyped_character_is_found(bytes in any::<[u8; 20]>(), place in 4_usize..42, other in "[02-9ac-hj-np-z]") {
            let prefix = Hrp::parse_unchecked("tab");
            let mut text = Address(bytes).to_text(prefix);
            prop_assume!(text[place..=place] != other);
            text.replace_range(place..=place, &other);
            prop_assert!(Address::from_text(&text, prefix).is_err());
        }
    }
}
