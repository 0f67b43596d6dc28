//! What programs do with the API: they listen and stop listening, make wallets, and sign what others send.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker, room};
use crate::package::example;
use node_core::chain::tree::Chain;
use node_core::params::ChainParams;
use node_core::transaction::Transaction;
use serde_json::{Value, json};

/// A callback of two events, one that stays, and one that takes itself off.
const LISTEN: &str = "(() => {
    window.calls = { tips: 0, lines: 0, others: 0, once: 0 };
    window.both = (detail) => (detail.connected ? (calls.tips += 1) : (calls.lines += 1));
    const once = () => { calls.once += 1; tabchain.off('tip', once); };
    for (const callback of [both, both, once, () => (calls.others += 1)]) tabchain.on('tip', callback);
    tabchain.on('log', both);
})()";

/// Mines a block and waits until the callback that stays was called so often; gives all counts.
async fn called(browser: &Browser, tab: &Tab, times: u64) -> Value {
    let _: Value = browser.call(tab, "tabchain.miner.mine()").await;
    let calls = async || browser.call::<Value>(tab, "calls").await;
    browser.until(SOON, "who listens is called", async || calls().await["others"] == times).await;
    calls().await
}

#[tokio::test]
async fn a_callback_is_taken_off_and_a_wallet_replaced_only_when_that_is_asked_for() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let tab = browser.open(&tracker.page("/wallet", &format!("network=dev&room={}", room()))).await;
    let address = async || browser.call::<String>(&tab, "tabchain.wallet.address()").await;

    // Nobody has paid the first wallet: another one takes its place, which the page shows and its events tell.
    let first = address().await;
    let hear = "(window.selected = [], tabchain.on('wallet', (wallet) => selected.push(wallet.selected)), 0)";
    let _: Value = browser.call(&tab, hear).await;
    let made: Value = browser.call(&tab, "tabchain.wallet.create()").await;
    let second = address().await;
    assert_ne!(first, second);
    assert_eq!((&made["selected"], &made["inUse"], &made["backedUp"]), (&json!(second), &json!(false), &json!(false)));
    assert_eq!(made["accounts"].as_array().map(Vec::len), Some(1), "{made}");
    browser.shows(&tab, "address", &second).await;
    let told = async || browser.call::<Vec<String>>(&tab, "selected").await.contains(&second);
    browser.until(SOON, "the event tells of the new wallet", told).await;

    // A callback hears no more of an event that it was taken off; of another one, and others of the same, go on.
    let _: Value = browser.call(&tab, LISTEN).await;
    let calls = called(&browser, &tab, 1).await;
    assert_eq!((&calls["tips"], &calls["once"]), (&json!(1), &json!(1)), "twice added is called once");
    let lines = calls["lines"].as_u64().expect("a number");
    assert!(lines > 0, "{calls}");
    let _: Value = browser.call(&tab, "(tabchain.off('tip', both), tabchain.off('tip', () => {}), 0)").await;
    let calls = called(&browser, &tab, 2).await;
    assert_eq!((&calls["tips"], &calls["once"]), (&json!(1), &json!(1)), "taken off");
    let goes_on = async || browser.call::<Value>(&tab, "calls.lines").await.as_u64() > Some(lines);
    browser.until(SOON, "the log is still heard", goes_on).await;
    for wrong in ["tabchain.off('tips', both)", "tabchain.off('tip', 'both')"] {
        assert_eq!(browser.try_call(&tab, wrong).await.unwrap_err().code, "bad-request", "{wrong}");
    }

    // The second wallet was paid for these blocks.
    browser.shows(&tab, "balance-immature", "100").await;
    for refused in ["tabchain.wallet.create()", "tabchain.wallet.create({ replace: false })"] {
        assert_eq!(browser.try_call(&tab, refused).await.unwrap_err().code, "wallet-in-use");
        assert_eq!(address().await, second);
    }
    let _: Value = browser.call(&tab, "tabchain.wallet.create({ replace: true })").await;
    let third = address().await;
    assert!(third != first && third != second);
    browser.shows(&tab, "address", &third).await;
    let nothing = async || browser.text(&tab, "balance-immature").await == "0 TAB";
    browser.until(SOON, "the page shows what the new wallet has", nothing).await;
    let rich: Value = browser.call(&tab, &format!("tabchain.wallet.balance('{second}')")).await;
    assert_eq!(rich["immature"], "100", "the chain knows the old one all the same");
    let stored = async || browser.call::<Value>(&tab, "tabchain.status()").await["storage"]["walletStored"] == true;
    browser.until(SOON, "the new wallet is stored", stored).await;
    browser.reload(&tab).await;
    assert_eq!(address().await, third);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_signed_in_one_page_is_sent_by_another() {
    let own = Tracker::start();
    let site = example();
    let other = Tracker::start_serving(site.path(), &own);
    let (browser, room) = (Browser::start().await, room());
    let signer = browser.open(&other.page("/", &format!("room={room}"))).await;
    let tracker = other.socket();
    let sender = browser.open(&own.page("/mempool", &format!("network=dev&room={room}&tracker={tracker}"))).await;
    let status = async |tab| browser.call::<Value>(tab, "tabchain.status()").await;
    browser.until(SOON, "the pages are linked", async || status(&signer).await["peers"] == 1).await;
    let rich = async || {
        let _: Value = browser.call(&signer, "tabchain.miner.mine()").await;
        browser.call::<Value>(&signer, "tabchain.wallet.balance()").await["spendable"] != "0"
    };
    browser.until(BLOCKS, "the signer has coins", rich).await;
    let one_tip = async || status(&signer).await["tip"] == status(&sender).await["tip"];
    browser.until(SOON, "the pages have one tip", one_tip).await;

    // It is signed for this chain, says what was asked for, and goes nowhere.
    let to: String = browser.call(&sender, "tabchain.wallet.address()").await;
    let form = json!({ "to": to, "amount": "2.5", "fee": "0.01", "memo": "by way of another" });
    let raw: String = browser.call(&signer, &format!("tabchain.transactions.create({form})")).await;
    let transaction: Transaction = borsh::from_slice(&hex::decode(&raw).expect("hex digits")).expect("a transaction");
    let Transaction::Transfer(transfer) = &transaction else { panic!("a transfer: {transaction:?}") };
    let params = ChainParams::named("dev", &room).expect("the room has a valid name");
    assert_eq!(transfer.to.to_text(params.address_prefix), to);
    assert_eq!((transfer.amount.to_string(), transfer.fee.to_string()), ("2.5".to_owned(), "0.01".to_owned()));
    assert_eq!(transfer.memo.as_str(), "by way of another");
    let check = transaction.signature_check(Chain::new(params).genesis(), None).expect("somebody signs");
    assert!(check.verify(), "the signature holds in this room");
    let pending: Value = browser.call(&signer, "tabchain.wallet.balance()").await;
    assert_eq!(pending["pendingOut"], "0", "{pending}");

    // What does not hold is refused before it goes to anybody.
    let form = |more: &str| format!("tabchain.transactions.create({{ to: '{to}', amount: '1'{more} }})");
    let unsigned: String = browser.call(&signer, &form(", sign: false")).await;
    let altered = raw.replace(&hex::encode("another"), &hex::encode("nobody!"));
    for (hex, code) in
        [(&unsigned, "bad-signature"), (&altered, "bad-signature"), (&raw[2..].to_owned(), "bad-request")]
    {
        let submit = format!("tabchain.transactions.submit('{hex}')");
        assert_eq!(browser.try_call(&sender, &submit).await.unwrap_err().code, code, "{hex}");
    }
    let beyond = browser.try_call(&signer, &form(", fee: '999999'")).await.unwrap_err();
    assert_eq!((beyond.code.as_str(), beyond.field.as_deref()), ("insufficient-funds", Some("amount")));
    assert_eq!((&status(&signer).await["mempool"], &status(&sender).await["mempool"]), (&json!(0), &json!(0)));
    browser.shows(&sender, "waiting-count", "0 transactions").await;

    // The other page sends it, and everybody has it.
    let submit = format!("tabchain.transactions.submit('{raw}')");
    let id: String = browser.call(&sender, &submit).await;
    assert_eq!(id, transaction.id().to_string());
    browser.shows(&sender, "waiting-row", &id[..6]).await;
    let waits = async || status(&signer).await["mempool"] == 1;
    browser.until(SOON, "who signed it has it too", waits).await;
    assert_eq!(browser.try_call(&sender, &submit).await.unwrap_err().code, "bad-request", "it waits already");
    let _: Value = browser.call(&signer, "tabchain.miner.mine()").await;
    let paid = async || browser.call::<Value>(&sender, "tabchain.wallet.balance()").await["confirmed"] == "2.5";
    browser.until(SOON, "the coins are there", paid).await;
    browser.shows(&sender, "waiting-count", "0 transactions").await;
    let again = browser.try_call(&sender, &submit).await.unwrap_err();
    assert!(again.code == "bad-request" && again.message.contains("nonce 0 is used up"), "{again:?}");
    browser.close().await;
}
