//! A light node whose wallet has several accounts and watched addresses, or is brought back from words.

use super::{COMPLETE, LIGHT, Net, SECOND, balance, coverage, grow, net, own, pay};
use crate::chain::testing::address;
use crate::keys::{Address, Phrase, Secret};
use crate::node::testing::rich;
use crate::request::wallet::WalletRequest;
use crate::request::{ErrorCode, Request, Response, SendForm};
use crate::units::{Amount, Height};
use crate::view::wallet::WalletView;
use crate::view::{Balance, HistoryPage, Role, TransactionState};
use crate::wallet::{ACCOUNT_GAP, Wallet};

const WORDS: &str = "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic";

fn ask(net: &mut Net, request: WalletRequest) -> WalletView {
    match net.request(LIGHT, Request::Wallet(request)) {
        Some(Ok(Response::Wallet(view))) => *view,
        other => panic!("a wallet, not {other:?}"),
    }
}

fn history_of(net: &mut Net, address: &str) -> HistoryPage {
    match net.request(LIGHT, Request::History { address: Some(address.to_owned()), from: None, limit: None }) {
        Some(Ok(Response::History(page))) => page,
        other => panic!("a history, not {other:?}"),
    }
}

fn balance_of(net: &mut Net, address: &str) -> Balance {
    match net.request(LIGHT, Request::Balance { address: Some(address.to_owned()) }) {
        Some(Ok(Response::Balance(balance))) => balance,
        other => panic!("a balance, not {other:?}"),
    }
}

fn wait(net: &mut Net, seconds: u32) {
    for _ in 0..seconds {
        net.pass(SECOND);
    }
}

#[test]
fn each_account_and_each_watched_address_has_a_proved_history_of_its_own() {
    let mut net = net();
    let genesis = net.builder.genesis;
    let first = net.nodes[LIGHT].text(&own(&net, LIGHT));
    let second = ask(&mut net, WalletRequest::AddAccount { name: Some("Savings".to_owned()) }).selected;
    let watched = net.nodes[LIGHT].text(&address(3));
    ask(&mut net, WalletRequest::Watch { address: watched.clone(), name: "Till".to_owned() });
    let to_second = Address::from_text(&second, net.builder.params.address_prefix).unwrap();
    let given = [pay(&net, 0, to_second, 500, 0), pay(&net, 0, address(3), 70, 1)];
    let block = grow(&mut net, genesis, &given);
    let ids = |page: &HistoryPage| page.page.items.iter().map(|entry| entry.transaction.id).collect::<Vec<_>>();
    for (address, payment) in [(&second, given[0].id()), (&watched, given[1].id())] {
        let page = history_of(&mut net, address);
        assert_eq!((ids(&page), page.page.total), (vec![payment], 1));
        let shown = balance_of(&mut net, address);
        assert_eq!((coverage(&shown), page.known == shown.known), (COMPLETE, true));
    }
    assert_eq!(history_of(&mut net, &first).page.total, 0);
    let stranger = net.nodes[LIGHT].text(&address(2));
    let refused = net.request(LIGHT, Request::History { address: Some(stranger), from: None, limit: None });
    assert_eq!(refused.unwrap().unwrap_err().code, ErrorCode::NotFound);

    // From the first account to the second: both list it, each from its side.
    ask(&mut net, WalletRequest::SelectAccount { address: first.clone() });
    let form = SendForm { to: second.clone(), amount: "2".to_owned(), ..SendForm::default() };
    let Some(Ok(Response::Sent(id))) = net.request(LIGHT, Request::Send(form)) else { panic!("sent") };
    for address in [&first, &second] {
        let page = history_of(&mut net, address);
        assert_eq!(
            (page.page.items[0].transaction.id, &page.page.items[0].transaction.status),
            (id, &TransactionState::Waiting)
        );
    }
    let payment = (*net.nodes[0].mempool.get(&id).unwrap().transaction).clone();
    grow(&mut net, block, &[payment]);
    assert_eq!((history_of(&mut net, &first).page.total, history_of(&mut net, &second).page.total), (1, 2));
    assert_eq!(balance_of(&mut net, &second).confirmed.grains(), Amount::from_tab(2).grains() + 500);
    assert_eq!(history_of(&mut net, &watched).page.total, 1);
}

#[test]
fn restored_words_find_their_accounts_by_proof_and_the_search_ends() {
    let mut owner = Wallet::new(Phrase::parse(&Secret::new(WORDS)).unwrap()).unwrap();
    for _ in 0..7 {
        owner.add_account("").unwrap();
    }
    let addresses: Vec<Address> = owner.addresses().collect();
    let mut params = rich(4);
    params.allocation.push((addresses[0], Amount::from_tab(5)));
    let mut net = Net::of_roles(&[Role::Full, Role::Full, Role::Light], &[(0, 1), (0, 2), (1, 2)], params);
    let genesis = net.builder.genesis;
    let payment = pay(&net, 0, addresses[7], 500, 0);
    let first = grow(&mut net, genesis, std::slice::from_ref(&payment));

    let restored = ask(&mut net, WalletRequest::Restore { words: Secret::new(WORDS), replace: Some(true) });
    assert_eq!((restored.accounts.len(), restored.searched), (1, Some(Height::GENESIS)));
    wait(&mut net, 30);
    let found = ask(&mut net, WalletRequest::Show);
    let texts: Vec<String> = addresses.iter().map(|address| net.nodes[LIGHT].text(address)).collect();
    assert_eq!(found.accounts.iter().map(|account| account.address.clone()).collect::<Vec<_>>(), texts);
    assert_eq!(found.searched, None, "the search ends");
    assert_eq!(balance(&mut net).confirmed, Amount::from_tab(5));
    let page = history_of(&mut net, &texts[7]);
    assert_eq!((page.page.items[0].transaction.id, page.page.total), (payment.id(), 1));
    // Those that are not in use are not asked for at every tip.
    grow(&mut net, first, &[]);
    assert_eq!(net.nodes[LIGHT].light.followed.len(), addresses.len());
    assert_eq!(net.nodes[LIGHT].wallet.ahead().count(), ACCOUNT_GAP as usize);
}

#[test]
fn a_wallet_of_which_nothing_is_proved_is_replaced_on_demand_only() {
    let mut net = Net::of_roles(&[Role::Full, Role::Light], &[], rich(2));
    let restore = |replace| Request::Wallet(WalletRequest::Restore { words: Secret::new(WORDS), replace });
    let refused = net.request(1, restore(None)).unwrap().unwrap_err();
    assert_eq!(refused.code, ErrorCode::WalletInUse);
    assert!(net.request(1, restore(Some(true))).unwrap().is_ok());
}
