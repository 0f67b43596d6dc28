//! Relay between whole nodes: what becomes of who lies, is silent, or serves an invalid block.

use super::*;
use crate::sentence::Sentence;

#[test]
fn wrong_transactions_get_their_sender_banned_and_the_block_comes_from_another() {
    type Change = fn(&mut Vec<Transaction>);
    let changes: [Change; 4] = [
        |list| drop(list.pop()),
        |list| list.push(list[0].clone()),
        |list| list.reverse(),
        |list| spoil_signature(&mut list[0]),
    ];
    for change in changes {
        let mut net = Net::new(4, &[(0, 1), (0, 2), (2, 3), (1, 3)], params());
        let parent = net.first_block(0);
        // Node 1 lies to node 3; node 2 is honest, and later.
        net.tamper = Box::new(move |from, to, message| match message {
            Message::BlockTransactions(mut answer) if (from, to) == (1, 3) => {
                change(&mut answer.transactions);
                Some(Message::BlockTransactions(answer))
            }
            other => Some(other),
        });
        let transactions = net.transactions(4, 3);
        let block = net.block(parent, &transactions);
        (0..3).for_each(|node| net.warm(node, &transactions));
        for node in [1, 2] {
            let link = net.link(node, 3);
            let peer = net.nodes[node].peers.get_mut(link).unwrap();
            note(peer, &transactions);
        }
        net.mine(0, &block);
        assert_eq!(net.count(1, 3, is_answer), 1);
        assert!(net.is_banned(1, 3) && !net.is_banned(2, 3));
        assert_eq!(net.nodes[3].chain.tip(), block.header.hash());
        assert_eq!(net.count(2, 3, is_answer), 1);
    }
}

#[test]
fn a_peer_that_does_not_answer_is_passed_over_in_time_and_its_late_answer_is_taken() {
    for alone in [false, true] {
        let links: &[(usize, usize)] = if alone { &[(0, 1), (1, 3)] } else { &[(0, 1), (0, 2), (2, 3), (1, 3)] };
        let mut net = Net::new(4, links, params());
        if alone {
            // Node 2 has no part in it.
            net.nodes[2] = Node::new(Config::new(params(), Role::Full), [2; 32], net.now);
        }
        let first = net.block(net.builder.genesis, &[]);
        net.mine(0, &first);
        let parent = first.header.hash();
        net.forget();
        let held = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let keep = held.clone();
        net.tamper = Box::new(move |from, to, message| {
            let slow = (from, to) == (1, 3) && is_answer(&message);
            if slow {
                keep.borrow_mut().push(message);
                return None;
            }
            Some(message)
        });
        let transactions = net.transactions(4, 3);
        let block = net.block(parent, &transactions);
        for node in [1, 2] {
            if let Some(link) = net.nodes[node].peers.find(&net.nodes[3].id()) {
                let peer = net.nodes[node].peers.get_mut(link).unwrap();
                note(peer, &transactions);
            }
        }
        net.mine(0, &block);
        assert_eq!(held.borrow().len(), 1);
        assert_eq!(net.nodes[3].chain.tip(), parent);
        net.pass(Duration::from_millis(1900));
        assert_eq!(net.nodes[3].chain.tip(), parent, "not given up yet");
        net.pass(Duration::from_millis(300));
        assert_eq!(net.peer(3, 1).unwrap().score, Offence::Stalled.points());
        if alone {
            (0..4).for_each(|_| net.pass(Duration::from_secs(5)));
            assert_eq!(net.nodes[3].chain.tip(), parent);
            assert_eq!(net.count(3, 1, is_request), 1, "the same is not asked for twice");
        } else {
            assert_eq!(net.nodes[3].chain.tip(), block.header.hash(), "it came from another");
        }
        assert_eq!(net.count(1, 3, is_answer) + net.count(2, 3, is_answer), usize::from(!alone));
        let late = held.borrow_mut().pop().unwrap();
        net.say(1, 3, late.clone());
        net.settle();
        assert_eq!(net.peer(3, 1).unwrap().score, 0, "late is not never");
        // Only once: what is blamed later is not paid for by it.
        let link = net.link(3, 1);
        net.nodes[3].peers.get_mut(link).unwrap().score = 50;
        net.say(1, 3, late);
        net.settle();
        assert_eq!(net.peer(3, 1).unwrap().score, 50);
        assert_eq!(net.nodes[3].chain.tip(), block.header.hash(), "alone: {alone}");
    }
}

