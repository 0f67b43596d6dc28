//! What a miner wants of its block, and what becomes of it.

use node_core::hash::TxId;
use node_core::mempool::Wish;
use node_core::request::{ErrorCode, Request, Response, SendForm};
use node_core::view::{TemplateView, TransactionState};
use std::time::Duration;
use tests::simulator::{NodeIndex, Options, Simulation};

const MINUTE: Duration = Duration::from_mins(1);

fn template(simulation: &mut Simulation, node: NodeIndex) -> TemplateView {
    match simulation.request(node, Request::Template { from: None, limit: None }) {
        Ok(Response::Template(view)) => *view,
        other => panic!("a template, not {other:?}"),
    }
}

fn pay(simulation: &mut Simulation, from: NodeIndex, fee: &str) -> TxId {
    let to = simulation.address(from);
    let form = SendForm { to, amount: "1".to_owned(), fee: Some(fee.to_owned()), ..SendForm::default() };
    match simulation.request(from, Request::Send(form)) {
        Ok(Response::Sent(id)) => id,
        other => panic!("a transaction, not {other:?}"),
    }
}

fn wish(simulation: &mut Simulation, node: NodeIndex, id: TxId, wish: Wish) -> Result<Response, ErrorCode> {
    let request = Request::MinerWish { id: id.to_string(), wish };
    simulation.request(node, request).map_err(|error| error.code)
}

fn confirmed(simulation: &mut Simulation, node: NodeIndex, id: TxId) -> bool {
    match simulation.request(node, Request::Transaction { id: id.to_string() }) {
        Ok(Response::Transaction(view)) => matches!(view.status, TransactionState::Confirmed { .. }),
        other => panic!("a transaction, not {other:?}"),
    }
}

/// Two nodes with coins, whose payments both wait at the first.
fn two_payments(seed: u64) -> (Simulation, [NodeIndex; 2], [TxId; 2]) {
    let mut simulation = Simulation::new(Options::new(seed));
    let nodes = [simulation.add_node(8.0), simulation.add_node(8.0)];
    for node in nodes {
        simulation.mine(node, true);
        let earned = |simulation: &Simulation| {
            simulation.node(node).chain().ledger().account(&simulation.node(node).address()).balance.grains() > 0
        };
        assert!(simulation.run_until(30 * MINUTE, earned), "seed {seed}: the node earns coins");
        simulation.mine(node, false);
    }
    assert!(simulation.run_until(MINUTE, Simulation::agree));
    let dear = pay(&mut simulation, nodes[0], "0.5");
    let cheap = pay(&mut simulation, nodes[1], "0.01");
    let waiting = simulation.run_until(MINUTE, |simulation| simulation.node(nodes[0]).mempool().len() == 2);
    assert!(waiting, "seed {seed}: both payments wait");
    (simulation, nodes, [dear, cheap])
}

#[test]
fn the_template_shows_the_next_block_and_wishes_change_it() {
    let (mut simulation, [node, _], [dear, cheap]) = two_payments(3);
    let ids = |view: &TemplateView| view.transactions.items.iter().map(|one| one.id).collect::<Vec<_>>();
    let view = template(&mut simulation, node);
    assert_eq!(ids(&view), vec![dear, cheap]);
    assert_eq!(view.height, simulation.least_height().next().unwrap());
    assert_eq!(view.fees, "0.51".parse().unwrap());
    assert_eq!((view.pinned.len(), view.excluded.len()), (0, 0));

    wish(&mut simulation, node, cheap, Wish::Pin).unwrap();
    let view = template(&mut simulation, node);
    assert_eq!((ids(&view), view.pinned), (vec![cheap, dear], vec![cheap]));
    wish(&mut simulation, node, cheap, Wish::Exclude).unwrap();
    let view = template(&mut simulation, node);
    assert_eq!((ids(&view), view.excluded), (vec![dear], vec![cheap]));
    wish(&mut simulation, node, cheap, Wish::None).unwrap();
    assert_eq!(ids(&template(&mut simulation, node)), vec![dear, cheap]);

    let unknown = TxId(node_core::hash::sha256(b"nothing"));
    assert_eq!(wish(&mut simulation, node, unknown, Wish::Pin), Err(ErrorCode::NotFound));
    assert_eq!(wish(&mut simulation, node, unknown, Wish::None), Ok(Response::Done));
}

#[test]
fn what_one_miner_leaves_out_another_takes() {
    let (mut simulation, [unwilling, other], [dear, cheap]) = two_payments(4);
    wish(&mut simulation, unwilling, cheap, Wish::Exclude).unwrap();
    simulation.mine(unwilling, true);
    let height = simulation.least_height().0 + 3;
    assert!(simulation.run_until(10 * MINUTE, |simulation| simulation.least_height().0 >= height));
    assert!(confirmed(&mut simulation, other, dear));
    assert!(!confirmed(&mut simulation, other, cheap), "it waits on");
    simulation.mine(unwilling, false);
    simulation.mine(other, true);
    let gone = |simulation: &Simulation| simulation.node(unwilling).mempool().is_empty();
    assert!(simulation.run_until(10 * MINUTE, gone));
    assert!(confirmed(&mut simulation, unwilling, cheap));
}
