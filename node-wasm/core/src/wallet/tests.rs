//! The wallet against a naive model, and at its edges.

use super::record::MAX_ACCOUNTS;
use super::vault::{KdfParameters, Mould};
use super::*;
use crate::block::BlockHeader;
use crate::hash::{MerkleRoot, StateRoot};
use crate::transaction::Reward;
use crate::units::{CompactTarget, Timestamp};
use bech32::Hrp;
use proptest::prelude::*;

const WORDS: &str = "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic";
const CHEAP: KdfParameters = KdfParameters { memory_kib: 8, passes: 1, lanes: 1 };

fn restored() -> Wallet {
    Wallet::restore(Phrase::parse(&Secret::new(WORDS)).unwrap()).unwrap()
}

fn protected(passphrase: &str) -> Wallet {
    let mut wallet = restored();
    let mould = Mould::new(&Entropy::new([9; 32]), CHEAP);
    let key = mould.derivation(Secret::new(passphrase)).derive().unwrap();
    wallet.protect(mould.seal(wallet.phrase().unwrap(), &key));
    wallet
}

fn key_of(wallet: &Wallet, passphrase: &str) -> DerivedKey {
    wallet.vault().unwrap().derivation(Secret::new(passphrase)).derive().unwrap()
}

/// Key and address number `index` of strangers.
fn stranger(index: u8) -> PublicKey {
    PublicKey([index; 33])
}

fn reward(height: u32, to: Address) -> Transaction {
    Transaction::Reward(Reward { height: Height(height), to, amount: Amount::from_tab(50) })
}

fn transfer(from: PublicKey, to: Address, nonce: u64) -> Transaction {
    Transaction::Transfer(Transfer {
        from,
        to,
        amount: Amount::from_tab(1),
        fee: Amount::ZERO,
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    })
}

/// A block that is nothing but its height and its transactions: more the history does not look at.
fn block(height: u32, transactions: Vec<Transaction>) -> Block {
    let header = BlockHeader {
        version: BlockHeader::VERSION,
        height: Height(height),
        previous: BlockHash([0; 32]),
        merkle_root: MerkleRoot([0; 32]),
        state_root: StateRoot([0; 32]),
        time: Timestamp::from_millis(0),
        target: CompactTarget(0),
        nonce: 0,
    };
    Block { header, transactions }
}

fn follow(wallet: &mut Wallet, chain: &[Block]) {
    let tip = Height(u32::try_from(chain.len() - 1).unwrap());
    while let Some(height) = wallet.behind(tip) {
        wallet.connect(&chain[height.0 as usize], None);
    }
}

#[test]
fn a_restored_wallet_finds_its_accounts_up_to_the_gap() {
    let wallet = restored();
    let keychain = wallet.phrase().unwrap().keychain().unwrap();
    let address = |index| keychain.account(index).unwrap().public_key().address();
    // Account 20 is the last that account 0 leads to, 40 the last that 20 leads to; 61 lies behind a gap.
    let used = [3, 20, 40, 61];
    let mut chain = vec![block(0, vec![])];
    for (height, index) in (1..).zip(used) {
        chain.push(block(height, vec![reward(height, address(index))]));
    }
    let mut wallet = restored();
    follow(&mut wallet, &chain);
    let found: Vec<u32> = wallet.accounts().iter().map(|account| account.index).collect();
    assert_eq!(found, (0..=40).collect::<Vec<u32>>());
    for (index, height) in [(3, 1), (20, 2), (40, 3)] {
        assert_eq!(wallet.history(&address(index)).len(), 1, "{index}");
        assert_eq!(wallet.history(&address(index))[0].0, Height(height));
    }
    assert!(!wallet.has(&address(61)));
    // What comes later is found too.
    chain.push(block(5, vec![reward(5, address(45))]));
    follow(&mut wallet, &chain);
    assert!(wallet.has(&address(45)) && wallet.has(&address(61)), "61 is within the gap now, and was used");
}

#[test]
fn a_new_wallet_does_not_search() {
    let mut wallet = Wallet::create(&Entropy::new([1; 32])).unwrap();
    let next = wallet.phrase().unwrap().keychain().unwrap().account(1).unwrap().public_key().address();
    assert!(!wallet.connect(&block(0, vec![reward(0, next)]), None));
    assert_eq!(wallet.accounts().len(), 1);
}

