//! What people do with the keys of a wallet in real tabs, and where no secret may be found.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker, room};
use node_core::keys::{Phrase, Secret};
use node_core::view::EVENTS;
use serde_json::{Value, json};
use std::fs;

pub(crate) const PASSPHRASE: &str = "seven quiet herons";

/// A browser, and tabs of one room that show their wallets.
pub(crate) struct Stage {
    tracker: Tracker,
    pub(crate) browser: Browser,
    query: String,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let query = format!("network=dev&room={}", room());
        Self { tracker: Tracker::start(), browser: Browser::start().await, query }
    }

    /// A tab that remembers everything that its node tells a page.
    pub(crate) async fn open(&self) -> Tab {
        let tab = self.browser.open(&self.tracker.page("/wallet", &self.query)).await;
        let hear = format!(
            "(window.heard = [], {}.forEach((name) => tabchain.on(name, (event) => heard.push(JSON.stringify(event)))), 0)",
            json!(EVENTS)
        );
        let _: Value = self.browser.call(&tab, &hear).await;
        tab
    }

    /// Whether the browser would ask before it closes the tab.
    async fn asks_before_leaving(&self, tab: &Tab) -> bool {
        let leave = "!window.dispatchEvent(new Event('beforeunload', { cancelable: true }))";
        self.browser.call(tab, leave).await
    }

    pub(crate) async fn state(&self, tab: &Tab) -> Value {
        self.browser.call(tab, "tabchain.wallet.state()").await
    }

    /// Waits until the wallet's state has a value.
    pub(crate) async fn comes_to(&self, tab: &Tab, field: &str, value: Value) {
        let there = async || self.state(tab).await[field] == value;
        self.browser.until(SOON, &format!("the wallet's {field} comes to be {value}"), there).await;
    }

    /// Waits until the wallet is stored as it is now.
    pub(crate) async fn stored(&self, tab: &Tab) {
        let stored = async || {
            self.browser.call::<Value>(tab, "tabchain.status()").await["storage"]["walletStored"] == json!(true)
        };
        self.browser.until(SOON, "the wallet is stored", stored).await;
    }

    /// Waits until an element says something.
    pub(crate) async fn says(&self, tab: &Tab, test_id: &str, part: &str) {
        let said = async || self.browser.text(tab, test_id).await.contains(part);
        self.browser.until(SOON, &format!("{test_id} says {part:?}"), said).await;
    }

    pub(crate) async fn gone(&self, tab: &Tab, test_id: &str) {
        let expression = format!("!document.querySelector(\"[data-testid='{test_id}']\")");
        let gone = async || self.browser.call::<bool>(tab, &expression).await;
        self.browser.until(SOON, &format!("{test_id} is gone"), gone).await;
    }

    /// Mines so many blocks in a tab.
    async fn mine(&self, tab: &Tab, blocks: u32) {
        for _ in 0..blocks {
            let _: Value = self.browser.call(tab, "tabchain.miner.mine()").await;
        }
    }

    /// Fills in the dialog that unlocks.
    pub(crate) async fn unlock(&self, tab: &Tab, passphrase: &str) {
        self.browser.fill(tab, "unlock-passphrase", passphrase).await;
        self.browser.click(tab, "unlock-submit").await;
    }

    /// Backs up by the page, with a mistake on the way; gives the words.
    async fn back_up(&self, tab: &Tab) -> Vec<String> {
        let browser = &self.browser;
        browser.click(tab, "nudge-backup").await;
        let shown = async || !browser.text(tab, "backup-words").await.is_empty();
        browser.until(SOON, "the words are shown", shown).await;
        let words: Vec<String> = browser
            .call(
                tab,
                "[...document.querySelectorAll(\"[data-testid='backup-words'] li\")].map((item) => item.textContent)",
            )
            .await;
        assert_eq!(words.len(), 12);
        let numbers = "getComputedStyle(document.querySelector(\"[data-testid='backup-words']\")).listStyleType";
        assert_eq!(browser.call::<String>(tab, numbers).await, "decimal", "their order is seen");
        browser.click(tab, "backup-written").await;
        self.gone(tab, "backup-words").await;
        let labels = "[...document.querySelectorAll(\"label[for^='backup-word']\")].map((label) => label.textContent)";
        let labels: Vec<String> = browser.call(tab, labels).await;
        let asked: Vec<usize> = labels.iter().filter_map(|label| label.rsplit(' ').next()?.parse().ok()).collect();
        assert_eq!(asked.len(), 3, "{labels:?}");
        for (field, _) in asked.iter().enumerate() {
            browser.fill(tab, &format!("backup-word-{field}"), "wrong").await;
        }
        browser.click(tab, "backup-confirm").await;
        self.says(tab, "backup-error", "words").await;
        assert_eq!(self.state(tab).await["backedUp"], false);
        for (field, place) in asked.iter().enumerate() {
            browser.fill(tab, &format!("backup-word-{field}"), &words[place - 1]).await;
        }
        browser.click(tab, "backup-confirm").await;
        self.gone(tab, "dialog-backup").await;
        self.comes_to(tab, "backedUp", json!(true)).await;
        words
    }

    /// Everything of a tab that outlives a dialog or can be seen from outside, as one text.
    async fn traces(&self, tab: &Tab) -> String {
        let script = "(async () => {
            const traces = [document.documentElement.outerHTML, location.href, document.title, document.cookie];
            traces.push(...[...document.querySelectorAll('input, textarea')].map((field) => field.value));
            traces.push(JSON.stringify(history.state));
            traces.push(...performance.getEntries().map((entry) => entry.name));
            for (const storage of [localStorage, sessionStorage]) traces.push(JSON.stringify({ ...storage }));
            traces.push(JSON.stringify(await tabchain.log({ limit: 500 })), ...heard);
            traces.push(JSON.stringify([await tabchain.status(), await tabchain.wallet.state()]));
            const inside = (value) => {
                if (value instanceof ArrayBuffer) value = new Uint8Array(value);
                if (ArrayBuffer.isView(value)) return String.fromCharCode(...new Uint8Array(value.buffer));
                if (value instanceof Map || value instanceof Set) return [...value].map(inside).join(' ');
                if (value && typeof value === 'object') return Object.values(value).map(inside).join(' ');
                return String(value);
            };
            for (const { name } of await indexedDB.databases()) {
                const database = await new Promise((done, failed) => {
                    const asked = indexedDB.open(name);
                    asked.onsuccess = () => done(asked.result);
                    asked.onerror = () => failed(asked.error);
                });
                for (const store of database.objectStoreNames) {
                    const values = await new Promise((done, failed) => {
                        const asked = database.transaction(store).objectStore(store).getAll();
                        asked.onsuccess = () => done(asked.result);
                        asked.onerror = () => failed(asked.error);
                    });
                    traces.push(...values.map(inside));
                }
                database.close();
            }
            return traces.join('\\n');
        })()";
        self.browser.call(tab, script).await
    }

    /// Fails if a secret is left anywhere. What the words are made of lies in the storage as long as
    /// there is no passphrase, and then no more.
    pub(crate) async fn keeps_quiet(&self, tab: &Tab, words: &[String], passphrases: &[&str]) {
        self.stored(tab).await;
        let traces = self.traces(tab).await;
        assert!(traces.contains("tabchain") && traces.len() > 1_000, "the search sees the page");
        if !words.is_empty() {
            let phrase = Phrase::parse(&Secret::new(words.join(" "))).expect("twelve words");
            let clear: String = phrase.entropy().iter().map(|byte| char::from(*byte)).collect();
            assert_eq!(traces.contains(&clear), passphrases.is_empty(), "the keys in clear");
        }
        for pair in words.windows(2) {
            for joint in [" ", ",", "\",\"", "</li><li>", ""] {
                assert!(!traces.contains(&pair.join(joint)), "two words stand in the tab's traces");
            }
        }
        for passphrase in passphrases {
            assert!(!traces.contains(passphrase), "a passphrase stands in the tab's traces");
        }
    }
}

