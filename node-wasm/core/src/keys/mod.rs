//! Keys, addresses and signatures: ECDSA over secp256k1, deterministic nonces (RFC 6979), low S.

mod address;
mod batch;
mod pair;
mod phrase;
mod secret;
mod signature;

pub use address::{Address, AddressError};
pub use batch::verify_all;
pub use pair::{PublicKey, SecretKey};
pub use phrase::{ENTROPY_BYTES, Keychain, PHRASE_WORDS, Phrase, PhraseError};
pub use secret::{Entropy, Secret};
pub use signature::{Signature, SignatureCheck};