#[test]
fn accounts_are_added_selected_and_renamed() {
    let mut wallet = restored();
    let first = wallet.address();
    let second = wallet.add_account("").unwrap();
    assert_eq!((wallet.address(), wallet.accounts()[1].name.as_str()), (second, "Account 2"));
    wallet.select(&first).unwrap();
    wallet.rename(&second, " Savings ").unwrap();
    assert_eq!(wallet.accounts()[1].name, "Savings");
    assert_eq!(wallet.select(&stranger(1).address()), Err(WalletError::UnknownAddress));
    assert_eq!(wallet.rename(&second, "  "), Err(WalletError::BadName));
    assert_eq!(wallet.rename(&second, "a\nb"), Err(WalletError::BadName));
    assert_eq!(wallet.rename(&second, &"x".repeat(MAX_NAME_BYTES + 1)), Err(WalletError::BadName));
    while wallet.accounts().len() < MAX_ACCOUNTS {
        wallet.add_account("more").unwrap();
    }
    assert_eq!(wallet.add_account("one too many"), Err(WalletError::Full(MAX_ACCOUNTS)));
    assert_eq!(Wallet::open(&wallet.record().to_bytes()).unwrap().record(), wallet.record());
}

#[test]
fn watched_addresses_are_seen_but_cannot_pay() {
    let mut wallet = restored();
    let other = stranger(1);
    wallet.watch(other.address(), "till").unwrap();
    assert_eq!(wallet.watch(other.address(), "again"), Err(WalletError::KnownAddress));
    assert_eq!(wallet.watch(wallet.address(), "own"), Err(WalletError::KnownAddress));
    assert_eq!(wallet.select(&other.address()), Err(WalletError::UnknownAddress));
    let paid = transfer(other, stranger(2).address(), 0);
    assert!(wallet.concerns(&paid, None));
    follow(&mut wallet, &[block(0, vec![]), block(1, vec![paid])]);
    assert_eq!(wallet.history(&other.address()).len(), 1);
    wallet.unwatch(&other.address()).unwrap();
    assert_eq!(wallet.unwatch(&other.address()), Err(WalletError::UnknownAddress));
    assert!(wallet.history(&other.address()).is_empty());
}

#[test]
fn a_watched_address_that_turns_out_to_be_an_account_is_one() {
    let mut wallet = restored();
    let next = wallet.ahead[0].address;
    wallet.watch(next, "whose?").unwrap();
    wallet.connect(&block(0, vec![reward(0, next)]), None);
    assert!(wallet.accounts().iter().any(|account| account.address == next));
    assert!(wallet.watched().is_empty());
    assert_eq!(wallet.history(&next).len(), 1);
}

#[test]
fn locked_it_shows_everything_and_signs_nothing() {
    let mut wallet = protected("correct horse");
    wallet.add_account("Savings").unwrap();
    wallet.lock().unwrap();
    let payment =
        Payment { to: stranger(1).address(), amount: Amount::from_tab(1), fee: Amount::ZERO, memo: Memo::default() };
    let genesis = BlockHash([0; 32]);
    for signing in [Signing::Own, Signing::Omitted] {
        assert_eq!(wallet.transfer(payment.clone(), 0, genesis, signing), Err(WalletError::Locked));
    }
    assert_eq!(wallet.phrase(), Err(WalletError::Locked));
    assert_eq!(wallet.add_account("more"), Err(WalletError::Locked));
    assert_eq!(wallet.confirm_backup(&[0], &[Secret::new("ozone")]), Err(WalletError::Locked));
    let own = wallet.address();
    follow(&mut wallet, &[block(0, vec![reward(0, own)])]);
    assert_eq!(wallet.history(&own).len(), 1);
    let bytes = wallet.transfer_bytes(payment.clone(), 0);

    let key = key_of(&wallet, "wrong horse");
    assert_eq!(wallet.unlock(&key), Err(VaultError::WrongPassphrase.into()));
    assert!(wallet.is_locked());
    let key = key_of(&wallet, "correct horse");
    wallet.unlock(&key).unwrap();
    let Ok(signed) = wallet.transfer(payment, 0, genesis, Signing::Own) else { panic!("it is open") };
    assert_eq!(signed.to_bytes().len(), bytes);
    assert_eq!(signed.payer(None), Some(own));
    assert!(crate::keys::verify_all(&[signed.signature_check(genesis, None).unwrap()])[0]);
}

