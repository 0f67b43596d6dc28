//! Light nodes among full ones, on channels without delay.

mod accounts;
mod sent;

use crate::chain::testing::{address, transfer};
use crate::hash::BlockHash;
use crate::keys::Address;
use crate::net::limits::Kind;
use crate::net::message::Message;
use crate::net::proofs::{Answer, MAX_PROVED, MAX_QUESTIONS, Place, Question};
use crate::node::testing::{Net, rich};
use crate::node::wallet::quick_start;
use crate::request::{ErrorCode, Request, Response, SendForm};
use crate::transaction::{Transaction, Transfer};
use crate::units::{Amount, Height};
use crate::view::{Balance, Coverage, HistoryPage, Role, TransactionState};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// The light node of most tests.
const LIGHT: usize = 2;

/// Two full nodes with links to a light one, whose wallet owns coins from the start.
fn net() -> Net {
    wide(2)
}

/// So many full nodes with links to each other and to a light one behind them.
fn wide(full: usize) -> Net {
    let mut params = rich(4);
    let wallet = quick_start(&[u8::try_from(full).unwrap(); 32]).address();
    params.allocation.push((wallet, Amount::from_tab(100)));
    let mut roles = vec![Role::Full; full];
    roles.push(Role::Light);
    let pairs = (0..full).flat_map(|one| (one + 1..=full).map(move |other| (one, other)));
    Net::of_roles(&roles, &pairs.collect::<Vec<_>>(), params)
}

fn own(net: &Net, node: usize) -> Address {
    net.nodes[node].address()
}

/// A transfer to anybody.
fn pay(net: &Net, from: u8, to: Address, grains: u64, nonce: u64) -> Transaction {
    let Transaction::Transfer(draft) = transfer(net.builder.genesis, from, 0, grains, nonce) else {
        panic!("a transfer")
    };
    let mut draft = Transfer { to, ..draft };
    draft.sign(&crate::chain::testing::key(from), net.builder.genesis);
    Transaction::Transfer(draft)
}

/// A block on a parent, from the first node to all, and the time that a light node takes to ask.
fn grow(net: &mut Net, parent: BlockHash, others: &[Transaction]) -> BlockHash {
    let block = net.block(parent, others);
    net.mine(0, &block);
    net.pass(SECOND);
    net.pass(SECOND);
    block.header.hash()
}

fn balance(net: &mut Net) -> Balance {
    let light = net.nodes.len() - 1;
    match net.request(light, Request::Balance { address: None }) {
        Some(Ok(Response::Balance(balance))) => balance,
        other => panic!("a balance, not {other:?}"),
    }
}

fn history(net: &mut Net) -> HistoryPage {
    let light = net.nodes.len() - 1;
    match net.request(light, Request::History { address: None, from: None, limit: None }) {
        Some(Ok(Response::History(page))) => page,
        other => panic!("a history, not {other:?}"),
    }
}

fn coverage(balance: &Balance) -> (Coverage, Coverage) {
    let known = balance.known.clone().expect("a light node says so");
    (known.outgoing, known.incoming)
}

const COMPLETE: (Coverage, Coverage) = (Coverage::Complete, Coverage::Complete);

#[test]
fn a_light_node_follows_headers_and_proves_balance_and_history_through_a_reorganisation() {
    let mut net = net();
    let genesis = net.builder.genesis;
    let (one, two) = (pay(&net, 0, own(&net, LIGHT), 500, 0), pay(&net, 1, own(&net, LIGHT), 70, 0));
    let first = grow(&mut net, genesis, &[one.clone(), two.clone()]);
    let shown = balance(&mut net);
    assert_eq!(shown.confirmed.grains(), Amount::from_tab(100).grains() + 570);
    assert_eq!(coverage(&shown), COMPLETE);
    let known = shown.known.unwrap();
    assert_eq!((known.block, known.settled, known.listed_by), (first, true, 2));
    assert_eq!(history(&mut net).page.total, 2);
    // Another branch without the second payment takes over.
    let beside = net.block(genesis, std::slice::from_ref(&one));
    let above = net.block(beside.header.hash(), &[]);
    net.mine(1, &beside);
    net.mine(1, &above);
    net.pass(SECOND);
    net.pass(SECOND);
    assert_eq!(net.nodes[LIGHT].chain.tip(), above.header.hash());
    let shown = balance(&mut net);
    assert_eq!(shown.confirmed.grains(), Amount::from_tab(100).grains() + 500);
    assert_eq!(coverage(&shown), COMPLETE);
    let page = history(&mut net);
    assert_eq!((page.page.total, page.page.items[0].transaction.id), (1, one.id()));
    // It never took a body, and nobody served it one.
    assert!(net.nodes[LIGHT].chain.block(&first).is_none());
    let bodies = |message: &Message| {
        matches!(
            message,
            Message::Block(_)
                | Message::CompactBlock(_)
                | Message::GetBlocks(_)
                | Message::GetCompact(_)
                | Message::Announce(_)
        )
    };
    assert_eq!(net.count(0, LIGHT, bodies) + net.count(LIGHT, 0, bodies), 0);
}

