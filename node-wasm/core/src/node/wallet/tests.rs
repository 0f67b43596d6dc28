//! The node's wallet from outside: requests in, answers, events and stored bytes out.

use super::*;
use crate::chain::testing::{Builder, feed, params};
use crate::chain::tree::Chain;
use crate::contract::Input;
use crate::node::Config;
use crate::request::{Request, SendForm};
use crate::store::record::{self, seal};
use crate::store::{Stored, Table};
use crate::view::{HistoryEntry, Page, Role};
use crate::wallet::record::{Keys, Record};
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;
use std::sync::Arc;
use zeroize::Zeroizing;

const WORDS: &str = "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic";
const PASSPHRASE: &str = "correct horse battery";
const OLD: KdfParameters = KdfParameters { memory_kib: 8, passes: 1, lanes: 1 };

/// A node, and all that it ever said.
struct Tab {
    node: Node,
    now: Timestamp,
    draws: u8,
    last_request: u64,
    replies: VecDeque<(RequestId, Answer)>,
    jobs: VecDeque<(JobId, Derivation)>,
    /// Every output as `Debug` and, where it goes to a user interface, as JSON.
    said: String,
}

impl Tab {
    fn new(wallet: Option<Zeroizing<Vec<u8>>>) -> Self {
        let now = Chain::new(params()).tip_header().time.after(Duration::from_hours(1));
        let config = Config::new(params(), Role::Full);
        let node = match wallet {
            None => Node::new(config, [7; 32], now),
            Some(wallet) => {
                let record = seal(Table::Wallet, record::WALLET, wallet.to_vec());
                let stored = Stored::new(vec![Vec::new(), vec![(record::WALLET.to_vec(), record)]]);
                Node::open(config, &stored, [7; 32], now)
            }
        };
        let (replies, jobs) = (VecDeque::new(), VecDeque::new());
        let mut tab = Self { node, now, draws: 0, last_request: 0, replies, jobs, said: String::new() };
        tab.input(Input::Tick);
        tab
    }

    fn input(&mut self, input: Input) {
        self.node.handle(self.now, input);
        while let Some(output) = self.node.poll_output() {
            let _ = writeln!(self.said, "{output:?}");
            match output {
                Output::Event(event) => self.said += &serde_json::to_string(&event).unwrap(),
                Output::DeriveKey { job, derivation } => self.jobs.push_back((job, derivation)),
                Output::Reply { id, result } => self.replies.push_back((id, result)),
                _ => {}
            }
        }
    }

    /// Asks without working on passphrases.
    fn post(&mut self, request: Request) -> RequestId {
        if let Request::Wallet(request) = &request
            && request.needs_entropy()
        {
            self.draws += 1;
            self.input(Input::Entropy(Entropy::new([self.draws; 32])));
        }
        let _ = writeln!(self.said, "{request:?}");
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.input(Input::Request { id, request });
        id
    }

    fn work(&mut self) {
        while let Some((job, derivation)) = self.jobs.pop_front() {
            let input = Input::KeyDerived { job, key: derivation.derive() };
            let _ = writeln!(self.said, "{input:?}");
            self.input(input);
        }
    }

    fn answer(&mut self, id: RequestId) -> Option<Answer> {
        let place = self.replies.iter().position(|(known, _)| *known == id)?;
        self.replies.remove(place).map(|(_, answer)| answer)
    }

    fn ask(&mut self, request: Request) -> Answer {
        let id = self.post(request);
        self.work();
        self.answer(id).expect("an answer")
    }

    fn wallet(&mut self, request: WalletRequest) -> Result<WalletView, (ErrorCode, Option<String>)> {
        match self.ask(Request::Wallet(request)) {
            Ok(Response::Wallet(view)) => Ok(*view),
            Ok(other) => panic!("a wallet, not {other:?}"),
            Err(problem) => Err((problem.code, problem.field)),
        }
    }

    fn refused(&mut self, request: WalletRequest) -> ErrorCode {
        match self.ask(Request::Wallet(request)) {
            Ok(other) => panic!("a refusal, not {other:?}"),
            Err(problem) => problem.code,
        }
    }