#[tokio::test]
async fn a_wallet_is_backed_up_protected_locked_and_restored_elsewhere() {
    let stage = Stage::new().await;
    let browser = &stage.browser;
    let tab = stage.open().await;
    stage.says(&tab, "nudge", "neither backed up nor protected").await;
    let words = stage.back_up(&tab).await;
    stage.keeps_quiet(&tab, &words, &[]).await;

    stage.says(&tab, "nudge", "not protected").await;
    browser.click(&tab, "nudge-protect").await;
    browser.fill(&tab, "protect-passphrase", PASSPHRASE).await;
    browser.fill(&tab, "protect-again", "seven quiet heron").await;
    browser.click(&tab, "protect-submit").await;
    stage.says(&tab, "protect-again-error", "not the same").await;
    browser.fill(&tab, "protect-again", PASSPHRASE).await;
    browser.click(&tab, "protect-submit").await;
    stage.comes_to(&tab, "protected", json!(true)).await;
    stage.gone(&tab, "nudge").await;

    browser.click(&tab, "lock").await;
    stage.comes_to(&tab, "locked", json!(true)).await;
    stage.says(&tab, "send-locked", "locked").await;
    let address: String = browser.call(&tab, "tabchain.wallet.address()").await;
    for (call, code) in [
        (format!("tabchain.wallet.send({{ to: '{address}', amount: '1' }})"), "locked"),
        ("tabchain.wallet.words()".to_owned(), "locked"),
        ("tabchain.wallet.unlock('wrong')".to_owned(), "wrong-passphrase"),
    ] {
        assert_eq!(browser.try_call(&tab, &call).await.unwrap_err().code, code, "{call}");
    }
    browser.click(&tab, "unlock").await;
    stage.unlock(&tab, "seven loud herons").await;
    stage.says(&tab, "unlock-passphrase-error", "wrong").await;
    assert_eq!(stage.state(&tab).await["locked"], true);
    stage.unlock(&tab, PASSPHRASE).await;
    stage.comes_to(&tab, "locked", json!(false)).await;
    stage.gone(&tab, "dialog-unlock").await;
    stage.keeps_quiet(&tab, &words, &[PASSPHRASE, "seven loud herons"]).await;

    stage.mine(&tab, 3).await;
    restored_elsewhere(&stage, &tab, &words).await;
    stage.browser.close().await;
}

