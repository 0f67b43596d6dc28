//! Relay between whole nodes: what is sent, what is asked for, and what collisions do.

mod liars;

use super::*;
use crate::block::BlockHeader;
use crate::chain::testing::{params, transfer};
use crate::contract::Input;
use crate::keys::Signature;
use crate::node::Config;
use crate::node::testing::{Net, note, rich};
use crate::units::Amount;
use crate::view::Role;

/// Bytes about blocks that a node received.
fn block_bytes(net: &Net, to: usize) -> usize {
    let own = net.sent.iter().filter(|(_, other, message, _)| *other == to && about_blocks(message));
    own.map(|(.., bytes)| bytes).sum()
}

fn about_blocks(message: &Message) -> bool {
    is_compact(message)
        || is_whole(message)
        || is_request(message)
        || is_answer(message)
        || matches!(
            message,
            Message::Headers(_) | Message::GetCompact(_) | Message::NotFound(_) | Message::PushBlocks(_)
        )
}

fn is_compact(message: &Message) -> bool {
    matches!(message, Message::CompactBlock(_))
}

fn is_whole(message: &Message) -> bool {
    matches!(message, Message::Block(_) | Message::GetBlocks(_))
}

fn is_request(message: &Message) -> bool {
    matches!(message, Message::GetBlockTransactions(_))
}

fn is_answer(message: &Message) -> bool {
    matches!(message, Message::BlockTransactions(_))
}

fn spoil_signature(transaction: &mut Transaction) {
    let Transaction::Transfer(transfer) = transaction else { panic!("a transfer") };
    transfer.signature = Signature::NONE;
}

/// A block on the tip whose second transaction nobody signed.
fn unsigned_block(net: &mut Net, parent: BlockHash) -> Block {
    let mut block = (*net.block(parent, &net.transactions(1, 3))).clone();
    spoil_signature(&mut block.transactions[2]);
    let chain = net.builder.replay(parent);
    (*net.builder.finish(&chain, block, 0)).clone()
}

#[test]
fn a_thousand_transactions_that_all_know_cost_six_bytes_each() {
    let mut net = Net::new(3, &[(0, 1), (1, 2)], rich(10));
    let parent = net.first_block(0);
    let transactions = net.transactions(10, 100);
    (0..3).for_each(|node| net.warm(node, &transactions));
    let block = net.block(parent, &transactions);
    assert_eq!(block.transactions.len(), 1001);
    net.mine(0, &block);
    let reward = block.transactions[0].to_bytes().len();
    let least = BlockHeader::BYTES + 6 * transactions.len() + reward + 1;
    for node in 1..3 {
        assert_eq!(net.nodes[node].chain.tip(), block.header.hash());
        let bytes = block_bytes(&net, node);
        println!("node {node} received {bytes} bytes for a block of {}", block.to_bytes().len());
        assert!(bytes * 10 < least * 13, "{bytes} bytes instead of {least}");
        assert_eq!(net.count(node - 1, node, is_compact), 1);
        assert_eq!(net.count(node - 1, node, is_answer), 0);
    }
    assert!(!net.sent.iter().any(|(_, _, message, _)| is_whole(message)));
}

#[test]
fn what_is_missing_comes_in_one_round_trip_and_no_block_travels_whole() {
    let mut net = Net::new(3, &[(0, 1), (1, 2)], rich(10));
    let parent = net.first_block(0);
    let transactions = net.transactions(10, 100);
    net.warm(0, &transactions);
    for node in 1..3 {
        // Half of it waits there; the peers believe that all does.
        let (here, gone): (Vec<_>, Vec<_>) = transactions.iter().cloned().partition(|one| one.nonce() < 50);
        net.warm(node, &here);
        let id = net.nodes[node].id();
        let link = net.nodes[node - 1].peers.find(&id).unwrap();
        let peer = net.nodes[node - 1].peers.get_mut(link).unwrap();
        note(peer, &gone);
    }
    let block = net.block(parent, &transactions);
    net.mine(0, &block);
    for node in 1..3 {
        assert_eq!(net.nodes[node].chain.tip(), block.header.hash());
        assert_eq!(net.count(node, node - 1, is_request), 1);
        assert_eq!(net.count(node - 1, node, is_answer), 1);
        let bytes = block_bytes(&net, node);
        println!("node {node} received {bytes} bytes for a block of {}", block.to_bytes().len());
        assert!(bytes < block.to_bytes().len() * 6 / 10);
    }
    assert!(!net.sent.iter().any(|(_, _, message, _)| is_whole(message)));
}