#[test]
fn rewards_are_young_and_then_on_the_account() {
    let mut net = net();
    let wallet = own(&net, LIGHT);
    let mut parent = net.builder.genesis;
    // A block whose reward goes to the light node's wallet.
    let (now, mempool, wishes) = (net.now, crate::mempool::Mempool::default(), crate::mempool::Wishes::default());
    let mut draft = crate::mining::template(&mut net.nodes[0].chain, &mempool, &wishes, wallet, now).unwrap();
    draft.header = crate::mining::search(draft.header, u32::MAX).unwrap();
    net.mine(0, &draft);
    net.pass(SECOND);
    let shown = balance(&mut net);
    assert_eq!((shown.confirmed, shown.immature), (Amount::from_tab(100), draft.transactions[0].amount()));
    assert_eq!(history(&mut net).page.total, 1);
    for _ in 0..3 {
        let chain = &mut net.nodes[0].chain;
        let mut next = crate::mining::template(chain, &mempool, &wishes, address(3), now).unwrap();
        next.header = crate::mining::search(next.header, u32::MAX).unwrap();
        parent = next.header.hash();
        net.mine(0, &next);
        net.pass(SECOND);
    }
    assert_eq!(net.nodes[LIGHT].chain.tip(), parent);
    let shown = balance(&mut net);
    assert_eq!((shown.confirmed, shown.immature), (Amount::from_tab(150), Amount::ZERO));
    assert_eq!(coverage(&shown), COMPLETE);
}

#[test]
fn a_payment_is_confirmed_by_proof_waits_again_after_a_reorganisation_and_is_confirmed_again() {
    let mut net = net();
    let genesis = net.builder.genesis;
    let first = grow(&mut net, genesis, &[]);
    let to = address(3).to_text(net.builder.params.address_prefix);
    let form = SendForm { to, amount: "2".to_owned(), ..SendForm::default() };
    let Some(Ok(Response::Sent(id))) = net.request(LIGHT, Request::Send(form.clone())) else { panic!("sent") };
    assert!((0..2).all(|node| net.nodes[node].mempool.get(&id).is_some()), "it waits at both full nodes");
    let shown = balance(&mut net);
    assert_eq!((shown.confirmed, shown.nonce), (Amount::from_tab(100), 1));
    assert!(shown.spendable < Amount::from_tab(98) && shown.pending_out > Amount::from_tab(2));
    let too_much = SendForm { amount: "99".to_owned(), ..form };
    let refused = net.request(LIGHT, Request::Send(too_much)).unwrap().unwrap_err();
    assert_eq!(refused.code, ErrorCode::InsufficientFunds);
    let payment = (*net.nodes[0].mempool.get(&id).unwrap().transaction).clone();
    let second = grow(&mut net, first, std::slice::from_ref(&payment));
    let state = |net: &mut Net| history(net).page.items[0].transaction.status.clone();
    assert!(matches!(state(&mut net), TransactionState::Confirmed { block, confirmations: 1, .. } if block == second));
    let shown = balance(&mut net);
    assert_eq!((coverage(&shown), shown.pending_out, shown.nonce), (COMPLETE, Amount::ZERO, 1));
    // A heavier branch without it.
    let beside = net.block(first, &[]);
    let above = net.block(beside.header.hash(), &[]);
    net.mine(1, &beside);
    net.mine(1, &above);
    net.pass(SECOND);
    assert_eq!(state(&mut net), TransactionState::Waiting);
    let third = grow(&mut net, above.header.hash(), std::slice::from_ref(&payment));
    assert!(matches!(state(&mut net), TransactionState::Confirmed { block, .. } if block == third));
    assert_eq!(coverage(&balance(&mut net)), COMPLETE);
}

