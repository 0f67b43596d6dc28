// What the page shows, once and for all: an overview as our page showed it, with three peers.

export const peers = [
  { id: "7cd5d2358d30f9cf117b62a52f476dad14e47894", role: "full node", roundTrip: 113, height: 11, received: "1.90 kB", sent: "1.65 kB", points: 0 },
  { id: "62c32d7b68076043868c6e0f957615ed3842ed40", role: "full node", roundTrip: 194, height: 11, received: "1.75 kB", sent: "1.75 kB", points: 0 },
  { id: "45a9a9c5869743bc24649c08a726cba4096f66de", role: "miner", roundTrip: 186, height: 11, received: "2.29 kB", sent: "436 B", points: 0 },
];

export const blocks = [
  { height: 1, transactions: 1, hash: "00000f19d5e07ecdb08024f20a53ce868c4812e30f5c6f9c541f38d61b6f84df" },
  { height: 2, transactions: 1, hash: "000004ef61cdf2a144c1d4c0cb5acf9bd09156e5a4dad3d3ff2ef577529c9f3a" },
  { height: 3, transactions: 1, hash: "00000d31c969bf6ae48d25d29a7d78ae7721cd3147db7fe3b985a9a11c380d45" },
  { height: 4, transactions: 1, hash: "000004c2edd052dd1ec2500796be8a830f891da31402c6226625137546723946" },
  { height: 5, transactions: 1, hash: "00000a49068c23e36e7676dcda4c422eefa32d15f969f5f284c7e97c64ed51cb" },
  { height: 6, transactions: 1, hash: "000002e2638499401b65dcd599cd3b2c0adbdc201bc73df0cb904546b79dc928" },
  { height: 7, transactions: 1, hash: "0000002ee6c439ea44349b3b0186752dc19043086607bbfeb34a5f507da00fce" },
  { height: 8, transactions: 1, hash: "00000c327ff61a1a7c2269f81a67e979dc507a493555879a73795eb8bbde98a9" },
  { height: 9, transactions: 1, hash: "000009c591bf1a11710477c7e14174478769b393c6e70c2034db6791edf18a54" },
  { height: 10, transactions: 1, hash: "0000085eed719e28310192466b8a0aa4bd37d3257b18975497c4b4d5e33cc04e" },
  { height: 11, transactions: 1, hash: "00000189521e832ef583702a175063829f119d75637edfe0ece3325ac95d5a4b" },
  { height: 12, transactions: 1, hash: "0000012c462113fd7e00faa990378c81c731f42c255debf4029cdae58d40ecb0" },
];

export const tip = blocks[blocks.length - 1];