#[test]
fn what_a_peer_is_not_known_to_have_comes_along_at_once() {
    let mut net = Net::new(2, &[(0, 1)], rich(4));
    let parent = net.first_block(0);
    let transactions = net.transactions(4, 10);
    net.warm(0, &transactions);
    net.warm(1, &transactions[..20]);
    let block = net.block(parent, &transactions);
    net.mine(0, &block);
    assert_eq!(net.nodes[1].chain.tip(), block.header.hash());
    assert!(!net.sent.iter().any(|(_, _, message, _)| is_request(message)));
}

#[test]
fn a_block_is_pushed_on_before_its_signatures_are_verified_and_announced_after() {
    let mut net = Net::new(4, &[(0, 1), (1, 2), (1, 3)], params());
    let parent = net.first_block(0);
    // The last one does not want blocks pushed.
    let link = net.link(1, 3);
    net.nodes[1].peers.get_mut(link).unwrap().wants_push = false;
    let block = net.block(parent, &net.transactions(4, 3));
    let hash = block.header.hash();
    assert!(net.nodes[0].take_own_block((*block).clone()));
    net.flush(0);
    net.settle_messages();
    assert!(net.nodes[1].unverified(&hash).is_some() && net.nodes[1].chain.block(&hash).is_none());
    assert_eq!(net.count(1, 2, is_compact), 1, "pushed before it is verified");
    assert_eq!(net.count(1, 3, about_blocks), 0, "not announced before it is");
    assert_eq!(net.count(1, 0, about_blocks), 0, "who told of it is not told");
    net.settle();
    assert!(net.nodes.iter().all(|node| node.chain.tip() == hash));
    assert_eq!(net.count(1, 3, |message| matches!(message, Message::Headers(_))), 1);
    assert_eq!(net.count(1, 2, is_compact), 1);
}

#[test]
fn a_collision_costs_one_more_round_trip_and_nobody_its_name() {
    let mut net = Net::new(2, &[(0, 1)], params());
    let parent = net.first_block(0);
    let transactions = net.transactions(2, 2);
    let block = net.block(parent, &transactions);
    (0..2).for_each(|node| net.warm(node, &transactions[1..]));
    // Something else here has the short id of the one that is missing.
    let collides = Arc::new(transfer(net.builder.genesis, 3, 0, 5, 0));
    net.nodes[1].relay.remembered.push_back((transactions[0].witness_id(), collides));
    let link = net.link(0, 1);
    net.nodes[0].peers.get_mut(link).unwrap().transactions.insert(transactions[0].id());
    net.mine(0, &block);
    assert_eq!(net.nodes[1].chain.tip(), block.header.hash());
    assert_eq!((net.count(1, 0, is_request), net.count(0, 1, is_answer)), (1, 1));
    assert_eq!(net.peer(1, 0).unwrap().score, 0);
    assert!(!net.sent.iter().any(|(_, _, message, _)| is_whole(message)));
}

#[test]
fn a_block_beside_the_tip_is_put_together_from_the_blocks_that_it_competes_with() {
    let mut net = Net::new(3, &[(0, 1), (1, 2)], params());
    let parent = net.first_block(0);
    let transactions = net.transactions(4, 5);
    (0..2).for_each(|node| net.warm(node, &transactions));
    let block = net.block(parent, &transactions);
    net.mine(0, &block);
    assert_eq!(net.nodes[1].chain.tip(), block.header.hash());
    net.forget();
    let rival = net.builder.extend(parent, 1, transactions, 5);
    let compact = Shortened::new(&rival, 7).unwrap().compact(&rival, |_| false);
    net.say(0, 1, Message::CompactBlock(Box::new(compact)));
    net.settle();
    assert!(net.nodes[1].chain.block(&rival.header.hash()).is_some());
    assert_eq!(net.count(1, 0, is_request), 0);
    assert!(net.peer(1, 2).unwrap().wants_push);
    assert_eq!(net.count(1, 2, is_compact), 0, "what is not to be the tip is not pushed");
}