#[test]
fn it_tells_again_what_is_not_confirmed_and_gives_up_when_all_refuse() {
    let mut net = net();
    let genesis = net.builder.genesis;
    grow(&mut net, genesis, &[]);
    let to = address(3).to_text(net.builder.params.address_prefix);
    // Nobody hears of it at first.
    net.tamper =
        Box::new(|from, _, message| (from != LIGHT || !matches!(message, Message::Announce(_))).then_some(message));
    let form = SendForm { to, amount: "2".to_owned(), ..SendForm::default() };
    let Some(Ok(Response::Sent(id))) = net.request(LIGHT, Request::Send(form)) else { panic!("sent") };
    assert!(net.nodes[0].mempool.get(&id).is_none());
    net.tamper = Box::new(|_, _, message| Some(message));
    for _ in 0..21 {
        net.pass(SECOND);
    }
    assert!(net.nodes[0].mempool.get(&id).is_some() && net.nodes[1].mempool.get(&id).is_some());
    let refusal = |subject| {
        let offence = crate::net::offence::Offence::NotAdmitted;
        let refused = crate::net::message::Refused::without_fault(offence, "no");
        Message::Refused(crate::net::message::Refused { subject: Some(subject), ..refused })
    };
    net.say(0, LIGHT, refusal(id.0));
    assert_eq!(history(&mut net).page.total, 1, "one peer's word is not enough");
    net.say(1, LIGHT, refusal(id.0));
    assert_eq!(history(&mut net).page.total, 0);
    assert_eq!(balance(&mut net).pending_out, Amount::ZERO);
}

#[test]
fn false_proofs_cost_a_peer_its_link_and_others_are_asked() {
    type Lie = fn(Answer) -> Answer;
    let wrong_account: Lie = |answer| match answer {
        Answer::Account(proof) => {
            // The account at the end, one grain richer.
            let mut bytes = borsh::to_vec(&*proof).unwrap();
            let place = bytes.len() - 16;
            bytes[place] ^= 1;
            Answer::Account(Box::new(borsh::from_slice(&bytes).unwrap()))
        }
        other => other,
    };
    let wrong_kind: Lie = |answer| match answer {
        Answer::Account(_) => Answer::Transactions { items: Vec::new(), next: None, since: Height(1) },
        other => other,
    };
    let altered: Lie = |answer| match answer {
        Answer::Transactions { mut items, next, since } => {
            for item in &mut items {
                if let Transaction::Transfer(transfer) = &mut item.transaction {
                    transfer.amount = Amount::from_tab(1_000);
                }
            }
            Answer::Transactions { items, next, since }
        }
        other => other,
    };
    let endless: Lie = |answer| match answer {
        Answer::Transactions { since, .. } => {
            Answer::Transactions { items: Vec::new(), next: Some(Place::default()), since }
        }
        other => other,
    };
    for (number, lie) in [wrong_account, wrong_kind, altered, endless].into_iter().enumerate() {
        let mut net = wide(3);
        let genesis = net.builder.genesis;
        net.tamper = Box::new(move |from, _, message| match message {
            Message::Answer { number, answer } if from == 0 => Some(Message::Answer { number, answer: lie(answer) }),
            other => Some(other),
        });
        let mut parent = genesis;
        for nonce in 0..12 {
            let payment = pay(&net, 0, own(&net, 3), 500, nonce);
            parent = grow(&mut net, parent, &[payment]);
        }
        assert!(net.is_banned(0, 3), "lie {number}");
        assert!(!net.is_banned(1, 3) && !net.is_banned(2, 3), "lie {number}");
        let shown = balance(&mut net);
        assert_eq!(shown.confirmed.grains(), Amount::from_tab(100).grains() + 6_000, "lie {number}");
        assert_eq!(coverage(&shown), COMPLETE, "lie {number}");
    }
}

#[test]
fn what_a_peer_leaves_out_is_missed_and_comes_from_another() {
    let mut net = wide(3);
    // Two of three leave out every payment.
    net.tamper = Box::new(|from, _, message| match message {
        Message::Answer { number, answer: Answer::Transactions { since, .. } } if from < 2 => {
            Some(Message::Answer { number, answer: Answer::Transactions { items: Vec::new(), next: None, since } })
        }
        other => Some(other),
    });
    let genesis = net.builder.genesis;
    let payment = pay(&net, 0, own(&net, 3), 500, 0);
    grow(&mut net, genesis, &[payment]);
    let mut seen = vec![balance(&mut net)];
    while coverage(&seen[seen.len() - 1]) != COMPLETE && seen.len() < 30 {
        net.pass(SECOND);
        seen.push(balance(&mut net));
    }
    assert!(
        seen.iter().all(|shown| shown.confirmed.grains() == Amount::from_tab(100).grains() + 500),
        "the balance is proved"
    );
    assert_eq!(coverage(&seen[seen.len() - 1]), COMPLETE, "after {} s", seen.len());
    assert_eq!(history(&mut net).page.total, 1);
}