/// Another tab of the room restores the wallet by the page, and finds its address and history.
async fn restored_elsewhere(stage: &Stage, tab: &Tab, words: &[String]) {
    let browser = &stage.browser;
    let address: String = browser.call(tab, "tabchain.wallet.address()").await;
    let other = stage.open().await;
    let caught_up = async || browser.call::<Value>(&other, "tabchain.status()").await["height"] == json!(3);
    browser.until(BLOCKS, "the other tab catches up", caught_up).await;
    let before = stage.state(&other).await;
    browser.click(&other, "nudge-restore").await;
    for (typed, reason) in [("ozone drill", "12 words"), (&words.join(" ").replace(&words[0], "zzzz"), "list")] {
        browser.fill(&other, "restore-words", typed).await;
        browser.click(&other, "restore-submit").await;
        stage.says(&other, "restore-words-error", reason).await;
        assert_eq!(stage.state(&other).await, before, "nothing was overwritten");
    }
    browser.fill(&other, "restore-words", &words.join(" ")).await;
    browser.click(&other, "restore-submit").await;
    stage.gone(&other, "dialog-restore").await;
    stage.comes_to(&other, "selected", json!(address)).await;
    stage.comes_to(&other, "backedUp", json!(true)).await;
    let found = async || browser.call::<Value>(&other, "tabchain.wallet.history()").await["total"] == json!(3);
    browser.until(SOON, "the restored wallet finds its history", found).await;
    stage.keeps_quiet(&other, words, &[]).await;
}

#[tokio::test]
async fn amounts_are_read_as_the_language_writes_them() {
    let (tracker, german) = (Tracker::start(), Browser::of_language("de-DE").await);
    let query = format!("network=dev&room={}", room());
    let tab = german.open(&tracker.page("/wallet", &query)).await;
    assert_eq!(german.script(&tab, "return navigator.language").await, json!("de-DE"));
    for (typed, amount) in [("1.234,5", "1234.5"), ("1.234", "1234"), ("0.001", "0.001"), ("0,25", "0.25")] {
        german.fill(&tab, "receive-amount", typed).await;
        german.shows(&tab, "payment-link", &format!("?amount={amount}")).await;
        let end = "return document.querySelector('[data-testid=payment-link]').textContent";
        let exact =
            async || german.script(&tab, end).await.as_str().is_some_and(|link| link.ends_with(&format!("={amount}")));
        german.until(SOON, &format!("{typed} is {amount}"), exact).await;
    }
    // A link is written for machines, and shown to people.
    let address: String = german.call(&tab, "tabchain.wallet.address()").await;
    german.fill(&tab, "send-to", &format!("tabchain:{address}?amount=1.234")).await;
    german.press(&tab, "\u{e004}").await;
    let shown =
        async || german.script(&tab, "return document.getElementById('send-amount').value").await == json!("1,234");
    german.until(SOON, "the amount of the link is shown as it is written here", shown).await;
    // And what the node says of it, which has nothing to pay with.
    german.shows(&tab, "send-amount-error", "With the fee it takes 1,235 TAB").await;
    // Numbers that are no amounts have the same mark.
    german.follow_exactly(&tab, "/").await;
    let figures = "return document.querySelector('.figures').textContent.includes('wanted: 2,0 s')";
    german.until(SOON, "decimals everywhere", async || german.script(&tab, figures).await == true).await;
    german.close().await;
}

