// What is measured: mining and the check of signatures, ours first and its peers behind it.

import init, { Header, sha256, signedRecords, verify, verifyByLibrary } from "./bench_page.js";
import { measure, ROUND_MS, ROUNDS, table } from "./measure.js";
import * as peers from "./peers.js";

/// A target that one nonce in 512 meets, to compare results by.
const EASY_TARGET = 0x1f7fffff;
/// A target that no nonce meets: every attempt of a search is made.
const HARD_TARGET = 0x0300ffff;
/// Nonces whose hashes the peer is asked for before anything is timed.
const COMPARED_NONCES = 10_000;
/// Attempts between two looks at the clock: some tens of milliseconds.
const ATTEMPTS = 65_536;
/// 64-byte messages that the peer hashes in one call: in and out fit a processor's inner cache.
const MESSAGES = 256;

/// Signatures, each of another key: as different from each other as those of a block.
const SIGNATURES = 256;
/// Bytes of a record: key, digest, r and s, parity.
const RECORD_BYTES = 33 + 32 + 64 + 1;
/// Where a record's parts begin.
const DIGEST = 33;
const R = 65;
const S = 97;
const PARITY = 129;
/// Order of secp256k1's group (SEC 2, 2.4.1).
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function expect(condition, what) {
    if (!condition) throw new Error(`before timing: ${what}`);
}

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (hex) => Uint8Array.from(hex.match(/../g), (byte) => Number.parseInt(byte, 16));

/// The first nonce that meets the easy target, by the peer's hash.
function searchByPeer(header) {
    // 0x7fffff at byte 31 of 32, counted from the least significant one.
    const target = (0x7fffffn << (8n * (0x1fn - 3n))).toString(16).padStart(64, "0");
    for (let nonce = 0; nonce < COMPARED_NONCES; nonce += 1) {
        if (toHex(peers.digest(peers.digest(header.bytes(nonce)))) <= target) return nonce;
    }
    return undefined;
}

function checkMining(messages, digests) {
    const easy = new Header(EASY_TARGET);
    const found = searchByPeer(easy);
    expect(found !== undefined, "the peer finds no nonce");
    expect(easy.search(0, COMPARED_NONCES) === found, "the kernel finds another nonce than the peer");
    expect(easy.searchByHash(0, COMPARED_NONCES) === found, "the header's hash finds another nonce than the peer");
    peers.hashInto(messages, digests);
    for (let index = 0; index < MESSAGES; index += 1) {
        const expected = sha256(messages.subarray(64 * index, 64 * index + 64));
        const got = digests.subarray(32 * index, 32 * index + 32);
        expect(toHex(expected) === toHex(got), "the peer's four lanes give another hash");
    }
}

async function mining() {
    const messages = crypto.getRandomValues(new Uint8Array(64 * MESSAGES));
    const digests = new Uint8Array(32 * MESSAGES);
    checkMining(messages, digests);
    const header = new Header(HARD_TARGET);
    let first = 0;
    const search = (method) => () => {
        expect(header[method](first, ATTEMPTS) === undefined, "the hard target was met");
        first = (first + ATTEMPTS) >>> 0;
        return ATTEMPTS;
    };
    const contestants = [
        { name: "Tabchain's kernel: 4 lanes, nonce set, target compared", batch: search("search") },
        {
            // Not a whole search: that would need a midstate, which the package does not offer.
            name: "@chainsafe/as-sha256 `hashInto`: 4 lanes, the two compressions only",
            batch: () => {
                for (let hashed = 0; hashed < ATTEMPTS; hashed += MESSAGES) peers.hashInto(messages, digests);
                return ATTEMPTS;
            },
        },
        { name: "`sha2` crate: the header's hash, no lanes, no midstate", batch: search("searchByHash") },
    ];
    return table("SHA-256d of a header", "million/s", 1e6, contestants, await measure(contestants));
}

/// Records that are no valid signatures, made of one that is.
function corrupted(record) {
    const change = (edit) => {
        const copy = record.slice();
        edit(copy);
        return copy;
    };
    const flip = (at) => change((copy) => { copy[at] ^= 1; });
    const highS = change((copy) => {
        const s = BigInt(`0x${toHex(record.subarray(S, PARITY))}`);
        copy.set(fromHex((ORDER - s).toString(16).padStart(64, "0")), S);
        // The twin's parity is the other one: only the rule of low S speaks against it.
        copy[PARITY] ^= 1;
    });
    return {
        "another key": flip(0),
        "another key's x": flip(DIGEST - 1),
        "another digest": flip(DIGEST),
        "another r": flip(S - 1),
        "another s": flip(PARITY - 1),
        "a high s": highS,
        "r = 0": change((copy) => copy.fill(0, R, S)),
        "r = n": change((copy) => copy.set(fromHex(ORDER.toString(16)), R)),
    };
}

/// A record taken apart as the peer wants it.
const parts = (record) => [record.subarray(DIGEST, R), record.subarray(0, DIGEST), record.subarray(R, PARITY)];

function checkSignatures(records, verifyByPeer) {
    for (const record of records) {
        expect(verify(record) && verifyByLibrary(record), "ours refuses a signature");
        expect(verifyByPeer(...parts(record)), "the peer refuses a signature");
        for (const [what, bad] of Object.entries(corrupted(record))) {
            expect(!verify(bad) && !verifyByLibrary(bad), `ours takes ${what}`);
            expect(!verifyByPeer(...parts(bad)), `the peer takes ${what}`);
        }
        const parity = record.slice();
        parity[PARITY] ^= 1;
        expect(!verify(parity), "ours takes the other parity");
    }
}

async function signatures() {
    const verifyByPeer = await peers.secp256k1Verifier();
    const flat = signedRecords(SIGNATURES);
    const records = Array.from({ length: SIGNATURES }, (_, index) =>
        flat.slice(RECORD_BYTES * index, RECORD_BYTES * (index + 1)),
    );
    checkSignatures(records, verifyByPeer);
    const inputs = records.map(parts);
    const batch = (list, check) => () => {
        for (const item of list) expect(check(item), "a signature was refused");
        return list.length;
    };
    const contestants = [
        { name: "Tabchain's `SignatureCheck`: signature and parity", batch: batch(records, verify) },
        {
            name: "tiny-secp256k1 (libsecp256k1): signature",
            batch: batch(inputs, ([digest, key, signature]) => verifyByPeer(digest, key, signature)),
        },
        { name: "`k256` crate: signature", batch: batch(records, verifyByLibrary) },
    ];
    return table("ECDSA verification over secp256k1", "per second", 1, contestants, await measure(contestants));
}

async function run() {
    await init();
    const browser = navigator.userAgent.match(/Chrome\/[\d.]+/)?.[0] ?? navigator.userAgent;
    const how = `${browser}, one thread; median of ${ROUNDS} rounds in turn, ${ROUND_MS} ms each.`;
    return [how, await mining(), await signatures()].join("\n\n");
}

window.benchmark = run();
window.benchmark.then(
    (text) => { document.querySelector("pre").textContent = text; },
    (error) => { document.querySelector("pre").textContent = String(error); },
);