#[test]
fn without_honest_peers_it_says_that_something_is_missing() {
    let mut net = net();
    net.tamper = Box::new(|_, _, message| match message {
        Message::Answer { number, answer: Answer::Transactions { since, .. } } => {
            Some(Message::Answer { number, answer: Answer::Transactions { items: Vec::new(), next: None, since } })
        }
        other => Some(other),
    });
    let genesis = net.builder.genesis;
    let payment = pay(&net, 0, own(&net, LIGHT), 500, 0);
    grow(&mut net, genesis, &[payment]);
    let shown = balance(&mut net);
    assert_eq!(coverage(&shown), (Coverage::Complete, Coverage::Incomplete));
    assert_eq!(shown.known.unwrap().listed_by, 2);
}

#[test]
fn who_does_not_answer_has_stalled_and_another_is_asked() {
    let mut net = net();
    net.tamper =
        Box::new(|from, _, message| (from != 0 || !matches!(message, Message::Answer { .. })).then_some(message));
    let genesis = net.builder.genesis;
    grow(&mut net, genesis, &[]);
    for second in 0..12 {
        net.pass(SECOND);
        if second == 5 {
            // The line works: somebody else is heard.
            net.say(1, LIGHT, Message::Ping(5));
        }
    }
    assert_eq!(balance(&mut net).confirmed, Amount::from_tab(100));
    let score = net.peer(LIGHT, 0).map(|peer| peer.score);
    assert!(score.is_some_and(|score| score > 0), "{score:?}");
    assert_eq!(net.peer(LIGHT, 1).unwrap().score, 0);
}

#[test]
fn long_histories_come_in_parts() {
    let mut net = net();
    let mut parent = net.builder.genesis;
    let parts = u64::try_from(MAX_PROVED).unwrap() * 2 + 10;
    for block in 0..2 {
        let half = parts / 2;
        let payments: Vec<_> = (0..half).map(|one| pay(&net, 0, own(&net, LIGHT), 5, block * half + one)).collect();
        let block = net.block(parent, &payments);
        parent = block.header.hash();
        // The light node hears of none of it before the end.
        net.nodes[0].take_own_block((*block).clone());
    }
    net.flush(0);
    net.settle();
    net.pass(SECOND);
    net.pass(SECOND);
    let shown = balance(&mut net);
    assert_eq!((coverage(&shown), u64::from(history(&mut net).page.total)), (COMPLETE, parts));
}

#[test]
fn others_balances_transactions_and_proofs_are_asked_of_peers() {
    let mut net = net();
    let genesis = net.builder.genesis;
    let payment = pay(&net, 0, address(1), 500, 0);
    let first = grow(&mut net, genesis, std::slice::from_ref(&payment));
    let text = address(1).to_text(net.builder.params.address_prefix);
    let Some(Ok(Response::Balance(shown))) = net.request(LIGHT, Request::Balance { address: Some(text) }) else {
        panic!()
    };
    assert_eq!(shown.confirmed.grains(), Amount::from_tab(100).grains() + 500);
    assert_eq!(coverage(&shown), (Coverage::Unasked, Coverage::Unasked));
    let id = payment.id().to_string();
    let Some(Ok(Response::Proof(proof))) = net.request(LIGHT, Request::Proof { id: id.clone() }) else { panic!() };
    let Some(Ok(Response::Proof(made))) = net.request(0, Request::Proof { id: id.clone() }) else { panic!() };
    assert_eq!((&proof, proof.header.hash, proof.index, proof.count), (&made, first, 1, 2));
    let Some(Ok(Response::Transaction(view))) = net.request(LIGHT, Request::Transaction { id }) else { panic!() };
    assert!(matches!(view.status, TransactionState::Confirmed { block, .. } if block == first));
    let missing = Request::Transaction { id: BlockHash::ZERO.to_string() };
    assert_eq!(net.request(LIGHT, missing).unwrap().unwrap_err().code, ErrorCode::NotFound);
    for request in [
        Request::Blocks { from: None, limit: None },
        Request::Forks,
        Request::MinerStart { threads: None },
        Request::MinerMine,
        Request::Mempool { from: None, limit: None },
    ] {
        assert_eq!(net.request(LIGHT, request).unwrap().unwrap_err().code, ErrorCode::LightNode);
    }
    assert!(net.nodes[LIGHT].light.followed.len() <= 2);
    net.pass(SECOND);
    assert_eq!(net.nodes[LIGHT].light.followed.len(), 1, "nobody waits for the other address any more");
}