// Newest first.
export const log = [
  { kind: "accepted", code: "block-connected", text: "block 12 joined the best chain with 1 transaction", hash: blocks[11].hash, time: "2026-11-26T03:03:24.867Z", at: "11/26/2026, 3:03:24 AM", ago: "just now" },
  { kind: "accepted", code: "block-connected", text: "block 11 joined the best chain with 1 transaction", hash: blocks[10].hash, time: "2026-11-26T03:03:24.104Z", at: "11/26/2026, 3:03:24 AM", ago: "just now" },
  { kind: "accepted", code: "block-connected", text: "block 10 joined the best chain with 1 transaction", hash: blocks[9].hash, time: "2026-11-26T03:03:23.647Z", at: "11/26/2026, 3:03:23 AM", ago: "just now" },
  { kind: "accepted", code: "block-connected", text: "block 9 joined the best chain with 1 transaction", hash: blocks[8].hash, time: "2026-11-26T03:03:23.197Z", at: "11/26/2026, 3:03:23 AM", ago: "just now" },
  { kind: "accepted", code: "block-connected", text: "block 8 joined the best chain with 1 transaction", hash: blocks[7].hash, time: "2026-11-26T03:03:22.940Z", at: "11/26/2026, 3:03:22 AM", ago: "just now" },
  { kind: "accepted", code: "block-connected", text: "block 7 joined the best chain with 1 transaction", hash: blocks[6].hash, time: "2026-11-26T03:03:21.864Z", at: "11/26/2026, 3:03:21 AM", ago: "2 s ago" },
  { kind: "accepted", code: "block-connected", text: "block 6 joined the best chain with 1 transaction", hash: blocks[5].hash, time: "2026-11-26T03:03:19.556Z", at: "11/26/2026, 3:03:19 AM", ago: "4 s ago" },
  { kind: "accepted", code: "block-connected", text: "block 5 joined the best chain with 1 transaction", hash: blocks[4].hash, time: "2026-11-26T03:03:19.311Z", at: "11/26/2026, 3:03:19 AM", ago: "4 s ago" },
  { kind: "accepted", code: "block-connected", text: "block 4 joined the best chain with 1 transaction", hash: blocks[3].hash, time: "2026-11-26T03:03:18.829Z", at: "11/26/2026, 3:03:18 AM", ago: "5 s ago" },
  { kind: "accepted", code: "block-connected", text: "block 3 joined the best chain with 1 transaction", hash: blocks[2].hash, time: "2026-11-26T03:03:18.647Z", at: "11/26/2026, 3:03:18 AM", ago: "5 s ago" },
  { kind: "accepted", code: "block-connected", text: "block 2 joined the best chain with 1 transaction", hash: blocks[1].hash, time: "2026-11-26T03:03:17.860Z", at: "11/26/2026, 3:03:17 AM", ago: "6 s ago" },
  { kind: "accepted", code: "block-connected", text: "block 1 joined the best chain with 1 transaction", hash: blocks[0].hash, time: "2026-11-26T03:03:16.997Z", at: "11/26/2026, 3:03:16 AM", ago: "7 s ago" },
  { kind: "news", code: "peer-joined", text: "connected to a peer at height 0", peer: peers[2].id, time: "2026-11-26T03:03:08.934Z", at: "11/26/2026, 3:03:08 AM", ago: "15 s ago" },
  { kind: "news", code: "peer-joined", text: "connected to a peer at height 0", peer: peers[1].id, time: "2026-11-26T03:03:08.408Z", at: "11/26/2026, 3:03:08 AM", ago: "15 s ago" },
  { kind: "news", code: "peer-joined", text: "connected to a peer at height 0", peer: peers[0].id, time: "2026-11-26T03:03:07.923Z", at: "11/26/2026, 3:03:07 AM", ago: "16 s ago" },
  { kind: "news", code: "tracker-joined", text: "joined the room at the tracker; 2 in it", time: "2026-11-26T03:03:06.101Z", at: "11/26/2026, 3:03:06 AM", ago: "18 s ago" },
];