#[test]
fn an_invalid_block_that_is_pushed_on_is_refused_everywhere_and_no_honest_peer_is_punished() {
    let mut net = Net::new(4, &[(0, 1), (1, 2), (1, 3), (2, 3)], params());
    let parent = net.first_block(0);
    let block = unsigned_block(&mut net, parent);
    let shortened = Shortened::new(&block, 7).unwrap();
    net.say(0, 1, Message::CompactBlock(Box::new(shortened.compact(&block, |_| true))));
    net.settle();
    assert!(net.count(1, 2, is_compact) + net.count(1, 3, is_compact) > 0, "it is pushed on unverified");
    for node in 1..4 {
        assert_eq!(net.nodes[node].chain.tip(), parent);
        assert!(net.nodes[node].chain.is_invalid(&block.header.hash()));
        assert!(net.nodes[node].peers.iter().all(|(_, peer)| peer.score == 0), "node {node} punishes nobody");
        assert_eq!(net.nodes[node].peers.len(), net.links_of(node));
        assert!(net.nodes[node].delivered.is_empty());
    }
    // Who announces it now says that it found it valid.
    net.say(0, 1, Message::Headers(vec![block.header]));
    assert!(net.is_banned(0, 1));
}

/// Node 1 asks node 0 for an invalid block, and node 2 pushes it before the answer.
fn asked_for_while_another_pushes() -> (Net, BlockHash, CompactBlock) {
    let mut net = Net::new(3, &[(0, 1), (2, 1)], params());
    let parent = net.first_block(0);
    let block = unsigned_block(&mut net, parent);
    let compact = Shortened::new(&block, 7).unwrap().compact(&block, |_| true);
    net.tamper =
        Box::new(|_, to, message| Some(message).filter(|one| to != 0 || !matches!(one, Message::GetCompact(_))));
    net.say(0, 1, Message::Headers(vec![block.header]));
    net.say(2, 1, Message::CompactBlock(Box::new(compact.clone())));
    (net, block.header.hash(), compact)
}

#[test]
fn who_serves_an_invalid_block_when_asked_is_banned_even_if_another_pushed_it_first() {
    let (mut net, hash, compact) = asked_for_while_another_pushes();
    assert!(net.nodes[1].unverified(&hash).is_some());
    net.say(0, 1, Message::CompactBlock(Box::new(compact)));
    net.settle();
    assert!(net.is_banned(0, 1) && !net.is_banned(2, 1));
    assert_eq!(net.peer(1, 2).unwrap().score, 0);
}

#[test]
fn who_serves_an_invalid_block_after_it_was_judged_is_banned_too() {
    let (mut net, hash, compact) = asked_for_while_another_pushes();
    net.settle();
    assert!(net.nodes[1].chain.is_invalid(&hash));
    assert!(!net.is_banned(0, 1));
    net.say(0, 1, Message::CompactBlock(Box::new(compact)));
    net.settle();
    assert!(net.is_banned(0, 1) && !net.is_banned(2, 1));
}

#[test]
fn an_invalid_block_is_not_handed_on_to_who_asks() {
    let mut net = Net::new(3, &[(0, 1), (1, 2)], params());
    let parent = net.first_block(0);
    // Its reward is too high: the body stays in the tree, marked.
    let chain = net.builder.replay(parent);
    let mut block = (*net.block(parent, &[])).clone();
    let Transaction::Reward(reward) = &mut block.transactions[0] else { panic!("a reward") };
    reward.amount = reward.amount.checked_add(Amount::from_tab(1)).unwrap();
    let block = net.builder.finish(&chain, block, 0);
    let hash = block.header.hash();
    let compact = Shortened::new(&block, 7).unwrap().compact(&block, |_| true);
    net.say(0, 1, Message::CompactBlock(Box::new(compact)));
    net.settle();
    assert!(net.nodes[1].chain.is_invalid(&hash) && net.nodes[1].chain.block(&hash).is_some());
    net.forget();
    net.say(2, 1, Message::GetBlocks(vec![hash]));
    net.say(2, 1, Message::GetCompact(hash));
    net.say(2, 1, Message::GetBlockTransactions(GetBlockTransactions { block: hash, indexes: vec![0] }));
    net.settle();
    assert_eq!(net.count(1, 2, |message| *message == Message::NotFound(vec![hash])), 3);
    assert_eq!(net.count(1, 2, |message| is_compact(message) || is_whole(message) || is_answer(message)), 0);
}