#[test]
fn nothing_is_shown_before_it_is_proved() {
    let mut net = Net::of_roles(&[Role::Light, Role::Light], &[(0, 1)], rich(4));
    let refused = net.request(0, Request::Balance { address: None }).unwrap().unwrap_err();
    assert_eq!(refused.code, ErrorCode::NoPeers);
    net.pass(SECOND);
    assert_eq!(net.count(0, 1, |message| matches!(message, Message::Ask { .. } | Message::GetHeaders(_))), 0);
}

#[test]
fn questions_beyond_those_that_may_wait_are_a_flood() {
    let mut net = net();
    let genesis = net.builder.genesis;
    grow(&mut net, genesis, &[]);
    // Nothing is answered while the budget of hashes is used up.
    let (link, now) = (net.link(0, LIGHT), net.now);
    let budget = net.nodes[0].peers.get_mut(link).unwrap().buckets.of(Kind::ProofHashes);
    budget.spend(Kind::ProofHashes.limit().burst * 100.0, now);
    let question = Question::Account { block: genesis, address: address(0) };
    for number in 0..MAX_QUESTIONS as u64 {
        net.say(LIGHT, 0, Message::Ask { number, question });
    }
    assert_eq!(net.peer(0, LIGHT).unwrap().score, 0);
    net.say(LIGHT, 0, Message::Ask { number: 99, question });
    assert_eq!(net.peer(0, LIGHT).unwrap().score, crate::net::offence::Offence::Flood.points());
    assert_eq!(net.peer(0, LIGHT).unwrap().questions.len(), MAX_QUESTIONS);
}

#[test]
fn answers_that_nobody_asked_for_change_nothing_and_count() {
    let mut net = net();
    let genesis = net.builder.genesis;
    grow(&mut net, genesis, &[]);
    let before = balance(&mut net);
    net.say(0, LIGHT, Message::Answer { number: 77, answer: Answer::NotHere });
    assert_eq!(balance(&mut net), before);
    assert_eq!(net.peer(LIGHT, 0).unwrap().score, 0);
}

#[test]
fn roles_change_while_the_node_runs_both_ways_and_peers_learn_of_it() {
    let mut net = net();
    let genesis = net.builder.genesis;
    let payment = pay(&net, 0, own(&net, LIGHT), 500, 0);
    let first = grow(&mut net, genesis, &[payment]);
    let shown = balance(&mut net);
    let to = address(3).to_text(net.builder.params.address_prefix);
    let form = SendForm { to, amount: "2".to_owned(), ..SendForm::default() };
    let Some(Ok(Response::Sent(id))) = net.request(LIGHT, Request::Send(form)) else { panic!("sent") };
    assert_eq!(net.request(LIGHT, Request::SetRole { role: Role::Full }), Some(Ok(Response::Done)));
    for _ in 0..3 {
        net.pass(SECOND);
    }
    let node = &net.nodes[LIGHT];
    assert_eq!((node.chain.tip(), node.chain.missing_count()), (first, 0), "it got all bodies and checked them");
    assert_eq!(node.chain.ledger().accounts().len(), net.nodes[0].chain.ledger().accounts().len());
    assert!(node.mempool.get(&id).is_some(), "its own transaction waits on");
    assert_eq!(net.peer(0, LIGHT).unwrap().role, Some(Role::Full));
    let now = balance(&mut net);
    assert_eq!((now.confirmed, now.pending_out > Amount::ZERO, now.known), (shown.confirmed, true, None));
    assert_eq!(history(&mut net).page.total, 2);
    // It mines, and is light again.
    assert_eq!(net.request(LIGHT, Request::SetRole { role: Role::Miner }), Some(Ok(Response::Done)));
    net.pass(SECOND);
    assert_eq!((net.nodes[LIGHT].role, net.peer(1, LIGHT).unwrap().role), (Role::Miner, Some(Role::Miner)));
    assert_eq!(net.request(LIGHT, Request::SetRole { role: Role::Light }), Some(Ok(Response::Done)));
    net.pass(SECOND);
    net.pass(SECOND);
    let node = &net.nodes[LIGHT];
    assert_eq!((node.role, node.miner.threads(), node.mempool.len()), (Role::Light, 0, 0));
    assert!(node.chain.block(&first).is_none() && node.chain.tip() == first);
    assert_eq!(net.peer(0, LIGHT).unwrap().role, Some(Role::Light));
    assert_eq!(history(&mut net).page.total, 2, "what was paid to it, and what it sent");
    assert_eq!(coverage(&balance(&mut net)), COMPLETE);
}
