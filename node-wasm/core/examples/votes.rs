//! A network with rules of its own: memos hold votes, and nothing else.
//!
//! `cargo run -p node-core --example votes` builds such a network in memory, lets a vote through,
//! and shows how a memo that is none is refused, by the mempool and in a block.

use node_core::chain::tree::Chain;
use node_core::consensus::validation;
use node_core::keys::{Address, SecretKey, Signature};
use node_core::mempool::{Mempool, PROPOSED_FEE, Wishes};
use node_core::mining;
use node_core::params::{ChainParams, target_of_work};
use node_core::rules::{ApplicationRules, RuleViolation, Rules};
use node_core::transaction::{Memo, Transaction, Transfer};
use node_core::units::{Amount, Timestamp};
use std::error::Error;
use std::sync::Arc;

/// A memo is `vote:` and a number from 1 to 5.
struct Votes;

impl ApplicationRules for Votes {
    fn name(&self) -> &'static str {
        "votes-1"
    }

    fn check(&self, transaction: &Transaction) -> Result<(), RuleViolation> {
        let Transaction::Transfer(transfer) = transaction else { return Ok(()) };
        let vote = transfer.memo.as_str().strip_prefix("vote:").and_then(|vote| vote.parse::<u8>().ok());
        match vote {
            Some(1..=5) => Ok(()),
            _ => Err(RuleViolation { code: "no-vote", message: "a memo is vote: and a number from 1 to 5" }),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let voter = SecretKey::derive(&[1; 32], b"example");
    let mut params = ChainParams::named("dev", "election")?;
    params.rules = Rules::new(Votes);
    params.allocation = vec![(voter.public_key().address(), Amount::from_tab(10))];
    // No need to wait for a block in an example.
    params.pow_limit = target_of_work(1);
    params.first_target = target_of_work(1).to_compact();

    let mut chain = Chain::new(params.clone());
    let mut mempool = Mempool::default();
    let transfer = |memo: &str| -> Result<Arc<Transaction>, Box<dyn Error>> {
        let mut transfer = Transfer {
            from: voter.public_key(),
            to: Address([7; 20]),
            amount: Amount::from_tab(1),
            fee: PROPOSED_FEE,
            nonce: 0,
            memo: Memo::new(memo)?,
            signature: Signature::NONE,
        };
        transfer.sign(&voter, chain.genesis());
        Ok(Arc::new(Transaction::Transfer(transfer)))
    };
    let (vote, talk) = (transfer("vote:3")?, transfer("hello")?);

    let now = Timestamp::from_millis(1_800_000_000_000);
    let refused = mempool.insert(&params, chain.ledger(), talk.clone(), now);
    println!("the mempool refuses {:?}: {}", "hello", refused.err().ok_or("it was let through")?);
    mempool.insert(&params, chain.ledger(), vote, now)?;
    println!("the mempool takes {:?}", "vote:3");

    let mut block = mining::template(&mut chain, &mempool, &Wishes::default(), Address([9; 20]), now)?;
    block.header = mining::search(block.header, u32::MAX).ok_or("no nonce")?;
    validation::check_body(&params, &block)?;
    println!("a block with the vote is valid");

    let forged = mining::assemble(&mut chain, vec![(*talk).clone()], Address([9; 20]), Amount::ZERO, now)?;
    let refused = validation::check_body(&params, &forged);
    println!("a block without a vote is not: {}", refused.err().ok_or("it was let through")?);
    Ok(())
}