#[tokio::test]
async fn accounts_payment_links_and_wrong_signatures() {
    let stage = Stage::new().await;
    let browser = &stage.browser;
    let (payer, payee) = (stage.open().await, stage.open().await);
    let meshed = async || browser.call::<Value>(&payee, "tabchain.status()").await["peers"] == json!(1);
    browser.until(SOON, "the tabs are linked", meshed).await;
    let first: String = browser.call(&payer, "tabchain.wallet.address()").await;
    let paid = async || {
        stage.mine(&payer, 1).await;
        browser.call::<Value>(&payer, "tabchain.wallet.balance()").await["spendable"] != json!("0")
    };
    browser.until(BLOCKS, "the payer has coins to spend", paid).await;

    // The payee asks for an amount at a second account.
    let old: String = browser.call(&payee, "tabchain.wallet.address()").await;
    browser.click(&payee, "menu").await;
    browser.click(&payee, "menu-add").await;
    browser.fill(&payee, "add-name", "Lunch").await;
    browser.click(&payee, "add-submit").await;
    stage.gone(&payee, "dialog-add").await;
    let account: String = browser.call(&payee, "tabchain.wallet.address()").await;
    assert_ne!(account, old);
    stage.says(&payee, "address", &account).await;
    browser.fill(&payee, "receive-amount", "1.5").await;
    let link = format!("tabchain:{account}?amount=1.5");
    stage.says(&payee, "payment-link", &link).await;

    // The payer pastes the link, and signs with a wrong key first.
    browser.fill(&payer, "send-to", &link).await;
    browser.click(&payer, "send-amount").await;
    let fields = "['send-to', 'send-amount'].map((name) => document.getElementById(name).value)";
    let apart = async || browser.call::<Value>(&payer, fields).await == json!([account, "1.5"]);
    browser.until(SOON, "the link falls apart into its fields", apart).await;
    // What is written stays while another view is looked at, and is not lost unasked.
    browser.follow(&payer, "/explorer").await;
    browser.follow(&payer, "/wallet").await;
    browser.until(SOON, "what was written is still there", apart).await;
    assert!(stage.asks_before_leaving(&payer).await);
    browser.click(&payer, "send-wrong-key").await;
    browser.shows(&payer, "send-plan", "leaves").await;
    browser.click(&payer, "send-submit").await;
    browser.click(&payer, "send-confirm").await;
    let refused = async || {
        let lines: Vec<Value> = browser.call(&payee, "tabchain.log({ limit: 500 })").await;
        lines.iter().any(|line| line["code"] == "bad-signature")
    };
    browser.until(SOON, "the payee's node refuses it", refused).await;
    let nothing_is_lost = async || !stage.asks_before_leaving(&payer).await;
    browser.until(SOON, "nothing would be lost", nothing_is_lost).await;
    assert_eq!(browser.call::<Value>(&payee, "tabchain.status()").await["mempool"], 0);

    // Then as it must be.
    browser.fill(&payer, "send-to", &link).await;
    browser.click(&payer, "send-amount").await;
    browser.until(SOON, "the link falls apart into its fields", apart).await;
    browser.shows(&payer, "send-plan", "leaves").await;
    browser.click(&payer, "send-submit").await;
    browser.click(&payer, "send-confirm").await;
    stage.mine(&payer, 1).await;
    let arrived =
        async || browser.call::<Value>(&payee, "tabchain.wallet.balance()").await["spendable"] == json!("1.5");
    browser.until(BLOCKS, "the second account is paid", arrived).await;
    stage.says(&payee, "balance-spendable", "1.5").await;
    stage.says(&payee, "history", "1 confirmation").await;
    let total: Value = browser.call(&payee, &format!("tabchain.wallet.history({{ address: '{old}' }})")).await;
    assert_eq!(total["total"], 0, "the first account was not");

    // The payee watches the payer's account.
    browser.click(&payee, "menu").await;
    browser.click(&payee, "menu-watch").await;
    browser.fill(&payee, "watch-address", "nobody").await;
    browser.fill(&payee, "watch-name", "Payer").await;
    browser.click(&payee, "watch-submit").await;
    stage.says(&payee, "watch-address-error", "address").await;
    browser.fill(&payee, "watch-address", &first).await;
    browser.click(&payee, "watch-submit").await;
    stage.gone(&payee, "dialog-watch").await;
    let watched: Value = browser.call(&payee, &format!("tabchain.wallet.history({{ address: '{first}' }})")).await;
    assert!(watched["total"].as_u64().is_some_and(|total| total > 1), "{watched}");
    stage.browser.close().await;
}

