//! Payments that outlive the tab of the light node that sent them.

use super::*;
use crate::hash::TxId;
use crate::node::Node;
use crate::store::{Table, record};

/// Two full nodes and a light one with a store, whose wallet was paid.
fn stored() -> (Net, BlockHash) {
    let mut net = net();
    reopen(&mut net, Role::Light);
    let genesis = net.builder.genesis;
    let payment = pay(&net, 0, own(&net, LIGHT), Amount::from_tab(9).grains(), 0);
    let block = grow(&mut net, genesis, &[payment]);
    (net, block)
}

/// The tab of the light node ends and is opened again.
fn reopen(net: &mut Net, role: Role) {
    net.reopen(LIGHT, role);
    net.connect(0, LIGHT);
    net.connect(1, LIGHT);
}

fn send(net: &mut Net) -> TxId {
    let to = address(3).to_text(net.builder.params.address_prefix);
    let form = SendForm { to, amount: "2".to_owned(), ..SendForm::default() };
    match net.request(LIGHT, Request::Send(form)) {
        Some(Ok(Response::Sent(id))) => id,
        other => panic!("sent, not {other:?}"),
    }
}

/// From now on nobody hears what the light node announces.
fn silence(net: &mut Net) {
    net.tamper =
        Box::new(|from, _, message| (from != LIGHT || !matches!(message, Message::Announce(_))).then_some(message));
}

fn waits_at(net: &Net, node: usize, id: &TxId) -> bool {
    net.nodes[node].mempool.get(id).is_some()
}

/// Ids of what a light node has sent and keeps, the oldest first.
fn kept(node: &Node) -> Vec<TxId> {
    let mut kept: Vec<_> = node.light_payments().collect();
    kept.sort_by_key(|(_, one)| one.nonce());
    kept.into_iter().map(|(_, one)| one.id()).collect()
}

fn record_of(net: &Net) -> Option<Vec<u8>> {
    net.stores[&LIGHT].stored().get(Table::Meta, record::SENT).map(<[u8]>::to_vec)
}

#[test]
fn a_payment_that_nobody_heard_of_is_announced_by_the_next_run_and_kept_until_it_is_buried() {
    let (mut net, mut parent) = stored();
    silence(&mut net);
    let id = send(&mut net);
    assert!(!waits_at(&net, 0, &id) && !waits_at(&net, 1, &id));
    net.reopen(LIGHT, Role::Light);
    assert_eq!(kept(&net.nodes[LIGHT]), [id], "it is there before anybody is connected");
    assert_eq!(history(&mut net).page.items[0].transaction.status, TransactionState::Waiting);
    net.tamper = Box::new(|_, _, message| Some(message));
    net.connect(0, LIGHT);
    net.connect(1, LIGHT);
    parent = grow(&mut net, parent, &[]);
    assert!(waits_at(&net, 0, &id) && waits_at(&net, 1, &id));
    let shown = balance(&mut net);
    assert_eq!((shown.nonce, shown.pending_out > Amount::from_tab(2)), (1, true));
    // In a block that is not buried yet it may wait again, and is kept.
    let payment = (*net.nodes[0].mempool.get(&id).unwrap().transaction).clone();
    parent = grow(&mut net, parent, &[payment]);
    reopen(&mut net, Role::Light);
    parent = grow(&mut net, parent, &[]);
    assert!(matches!(history(&mut net).page.items[0].transaction.status, TransactionState::Confirmed { .. }));
    assert!(record_of(&net).is_some() && net.nodes[LIGHT].own_payments().is_empty());
    for _ in 0..net.builder.params.prune_depth {
        parent = grow(&mut net, parent, &[]);
    }
    net.pass(SECOND);
    assert_eq!(record_of(&net), None, "it is done");
}

#[test]
fn what_was_confirmed_while_the_tab_was_closed_is_not_announced_again() {
    let (mut net, mut parent) = stored();
    let id = send(&mut net);
    let payment = (*net.nodes[0].mempool.get(&id).unwrap().transaction).clone();
    net.reopen(LIGHT, Role::Light);
    parent = grow(&mut net, parent, &[payment]);
    for _ in 0..net.builder.params.prune_depth {
        parent = grow(&mut net, parent, &[]);
    }
    net.forget();
    net.connect(0, LIGHT);
    net.connect(1, LIGHT);
    grow(&mut net, parent, &[]);
    net.pass(SECOND);
    let announced = |message: &Message| matches!(message, Message::Announce(_));
    assert_eq!(net.count(LIGHT, 0, announced) + net.count(LIGHT, 1, announced), 0);
    assert!(kept(&net.nodes[LIGHT]).is_empty() && record_of(&net).is_none());
    let refused = |line: &crate::view::LogEntry| line.code == "transaction-refused";
    assert!(!net.nodes[LIGHT].log.newest(500).iter().any(refused), "nothing went wrong");
}

