//! Attacks between whole nodes: what is forged is wrong in one way each, and the attacker stays honest.

use super::*;
use crate::chain::testing::params;
use crate::contract::Input;
use crate::hash::TxId;
use crate::mempool::PROPOSED_FEE;
use crate::node::testing::Net;
use crate::transaction::Memo;
use crate::units::{Amount, Height, Work};
use crate::view::lab::Outcome;
use crate::view::{Balance, Role};
use crate::wallet::{Payment, Signing};

/// What must not change by an attack.
#[derive(Debug, PartialEq)]
struct State {
    tip: BlockHash,
    work: Work,
    waiting: Vec<TxId>,
    balance: Balance,
    history: Vec<TxId>,
    fork_tips: usize,
}

fn state(node: &Node) -> State {
    State {
        tip: node.chain.tip(),
        work: node.chain.work(),
        waiting: node.mempool.iter().map(|one| one.id).collect(),
        balance: node.balance_of(&node.wallet.address()),
        history: node
            .history(&node.wallet.address(), 0, 100)
            .page
            .items
            .iter()
            .map(|entry| entry.transaction.id)
            .collect(),
        fork_tips: node.chain.branch_tips().len(),
    }
}

/// Nodes with coins, all linked to the first, on a chain in which the first has paid once.
fn network(count: usize) -> Net {
    let plain = Net::new(count, &[], params());
    let allocation = plain.nodes.iter().map(|node| (node.address(), Amount::from_tab(100))).collect();
    let links: Vec<(usize, usize)> = (1..count).map(|other| (0, other)).collect();
    let mut net = Net::new(count, &links, crate::params::ChainParams { allocation, ..params() });
    let mut tip = net.builder.genesis;
    let payment = payment(&net);
    for others in [vec![], vec![payment], vec![], vec![]] {
        let block = net.block(tip, &others);
        net.mine(0, &block);
        tip = block.header.hash();
    }
    assert!(net.nodes.iter().all(|node| node.chain.height() == Height(4)));
    net.forget();
    net
}

/// A first payment of the first node's wallet.
fn payment(net: &Net) -> Transaction {
    let (amount, memo) = (Amount::from_tab(1), Memo::default());
    let payment = Payment { to: net.nodes[1].address(), amount, fee: PROPOSED_FEE, memo };
    net.nodes[0].wallet.transfer(payment, 0, net.builder.genesis, Signing::Own).unwrap()
}

/// Launches an attack of the first node, and lets it come to its end.
fn launch(net: &mut Net, attack: Attack, peer: Option<PeerId>) {
    net.nodes[0].attack(attack, peer, None).unwrap();
    net.handle(0, Input::Tick);
    net.settle();
    assert_eq!(net.find(0), row(attack).needs_work(), "{attack:?}");
}

#[test]
fn every_attack_breaks_the_rule_it_names_and_leaves_the_attacker_as_it_was() {
    for attack in Attack::ALL {
        let mut net = network(3);
        let before = state(&net.nodes[0]);
        launch(&mut net, attack, None);
        let attacker = net.nodes[0].id();
        for node in &net.nodes[1..] {
            let refused = node.log.incidents(0, 100).items;
            let (offence, points) = (row(attack).offence, row(attack).offence.map_or(0, Offence::points));
            assert_eq!(refused.is_empty(), offence.is_none(), "{attack:?}: {refused:?}");
            for incident in &refused {
                assert_eq!(Some(incident.line.code.as_str()), offence.map(Offence::code), "{attack:?}: {incident:?}");
                assert_eq!((incident.line.peer, incident.points), (Some(attacker), points), "{attack:?}");
            }
            let ban = node.peers.ban_of(&attacker, net.now);
            let banned = points >= 100 || attack == Attack::Flood;
            assert_eq!(ban.and_then(|ban| ban.offence), offence.filter(|_| banned), "{attack:?}");
            let last = refused.first();
            assert_eq!(last.and_then(|last| last.banned_until), ban.map(|ban| ban.until), "{attack:?}");
            assert_eq!(node.chain.tip(), before.tip, "{attack:?}");
            assert!(node.mempool.is_empty(), "{attack:?}");
        }
        assert_eq!(state(&net.nodes[0]), before, "{attack:?}");
        assert!(net.nodes[0].log.incidents(0, 1).items.is_empty(), "{attack:?}: nobody is blamed by the attacker");
    }
}