#[test]
fn a_replaced_transaction_is_still_known() {
    let mut net = Net::new(2, &[(0, 1)], params());
    let parent = net.first_block(0);
    let genesis = net.builder.genesis;
    let cheap = transfer(genesis, 0, 1, 10_000, 0);
    let dear = crate::chain::testing::transfer_with_fee(genesis, 0, 1, 10_000, 0, 100_000);
    for node in 0..2 {
        net.nodes[node].admit(&Arc::new(cheap.clone())).unwrap();
    }
    net.pass(Duration::from_secs(1));
    net.nodes[1].admit(&Arc::new(dear)).unwrap();
    let block = net.block(parent, &[cheap]);
    net.mine(0, &block);
    assert_eq!(net.nodes[1].chain.tip(), block.header.hash());
    assert_eq!(net.count(1, 0, is_request), 0);
}

#[test]
fn nobody_is_told_of_a_block_that_it_told_of() {
    let mut net = Net::new(5, &[(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 4), (2, 4)], params());
    let mut parent = net.first_block(0);
    for round in 0..6 {
        let block = net.block(parent, &net.transactions(1, 0));
        net.mine(round % 5, &block);
        parent = block.header.hash();
    }
    assert!(net.nodes.iter().all(|node| node.chain.tip() == parent));
    let shown = |message: &Message| match message {
        Message::Headers(headers) => headers.last().map(BlockHeader::hash),
        Message::CompactBlock(compact) => Some(compact.header.hash()),
        _ => None,
    };
    let asked =
        |from: usize, to: usize, hash: BlockHash| net.count(to, from, |one| *one == Message::GetCompact(hash)) > 0;
    for ((from, to, message, _), (_, arrived)) in net.sent.iter().zip(&net.times) {
        let Some(hash) = shown(message) else { continue };
        let told = net.count(*from, *to, |other| shown(other) == Some(hash));
        assert!(told == 1 || (told == 2 && asked(*from, *to, hash)), "{from} tells {to} once");
        // The two may tell each other at the same time, but not one after the other.
        let back = net.sent.iter().zip(&net.times).any(|((one, other, message, _), (left, _))| {
            (one, other) == (to, from) && shown(message) == Some(hash) && left > arrived
        });
        assert!(!back, "{to} is told by {from} and tells it in turn");
    }
}

#[test]
fn a_block_goes_from_its_finder_to_all_that_follow_blocks_and_from_others_to_who_asked() {
    let roles = [Role::Full, Role::Full, Role::Full, Role::Full, Role::Light];
    let mut net = Net::of_roles(&roles, &[(0, 1), (0, 2), (0, 4), (1, 3)], params());
    let block = net.block(net.builder.genesis, &[]);
    net.mine(0, &block);
    for node in [1, 2] {
        assert_eq!(net.count(0, node, is_compact), 1, "nobody asked for it");
        assert_eq!(net.count(0, node, |message| matches!(message, Message::Headers(_))), 0);
    }
    assert_eq!(net.count(0, 4, is_compact), 0, "a light node has no use for it");
    assert_eq!(net.count(1, 3, |message| matches!(message, Message::Headers(_))), 1, "it did not find it");
    assert_eq!(net.count(3, 1, |message| matches!(message, Message::GetCompact(_))), 1);
    assert!(net.nodes.iter().all(|node| node.chain.tip() == block.header.hash()));
}