#[test]
fn signatures_can_be_wrong_on_purpose() {
    let wallet = restored();
    let payment =
        Payment { to: stranger(1).address(), amount: Amount::from_tab(1), fee: Amount::ZERO, memo: Memo::default() };
    let genesis = BlockHash([0; 32]);
    let other = SecretKey::derive(&[5; 32], b"test");
    for signing in [Signing::Omitted, Signing::By(&other)] {
        let transaction = wallet.transfer(payment.clone(), 0, genesis, signing).unwrap();
        assert_eq!(transaction.payer(None), Some(wallet.address()));
        assert!(!crate::keys::verify_all(&[transaction.signature_check(genesis, None).unwrap()])[0], "{signing:?}");
    }
}

#[test]
fn an_unprotected_wallet_cannot_be_locked() {
    let mut wallet = restored();
    assert_eq!(wallet.lock(), Err(WalletError::Unprotected));
    assert!(!wallet.is_locked());
}

#[test]
fn stored_accounts_that_are_not_the_phrases_are_noticed() {
    let forged = |wallet: &Wallet| {
        let mut record = wallet.record();
        record.accounts[0].key = stranger(6);
        record.to_bytes()
    };
    assert_eq!(Wallet::open(&forged(&restored())).map(|_| ()), Err(RecordError::Damaged));
    let mut wallet = Wallet::open(&forged(&protected("correct horse"))).unwrap();
    let key = key_of(&wallet, "correct horse");
    assert_eq!(wallet.unlock(&key), Err(WalletError::Altered));
    assert!(wallet.is_locked());
}

#[test]
fn a_stored_wallet_comes_back_as_it_was() {
    let mut wallet = protected("correct horse");
    wallet.add_account("Savings").unwrap();
    wallet.watch(stranger(1).address(), "till").unwrap();
    let bytes = wallet.record().to_bytes();
    let mut back = Wallet::open(&bytes).unwrap();
    assert!(back.is_locked() && back.is_protected() && back.is_backed_up());
    assert_eq!(back.address(), wallet.address());
    assert_eq!((back.accounts(), back.watched()), (wallet.accounts(), wallet.watched()));
    let key = key_of(&back, "correct horse");
    back.unlock(&key).unwrap();
    assert_eq!(back.phrase().unwrap(), wallet.phrase().unwrap());
    // The phrase lies in the bytes of an unprotected wallet only.
    let entropy = *wallet.phrase().unwrap().entropy();
    let holds = |bytes: &[u8]| bytes.windows(entropy.len()).any(|window| window == entropy);
    assert!(!holds(&bytes) && holds(&restored().record().to_bytes()));
}

#[test]
fn a_file_brings_the_whole_wallet() {
    let mut wallet = protected("correct horse");
    wallet.add_account("Savings").unwrap();
    wallet.watch(stranger(1).address(), "till").unwrap();
    let file = wallet.to_file(wallet.vault().unwrap(), |address| address.to_text(Hrp::parse_unchecked("tab")));
    let vault = file.vault().unwrap();
    let phrase = vault.open(&key_of(&wallet, "correct horse")).unwrap();
    let read = |text: &str| Address::from_text(text, Hrp::parse_unchecked("tab")).ok();
    let back = Wallet::from_file(&file, vault, phrase, read).unwrap();
    assert!(back.is_protected() && !back.is_locked() && back.is_backed_up());
    assert_eq!((back.accounts(), back.watched()), (wallet.accounts(), wallet.watched()));
}

#[test]
fn a_backup_is_confirmed_by_the_words_that_were_asked_for() {
    let mut wallet = Wallet::new(Phrase::parse(&Secret::new(WORDS)).unwrap()).unwrap();
    let words = |words: &[&str]| words.iter().map(|word| Secret::new(*word)).collect::<Vec<_>>();
    assert!(!wallet.is_backed_up());
    for wrong in [vec!["drill", "grab"], vec!["drill", "grab", "thank"], vec!["grab", "drill", "picnic"], vec![]] {
        assert_eq!(wallet.confirm_backup(&[1, 2, 11], &words(&wrong)), Ok(false), "{wrong:?}");
    }
    assert!(!wallet.is_backed_up());
    assert_eq!(wallet.confirm_backup(&[1, 2, 11], &words(&["drill", "GRAB", " picnic"])), Ok(true));
    assert!(wallet.is_backed_up());
}