    fn history(&mut self, address: &str) -> Page<HistoryEntry> {
        match self.ask(Request::History { address: Some(address.to_owned()), from: None, limit: None }) {
            Ok(Response::History(page)) => page.page,
            other => panic!("a history, not {other:?}"),
        }
    }

    fn stored(&self) -> Zeroizing<Vec<u8>> {
        self.node.wallet().record().to_bytes()
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.input(Input::Tick);
    }

    /// Mines blocks on the tip that pay an address.
    fn mine(&mut self, blocks: u32, to: Address) {
        for _ in 0..blocks {
            let mut block =
                crate::mining::assemble(&mut self.node.chain, Vec::new(), to, crate::units::Amount::ZERO, self.now)
                    .unwrap();
            while !crate::consensus::validation::meets_target(&block.header) {
                block.header.nonce += 1;
            }
            assert!(self.node.take_own_block(block));
            self.pass(Duration::from_secs(2));
        }
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn restore(words: &str) -> WalletRequest {
    WalletRequest::Restore { words: secret(words), replace: None }
}

fn protect(passphrase: &str, current: Option<&str>) -> WalletRequest {
    WalletRequest::Protect { passphrase: secret(passphrase), current: current.map(secret) }
}

fn unlock(passphrase: &str) -> WalletRequest {
    WalletRequest::Unlock { passphrase: secret(passphrase) }
}

/// A protected wallet of the words whose vault was made long ago.
fn old_wallet() -> Zeroizing<Vec<u8>> {
    let phrase = Phrase::parse(&secret(WORDS)).unwrap();
    let mould = Mould::new(&Entropy::new([99; 32]), OLD);
    let key = mould.derivation(secret(PASSPHRASE)).derive().unwrap();
    let vault = mould.seal(&phrase, &key);
    let mut wallet = Wallet::restore(phrase).unwrap();
    wallet.protect(vault);
    wallet.record().to_bytes()
}

#[test]
fn from_quick_start_to_protected_and_locked() {
    let mut tab = Tab::new(None);
    let view = tab.wallet(WalletRequest::Show).unwrap();
    assert!(!view.protected && !view.locked && !view.backed_up && !view.in_use && view.damaged.is_none());
    assert_eq!(tab.refused(WalletRequest::Lock), ErrorCode::Unprotected);
    assert_eq!(tab.refused(unlock(PASSPHRASE)), ErrorCode::Unprotected);
    assert_eq!(tab.wallet(protect("short", None)), Err((ErrorCode::BadPassphrase, Some("passphrase".into()))));

    let view = tab.wallet(protect(PASSPHRASE, None)).unwrap();
    assert!(view.protected && !view.locked && !view.busy);
    let view = tab.wallet(WalletRequest::Lock).unwrap();
    assert!(view.locked);
    let form = SendForm { to: view.selected, amount: "1".into(), ..SendForm::default() };
    assert_eq!(tab.ask(Request::Send(form)).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(tab.refused(WalletRequest::Words), ErrorCode::Locked);
    assert_eq!(tab.refused(protect("another passphrase", Some(PASSPHRASE))), ErrorCode::Locked);

    let before = tab.stored();
    assert_eq!(tab.wallet(unlock("wrong horse")), Err((ErrorCode::WrongPassphrase, Some("passphrase".into()))));
    assert!(tab.wallet(WalletRequest::Show).unwrap().locked);
    assert_eq!(*tab.stored(), *before);
    assert!(!tab.wallet(unlock(PASSPHRASE)).unwrap().locked);
    assert_eq!(*tab.stored(), *before);
}

#[test]
fn a_passphrase_is_changed_by_whoever_knows_it() {
    let mut tab = Tab::new(Some(old_wallet()));
    tab.wallet(unlock(PASSPHRASE)).unwrap();
    let before = tab.stored();
    let wrong = Err((ErrorCode::WrongPassphrase, Some("current".into())));
    assert_eq!(tab.wallet(protect("another passphrase", None)), wrong);
    assert_eq!(tab.wallet(protect("another passphrase", Some("wrong horse"))), wrong);
    assert_eq!(*tab.stored(), *before);
    tab.wallet(protect("another passphrase", Some(PASSPHRASE))).unwrap();
    assert_ne!(*tab.stored(), *before);
    tab.wallet(WalletRequest::Lock).unwrap();
    assert_eq!(tab.refused(unlock(PASSPHRASE)), ErrorCode::WrongPassphrase);
    tab.wallet(unlock("another passphrase")).unwrap();
}

#[test]
fn an_old_vault_is_made_harder_at_the_next_unlock() {
    let mut tab = Tab::new(Some(old_wallet()));
    let parameters = |tab: &Tab| match Record::from_bytes(&tab.stored()).unwrap().keys {
        Keys::Sealed(vault) => vault.parameters(),
        Keys::Open(_) => panic!("protected"),
    };
    assert_eq!(parameters(&tab), OLD);
    tab.wallet(unlock("wrong horse")).unwrap_err();
    assert_eq!(parameters(&tab), OLD);
    tab.wallet(unlock(PASSPHRASE)).unwrap();
    assert_eq!(parameters(&tab), KdfParameters::CURRENT);
    let mut again = Tab::new(Some(tab.stored()));
    assert!(again.wallet(WalletRequest::Show).unwrap().locked);
    again.wallet(unlock(PASSPHRASE)).unwrap();
    assert_eq!(*again.stored(), *tab.stored(), "nothing is left to renew");
}

#[test]
fn an_open_wallet_locks_itself_when_nobody_uses_it() {
    let mut tab = Tab::new(Some(old_wallet()));
    tab.wallet(unlock(PASSPHRASE)).unwrap();
    tab.pass(IDLE_LOCK / 2);
    // To look is not to use; to take the words is.
    tab.wallet(WalletRequest::Show).unwrap();
    tab.ask(Request::Wallet(WalletRequest::Words)).unwrap();
    tab.pass(IDLE_LOCK / 2 + Duration::from_secs(1));
    assert!(!tab.wallet(WalletRequest::Show).unwrap().locked);
    assert!(tab.node.next_timeout().unwrap() <= tab.node.idle_lock_at().unwrap());
    tab.pass(IDLE_LOCK / 2);
    assert!(tab.wallet(WalletRequest::Show).unwrap().locked);
    // A wallet without a passphrase has nothing to lock.
    let mut open = Tab::new(None);
    open.pass(IDLE_LOCK * 2);
    assert!(!open.wallet(WalletRequest::Show).unwrap().locked);
}

#[test]
fn one_passphrase_at_a_time_and_locking_gives_it_up() {
    let mut tab = Tab::new(Some(old_wallet()));
    let first = tab.post(Request::Wallet(unlock(PASSPHRASE)));
    assert!(tab.answer(first).is_none());
    let view = tab.post(Request::Wallet(WalletRequest::Show));
    assert!(matches!(tab.answer(view), Some(Ok(Response::Wallet(view))) if view.busy));
    let second = tab.post(Request::Wallet(unlock(PASSPHRASE)));
    assert_eq!(tab.answer(second).unwrap().unwrap_err().code, ErrorCode::Busy);
    let lock = tab.post(Request::Wallet(WalletRequest::Lock));
    assert!(tab.answer(lock).unwrap().is_ok());
    assert_eq!(tab.answer(first).unwrap().unwrap_err().code, ErrorCode::Locked);
    // The key comes too late.
    tab.work();
    assert!(tab.wallet(WalletRequest::Show).unwrap().locked);
}

#[test]
fn without_memory_or_randomness_nothing_happens() {
    let mut tab = Tab::new(Some(old_wallet()));
    let id = tab.post(Request::Wallet(unlock(PASSPHRASE)));
    let (job, _) = tab.jobs.pop_front().unwrap();
    tab.input(Input::KeyDerived { job, key: None });
    assert_eq!(tab.answer(id).unwrap().unwrap_err().code, ErrorCode::NoMemory);
    assert!(tab.wallet(WalletRequest::Show).unwrap().locked);
    let id = RequestId(u64::MAX);
    tab.input(Input::Request { id, request: Request::Wallet(WalletRequest::Create { replace: Some(true) }) });
    assert_eq!(tab.answer(id).unwrap().unwrap_err().code, ErrorCode::NoEntropy);
}

#[test]
fn a_damaged_wallet_is_left_as_it_is() {
    let good = old_wallet();
    for place in [0, 4, 20, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        let mut tab = Tab::new(Some(bytes));
        let view = tab.wallet(WalletRequest::Show).unwrap();
        assert!(view.damaged.is_some() && !view.protected, "byte {place}");
        let own = Phrase::parse(&secret(WORDS)).unwrap().keychain().unwrap().account(0).unwrap();
        assert_ne!(view.selected, tab.node.text(&own.public_key().address()));
        // The words bring it back.
        let view = tab.wallet(restore(WORDS)).unwrap();
        assert_eq!(view.selected, tab.node.text(&own.public_key().address()));
        assert_eq!(view.damaged, None);
    }
}

#[test]
fn bad_words_change_nothing() {
    let mut tab = Tab::new(None);
    let before = tab.stored();
    for words in ["", "ozone", &WORDS.replace("grab", "grub"), &WORDS.replace("grab", "drill")] {
        assert_eq!(tab.wallet(restore(words)), Err((ErrorCode::BadWords, Some("words".into()))), "{words}");
    }
    assert_eq!(*tab.stored(), *before);
}

#[test]
fn a_wallet_in_use_is_replaced_only_on_demand() {
    let mut tab = Tab::new(None);
    let own = tab.node.address();
    tab.mine(1, own);
    assert!(tab.wallet(WalletRequest::Show).unwrap().in_use);
    let before = tab.stored();
    assert_eq!(tab.refused(WalletRequest::Create { replace: None }), ErrorCode::WalletInUse);
    assert_eq!(tab.refused(restore(WORDS)), ErrorCode::WalletInUse);
    assert_eq!(*tab.stored(), *before);
    tab.wallet(WalletRequest::Create { replace: Some(true) }).unwrap();
    assert_ne!(tab.node.address(), own);
    assert!(!tab.wallet(WalletRequest::Show).unwrap().in_use);
}

#[test]
fn a_backup_is_confirmed_by_some_of_its_words() {
    let mut tab = Tab::new(None);
    assert_eq!(tab.refused(WalletRequest::ConfirmBackup { words: vec![] }), ErrorCode::BadRequest);
    let Ok(Response::Backup(backup)) = tab.ask(Request::Wallet(WalletRequest::Words)) else { panic!("words") };
    assert_eq!((backup.words.len(), backup.ask.len()), (PHRASE_WORDS, ASKED_WORDS));
    let asked: Vec<Secret> = backup.ask.iter().map(|place| backup.words[*place as usize - 1].clone()).collect();
    let wrong: Vec<Secret> = asked.iter().rev().cloned().collect();
    assert_eq!(
        tab.wallet(WalletRequest::ConfirmBackup { words: wrong }),
        Err((ErrorCode::WrongWords, Some("words".into())))
    );
    assert!(tab.wallet(WalletRequest::ConfirmBackup { words: asked }).unwrap().backed_up);
    // The words are those of this wallet.
    let words = backup.words.iter().map(Secret::expose).collect::<Vec<_>>().join(" ");
    let own = tab.node.address();
    let mut other = Tab::new(None);
    other.wallet(WalletRequest::Create { replace: None }).unwrap();
    assert_ne!(other.node.address(), own);
    assert_eq!(other.wallet(restore(&words)).unwrap().selected, other.node.text(&own));
}

#[test]
fn a_restored_wallet_finds_accounts_and_history_in_blocks_from_before() {
    let keychain = Phrase::parse(&secret(WORDS)).unwrap().keychain().unwrap();
    let address = |index| keychain.account(index).unwrap().public_key().address();
    let mut tab = Tab::new(None);
    tab.mine(3, address(2));
    tab.mine(2, address(0));
    tab.mine(2, crate::chain::testing::address(9));
    let view = tab.wallet(restore(WORDS)).unwrap();
    tab.pass(Duration::from_secs(1));
    let found = tab.wallet(WalletRequest::Show).unwrap();
    assert_eq!((view.accounts.len(), found.accounts.len(), found.searched), (1, 3, None));
    assert_eq!(found.accounts[2].address, tab.node.text(&address(2)));
    let counts = [0, 1, 2].map(|index: usize| tab.history(&found.accounts[index].address).total);
    assert_eq!(counts, [2, 0, 3]);
    let newest = tab.history(&found.accounts[0].address).items.remove(0);
    assert!(matches!(newest.transaction.status, crate::view::TransactionState::Confirmed { confirmations: 3, .. }));
}

#[test]
fn history_follows_a_reorganisation_both_ways() {
    let mut tab = Tab::new(None);
    let own = tab.node.address();
    let text = tab.node.text(&own);
    let mut builder = Builder::new(params());
    let genesis = builder.genesis;
    let mut chain = Chain::new(params());
    let mut parent = genesis;
    // Three blocks to this wallet, then a longer branch that pays somebody else.
    tab.mine(3, own);
    assert_eq!(tab.history(&text).total, 3);
    let mut branch: Vec<Arc<crate::block::Block>> = Vec::new();
    for _ in 0..5 {
        let block = builder.extend(parent, 9, Vec::new(), 0);
        parent = block.header.hash();
        feed(&mut chain, &block);
        branch.push(block);
    }
    for block in &branch {
        assert!(tab.node.take_own_block((**block).clone()));
    }
    tab.input(Input::Tick);
    assert_eq!(tab.node.chain.tip(), parent);
    assert_eq!(tab.history(&text).total, 0);
    // And this wallet goes on there.
    tab.mine(1, own);
    assert_eq!(tab.history(&text).total, 1);
}

#[test]
fn accounts_have_their_own_balance_history_and_events() {
    let mut tab = Tab::new(None);
    let first = tab.node.address();
    let view = tab.wallet(WalletRequest::AddAccount { name: Some("Savings".into()) }).unwrap();
    let second = tab.node.address();
    assert_ne!(first, second);
    assert_eq!(view.selected, tab.node.text(&second));
    tab.said.clear();
    tab.mine(2, second);
    assert_eq!(tab.history(&view.selected).total, 2);
    assert_eq!(tab.history(&tab.node.text(&first)).total, 0);
    assert!(tab.said.contains("\"event\":\"balance\"") && tab.said.contains(&view.selected));
    let stranger = tab.node.text(&crate::chain::testing::address(1));
    // Of others there is what the index of addresses names.
    match tab.ask(Request::History { address: Some(stranger.clone()), from: None, limit: None }) {
        Ok(Response::History(page)) => assert_eq!((page.page.total, page.since.map(|since| since.0)), (0, Some(1))),
        other => panic!("a history, not {other:?}"),
    }
    let refusal = tab.ask(Request::History { address: Some("nobody".into()), from: None, limit: None });
    assert_eq!(refusal.unwrap_err().code, ErrorCode::BadAddress);
    let view = tab.wallet(WalletRequest::Watch { address: stranger.clone(), name: "till".into() }).unwrap();
    assert_eq!(view.watched[0].name, "till");
    assert_eq!(tab.history(&stranger).total, 0);
    let again = tab.wallet(WalletRequest::Watch { address: stranger.clone(), name: "till".into() });
    assert_eq!(again, Err((ErrorCode::BadAddress, Some("address".into()))));
    assert!(tab.wallet(WalletRequest::Unwatch { address: stranger }).unwrap().watched.is_empty());
}

#[test]
fn a_file_moves_a_wallet_under_its_passphrase() {
    let mut tab = Tab::new(None);
    assert_eq!(tab.refused(WalletRequest::Export { passphrase: None }), ErrorCode::Unprotected);
    tab.wallet(restore(WORDS)).unwrap();
    tab.wallet(WalletRequest::AddAccount { name: Some("Savings".into()) }).unwrap();
    let export = WalletRequest::Export { passphrase: Some(secret(PASSPHRASE)) };
    let Ok(Response::WalletFile(file)) = tab.ask(Request::Wallet(export)) else { panic!("a file") };
    assert!(!tab.wallet(WalletRequest::Show).unwrap().protected);

    let mut other = Tab::new(None);
    let before = other.stored();
    let import = |file: &WalletFile, passphrase: &str| WalletRequest::Import {
        file: Box::new(file.clone()),
        passphrase: secret(passphrase),
        replace: None,
    };
    assert_eq!(other.refused(import(&file, "wrong horse")), ErrorCode::WrongPassphrase);
    let flipped = |place: usize| {
        let mut file = file.clone();
        let digit = file.sealed.remove(place);
        file.sealed.insert(place, if digit == '0' { '1' } else { '0' });
        file
    };
    for place in [0, 31, 32, 63] {
        assert_eq!(other.refused(import(&flipped(place), PASSPHRASE)), ErrorCode::WalletDamaged, "digit {place}");
    }
    let cut = WalletFile { sealed: file.sealed[..40].to_owned(), ..(*file).clone() };
    assert_eq!(other.refused(import(&cut, PASSPHRASE)), ErrorCode::BadFile);
    assert_eq!(*other.stored(), *before);
    let view = other.wallet(import(&file, PASSPHRASE)).unwrap();
    assert!(view.protected && !view.locked && view.backed_up);
    assert_eq!(view.accounts, tab.wallet(WalletRequest::Show).unwrap().accounts);
    // A protected wallet is exported as it lies, also while it is locked.
    other.wallet(WalletRequest::Lock).unwrap();
    let Ok(Response::WalletFile(own)) = other.ask(Request::Wallet(WalletRequest::Export { passphrase: None })) else {
        panic!("a file")
    };
    assert_eq!((own.sealed.as_str(), own.salt.as_str()), (file.sealed.as_str(), file.salt.as_str()));
}

#[test]
fn no_secret_reaches_logs_events_views_debug_or_stored_bytes() {
    let mut tab = Tab::new(None);
    tab.wallet(restore(WORDS)).unwrap();
    tab.wallet(protect("first passphrase", None)).unwrap();
    tab.wallet(protect(PASSPHRASE, Some("first passphrase"))).unwrap();
    tab.ask(Request::Wallet(WalletRequest::Words)).unwrap();
    tab.ask(Request::Wallet(WalletRequest::Export { passphrase: Some(secret(PASSPHRASE)) })).unwrap();
    tab.wallet(WalletRequest::Lock).unwrap();
    tab.refused(unlock("wrong passphrase"));
    tab.wallet(unlock(PASSPHRASE)).unwrap();
    let own = tab.node.address();
    tab.mine(2, own);
    for request in [Request::Status, Request::Log { limit: None }, Request::Wallet(WalletRequest::Show)] {
        let answer = tab.ask(request).unwrap();
        tab.said += &serde_json::to_string(&answer).unwrap();
    }
    let _ = write!(tab.said, "{:?}", tab.node);

    let phrase = Phrase::parse(&secret(WORDS)).unwrap();
    let account = phrase.keychain().unwrap().account(0).unwrap();
    let stored = tab.stored();
    let holds = |needle: &[u8]| stored.windows(needle.len()).any(|window| window == needle);
    let said: BTreeSet<&str> = tab.said.split(|letter: char| !letter.is_ascii_alphabetic()).collect();
    for word in ["horse", "battery"].into_iter().chain(WORDS.split(' ')) {
        assert!(!said.contains(word), "{word} was said");
        assert!(!holds(word.as_bytes()), "{word} is stored");
    }
    assert!(said.contains("passphrase") && said.contains("Phrase"), "the search finds words");
    for passphrase in ["first passphrase", PASSPHRASE, "wrong passphrase"] {
        assert!(!tab.said.contains(passphrase), "{passphrase} was said");
        assert!(!holds(passphrase.as_bytes()), "{passphrase} is stored");
    }
    let entropy = phrase.entropy();
    for spelling in [hex::encode(entropy), format!("{entropy:?}"), format!("{:?}", entropy.to_vec())] {
        assert!(!tab.said.contains(&spelling), "the phrase's bytes were said");
    }
    assert!(!holds(entropy), "the phrase's bytes are stored");
    // The public key is no secret, and shows that the search finds what is there.
    assert!(holds(&account.public_key().0));
    assert!(tab.said.contains(&tab.node.text(&own)));
}
