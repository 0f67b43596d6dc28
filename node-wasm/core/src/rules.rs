//! Rules of one's own: whoever builds on Tabchain can demand more of transactions than the
//! protocol does, for instance that memos hold votes. Such rules are part of the network: every
//! node of it must have the same ones, and their name is part of the genesis block.

use crate::sentence::{Say, Sentence, ToValue, Value};
use crate::transaction::Transaction;
use std::fmt;
use std::sync::Arc;

/// Why a transaction breaks a rule of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RuleViolation {
    /// A stable word.
    pub code: &'static str,
    /// A sentence for people.
    pub message: &'static str,
}

impl Say for RuleViolation {
    /// Its message is the pattern: an application translates its own rules.
    fn say(&self) -> Sentence {
        Sentence::new(self.message, [])
    }
}

impl ToValue for RuleViolation {
    fn to_value(&self) -> Value {
        Value::Sentence(self.say())
    }
}

/// Rules that an application adds for the data of transactions.
///
/// They see the transaction alone: no clock, no accounts, no other transaction. So the same
/// transaction is valid everywhere and at all times, also when it returns from a lost branch.
pub trait ApplicationRules: Send + Sync {
    /// Names the rules and their version, such as `votes-1`; part of the genesis block, so that
    /// nodes of other rules are on another network. Empty for no rules.
    fn name(&self) -> &'static str;

    /// Whether a transaction is allowed. Called for every transaction that is no block reward,
    /// before its signature is verified: must be cheap and must not panic.
    fn check(&self, transaction: &Transaction) -> Result<(), RuleViolation>;
}

/// The rules of a network.
#[derive(Clone)]
pub struct Rules(Arc<dyn ApplicationRules>);

impl Rules {
    /// Takes rules into a network's parameters.
    pub fn new(rules: impl ApplicationRules + 'static) -> Self {
        Self(Arc::new(rules))
    }

    /// Their name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// Whether a transaction is allowed.
    pub fn check(&self, transaction: &Transaction) -> Result<(), RuleViolation> {
        self.0.check(transaction)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(NoRules)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Rules({:?})", self.name())
    }
}

/// Rules of one name are the same rules.
impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Rules {}

/// The protocol's rules and no more.
struct NoRules;

impl ApplicationRules for NoRules {
    fn name(&self) -> &'static str {
        ""
    }

    fn check(&self, _: &Transaction) -> Result<(), RuleViolation> {
        Ok(())
    }
}
