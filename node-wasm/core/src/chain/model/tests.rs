//! Random histories, and what the chain and the model make of them.

use super::forge::{Flaw, ISSUER, NoForbiddenMemo, PEOPLE, Plan, TransactionFlaw};
use super::world::{Tally, World};
use crate::chain::testing::{self, key};
use crate::hash::BlockHash;
use crate::params::ChainParams;
use crate::rules::Rules;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use std::cell::Cell;
use std::time::Duration;

/// Which block an event is about.
#[derive(Debug, Clone)]
enum Place {
    Tip,
    /// One of the last eight that were made.
    Recent(Index),
    /// Any that was ever made, forgotten or not.
    Any(Index),
}

/// What comes of a block that is made.
#[derive(Debug, Clone)]
enum Delivery {
    Whole,
    Header,
    Nothing,
}

#[derive(Debug, Clone)]
enum Event {
    /// A block is made.
    Block {
        on: Place,
        miner: u8,
        plans: Vec<Plan>,
        pace: u16,
        flaw: Option<Flaw>,
        delivery: Delivery,
    },
    /// Several are made one on the other: what makes deep reorganisations.
    Run {
        on: Place,
        miner: u8,
        plans: Vec<Plan>,
        pace: u16,
        count: u8,
        delivery: Delivery,
    },
    /// The header, the body, or another body of a block comes, perhaps again.
    Header(Place),
    Body(Place),
    Tampered(Place),
    /// All up to a block comes, perhaps again, its bodies perhaps in the wrong order.
    Branch(Place, bool),
    /// All headers come, then all bodies in an order that this number decides.
    Everything(u8),
    /// A transaction is offered, so many nonces ahead of what waits.
    Offer(Plan, u8),
    OfferFlawed(u8, TransactionFlaw),
    /// The miner makes a block of what waits.
    Mine(u8),
    /// Hours pass.
    Wait(u8),
}

fn person() -> impl Strategy<Value = u8> {
    0..PEOPLE
}

fn plan() -> impl Strategy<Value = Plan> {
    let part = prop_oneof![4 => 0_u8..20, 1 => any::<u8>()];
    let pay = (person(), person(), part, 0_u16..3_000, prop::bool::weighted(0.1));
    prop_oneof![
        6 => pay.prop_map(|(from, to, part, fee, memo)| Plan::Pay { from, to, part, fee, memo }),
        1 => (person(), any::<u8>()).prop_map(|(to, part)| Plan::Issue { to, part }),
        3 => any::<Index>().prop_map(Plan::Again),
    ]
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    prop::collection::vec(plan(), 0..4)
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        4 => Just(Place::Tip),
        3 => any::<Index>().prop_map(Place::Recent),
        2 => any::<Index>().prop_map(Place::Any),
    ]
}

fn transaction_flaw() -> impl Strategy<Value = TransactionFlaw> {
    prop_oneof![
        8 => select(vec![
            TransactionFlaw::ZeroAmount,
            TransactionFlaw::SumAboveMost,
            TransactionFlaw::ForbiddenMemo,
            TransactionFlaw::NobodyIssues,
            TransactionFlaw::WrongSignature,
            TransactionFlaw::NonceUsed,
            TransactionFlaw::Overspent,
            TransactionFlaw::IssuedAboveMost,
        ]),
        2 => any::<Index>().prop_map(TransactionFlaw::Replayed),
        1 => select(vec![0_u8, 97, 98, 99, 100]).prop_map(TransactionFlaw::NonceAhead),
    ]
}

fn flaw() -> impl Strategy<Value = Flaw> {
    prop_oneof![
        3 => select(vec![Flaw::Version, Flaw::Height, Flaw::Target, Flaw::Work, Flaw::Time]),
        5 => select(vec![
            Flaw::TooLarge,
            Flaw::Empty,
            Flaw::NoReward,
            Flaw::RewardHeight,
            Flaw::SecondReward,
            Flaw::Duplicate,
            Flaw::RewardTooHigh,
            Flaw::RewardTooLow,
            Flaw::StateRoot,
        ]),
        7 => (person(), transaction_flaw()).prop_map(|(payer, flaw)| Flaw::Transaction(payer, flaw)),
    ]
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![6 => Just(Delivery::Whole), 1 => Just(Delivery::Header), 1 => Just(Delivery::Nothing)]
}

fn event() -> impl Strategy<Value = Event> {
    let pace = || 0_u16..6_000;
    let block = (place(), person(), plans(), pace(), prop::option::weighted(0.35, flaw()), delivery());
    let run = (place(), person(), plans(), pace(), 2_u8..12, delivery());
    prop_oneof![
        8 => block.prop_map(|(on, miner, plans, pace, flaw, delivery)| {
            Event::Block { on, miner, plans, pace, flaw, delivery }
        }),
        3 => run.prop_map(|(on, miner, plans, pace, count, delivery)| {
            Event::Run { on, miner, plans, pace, count, delivery }
        }),
        2 => place().prop_map(Event::Header),
        2 => place().prop_map(Event::Body),
        1 => place().prop_map(Event::Tampered),
        3 => (place(), any::<bool>()).prop_map(|(place, backwards)| Event::Branch(place, backwards)),
        1 => any::<u8>().prop_map(Event::Everything),
        6 => (plan(), 0_u8..3).prop_map(|(plan, ahead)| Event::Offer(plan, ahead)),
        1 => (person(), transaction_flaw()).prop_map(|(payer, flaw)| Event::OfferFlawed(payer, flaw)),
        3 => person().prop_map(Event::Mine),
        1 => (0_u8..16).prop_map(Event::Wait),
    ]
}

