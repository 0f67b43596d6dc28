//! What a real node answers is what the types of the calls say.

use crate::api::calls::{CALLS, Call, signatures};
use node_core::contract::{ChannelBinding, Input, LinkId, Output};
use node_core::hash::sha256;
use node_core::keys::{Address, Entropy};
use node_core::mining;
use node_core::node::{Config, Node};
use node_core::params::ChainParams;
use node_core::request::{ErrorCode, Request, RequestError, RequestId, Response};
use node_core::units::Timestamp;
use node_core::view::Role;
use node_core::wallet::file::WalletFile;
use serde_json::{Value, json};
use std::time::Duration;
use tracker_protocol::{PeerId, ServerMessage};

/// When the node starts: later than the genesis block.
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Between two inputs: so long that blocks stay easy.
const STEP: Duration = Duration::from_secs(3);

/// Blocks to mine: past the first reward's maturity.
const BLOCKS: u32 = 8;

/// Nonces to try for a block, which needs some hundreds.
const ATTEMPTS: u32 = 1_000_000;

/// Words of a wallet.
const WORDS: &str = "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic";

/// A node whose mining is done at once.
struct Stage {
    node: Node,
    now: Timestamp,
    last: u64,
}

impl Stage {
    fn new() -> Self {
        let params = ChainParams::named("dev", "types").unwrap();
        let params = ChainParams { first_target: params.pow_limit.to_compact(), ..params };
        Self { node: Node::new(Config::new(params, Role::Full), [1; 32], START), now: START, last: 0 }
    }

    /// Gives an input and does what the node wants done; gives its answers.
    fn give(&mut self, input: Input) -> Vec<(RequestId, Result<Response, RequestError>)> {
        let mut answers = Vec::new();
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.now = self.now.after(STEP);
            self.node.handle(self.now, input);
            while let Some(output) = self.node.poll_output() {
                match output {
                    Output::Reply { id, result } => answers.push((id, result)),
                    Output::Verify { job, checks } => {
                        let valid = checks.iter().map(node_core::keys::SignatureCheck::verify).collect();
                        inputs.push(Input::Verified { job, valid });
                    }
                    Output::DeriveKey { job, derivation } => {
                        inputs.push(Input::KeyDerived { job, key: derivation.derive() });
                    }
                    Output::Mine { job, header, .. } if self.node.chain().height().0 < BLOCKS => {
                        let header = mining::search(header, ATTEMPTS).unwrap();
                        inputs.push(Input::Mined { job, header });
                    }
                    _ => {}
                }
            }
        }
        answers
    }

    fn ask(&mut self, request: Request) -> Result<Value, RequestError> {
        self.last += 1;
        let id = RequestId(self.last);
        if let Request::Wallet(request) = &request
            && request.needs_entropy()
        {
            self.give(Input::Entropy(Entropy::new(sha256(&self.last.to_le_bytes()))));
        }
        let answers = self.give(Input::Request { id, request });
        let (_, answer) = answers.into_iter().find(|(of, _)| *of == id).expect("an answer at once");
        answer.map(|answer| serde_json::to_value(answer).unwrap())
    }

    fn call(&mut self, call: &Call, argument: &Value) -> Result<Value, RequestError> {
        self.ask((call.request)(&argument.to_string(), "null").expect("the example is a good argument"))
    }
}

/// Answers that other calls take.
#[derive(Default)]
struct Made {
    transaction: Value,
    part: Value,
}

/// An argument for each call, so that it has something to answer.
fn example(path: &str, address: &str, transaction: &str, confirmed: &str, made: &Made) -> Value {
    match path {
        "chain.proof" => json!(confirmed),
        "chain.block" => json!(1),
        "chain.transaction" => json!(transaction),
        "setRole" => json!("full"),
        "wallet.send" | "transactions.create" => json!({ "to": address, "amount": "1", "memo": "for lunch" }),
        "transactions.submit" => made.transaction.clone(),
        "chain.import" => made.part.clone(),
        "wallet.selectAccount" => json!(address),
        "wallet.rename" => json!({ "address": address, "name": "Savings" }),
        "wallet.watch" => json!({ "address": stranger(), "name": "Till" }),
        "wallet.unwatch" => json!(stranger()),
        "wallet.confirmBackup" => json!(["not", "these", "words"]),
        "wallet.protect" | "wallet.unlock" => json!("correct horse"),
        "wallet.restore" => json!({ "words": WORDS, "replace": true }),
        "wallet.create" => json!({ "replace": true }),
        "wallet.import" => json!({ "file": no_file(), "passphrase": "correct horse" }),
        "miner.wish" => json!({ "id": transaction, "wish": "pin" }),
        "peers.connect" | "peers.disconnect" | "peers.pardon" => json!("ab".repeat(20)),
        "lab.attack" => json!("garbage"),
        "storage.prune" => json!({ "on": true }),
        "status" | "storage.status" | "chain.blocks" | "chain.headers" | "chain.forks" | "chain.export"
        | "wallet.address" | "wallet.balance" | "wallet.history" | "wallet.state" | "wallet.addAccount"
        | "wallet.words" | "wallet.lock" | "wallet.export" | "mempool.list" | "miner.start" | "miner.stop"
        | "miner.mine" | "miner.template" | "peers.list" | "peers.known" | "peers.bans" | "lab.list" | "lab.stop"
        | "lab.verdicts" | "lab.incidents" | "log" => Value::Null,
        new => panic!("`{new}` is a new call: give it an argument here, or `Value::Null`"),
    }
}