/// A file of a wallet is chosen in the page, after one that is damaged and with a mistyped passphrase.
async fn opened_by_the_page(stage: &Stage, tab: &Tab, file: &Value, damaged: &Value) {
    let browser = &stage.browser;
    let folder = tempfile::tempdir().expect("a folder for the files");
    let (good, bad) = (folder.path().join("wallet.json"), folder.path().join("damaged.json"));
    fs::write(&good, file.to_string()).expect("it can be written");
    fs::write(&bad, damaged.to_string()).expect("it can be written");
    browser.click(tab, "menu").await;
    browser.click(tab, "menu-import").await;
    browser.choose_file(tab, "import-file", &bad).await;
    browser.fill(tab, "import-passphrase", PASSPHRASE).await;
    browser.click(tab, "import-submit").await;
    stage.says(tab, "import-error", "damaged").await;
    browser.choose_file(tab, "import-file", &good).await;
    browser.fill(tab, "import-passphrase", "seven loud herons").await;
    browser.click(tab, "import-submit").await;
    stage.says(tab, "import-passphrase-error", "wrong").await;
    browser.fill(tab, "import-passphrase", PASSPHRASE).await;
    browser.click(tab, "import-submit").await;
    stage.gone(tab, "dialog-import").await;
}

#[tokio::test]
async fn a_file_moves_a_wallet_and_a_bad_one_changes_nothing() {
    let stage = Stage::new().await;
    let browser = &stage.browser;
    let (from, to) = (stage.open().await, stage.open().await);
    let refusal = browser.try_call(&from, "tabchain.wallet.export()").await.unwrap_err();
    assert_eq!(refusal.code, "unprotected");
    // Made by the page.
    browser.click(&from, "menu").await;
    browser.click(&from, "menu-export").await;
    browser.fill(&from, "export-passphrase", PASSPHRASE).await;
    browser.click(&from, "export-submit").await;
    let link = "document.querySelector(\"[data-testid='export-file']\")?.href ?? ''";
    let ready = async || !browser.call::<String>(&from, link).await.is_empty();
    browser.until(SOON, "the file is ready", ready).await;
    let file: Value =
        browser.call(&from, &format!("JSON.parse(decodeURIComponent(({link}).split(',').slice(1).join(',')))")).await;
    assert_eq!((file["format"].as_str(), file["version"].as_u64()), (Some("tabchain-wallet"), Some(1)));
    let address: String = browser.call(&from, "tabchain.wallet.address()").await;

    let before = stage.state(&to).await;
    let import = |file: &Value, passphrase: &str| {
        format!("tabchain.wallet.import({{ file: {file}, passphrase: '{passphrase}' }})")
    };
    let mut flipped = file.clone();
    let sealed = file["sealed"].as_str().expect("hex");
    flipped["sealed"] = json!(format!("{}{}", if sealed.starts_with('0') { '1' } else { '0' }, &sealed[1..]));
    let mut later = file.clone();
    later["version"] = json!(2);
    for (file, passphrase, code) in [
        (&file, "wrong passphrase", "wrong-passphrase"),
        (&flipped, PASSPHRASE, "wallet-damaged"),
        (&later, PASSPHRASE, "bad-file"),
    ] {
        assert_eq!(browser.try_call(&to, &import(file, passphrase)).await.unwrap_err().code, code);
        assert_eq!(stage.state(&to).await, before, "nothing was overwritten");
    }
    opened_by_the_page(&stage, &to, &file, &flipped).await;
    let state = stage.state(&to).await;
    assert_eq!(
        (&state["selected"], &state["protected"], &state["locked"]),
        (&json!(address), &json!(true), &json!(false))
    );
    stage.keeps_quiet(&to, &[], &[PASSPHRASE]).await;
    stage.browser.close().await;
}
