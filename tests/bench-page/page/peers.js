// The peers, npm packages as they are published, each by the fastest way it offers.

import { digest, hashInto, simdEnabled } from "./node_modules/@chainsafe/as-sha256/lib/index.js";
import { generateInt32 } from "./node_modules/tiny-secp256k1/lib/rand.browser.js";
import { throwError } from "./node_modules/tiny-secp256k1/lib/validate_error.js";

if (!simdEnabled) throw new Error("@chainsafe/as-sha256 found no SIMD: it would be slower than it can be");

export { digest, hashInto };

const SECP256K1 = new URL("./node_modules/tiny-secp256k1/lib/secp256k1.wasm", import.meta.url);

/// The check of tiny-secp256k1: digest, compressed key, r and s; true only for a low s.
///
/// Its own JavaScript needs a bundler. This calls its module directly and does less than that
/// would: it neither looks at the inputs first nor clears them afterwards.
export async function secp256k1Verifier() {
    const imports = { "./rand.js": { generateInt32 }, "./validate_error.js": { throwError } };
    const { instance } = await WebAssembly.instantiateStreaming(fetch(SECP256K1), imports);
    const { memory, HASH_INPUT, PUBLIC_KEY_INPUT, SIGNATURE_INPUT, initializeContext, verify } = instance.exports;
    initializeContext();
    const bytes = new Uint8Array(memory.buffer);
    const strict = 1;
    return (digest, key, signature) => {
        bytes.set(digest, HASH_INPUT.value);
        bytes.set(key, PUBLIC_KEY_INPUT.value);
        bytes.set(signature, SIGNATURE_INPUT.value);
        try {
            return verify(key.length, strict) === 1;
        } catch (error) {
            // What `throwError` throws for a key or a signature that cannot be read.
            if (error instanceof TypeError) return false;
            throw error;
        }
    };
}
