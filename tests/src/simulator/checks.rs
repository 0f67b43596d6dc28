//! What must hold after every event, whatever the scenario.

use super::Simulation;
use node_core::chain::accounts::Accounts;
use node_core::consensus::validation;
use node_core::node::Node;
use node_core::transaction::Transaction;
use node_core::units::{Amount, Height};
use std::collections::BTreeMap;

/// Most links a node may ever have.
const MAX_LINKS: usize = node_core::net::peers::MAX_LINKS;

/// Coins in existence are subsidies, issues and genesis; the root of the tip is that of the
/// accounts; the mempool goes with the accounts.
pub fn ledger(node: &Node) {
    let chain = node.chain();
    let height = chain.height();
    let subsidies = (1..=height.0).map(|height| chain.params().subsidy_at(Height(height)));
    let allocated = chain.params().allocation.iter().map(|(_, amount)| *amount);
    let issued: Vec<Amount> = (1..=height.0).flat_map(|height| issues(node, Height(height))).collect();
    let expected = subsidies.chain(allocated).chain(issued).try_fold(Amount::ZERO, Amount::checked_add);
    assert_eq!(chain.ledger().total(), expected, "coins in existence at height {height}");

    let mut accounts = Accounts::default();
    for (address, account) in chain.ledger().accounts().iter() {
        accounts.set(address, Some(account));
    }
    assert_eq!(accounts.root(), chain.tip_header().state_root, "the accounts at height {height}");

    let mut outgoing = BTreeMap::new();
    for waiting in node.mempool().iter() {
        let id = waiting.id;
        let account = chain.ledger().account(&waiting.payer);
        assert!(waiting.transaction.nonce() >= account.nonce, "{id} waits with a nonce that is used up");
        assert!(validation::check_transaction(chain.params(), &waiting.transaction).is_ok());
        let sum: &mut Amount = outgoing.entry(waiting.payer).or_default();
        let cost = waiting.transaction.amount().checked_add(waiting.transaction.fee()).expect("checked when admitted");
        *sum = sum.checked_add(cost).expect("covered by a balance");
        assert!(*sum <= account.balance, "{id} waits beyond its account's balance");
    }
}

/// New coins that the issuer assigned in the best chain's block of this height.
fn issues(node: &Node, height: Height) -> Vec<Amount> {
    let block = node.chain().hash_at(height).and_then(|hash| node.chain().block(&hash));
    let transactions = block.iter().flat_map(|block| &block.transactions);
    transactions.filter(|one| matches!(one, Transaction::Issue(_))).map(Transaction::amount).collect()
}

/// All running nodes have one tip and identical accounts, and nobody has more links than allowed.
pub fn agreement(simulation: &Simulation) {
    let running = simulation.running();
    let first = simulation.node(running[0]).chain();
    let accounts: Vec<_> = first.ledger().accounts().iter().collect();
    for index in running {
        let node = simulation.node(index);
        assert_eq!(node.chain().tip(), first.tip(), "the tip of node {}", index.0);
        assert_eq!(
            node.chain().ledger().accounts().iter().collect::<Vec<_>>(),
            accounts,
            "the accounts of node {}",
            index.0
        );
        assert!(node.peers().len() <= MAX_LINKS, "the links of node {}", index.0);
    }
}
