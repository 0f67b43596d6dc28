//! Every call of the JavaScript API that the node answers: what it is named, takes and gives.
//!
//! The one list of them. From it come the object that a page calls and the types that TypeScript
//! knows it by, so a new call is a new entry here, and then `cargo xtask types`.

use super::arguments::wallet::{Backup, Import, Named, NamedAddress, Passphrase, Protection, Replace};
use super::arguments::{Aim, BlockId, OwnRange, Range, Rows, Switch, Threads, Wanted, decode};
use js_sys::{Object, Reflect};
use node_core::hash::TxId;
use node_core::keys::Secret;
use node_core::request::wallet::WalletRequest;
use node_core::request::{Attack, Request, RequestError, SendForm};
use node_core::view::archive::{ChainPart, Imported};
use node_core::view::lab::{AttackView, BanView, Incident, Verdict};
use node_core::view::wallet::{BackupView, WalletView};
use node_core::view::{
    Balance, BlockSummary, BlockView, ForkTree, HeaderView, HistoryPage, KnownPeer, LogEntry, Page, PeerView,
    ProofView, Role, Status, StorageView, TemplateView, TransactionView,
};
use node_core::wallet::file::WalletFile;
use tracker_protocol::PeerId;
use wasm_bindgen::{JsCast, JsValue};

/// A call of the API.
pub(super) struct Call {
    /// Where it stands in the API's object: `chain.block`.
    pub(super) path: &'static str,
    /// What it asks of the node, by its arguments in JSON; `null` for one that is left out.
    pub(super) request: fn(&str, &str) -> Result<Request, RequestError>,
}

/// What calls that only act give: `null`.
pub(super) type Done = ();

/// `a.b` as a text.
macro_rules! dotted {
    ($first:ident $(.$rest:ident)*) => {
        concat!(stringify!($first) $(, ".", stringify!($rest))*)
    };
}

