//! Puts a node's store into a browser's database, as the page would find it.

use fantoccini::Client;
use node_core::store::memory::MemoryStore;
use node_core::store::{Query, Record, SCHEMA_VERSION, Table};
use serde_json::json;

/// Bytes of records that are handed to the browser at a time.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Makes the database and its tables.
const OPEN: &str = "
    const [name, version, tables] = arguments;
    const done = arguments[arguments.length - 1];
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => tables.forEach((table) => request.result.createObjectStore(table));
    request.onsuccess = () => { window.database = request.result; done(true); };
    request.onerror = () => done(String(request.error));
";
/// Puts records into a table.
const PUT: &str = "
    const [table, records] = arguments;
    const done = arguments[arguments.length - 1];
    const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
    const transaction = window.database.transaction(table, 'readwrite');
    const store = transaction.objectStore(table);
    records.forEach(([key, value]) => store.put(bytes(value), bytes(key)));
    transaction.oncomplete = () => done(true);
    transaction.onabort = () => done(String(transaction.error));
";

/// Puts a store into the database of the first profile of a room on `dev`. The browser must be at
/// an address of the page's origin. Gives the tables with their records and bytes.
pub(crate) async fn fill(client: &Client, store: &MemoryStore, room: &str) -> Vec<(&'static str, usize, usize)> {
    let tables: Vec<&str> = Table::ALL.iter().map(|table| table.name()).collect();
    let name = format!("tabchain/dev/{room}/1");
    let opened = client.execute_async(OPEN, vec![json!(name), json!(SCHEMA_VERSION), json!(tables)]).await;
    assert_eq!(opened.expect("the script runs"), json!(true));
    let mut filled = Vec::new();
    for table in Table::ALL {
        let records = store.read(&[Query::Range { table, from: Vec::new(), to: None }]).remove(0);
        let mut chunk: Vec<[String; 2]> = Vec::new();
        let mut bytes = 0;
        for (key, value) in &records {
            bytes += key.len() + value.len();
            chunk.push([hex::encode(key), hex::encode(value)]);
            if bytes >= CHUNK_BYTES {
                put(client, table, &mut chunk).await;
                bytes = 0;
            }
        }
        put(client, table, &mut chunk).await;
        filled.push((table.name(), records.len(), total(&records)));
    }
    filled
}

async fn put(client: &Client, table: Table, chunk: &mut Vec<[String; 2]>) {
    let done = client.execute_async(PUT, vec![json!(table.name()), json!(std::mem::take(chunk))]).await;
    assert_eq!(done.expect("the script runs"), json!(true));
}

fn total(records: &[Record]) -> usize {
    records.iter().map(|(key, value)| key.len() + value.len()).sum()
}