/// Small numbers, so that a short history meets every rule.
fn params() -> impl Strategy<Value = ChainParams> {
    (1_u32..5, 1_u32..5, 3_u32..10, any::<bool>(), 900_usize..1_800).prop_map(
        |(prune_depth, reward_maturity, halving_interval, issues, max_block_bytes)| ChainParams {
            prune_depth,
            reward_maturity,
            halving_interval,
            max_block_bytes,
            max_ahead: Duration::from_secs(5),
            issuer: issues.then(|| key(ISSUER).public_key()),
            rules: Rules::new(NoForbiddenMemo),
            ..testing::params()
        },
    )
}

fn find(world: &World, place: &Place) -> BlockHash {
    let made = world.forge.order();
    match place {
        Place::Tip => world.tip(),
        Place::Recent(index) => *index.get(&made[made.len().saturating_sub(8)..]),
        Place::Any(index) => *index.get(made),
    }
}

fn deliver(world: &mut World, hash: &BlockHash, delivery: &Delivery) {
    match delivery {
        Delivery::Whole => world.whole(hash),
        Delivery::Header => world.header(world.forge.block(hash).header),
        Delivery::Nothing => {}
    }
}

fn happen(world: &mut World, event: &Event) {
    match event {
        Event::Block { on, miner, plans, pace, flaw, delivery } => {
            let on = find(world, on);
            let hash = world.forge.make(&on, *miner, plans, *pace, flaw.as_ref());
            deliver(world, &hash, delivery);
        }
        Event::Run { on, miner, plans, pace, count, delivery } => {
            let mut on = find(world, on);
            for _ in 0..*count {
                on = world.forge.make(&on, *miner, plans, *pace, None);
                deliver(world, &on, delivery);
            }
        }
        Event::Header(place) => world.header(world.forge.block(&find(world, place)).header),
        Event::Body(place) => {
            let block = world.forge.block(&find(world, place)).clone();
            world.body(&block);
        }
        Event::Tampered(place) => world.tampered(&find(world, place)),
        Event::Branch(place, backwards) => world.branch(&find(world, place), *backwards),
        Event::Everything(order) => {
            let mut hashes = world.forge.order().to_vec();
            for hash in &hashes {
                world.header(world.forge.block(hash).header);
            }
            hashes.sort_by_key(|hash| hash.0.map(|byte| byte ^ order));
            for hash in &hashes {
                let block = world.forge.block(hash).clone();
                world.body(&block);
            }
        }
        Event::Offer(plan, ahead) => {
            let state = world.state();
            let payer = match plan {
                Plan::Pay { from, .. } => *from,
                Plan::Issue { .. } | Plan::Again(_) => ISSUER,
            };
            let waiting = world.waiting_of(&world.forge.addresses[usize::from(payer)]);
            // Behind what waits, in its place, or with a gap.
            let ahead = (waiting + u64::from(*ahead)).saturating_sub(1);
            if let Some(transaction) = world.forge.transaction(plan, &state, ahead) {
                world.offer(&transaction);
            }
        }
        Event::OfferFlawed(payer, flaw) => {
            let state = world.state();
            if let Some(transaction) = world.forge.flawed(*payer, flaw, &state) {
                world.offer(&transaction);
            }
        }
        Event::Mine(miner) => world.mine(world.forge.addresses[usize::from(*miner)]),
        Event::Wait(hours) => world.wait(Duration::from_hours(u64::from(*hours))),
    }
}

/// Events of the longest history.
const EVENTS: usize = 60;
/// Histories of a run.
const HISTORIES: u32 = 400;

#[test]
fn the_chain_and_the_mempool_are_as_the_model_has_them_after_every_event() {
    let sum = Cell::new(Tally::default());
    let histories = (params(), prop::collection::vec(event(), 1..EVENTS));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(HISTORIES));
    let result = runner.run(&histories, |(params, events)| {
        let mut world = World::new(params);
        world.compare();
        for event in &events {
            happen(&mut world, event);
            world.compare();
        }
        sum.set(sum.get().plus(world.tally));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    // Histories in which nothing happens would agree with any model.
    let sum = sum.get();
    println!("{HISTORIES} histories: {sum:?}");
    assert!(sum.longest_reorganisation >= 8, "{sum:?}");
    let often = [
        sum.connected,
        sum.discarded,
        sum.invalid,
        sum.refused_headers,
        sum.refused_bodies,
        sum.admitted,
        sum.returned,
        sum.not_returned,
        sum.dropped,
    ];
    assert!(often.into_iter().all(|count| count >= HISTORIES as usize / 10), "{sum:?}");
}