#[test]
fn a_block_under_whose_hash_others_were_served_is_still_wanted() {
    let mut net = network(2);
    launch(&mut net, Attack::WrongHash, None);
    let hash = net.nodes[0].lab.blocks[0].0;
    assert!(net.nodes[1].chain.header(&hash).is_some() && !net.nodes[1].chain.is_invalid(&hash));
    // The honest block behind it: the reward as it was before it was changed.
    let mut block = (*net.nodes[0].lab.blocks[0].1).clone();
    let Transaction::Reward(reward) = &mut block.transactions[0] else { panic!("a reward") };
    reward.amount = params().subsidy;
    assert!(net.nodes[1].take_own_block(block));
    assert_eq!(net.nodes[1].chain.tip(), hash);
}

#[test]
fn a_false_target_is_wrong_however_much_work_it_claims() {
    let mut net = network(2);
    let demanded = net.nodes[0].chain.next_rules().0;
    let claimed = net.nodes[0].forge_block(Attack::FalseTarget).unwrap().header.target;
    let easiest = params().pow_limit.to_compact();
    assert_ne!(claimed, demanded);
    assert_eq!(claimed == easiest, demanded != easiest, "the easiest, or twice as hard as that");
}

#[test]
fn an_attack_is_aimed_at_one_peer_or_at_all() {
    let mut net = network(3);
    let target = net.nodes[2].id();
    launch(&mut net, Attack::InvalidSignature, Some(target));
    assert_eq!(net.nodes[1].log.incidents(0, 10).total, 0);
    assert_eq!(net.nodes[2].log.incidents(0, 10).total, 1);
    launch(&mut net, Attack::InvalidSignature, None);
    assert_eq!(net.nodes[1].log.incidents(0, 10).total, 1);
    let verdicts = net.nodes[0].lab.verdicts(0, 10);
    let told = verdicts.items.iter().map(|one| (one.launch, one.peer));
    assert_eq!(told.collect::<Vec<_>>(), [(2, target), (2, net.nodes[1].id()), (1, target)]);
    for verdict in &verdicts.items {
        let Outcome::Refused { offence: Offence::BadSignature, points: 25, score, banned_until: None, .. } =
            verdict.outcome
        else {
            panic!("{verdict:?}")
        };
        let earlier = verdict.peer == target && verdict.launch == 2;
        assert_eq!(score, if earlier { 50 } else { 25 });
        assert!(verdict.subject.is_some());
    }
}

#[test]
fn what_is_missing_for_an_attack_is_said_by_a_stable_word() {
    let mut net = Net::new(2, &[], params());
    let code = |net: &mut Net, attack, peer, every| net.nodes[0].attack(attack, peer, every).unwrap_err().code;
    let peer = net.nodes[1].id();
    assert_eq!(code(&mut net, Attack::Garbage, None, None), ErrorCode::NoPeers);
    assert!(net.nodes[0].attack_views().iter().all(|view| view.lacks.is_some()));
    net.connect(0, 1);
    for (attack, expected) in [
        (Attack::InvalidSignature, ErrorCode::NoCoins),
        (Attack::ForeignReplay, ErrorCode::NoCoins),
        (Attack::DoubleSpend, ErrorCode::NoPayment),
        (Attack::Replay, ErrorCode::NoPayment),
        (Attack::AlteredBlock, ErrorCode::NoBlocks),
    ] {
        assert_eq!(code(&mut net, attack, None, None), expected, "{attack:?}");
        assert_eq!(code(&mut net, attack, Some(peer), Some(5)), expected, "{attack:?}");
        let views = net.nodes[0].attack_views();
        let view = views.iter().find(|view| view.name == attack).unwrap();
        assert_eq!(view.lacks.as_ref().map(|lacks| lacks.code), Some(expected), "{attack:?}");
    }
    assert_eq!(code(&mut net, Attack::Garbage, Some(PeerId::from_bytes([9; 20])), None), ErrorCode::NotFound);
    for every in [0, MAX_EVERY + 1] {
        assert_eq!(code(&mut net, Attack::Garbage, None, Some(every)), ErrorCode::BadRequest);
    }
    assert!(net.nodes[0].lab.repeated.is_empty(), "what was refused is not repeated");
    assert_eq!(net.nodes[0].lab.verdicts(0, 10).total, 0);
}