/// An address that is nobody's.
fn stranger() -> String {
    Address([9; 20]).to_text(ChainParams::named("dev", "types").unwrap().address_prefix)
}

/// Of the type of a file, and none.
fn no_file() -> Value {
    let file = WalletFile {
        format: "something else".to_owned(),
        version: 0,
        cipher: String::new(),
        kdf: String::new(),
        memory_kib: 0,
        passes: 0,
        lanes: 0,
        salt: String::new(),
        nonce: String::new(),
        check: String::new(),
        sealed: String::new(),
        backed_up: false,
        accounts: Vec::new(),
        watched: Vec::new(),
    };
    serde_json::to_value(file).unwrap()
}

#[test]
fn answers_are_of_the_types_that_the_calls_say() {
    let mut stage = Stage::new();
    // Somebody to show in the list of peers.
    let peer = PeerId::from_bytes([1; PeerId::LENGTH]);
    // More than are tried at once: some stay known alone.
    let others: Vec<PeerId> = (2..22).map(|number| PeerId::from_bytes([number; PeerId::LENGTH])).collect();
    stage.give(Input::TrackerOpened);
    stage.give(Input::Tracker(ServerMessage::Welcome { peer, peers: others, room_size: 21 }));
    // And somebody to show in the list of bans.
    let link = LinkId(2);
    stage.give(Input::LinkOpened { link, binding: ChannelBinding([0; 32]) });
    stage.give(Input::Received { link, frame: vec![u8::MAX] });
    stage.ask(Request::MinerStart { threads: None }).unwrap();
    let Value::String(address) = stage.ask(Request::Address).unwrap() else { panic!("an address is a text") };
    let send = |stage: &mut Stage| {
        let call = CALLS.iter().find(|call| call.path == "wallet.send").unwrap();
        let id = stage.call(call, &example("wallet.send", &address, "", "", &Made::default())).unwrap();
        id.as_str().unwrap().to_owned()
    };
    let transaction = send(&mut stage);
    let block = stage.ask(Request::Block { id: "1".to_owned() }).unwrap();
    let confirmed = block["transactionList"][0]["id"].as_str().unwrap().to_owned();
    let mut made = Made::default();
    for (call, signature) in CALLS.iter().zip(signatures()) {
        let path = call.path;
        if path == "miner.mine" {
            // Answered by the next block, which this stage does not mine.
            continue;
        }
        if path == "peers.list" {
            // Whoever was dialled at first has not answered in time.
            let third = PeerId::from_bytes([30; PeerId::LENGTH]);
            stage.give(Input::Tracker(ServerMessage::Peers { peers: vec![third], room_size: 22 }));
        }
        match stage.call(call, &example(path, &address, &transaction, &confirmed, &made)) {
            Ok(answer) => {
                assert_ne!(answer, json!([]), "{path} shows nothing of its type");
                let again = (signature.again)(answer.clone())
                    .unwrap_or_else(|error| panic!("{path} does not give {}: {error}", signature.answer));
                assert_eq!(again, answer, "{path} gives more than {} holds", signature.answer);
                match path {
                    "transactions.create" => made.transaction = answer,
                    "chain.export" => made.part = answer,
                    _ => {}
                }
            }
            // Nobody is connected yet, the words are not those that were asked for, the file is none.
            Err(error) => {
                let expected = [ErrorCode::NotFound, ErrorCode::NoPeers, ErrorCode::WrongWords, ErrorCode::BadFile];
                assert!(expected.contains(&error.code), "{path}: {error}");
            }
        }
    }
}