#[test]
fn a_finder_pushes_unasked_only_to_who_needs_ask_for_nothing() {
    let mut net = Net::new(3, &[(0, 1), (0, 2)], rich(10));
    let transactions = net.transactions(10, 20);
    for node in [0, 1] {
        net.warm(node, &transactions);
    }
    let block = net.block(net.builder.genesis, &transactions);
    net.mine(0, &block);
    assert_eq!(net.count(1, 0, |message| matches!(message, Message::GetCompact(_))), 0);
    // All of it would have to be asked for by all at once: who hears of it asks whom it likes.
    assert_eq!(net.count(2, 0, |message| matches!(message, Message::GetCompact(_))), 1);
    assert!(net.nodes.iter().all(|node| node.chain.tip() == block.header.hash()));
}

#[test]
fn whoever_is_first_is_asked_to_push_and_two_at_most() {
    let links: Vec<(usize, usize)> = (1..7).map(|node| (0, node)).collect();
    let mut net = Net::new(7, &links, params());
    let mut parent = net.builder.genesis;
    for node in (1..7).chain([5, 5, 5]) {
        let block = net.block(parent, &[]);
        net.mine(node, &block);
        parent = block.header.hash();
    }
    let wanted = |net: &Net| (1..7).filter(|node| net.peer(*node, 0).unwrap().wants_push).collect::<Vec<_>>();
    assert_eq!(wanted(&net).len(), 2);
    assert!(wanted(&net).contains(&5), "it was first more often than others");
}

#[test]
fn blocks_far_behind_are_fetched_whole_and_those_near_the_tip_in_compact_form() {
    let mut net = Net::new(2, &[], params());
    let mut parent = net.builder.genesis;
    for _ in 0..10 {
        let block = net.block(parent, &[]);
        net.mine(0, &block);
        parent = block.header.hash();
    }
    net.connect(1, 0);
    let headers: Vec<BlockHeader> = (1..=10)
        .map(|height| net.nodes[0].chain.hash_at(Height(height)).unwrap())
        .map(|hash| net.nodes[0].chain.header(&hash).unwrap())
        .collect();
    net.say(0, 1, Message::Headers(headers));
    net.settle();
    assert_eq!(net.nodes[1].chain.tip(), parent);
    let whole = net.count(0, 1, |message| matches!(message, Message::Block(_)));
    assert_eq!((whole, net.count(0, 1, is_compact)), (8, 2));
}

#[test]
fn a_whole_block_that_comes_late_is_taken_and_never_asked_for_twice_over_one_link() {
    for alone in [true, false] {
        let mut net = Net::new(3, &[], params());
        let mut parent = net.builder.genesis;
        for _ in 0..10 {
            let block = net.block(parent, &[]);
            net.mine(0, &block);
            net.mine(2, &block);
            parent = block.header.hash();
        }
        let slow = net.nodes[0].chain.hash_at(Height(5)).unwrap();
        let held = std::rc::Rc::new(std::cell::RefCell::new(None));
        let keep = held.clone();
        net.tamper = Box::new(move |from, to, message| match &message {
            Message::Block(block) if (from, to) == (0, 1) && block.header.height == Height(5) => {
                *keep.borrow_mut() = Some(message);
                None
            }
            // The other one, if it is asked, never answers.
            Message::CompactBlock(compact) if from == 2 && compact.header.height == Height(5) => None,
            _ => Some(message),
        });
        net.connect(1, 0);
        let headers = |net: &Net| net.nodes[0].chain.headers_after(&[net.builder.genesis], 100);
        net.say(0, 1, Message::Headers(headers(&net)));
        net.settle();
        if !alone {
            net.connect(1, 2);
            net.say(2, 1, Message::Headers(headers(&net)));
        }
        let asked = |net: &Net, from: usize| {
            net.count(1, from, |message| match message {
                Message::GetBlocks(hashes) => hashes.contains(&slow),
                other => *other == Message::GetCompact(slow),
            })
        };
        assert_eq!(net.nodes[1].chain.height(), Height(4));
        (0..3).for_each(|_| net.pass(Duration::from_secs(5)));
        assert_eq!((asked(&net, 0), asked(&net, 2)), (1, usize::from(!alone)));
        let late = held.borrow_mut().take().unwrap();
        net.say(0, 1, late);
        net.settle();
        assert_eq!(net.nodes[1].chain.tip(), parent);
    }
}
