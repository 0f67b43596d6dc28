//! A chain that a real node mines at the least difficulty, in virtual time, on a store in memory.

use node_core::block::BlockHeader;
use node_core::contract::{Input, JobId, Output};
use node_core::hash::BlockHash;
use node_core::keys::{Entropy, SecretKey, Signature};
use node_core::mining;
use node_core::node::{Config, Node};
use node_core::params::ChainParams;
use node_core::request::wallet::WalletRequest;
use node_core::request::{Request, RequestId, SendForm};
use node_core::store::memory::MemoryStore;
use node_core::transaction::{Memo, Transaction, Transfer};
use node_core::units::{Amount, Timestamp};
use node_core::view::Role;
use std::time::Duration;

/// Nonces to try for a block; the first ones take a million each.
const ATTEMPTS: u32 = 200_000_000;
/// Who pays for the transfers: enough that none of them fills its share of a mempool.
const PAYERS: usize = 20;
/// What each of them gets first: fees for more than a thousand blocks.
const FUNDS: &str = "2";
/// Fee of a transfer, in grains: above the least rate.
const FEE: u64 = 1_000;
/// After this long a template is made anew, with what came since.
const TEMPLATE_AGE: Duration = Duration::from_secs(2);

/// Whose chain it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wallet {
    /// The wallet in the store has mined every block: its history is as long as the chain.
    Miner,
    /// It is a new one.
    #[allow(dead_code, reason = "not every benchmark needs it")]
    New,
}

/// A chain of so many blocks with so many transfers each, as a node has stored it. Its last block is
/// older than the real clock. The first blocks, which pay who makes the transfers, have none.
pub(crate) fn chain(params: ChainParams, blocks: u32, transfers: usize, wallet: Wallet) -> MemoryStore {
    let mut maker = Maker::new(params, blocks);
    maker.request(Request::MinerStart { threads: None });
    if transfers > 0 {
        maker.fund();
    }
    while maker.node.chain().height().0 < blocks {
        for number in 0..transfers {
            maker.transfer(number % PAYERS);
        }
        maker.mine();
        assert_eq!(maker.node.mempool().len(), 0, "all that waits fits a block");
    }
    if wallet == Wallet::New {
        maker.request(Request::MinerStop);
        maker.tell(Input::Entropy(Entropy::new([3; 32])));
        maker.request(Request::Wallet(WalletRequest::Create { replace: Some(true) }));
    }
    maker.store
}

/// The node and what drives it.
struct Maker {
    node: Node,
    store: MemoryStore,
    now: Timestamp,
    /// Time between blocks.
    step: Duration,
    work: Option<(JobId, BlockHeader)>,
    payers: Vec<SecretKey>,
    /// Transfers that each has made.
    nonces: Vec<u64>,
    maturity: u32,
    genesis: BlockHash,
}

impl Maker {
    fn new(params: ChainParams, blocks: u32) -> Self {
        let chain = node_core::chain::tree::Chain::new(params.clone());
        let (mined, genesis) = (chain.tip_header().time, chain.tip());
        let real = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
        let real = Timestamp::from_millis(u64::try_from(real).expect("a time"));
        // As late as counts for the difficulty, if there is so much time since the first block.
        let step = (real.since(mined) / (blocks + 100)).min(params.max_lateness + params.spacing);
        let (store, now, maturity) = (MemoryStore::new(), mined.after(step), params.reward_maturity);
        let node = Node::open(Config::new(params, Role::Miner), &store.stored(), [1; 32], now);
        let payers = (0..PAYERS).map(|number| SecretKey::derive(&[2; 32], &number.to_le_bytes())).collect();
        Self { node, store, now, step, work: None, payers, nonces: vec![0; PAYERS], maturity, genesis }
    }

    /// Tells the node something, and does all that it then wants but the search for a nonce.
    fn tell(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.node.handle(self.now, input);
            while let Some(output) = self.node.poll_output() {
                match output {
                    Output::Mine { job, header, .. } => self.work = Some((job, header)),
                    Output::Persist(batch) => {
                        self.store.apply(&batch).expect("there is no limit");
                        inputs.push(Input::Persisted { batch: batch.number });
                    }
                    Output::Load { job, queries } => {
                        inputs.push(Input::Loaded { job, answers: Ok(self.store.read(&queries)) });
                    }
                    Output::Reply { result, .. } => {
                        result.expect("what is asked for is right");
                    }
                    _ => {}
                }
            }
        }
    }

    fn request(&mut self, request: Request) {
        self.tell(Input::Request { id: RequestId(1), request });
    }

    /// Finds the next block, with all that waits.
    fn mine(&mut self) {
        let before = self.node.chain().height();
        if !self.node.mempool().is_empty() {
            self.now = self.now.after(TEMPLATE_AGE);
            self.tell(Input::Tick);
        }
        while self.node.chain().height() == before {
            self.now = self.now.after(self.step);
            match self.work.take() {
                Some((job, header)) => {
                    let header = mining::search(header, ATTEMPTS).expect("an easy block");
                    self.tell(Input::Mined { job, header });
                }
                None => self.tell(Input::Tick),
            }
        }
    }

    /// Mines until there are coins to spend, and gives some to each payer.
    fn fund(&mut self) {
        for _ in 0..=self.maturity {
            self.mine();
        }
        let prefix = self.node.chain().params().address_prefix;
        let addresses: Vec<String> = self.payers.iter().map(|key| key.public_key().address().to_text(prefix)).collect();
        for to in addresses {
            self.request(Request::Send(SendForm { to, amount: FUNDS.to_owned(), ..SendForm::default() }));
        }
        self.mine();
    }

    /// Sends a grain from a payer to the next.
    fn transfer(&mut self, payer: usize) {
        let grains = |grains| Amount::from_grains(grains).expect("a small amount");
        let key = &self.payers[payer];
        let mut transfer = Transfer {
            from: key.public_key(),
            to: self.payers[(payer + 1) % PAYERS].public_key().address(),
            amount: grains(1),
            fee: grains(FEE),
            nonce: self.nonces[payer],
            memo: Memo::default(),
            signature: Signature::NONE,
        };
        transfer.sign(key, self.genesis);
        self.nonces[payer] += 1;
        let hex = hex::encode(Transaction::Transfer(transfer).to_bytes());
        self.request(Request::SubmitTransaction { hex });
    }
}