/// Makes the list of calls; for tests also the list of their types.
///
/// An entry is a comment that says what the call gives, and `group.name(argument: Type) -> Answer { request }`.
/// There may be no argument, or two; where the type of one is an `Option`, the caller may leave it out. The answer is
/// what the request's documentation says, as a type of `node_core::view`.
macro_rules! calls {
    ($(
        $(#[doc = $doc:literal])+
        $($path:ident).+ ($($argument:ident: $type:ty),*) -> $answer:ty $request:block
    )+) => {
        /// The calls in their order.
        pub(super) const CALLS: &[Call] = &[$(Call {
            path: dotted!($($path).+),
            request: |first, second| calls!(@request first, second, ($($argument: $type),*), $request),
        }),+];

        // Only tests look at the answers; every build checks that there are such types.
        const _: fn() = || {
            $(let _ = std::marker::PhantomData::<$answer>;)+
        };

        /// The types of the calls, in the same order.
        #[cfg(test)]
        pub(super) fn signatures() -> Vec<super::typescript::Signature> {
            use super::typescript::Signature;
            vec![$({
                let signature = Signature::new::<$answer>(dotted!($($path).+), concat!($($doc, "\n"),+));
                $(let signature = signature.takes::<$type>(stringify!($argument));)*
                signature
            }),+]
        }
    };
    // Whatever is given beyond is ignored, as JavaScript does.
    (@request $first:ident, $second:ident, (), $request:block) => {{
        let _ = ($first, $second);
        Ok($request)
    }};
    (@request $first:ident, $second:ident, ($argument:ident: $type:ty), $request:block) => {{
        let _ = $second;
        decode::<$type>($first).map(|$argument| $request)
    }};
    (@request $first:ident, $second:ident, ($one:ident: $type:ty, $other:ident: $more:ty), $request:block) => {
        decode::<$type>($first).and_then(|$one| decode::<$more>($second).map(|$other| $request))
    };
}

calls! {
    /// The node at a glance.
    status() -> Status { Request::Status }

    /// Changes what this tab does for others: all blocks, mining too, or headers alone.
    setRole(role: Role) -> Done { Request::SetRole { role } }

    /// Blocks of the best chain, newest first; `from` is the height to start at, the tip if left out.
    chain.blocks(range: Option<Range>) -> Vec<BlockSummary> {
        let Range { from, limit } = range.unwrap_or_default();
        Request::Blocks { from, limit }
    }

    /// A whole block, with its transactions in `transactionList`.
    chain.block(height_or_hash: BlockId) -> BlockView { Request::Block { id: height_or_hash.into_text() } }

    /// A transaction, waiting or confirmed.
    chain.transaction(id: String) -> TransactionView { Request::Transaction { id } }

    /// Headers of the best chain, newest first; `from` is the height to start at, the tip if left out.
    chain.headers(range: Option<Range>) -> Vec<HeaderView> {
        let Range { from, limit } = range.unwrap_or_default();
        Request::Headers { from, limit }
    }

    /// The proof that a block holds a transaction; a light node has it from a peer, and checked.
    chain.proof(id: String) -> ProofView { Request::Proof { id } }

    /// The newest part of the block tree, with every live branch.
    chain.forks() -> ForkTree { Request::Forks }

    /// Whole blocks from a height on, for a file; 1 if left out, for the genesis block is in every tab.
    chain.export(from: Option<u32>) -> ChainPart { Request::ChainPart { from: from.unwrap_or(1) } }

    /// Takes in blocks of a file, by every rule. Parts are given in their order, the next when the last is judged.
    chain.import(part: ChainPart) -> Imported { Request::Import(part) }

    /// Address of the selected account.
    wallet.address() -> String { Request::Address }

    /// Balance of an address; of the selected account's if left out.
    wallet.balance(address: Option<String>) -> Balance { Request::Balance { address } }

    /// Sends a transfer and gives its id.
    wallet.send(form: SendForm) -> TxId { Request::Send(form) }

    /// Transactions of an address, newest first; `from` is the number of rows to pass over. A light node lists those of
    /// its wallet only; of others 50 rows are given at most.
    wallet.history(range: Option<OwnRange>) -> HistoryPage {
        let OwnRange { address, from, limit } = range.unwrap_or_default();
        Request::History { address, from, limit }
    }

    /// A transfer in hex digits, built and signed by this tab's wallet and sent nowhere.
    transactions.create(form: SendForm) -> String { Request::CreateTransaction(form) }

    /// Sends a transaction of anybody's making, in hex digits, and gives its id.
    transactions.submit(hex: String) -> TxId { Request::SubmitTransaction { hex } }

    /// Waiting transactions, best fee rate first; `from` is the number of rows to pass over.
    mempool.list(range: Option<Range>) -> Page<TransactionView> {
        let Range { from, limit } = range.unwrap_or_default();
        Request::Mempool { from, limit }
    }

    /// Mines until stopped, with one thread if left out.
    miner.start(threads: Option<Threads>) -> Done {
        Request::MinerStart { threads: threads.unwrap_or_default().threads }
    }

    /// Stops mining.
    miner.stop() -> Done { Request::MinerStop }

    /// The next block that this tab finds; mines for it if it does not already.
    miner.mine() -> BlockView { Request::MinerMine }

    /// What this tab's miner does with a waiting transaction.
    miner.wish(wanted: Wanted) -> Done {
        let Wanted { id, wish } = wanted;
        Request::MinerWish { id, wish }
    }

    /// The next block as this tab would build it now.
    miner.template(range: Option<Range>) -> TemplateView {
        let Range { from, limit } = range.unwrap_or_default();
        Request::Template { from, limit }
    }

    /// Connected and connecting peers.
    peers.list() -> Vec<PeerView> { Request::Peers }

    /// Peers that this tab has heard of and has no link to.
    peers.known() -> Vec<KnownPeer> { Request::KnownPeers }

    /// Connects to a peer of the room.
    peers.connect(peer_id: PeerId) -> Done { Request::Connect { peer: peer_id } }

    /// Closes the connection to a peer.
    peers.disconnect(peer_id: PeerId) -> Done { Request::Disconnect { peer: peer_id } }

    /// Where wallet and chain are kept, and how much room they take.
    storage.status() -> StorageView { Request::Storage }

    /// Whether old blocks are dropped; those dropped do not come back.
    storage.prune(wanted: Switch) -> Done { Request::Prune { on: wanted.on } }

    /// Banned peers, the newest ban first.
    peers.bans() -> Vec<BanView> { Request::Bans }

    /// Lifts the ban of a peer and connects to it again.
    peers.pardon(peer_id: PeerId) -> Done { Request::Pardon { peer: peer_id } }

    /// All attacks, the rule that stops each, and what it lacks now.
    lab.list() -> Vec<AttackView> { Request::Attacks }

    /// Launches an attack at peers, once or again and again.
    lab.attack(attack: Attack, aim: Option<Aim>) -> Done {
        let Aim { peer, every } = aim.unwrap_or_default();
        Request::Attack { attack, peer, every }
    }

    /// Ends every attack that is repeated or whose block is being mined.
    lab.stop() -> Done { Request::StopAttacks }

    /// What peers made of attacks, newest first; `from` is the number of rows to pass over.
    lab.verdicts(range: Option<Range>) -> Page<Verdict> {
        let Range { from, limit } = range.unwrap_or_default();
        Request::Verdicts { from, limit }
    }

    /// What this node refused, newest first; `from` is the number of rows to pass over.
    lab.incidents(range: Option<Range>) -> Page<Incident> {
        let Range { from, limit } = range.unwrap_or_default();
        Request::Incidents { from, limit }
    }

    /// Lines of the node's log, newest first; the node keeps 500.
    log(rows: Option<Rows>) -> Vec<LogEntry> { Request::Log { limit: rows.unwrap_or_default().limit } }

    /// Keys and accounts of the wallet. No secret is in it.
    wallet.state() -> WalletView { Request::Wallet(WalletRequest::Show) }

    /// Adds an account and selects it.
    wallet.addAccount(name: Option<Named>) -> WalletView {
        Request::Wallet(WalletRequest::AddAccount { name: name.unwrap_or_default().name })
    }

    /// Makes an account the one that is paid to and pays.
    wallet.selectAccount(address: String) -> WalletView {
        Request::Wallet(WalletRequest::SelectAccount { address })
    }

    /// Renames an account or a watched address.
    wallet.rename(named: NamedAddress) -> WalletView {
        let NamedAddress { address, name } = named;
        Request::Wallet(WalletRequest::Rename { address, name })
    }

    /// Watches an address without having its key.
    wallet.watch(named: NamedAddress) -> WalletView {
        let NamedAddress { address, name } = named;
        Request::Wallet(WalletRequest::Watch { address, name })
    }

    /// Watches an address no longer.
    wallet.unwatch(address: String) -> WalletView { Request::Wallet(WalletRequest::Unwatch { address }) }

    /// The twelve words, and the places, from 1, of those that `confirmBackup` asks for.
    wallet.words() -> BackupView { Request::Wallet(WalletRequest::Words) }

    /// Shows that the words are kept: those that were asked for, in that order.
    wallet.confirmBackup(words: Vec<Secret>) -> WalletView {
        Request::Wallet(WalletRequest::ConfirmBackup { words })
    }

    /// Puts the keys under a passphrase, or under another one.
    wallet.protect(passphrase: Passphrase) -> WalletView {
        let (passphrase, current) = passphrase.into_parts();
        Request::Wallet(WalletRequest::Protect { passphrase, current })
    }

    /// Forgets the keys until `unlock`.
    wallet.lock() -> WalletView { Request::Wallet(WalletRequest::Lock) }

    /// Takes the keys from the vault.
    wallet.unlock(passphrase: Secret) -> WalletView { Request::Wallet(WalletRequest::Unlock { passphrase }) }

    /// The wallet as an encrypted file, to be kept as JSON.
    wallet.export(protection: Option<Protection>) -> WalletFile {
        Request::Wallet(WalletRequest::Export { passphrase: protection.unwrap_or_default().passphrase })
    }

    /// The wallet of a file in place of this one, protected by the file's passphrase.
    wallet.import(wallet: Import) -> WalletView {
        let Import { file, passphrase, replace } = wallet;
        Request::Wallet(WalletRequest::Import { file, passphrase, replace })
    }

    /// The wallet of twelve words in place of this one.
    wallet.restore(backup: Backup) -> WalletView {
        let (words, replace) = backup.into_parts();
        Request::Wallet(WalletRequest::Restore { words, replace })
    }

    /// A new wallet in place of this one.
    wallet.create(replace: Option<Replace>) -> WalletView {
        Request::Wallet(WalletRequest::Create { replace: replace.unwrap_or_default().replace })
    }
}

/// Puts a method at its place in the API's object, and its group before it where that is missing.
pub(super) fn place(api: &Object, path: &str, method: &JsValue) -> Result<(), JsValue> {
    let Some((group, name)) = path.split_once('.') else {
        return super::set(api, path, method);
    };
    let known = Reflect::get(api, &JsValue::from_str(group))?;
    let group = if known.is_undefined() {
        let new = Object::new();
        super::set(api, group, &new)?;
        new
    } else {
        known.unchecked_into()
    };
    super::set(&group, name, method)
}