#[test]
fn malformed_compact_blocks_requests_and_bodies_get_their_sender_banned() {
    let lies: [fn(&mut CompactBlock); 4] = [
        |compact| compact.prefilled.clear(),
        |compact| compact.prefilled[0].index = 1,
        |compact| compact.header.nonce = compact.header.nonce.wrapping_add(1 << 20),
        |compact| compact.prefilled[1].transaction = compact.prefilled[2].transaction.clone(),
    ];
    for (number, lie) in lies.iter().enumerate() {
        let mut net = Net::new(2, &[(0, 1)], params());
        let parent = net.first_block(0);
        let block = net.block(parent, &net.transactions(1, 3));
        let mut compact = Shortened::new(&block, 7).unwrap().compact(&block, |_| true);
        lie(&mut compact);
        while number == 2 && validation::meets_target(&compact.header) {
            compact.header.nonce += 1;
        }
        net.say(0, 1, Message::CompactBlock(Box::new(compact)));
        assert!(net.is_banned(0, 1), "lie {number}");
        assert_eq!(net.nodes[1].chain.tip(), parent);
    }
    for indexes in [vec![], vec![9], vec![1, 0]] {
        let mut net = Net::new(2, &[(0, 1)], params());
        let block = net.first_block(0);
        net.say(0, 1, Message::GetBlockTransactions(GetBlockTransactions { block, indexes }));
        assert!(net.is_banned(0, 1));
    }
}

#[test]
fn what_one_peer_leaves_unfinished_is_bounded() {
    let mut net = Net::new(2, &[(0, 1)], params());
    let parent = net.first_block(0);
    net.tamper = Box::new(|_, to, message| Some(message).filter(|_| to != 0));
    for late in 0..10 {
        let block = net.builder.extend(parent, 0, net.transactions(1, 3), late);
        let compact = Shortened::new(&block, 7).unwrap().compact(&block, |_| false);
        net.say(0, 1, Message::CompactBlock(Box::new(compact)));
        net.settle();
    }
    assert_eq!(net.nodes[1].relay.sources().count(), MAX_PENDING_A_PEER);
    let link = net.link(1, 0);
    net.handle(1, Input::LinkClosed { link, reason: Sentence::verbatim("gone") });
    assert!(net.nodes[1].relay.pending.is_empty());
}

#[test]
fn who_announces_a_block_and_denies_it_is_not_asked_again_and_again() {
    let mut net = Net::new(2, &[(0, 1)], params());
    let parent = net.first_block(0);
    let block = net.block(parent, &[]);
    let mut asked = 0;
    net.tamper = Box::new(move |from, _, message| {
        asked += usize::from(from == 1 && matches!(message, Message::GetCompact(_)));
        assert!(asked < 5, "asked without end");
        Some(message)
    });
    net.say(0, 1, Message::Headers(vec![block.header]));
    net.settle();
    assert_eq!(net.count(1, 0, |message| matches!(message, Message::GetCompact(_))), 1);
}

#[test]
fn who_pushes_a_block_and_denies_its_transactions_gains_nothing_by_pushing_again() {
    let mut net = Net::new(2, &[(0, 1)], params());
    let parent = net.first_block(0);
    let block = net.block(parent, &net.transactions(1, 3));
    let compact = Shortened::new(&block, 7).unwrap().compact(&block, |_| false);
    net.tamper = Box::new(|_, to, message| Some(message).filter(|_| to != 0));
    for _ in 0..5 {
        net.tamper = Box::new(|_, _, message| Some(message));
        net.say(0, 1, Message::CompactBlock(Box::new(compact.clone())));
        net.settle();
    }
    assert_eq!(net.count(1, 0, is_request), 1);
    assert_eq!(net.nodes[1].relay.sources().count(), 1);
    // It comes from the same peer all the same, once it has it.
    net.mine(0, &block);
    net.pass(Duration::from_secs(1));
    (0..3).for_each(|_| net.pass(Duration::from_secs(10)));
    assert_eq!(net.nodes[1].chain.tip(), block.header.hash());
}

#[test]
fn who_showed_a_block_when_asked_answers_for_it_even_if_another_completes_it() {
    let mut net = Net::new(3, &[(0, 1), (2, 1)], params());
    let parent = net.first_block(0);
    let block = unsigned_block(&mut net, parent);
    let shortened = Shortened::new(&block, 7).unwrap();
    net.tamper = Box::new(|_, to, message| Some(message).filter(|_| to != 0));
    net.say(0, 1, Message::Headers(vec![block.header]));
    net.say(0, 1, Message::CompactBlock(Box::new(shortened.compact(&block, |_| false))));
    net.say(2, 1, Message::CompactBlock(Box::new(shortened.compact(&block, |_| true))));
    net.settle();
    assert!(net.is_banned(0, 1) && !net.is_banned(2, 1));
}