#[test]
fn nothing_secret_is_shown() {
    let wallet = protected("correct horse");
    let secret = wallet.session.as_ref().unwrap().keychain.account(0).unwrap();
    let shown = format!("{wallet:?} {:?} {secret:?}", wallet.record());
    let mut said = shown.split(|letter: char| !letter.is_ascii_alphabetic());
    assert!(!said.any(|said| WORDS.split(' ').any(|word| word == said)), "{shown}");
    for secret in ["correct horse", "9e885d95", "158, 136, 93"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

/// What happens to a wallet while the chain goes on and is thrown over.
#[derive(Debug, Clone)]
enum Step {
    /// A block with transfers between strangers.
    Grow(Vec<(u8, u8)>),
    /// So many blocks leave and as many and one come, with these transfers.
    Reorganise(usize, Vec<(u8, u8)>),
    /// An address is watched from now on, or no longer.
    Toggle(u8),
    /// So many blocks are looked at for those that were added late.
    LookBack(usize),
}

fn transfers() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0_u8..5, 0_u8..5), 0..4)
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => transfers().prop_map(Step::Grow),
        2 => (1_usize..5, transfers()).prop_map(|(depth, transfers)| Step::Reorganise(depth, transfers)),
        2 => (0_u8..5).prop_map(Step::Toggle),
        2 => (0_usize..4).prop_map(Step::LookBack),
    ]
}

/// The chain as a list, and the wallet beside it.
struct Run {
    wallet: Wallet,
    chain: Vec<Block>,
    nonce: u64,
}

impl Run {
    fn push(&mut self, pairs: &[(u8, u8)]) {
        let height = u32::try_from(self.chain.len()).unwrap();
        let nonces = self.nonce..;
        let moved = pairs
            .iter()
            .zip(nonces)
            .map(|((from, to), nonce)| transfer(stranger(*from), stranger(*to).address(), nonce));
        let block = block(height, moved.collect());
        self.nonce += pairs.len() as u64;
        self.wallet.connect(&block, None);
        self.chain.push(block);
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Grow(pairs) => self.push(&pairs),
            Step::Reorganise(depth, pairs) => {
                let depth = depth.min(self.chain.len() - 1);
                for _ in 0..depth {
                    let lost = self.chain.pop().unwrap();
                    self.wallet.disconnect(&lost);
                }
                for _ in 0..=depth {
                    self.push(&pairs);
                }
            }
            Step::Toggle(index) => {
                let address = stranger(index).address();
                if self.wallet.watch(address, "somebody").is_err() {
                    self.wallet.unwatch(&address).unwrap();
                }
            }
            Step::LookBack(blocks) => {
                for _ in 0..blocks {
                    let tip = Height(u32::try_from(self.chain.len() - 1).unwrap());
                    let Some(height) = self.wallet.behind(tip) else { break };
                    self.wallet.connect(&self.chain[height.0 as usize], None);
                }
            }
        }
    }

    /// What the history of an address is by looking through the whole chain.
    fn expected(&self, address: Address) -> Vec<Place> {
        let concerns =
            |transaction: &Transaction| transaction.recipient() == address || transaction.payer(None) == Some(address);
        let of = |block: &Block| {
            let height = block.header.height;
            let numbered = (0..).zip(&block.transactions).filter(|(_, one)| concerns(one));
            numbered.map(|(number, _)| (height, number)).collect::<Vec<_>>()
        };
        self.chain.iter().flat_map(of).collect()
    }
}

proptest! {
    #[test]
    fn history_is_what_the_whole_chain_says(steps in prop::collection::vec(steps(), 1..60)) {
        let wallet = Wallet::new(Phrase::parse(&Secret::new(WORDS)).unwrap()).unwrap();
        let mut run = Run { wallet, chain: vec![block(0, vec![])], nonce: 0 };
        for step in steps {
            run.apply(step);
            for watched in run.wallet.watched() {
                let known = run.wallet.history(&watched.address);
                // While the search goes on the history is the beginning of the whole one.
                prop_assert!(run.expected(watched.address).starts_with(known));
            }
        }
        let chain = run.chain.clone();
        follow(&mut run.wallet, &chain);
        for watched in run.wallet.watched() {
            prop_assert_eq!(run.wallet.history(&watched.address), run.expected(watched.address));
        }
    }
}