#[test]
fn an_attack_is_repeated_until_it_is_stopped() {
    let mut net = network(2);
    net.nodes[0].attack(Attack::InvalidSignature, None, Some(3)).unwrap();
    net.handle(0, Input::Tick);
    net.settle();
    let launches = |net: &Net| net.nodes[0].lab.verdicts(0, 100).total;
    assert_eq!(launches(&net), 1);
    for seconds in 1..=6 {
        net.pass(Duration::from_secs(1));
        assert_eq!(launches(&net), 1 + seconds / 3, "after {seconds} s");
    }
    assert_eq!(net.peer(1, 0).unwrap().score, 75);
    net.nodes[0].stop_attacks();
    net.pass(Duration::from_secs(3));
    net.pass(Duration::from_secs(3));
    assert_eq!(launches(&net), 3);
    assert!(net.nodes[0].attack_views().iter().all(|view| view.repeated.is_none()));
}

#[test]
fn what_is_repeated_without_anybody_there_ends_by_itself() {
    let mut net = network(2);
    net.nodes[0].attack(Attack::Garbage, None, Some(1)).unwrap();
    net.handle(0, Input::Tick);
    net.settle();
    assert!(net.is_banned(0, 1));
    for _ in 1..MAX_TRIES - 1 {
        net.pass(Duration::from_secs(1));
    }
    assert_eq!(net.nodes[0].lab.repeated[&Attack::Garbage].tries, MAX_TRIES - 1);
    net.pass(Duration::from_secs(1));
    assert!(net.nodes[0].lab.repeated.is_empty());
    assert_eq!(net.nodes[0].lab.verdicts(0, 10).total, 1, "nothing was launched at nobody");
}

#[test]
fn a_forged_block_is_mined_once_and_honest_mining_goes_on_behind_it() {
    let mut net = network(2);
    net.nodes[0].start_mining(1);
    net.nodes[0].attack(Attack::InflatedReward, None, Some(1)).unwrap();
    net.handle(0, Input::Tick);
    assert!(net.nodes[0].attack_views().iter().any(|view| view.working));
    net.pass(Duration::from_secs(2));
    assert_eq!(net.nodes[0].lab.verdicts(0, 10).total, 0, "it waits for its proof of work");
    assert!(net.find(0));
    assert_eq!(net.nodes[0].lab.verdicts(0, 10).total, 1);
    assert_eq!(net.nodes[0].chain.height(), Height(4), "the forged block stands on nothing of its own");
    assert!(net.find(0), "the next is honest");
    assert_eq!(net.nodes[0].chain.height(), Height(5));
}

#[test]
fn stopping_ends_the_search_for_a_forged_block() {
    let mut net = network(2);
    net.nodes[0].attack(Attack::FalseTarget, None, None).unwrap();
    net.handle(0, Input::Tick);
    net.nodes[0].stop_attacks();
    net.handle(0, Input::Tick);
    assert!(!net.find(0), "nothing is searched any more");
    assert_eq!(net.nodes[0].lab.verdicts(0, 10).total, 0);
}

#[test]
fn forgeries_kept_for_peers_are_the_newest_of_a_bounded_number() {
    let mut net = network(2);
    let mut ids = Vec::new();
    for _ in 0..=MAX_FORGED {
        net.nodes[0].attack(Attack::InvalidSignature, None, None).unwrap();
        ids.push(net.nodes[0].lab.transactions.back().unwrap().0);
    }
    let kept = |id: &TxId| net.nodes[0].lab.transaction(id).is_some();
    assert!(!kept(&ids[0]) && ids[1..].iter().all(kept));
}

#[test]
fn a_light_node_launches_what_needs_no_blocks_and_nothing_else() {
    let mut net = network(2);
    net.nodes[0].set_role(Role::Light);
    let free = net.nodes[0].attack_views().into_iter().filter(|row| row.lacks.is_none());
    assert_eq!(free.map(|row| row.name).collect::<Vec<_>>(), [Attack::Garbage, Attack::Flood, Attack::OrphanFlood]);
    for attack in [Attack::InflatedReward, Attack::AlteredBlock, Attack::Replay] {
        let refused = net.nodes[0].attack(attack, None, None).unwrap_err();
        assert_eq!(refused.code, ErrorCode::LightNode, "{attack:?}");
    }
}