#[test]
fn a_crash_loses_the_newest_payments_at_most_and_never_brings_one_back() {
    let (mut net, _) = stored();
    silence(&mut net);
    let ids = [send(&mut net), send(&mut net), send(&mut net)];
    // The first is given up: all peers refuse it.
    for full in 0..2 {
        let refused = crate::net::message::Refused::without_fault(crate::net::offence::Offence::NotAdmitted, "no");
        let refused = crate::net::message::Refused { subject: Some(ids[0].0), ..refused };
        net.say(full, LIGHT, Message::Refused(refused));
    }
    net.pass(SECOND);
    let mut seen = Vec::new();
    for lost in 0..64 {
        let mut store = net.stores[&LIGHT].clone();
        let complete = store.lose(lost) == lost;
        let config = crate::node::Config::new(net.builder.params.clone(), Role::Light);
        let node = Node::open(config, &store.stored(), [9; 32], net.now);
        let known = kept(&node);
        if seen.last() != Some(&known) {
            seen.push(known);
        }
        if !complete {
            break;
        }
    }
    let order: [&[TxId]; 5] = [&ids[1..], &ids, &ids[..2], &ids[..1], &[]];
    assert_eq!(seen, order, "the store as it is, and then one write less at a time");
}

#[test]
fn a_payment_of_a_light_node_waits_in_the_next_run_as_a_full_one() {
    let (mut net, parent) = stored();
    silence(&mut net);
    let id = send(&mut net);
    // Its store has none of the blocks that pay for it.
    net.reopen(LIGHT, Role::Full);
    net.pass(SECOND);
    assert!(!waits_at(&net, LIGHT, &id));
    net.tamper = Box::new(|_, _, message| Some(message));
    net.connect(0, LIGHT);
    net.connect(1, LIGHT);
    for _ in 0..4 {
        net.pass(SECOND);
    }
    let all = grow(&mut net, parent, &[]);
    for _ in 0..2 {
        net.pass(SECOND);
    }
    assert_eq!(net.nodes[LIGHT].chain.tip(), all);
    assert!((0..3).all(|node| waits_at(&net, node, &id)), "the accounts are known now");
    // A full node keeps it as well, and light again it still knows it.
    reopen(&mut net, Role::Light);
    assert_eq!(kept(&net.nodes[LIGHT]), [id]);
}

#[test]
fn a_damaged_record_of_payments_is_said_and_costs_nothing_else() {
    let (mut net, _) = stored();
    silence(&mut net);
    send(&mut net);
    let (wallet, id) = (own(&net, LIGHT), net.nodes[LIGHT].id());
    *net.stores.get_mut(&LIGHT).unwrap().value_mut(Table::Meta, record::SENT).unwrap().first_mut().unwrap() ^= 1;
    net.reopen(LIGHT, Role::Light);
    assert_eq!((own(&net, LIGHT), net.nodes[LIGHT].id()), (wallet, id));
    assert!(kept(&net.nodes[LIGHT]).is_empty());
    let said = |line: &crate::view::LogEntry| line.code == "storage-damaged";
    assert!(net.nodes[LIGHT].log.newest(50).iter().any(said));
}

#[test]
fn who_signs_elsewhere_hands_in_what_its_watched_address_pays() {
    let (mut net, parent) = stored();
    let (watched, to) = (address(1), own(&net, LIGHT));
    let payment = pay(&net, 1, to, Amount::from_tab(3).grains(), 0);
    let hand_in = |net: &mut Net, one: &Transaction| {
        let request = Request::SubmitTransaction { hex: hex::encode(one.to_bytes()) };
        net.request(LIGHT, request).unwrap().map_err(|error| error.code)
    };
    assert_eq!(hand_in(&mut net, &payment), Err(ErrorCode::LightNode), "it does not know the account");
    let text = watched.to_text(net.builder.params.address_prefix);
    let watch = crate::request::wallet::WalletRequest::Watch { address: text, name: "cold".to_owned() };
    net.request(LIGHT, Request::Wallet(watch)).unwrap().unwrap();
    let parent = grow(&mut net, parent, &[]);
    let mut forged = payment.clone();
    if let Transaction::Transfer(transfer) = &mut forged {
        transfer.signature.0[40] ^= 1;
    }
    let rich = pay(&net, 1, to, Amount::from_tab(500).grains(), 0);
    assert_eq!(hand_in(&mut net, &forged), Err(ErrorCode::BadSignature));
    assert_eq!(hand_in(&mut net, &rich), Err(ErrorCode::InsufficientFunds));
    assert_eq!(hand_in(&mut net, &payment), Ok(Response::Sent(payment.id())));
    assert_eq!(hand_in(&mut net, &payment), Err(ErrorCode::BadRequest), "it waits already");
    assert!(waits_at(&net, 0, &payment.id()) && waits_at(&net, 1, &payment.id()));
    grow(&mut net, parent, std::slice::from_ref(&payment));
    assert!(net.nodes[LIGHT].own_payments().is_empty(), "its block proves it");
    assert_eq!(hand_in(&mut net, &payment), Err(ErrorCode::BadRequest), "its number is used up");
}
