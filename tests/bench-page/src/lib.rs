//! What the benchmark's page measures of Tabchain: the mining kernel, a header's hash and the
//! check of signatures.

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{Signature, VerifyingKey};
use node_core::block::BlockHeader;
use node_core::hash::{BlockHash, MerkleRoot, StateRoot, sha256};
use node_core::keys::{SecretKey, SignatureCheck};
use node_core::units::{CompactTarget, Height, Timestamp};
use node_wasm::kernel::{BadTarget, Kernel};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// Seed of every key and every header: all runs measure the same work.
const SEED: [u8; 32] = *b"tabchain benchmark, one for all.";

/// Shows a panic's message in the browser's console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// SHA-256, to check the peer's results by.
#[wasm_bindgen(js_name = sha256)]
pub fn hash(bytes: &[u8]) -> Vec<u8> {
    sha256(bytes).to_vec()
}

/// A block header whose nonce can be searched.
#[wasm_bindgen]
pub struct Header {
    kernel: Kernel,
    /// Big-endian, as the hash is written.
    target: [u8; 32],
}

#[wasm_bindgen]
impl Header {
    /// A header with this target in its compact form; fails if the target is no number.
    #[wasm_bindgen(constructor)]
    pub fn new(target: u32) -> Result<Self, JsError> {
        let root = |tag: u8| sha256(&[&SEED[..], &[tag]].concat());
        let target = CompactTarget(target);
        let header = BlockHeader {
            version: BlockHeader::VERSION,
            height: Height(1),
            previous: BlockHash(root(0)),
            merkle_root: MerkleRoot(root(1)),
            state_root: StateRoot(root(2)),
            time: Timestamp::from_millis(1_800_000_000_000),
            target,
            nonce: 0,
        };
        let kernel = Kernel::new(&header)?;
        Ok(Self { kernel, target: target.expand().ok_or(BadTarget)?.0.to_big_endian() })
    }

    /// Its bytes with this nonce.
    pub fn bytes(&self, nonce: u32) -> Vec<u8> {
        self.kernel.header(nonce).to_bytes().to_vec()
    }

    /// The first nonce that meets the target, found by the mining kernel.
    pub fn search(&self, first: u32, count: u32) -> Option<u32> {
        self.kernel.search(first, count)
    }

    /// The same, found by the hash that validation uses.
    #[wasm_bindgen(js_name = searchByHash)]
    pub fn search_by_hash(&self, first: u32, count: u32) -> Option<u32> {
        (0..count)
            .map(|offset| first.wrapping_add(offset))
            .find(|nonce| self.kernel.header(*nonce).hash().0 <= self.target)
    }
}

/// Signatures of as many keys, one record after the other: key (33 bytes, compressed), digest
/// (32), r and s (64), parity (1).
#[wasm_bindgen(js_name = signedRecords)]
pub fn signed_records(count: u32) -> Vec<u8> {
    (0..count).flat_map(|index| borsh::to_vec(&signed(index)).unwrap_or_default()).collect()
}

fn signed(index: u32) -> SignatureCheck {
    let label = index.to_le_bytes();
    let key = SecretKey::derive(&SEED, &label);
    let digest = sha256(&label);
    SignatureCheck { key: key.public_key(), digest, signature: key.sign(digest) }
}

/// Whether a record's signature holds, as the node checks it.
#[wasm_bindgen]
pub fn verify(record: &[u8]) -> bool {
    borsh::from_slice(record).is_ok_and(|check: SignatureCheck| check.verify())
}

/// Whether it holds for `k256` alone, which knows nothing of the parity.
#[wasm_bindgen(js_name = verifyByLibrary)]
pub fn verify_by_library(record: &[u8]) -> bool {
    let Ok(check) = borsh::from_slice::<SignatureCheck>(record) else {
        return false;
    };
    let key = VerifyingKey::from_sec1_bytes(&check.key.0);
    let signature = Signature::from_slice(&check.signature.0[..64]);
    matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(&check.digest, &signature).is_ok())
}