export const status = {
  network: "dev",
  room: "class-7b",
  interval: "735 ms",
  wanted: "2.0 s",
  difficulty: "1.42 M",
  networkRate: "1.62 MH/s",
  ownRate: "0 H/s",
  roomSize: 4,
  mempool: 0,
  mempoolBytes: "0 B",
  threads: 2,
  newest: { ago: "just now", time: "2026-11-26T03:03:24.867Z", at: "11/26/2026, 3:03:24 AM" },
  invitation: "http://127.0.0.1:8080/?network=dev&room=class-7b",
  version: "Tabchain 0.1.0 · profile 2",
  storage: "Kept in this browser up to block 12 · 8.2 MB used of 10745.6 MB",
  // The invitation's QR code, as runs of dark modules.
  qr: "M4 4h7v1h-7zM12 4h1v1h-1zM14 4h1v1h-1zM16 4h3v1h-3zM21 4h2v1h-2zM24 4h2v1h-2zM28 4h1v1h-1zM30 4h7v1h-7zM4 5h1v1h-1zM10 5h1v1h-1zM12 5h1v1h-1zM14 5h5v1h-5zM22 5h3v1h-3zM28 5h1v1h-1zM30 5h1v1h-1zM36 5h1v1h-1zM4 6h1v1h-1zM6 6h3v1h-3zM10 6h1v1h-1zM12 6h2v1h-2zM15 6h4v1h-4zM20 6h1v1h-1zM23 6h1v1h-1zM25 6h1v1h-1zM27 6h1v1h-1zM30 6h1v1h-1zM32 6h3v1h-3zM36 6h1v1h-1zM4 7h1v1h-1zM6 7h3v1h-3zM10 7h1v1h-1zM16 7h1v1h-1zM18 7h1v1h-1zM20 7h1v1h-1zM22 7h3v1h-3zM26 7h3v1h-3zM30 7h1v1h-1zM32 7h3v1h-3zM36 7h1v1h-1zM4 8h1v1h-1zM6 8h3v1h-3zM10 8h1v1h-1zM12 8h1v1h-1zM14 8h1v1h-1zM17 8h1v1h-1zM19 8h2v1h-2zM25 8h3v1h-3zM30 8h1v1h-1zM32 8h3v1h-3zM36 8h1v1h-1zM4 9h1v1h-1zM10 9h1v1h-1zM13 9h3v1h-3zM17 9h1v1h-1zM19 9h2v1h-2zM23 9h1v1h-1zM26 9h1v1h-1zM28 9h1v1h-1zM30 9h1v1h-1zM36 9h1v1h-1zM4 10h7v1h-7zM12 10h1v1h-1zM14 10h1v1h-1zM16 10h1v1h-1zM18 10h1v1h-1zM20 10h1v1h-1zM22 10h1v1h-1zM24 10h1v1h-1zM26 10h1v1h-1zM28 10h1v1h-1zM30 10h7v1h-7zM14 11h1v1h-1zM16 11h2v1h-2zM19 11h2v1h-2zM27 11h1v1h-1zM4 12h1v1h-1zM7 12h6v1h-6zM14 12h1v1h-1zM21 12h2v1h-2zM24 12h1v1h-1zM26 12h4v1h-4zM32 12h1v1h-1zM34 12h3v1h-3zM4 13h1v1h-1zM7 13h1v1h-1zM11 13h1v1h-1zM14 13h2v1h-2zM17 13h1v1h-1zM19 13h1v1h-1zM21 13h1v1h-1zM23 13h7v1h-7zM32 13h4v1h-4zM5 14h4v1h-4zM10 14h1v1h-1zM13 14h2v1h-2zM16 14h2v1h-2zM19 14h2v1h-2zM26 14h4v1h-4zM32 14h5v1h-5zM4 15h1v1h-1zM6 15h1v1h-1zM12 15h2v1h-2zM17 15h1v1h-1zM19 15h1v1h-1zM22 15h1v1h-1zM25 15h5v1h-5zM31 15h1v1h-1zM34 15h2v1h-2zM4 16h1v1h-1zM6 16h1v1h-1zM8 16h1v1h-1zM10 16h3v1h-3zM16 16h2v1h-2zM21 16h1v1h-1zM25 16h1v1h-1zM27 16h5v1h-5zM36 16h1v1h-1zM6 17h1v1h-1zM8 17h1v1h-1zM11 17h1v1h-1zM13 17h1v1h-1zM15 17h1v1h-1zM17 17h2v1h-2zM21 17h5v1h-5zM28 17h1v1h-1zM31 17h1v1h-1zM33 17h2v1h-2zM4 18h2v1h-2zM9 18h5v1h-5zM15 18h2v1h-2zM18 18h2v1h-2zM21 18h1v1h-1zM23 18h2v1h-2zM28 18h2v1h-2zM5 19h1v1h-1zM7 19h3v1h-3zM12 19h4v1h-4zM17 19h2v1h-2zM20 19h1v1h-1zM24 19h1v1h-1zM26 19h1v1h-1zM28 19h4v1h-4zM34 19h1v1h-1zM36 19h1v1h-1zM4 20h1v1h-1zM6 20h1v1h-1zM10 20h1v1h-1zM12 20h2v1h-2zM16 20h1v1h-1zM18 20h2v1h-2zM27 20h1v1h-1zM30 20h4v1h-4zM4 21h2v1h-2zM7 21h1v1h-1zM15 21h2v1h-2zM19 21h1v1h-1zM21 21h3v1h-3zM28 21h3v1h-3zM32 21h1v1h-1zM34 21h1v1h-1zM36 21h1v1h-1zM4 22h2v1h-2zM8 22h3v1h-3zM12 22h1v1h-1zM15 22h3v1h-3zM19 22h1v1h-1zM21 22h3v1h-3zM25 22h4v1h-4zM33 22h2v1h-2zM36 22h1v1h-1zM7 23h3v1h-3zM13 23h2v1h-2zM18 23h3v1h-3zM26 23h2v1h-2zM30 23h7v1h-7zM4 24h3v1h-3zM8 24h1v1h-1zM10 24h1v1h-1zM12 24h1v1h-1zM16 24h2v1h-2zM19 24h2v1h-2zM22 24h2v1h-2zM25 24h3v1h-3zM31 24h1v1h-1zM33 24h1v1h-1zM4 25h1v1h-1zM9 25h1v1h-1zM12 25h1v1h-1zM17 25h2v1h-2zM21 25h1v1h-1zM27 25h1v1h-1zM31 25h4v1h-4zM4 26h1v1h-1zM6 26h1v1h-1zM8 26h3v1h-3zM15 26h1v1h-1zM23 26h3v1h-3zM27 26h1v1h-1zM30 26h1v1h-1zM32 26h2v1h-2zM35 26h2v1h-2zM4 27h1v1h-1zM8 27h1v1h-1zM11 27h1v1h-1zM16 27h2v1h-2zM19 27h1v1h-1zM21 27h4v1h-4zM27 27h2v1h-2zM30 27h2v1h-2zM34 27h3v1h-3zM4 28h3v1h-3zM8 28h1v1h-1zM10 28h2v1h-2zM14 28h2v1h-2zM17 28h2v1h-2zM26 28h7v1h-7zM35 28h1v1h-1zM12 29h2v1h-2zM16 29h1v1h-1zM19 29h4v1h-4zM24 29h3v1h-3zM28 29h1v1h-1zM32 29h1v1h-1zM34 29h2v1h-2zM4 30h7v1h-7zM12 30h6v1h-6zM19 30h3v1h-3zM23 30h2v1h-2zM27 30h2v1h-2zM30 30h1v1h-1zM32 30h1v1h-1zM34 30h1v1h-1zM4 31h1v1h-1zM10 31h1v1h-1zM12 31h2v1h-2zM15 31h3v1h-3zM21 31h2v1h-2zM24 31h3v1h-3zM28 31h1v1h-1zM32 31h1v1h-1zM34 31h3v1h-3zM4 32h1v1h-1zM6 32h3v1h-3zM10 32h1v1h-1zM12 32h1v1h-1zM15 32h7v1h-7zM23 32h1v1h-1zM25 32h8v1h-8zM35 32h1v1h-1zM4 33h1v1h-1zM6 33h3v1h-3zM10 33h1v1h-1zM12 33h1v1h-1zM14 33h1v1h-1zM20 33h3v1h-3zM25 33h2v1h-2zM33 33h2v1h-2zM36 33h1v1h-1zM4 34h1v1h-1zM6 34h3v1h-3zM10 34h1v1h-1zM14 34h1v1h-1zM17 34h3v1h-3zM21 34h1v1h-1zM23 34h1v1h-1zM26 34h1v1h-1zM28 34h1v1h-1zM31 34h3v1h-3zM35 34h2v1h-2zM4 35h1v1h-1zM10 35h1v1h-1zM15 35h1v1h-1zM18 35h1v1h-1zM23 35h2v1h-2zM29 35h2v1h-2zM32 35h5v1h-5zM4 36h7v1h-7zM12 36h2v1h-2zM15 36h1v1h-1zM17 36h1v1h-1zM19 36h1v1h-1zM21 36h1v1h-1zM23 36h2v1h-2zM26 36h3v1h-3zM30 36h2v1h-2z",
};
