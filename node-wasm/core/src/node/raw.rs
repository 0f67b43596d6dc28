//! Transactions as programs handle them: built here and given away, or made elsewhere and handed in.

use super::Node;
use super::requests::admit_error;
use crate::chain::ledger::cost;
use crate::consensus::validation;
use crate::mempool::AdmitError;
use crate::request::{ErrorCode, RequestError, Response, SendForm};
use crate::sentence::sentence;
use crate::transaction::{MAX_TRANSACTION_BYTES, Transaction};
use crate::units::Amount;
use std::sync::Arc;

impl Node {
    /// Builds a transfer of the wallet as [`crate::request::Request::Send`] does, and sends it nowhere.
    pub(super) fn create_transaction(&mut self, form: &SendForm) -> Result<Response, RequestError> {
        let transaction = self.transfer_of(form)?;
        Ok(Response::Raw(hex::encode(transaction.to_bytes())))
    }

    /// Takes a signed transaction of anybody's making, as a peer's would be taken.
    pub(super) fn submit_transaction(&mut self, text: &str) -> Result<Response, RequestError> {
        let transaction = Arc::new(read(text)?);
        let (genesis, issuer) = (self.chain.genesis(), self.chain.params().issuer);
        // Cheap rules first, as for what peers send.
        if self.chain.keeps_bodies() {
            self.mempool
                .check(self.chain.params(), self.chain.ledger(), &transaction, self.now)
                .map_err(admit_error)?;
        } else {
            self.check_light(&transaction)?;
        }
        let signed = transaction.signature_check(genesis, issuer).is_some_and(|check| check.verify());
        if !signed {
            return Err(RequestError::new(
                ErrorCode::BadSignature,
                sentence!("the signature does not hold on this chain"),
            ));
        }
        let id = transaction.id();
        if self.chain.keeps_bodies() {
            self.admit(&transaction).map_err(admit_error)?;
        } else {
            self.submit(transaction)?;
        }
        Ok(Response::Sent(id))
    }

    /// What a light node can check: the rules, and the account as far as it is proved. It is so of the
    /// wallet's addresses only, watched ones among them.
    fn check_light(&self, transaction: &Transaction) -> Result<(), RequestError> {
        let params = self.chain.params();
        validation::check_transaction(params, transaction).map_err(|problem| admit_error(problem.into()))?;
        let payer = transaction.payer(params.issuer).filter(|payer| self.is_wallets(payer));
        let unknown = || sentence!("a light node knows the accounts of its wallet only: watch the address that pays");
        let payer = payer.ok_or_else(|| RequestError::new(ErrorCode::LightNode, unknown()))?;
        let balance = self.light_balance(&payer).ok_or_else(|| self.unproven())?;
        let (found, expected) = (transaction.nonce(), self.light_nonce(&payer).unwrap_or_default());
        if found < expected {
            return Err(admit_error(AdmitError::NonceUsed { found, expected }));
        }
        if self.own_payment(&transaction.id()).is_some() {
            return Err(admit_error(AdmitError::Known));
        }
        let needed = cost(transaction).unwrap_or(Amount::MAX);
        if needed > balance.spendable {
            return Err(admit_error(AdmitError::InsufficientFunds { needed, available: balance.spendable }));
        }
        Ok(())
    }
}

fn read(text: &str) -> Result<Transaction, RequestError> {
    let text = text.trim();
    if text.len() > 2 * MAX_TRANSACTION_BYTES {
        let message = sentence!("a transaction has at most {MAX_TRANSACTION_BYTES} bytes");
        return Err(RequestError::new(ErrorCode::BadRequest, message));
    }
    let bytes = hex::decode(text)
        .map_err(|_| RequestError::new(ErrorCode::BadRequest, sentence!("not hex digits, two for each byte")))?;
    borsh::from_slice(&bytes)
        .map_err(|_| RequestError::new(ErrorCode::BadRequest, sentence!("not the canonical bytes of a transaction")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{address, key, transfer, transfer_with_fee};
    use crate::contract::{Input, Output};
    use crate::node::testing::{Net, rich};
    use crate::request::{Request, RequestId};

    fn ask(net: &mut Net, request: Request) -> Result<Response, RequestError> {
        net.nodes[0].handle(net.now, Input::Request { id: RequestId(1), request });
        let mut answer = None;
        while let Some(output) = net.nodes[0].poll_output() {
            if let Output::Reply { result, .. } = output {
                answer = Some(result);
            }
        }
        answer.expect("it is answered at once")
    }

    fn submit(net: &mut Net, bytes: &[u8]) -> Result<Response, ErrorCode> {
        ask(net, Request::SubmitTransaction { hex: hex::encode(bytes) }).map_err(|error| error.code)
    }

    #[test]
    fn a_transaction_made_elsewhere_waits_here_and_is_announced() {
        let mut net = Net::new(2, &[(0, 1)], rich(2));
        let payment = transfer(net.builder.genesis, 0, 1, 10_000, 0);
        assert_eq!(submit(&mut net, &payment.to_bytes()), Ok(Response::Sent(payment.id())));
        assert_eq!(submit(&mut net, &payment.to_bytes()), Err(ErrorCode::BadRequest), "it waits already");
        net.pass(std::time::Duration::from_secs(1));
        assert!(net.nodes[1].mempool.get(&payment.id()).is_some());
    }

    #[test]
    fn what_peers_would_refuse_is_refused_with_a_reason() {
        let mut net = Net::new(1, &[], rich(2));
        let genesis = net.builder.genesis;
        let good = transfer(genesis, 0, 1, 10_000, 0).to_bytes();
        for (bytes, code) in [
            (transfer(crate::hash::BlockHash([1; 32]), 0, 1, 10_000, 0).to_bytes(), ErrorCode::BadSignature),
            (transfer(genesis, 0, 1, 10_000, 5_000).to_bytes(), ErrorCode::TooManyWaiting),
            (transfer_with_fee(genesis, 0, 1, 1, 0, 1).to_bytes(), ErrorCode::BadFee),
            (transfer(genesis, 7, 1, 10_000, 0).to_bytes(), ErrorCode::InsufficientFunds),
            (good[1..].to_vec(), ErrorCode::BadRequest),
            ([&good[..], &[0]].concat(), ErrorCode::BadRequest),
            (Vec::new(), ErrorCode::BadRequest),
        ] {
            assert_eq!(submit(&mut net, &bytes), Err(code));
        }
        for text in ["0", "zz", &"00".repeat(MAX_TRANSACTION_BYTES + 1)] {
            let refused = ask(&mut net, Request::SubmitTransaction { hex: text.to_owned() });
            assert_eq!(refused.unwrap_err().code, ErrorCode::BadRequest);
        }
        assert_eq!(net.nodes[0].mempool.len(), 0);
    }

    #[test]
    fn a_transfer_is_built_and_sent_by_who_gets_it() {
        let mut net = Net::new(1, &[], rich(2));
        let to = net.nodes[0].text(&address(1));
        let form = SendForm { to, amount: "1".to_owned(), ..SendForm::default() };
        // The wallet owns nothing yet.
        let refused = ask(&mut net, Request::CreateTransaction(form.clone())).unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::InsufficientFunds, Some("amount")));
        let mut funding = match transfer(net.builder.genesis, 0, 1, 10_000, 0) {
            Transaction::Transfer(transfer) => transfer,
            other => panic!("{other:?}"),
        };
        (funding.to, funding.amount) = (net.nodes[0].address(), crate::units::Amount::from_tab(5));
        funding.sign(&key(0), net.builder.genesis);
        let block = net.block(net.builder.genesis, &[Transaction::Transfer(funding)]);
        net.mine(0, &block);
        let Ok(Response::Raw(text)) = ask(&mut net, Request::CreateTransaction(form)) else { panic!("it is built") };
        assert_eq!(net.nodes[0].mempool.len(), 0, "it is not sent");
        let sent = ask(&mut net, Request::SubmitTransaction { hex: format!(" {text}\n") });
        assert!(matches!(sent, Ok(Response::Sent(_))), "{sent:?}");
        assert_eq!(net.nodes[0].mempool.len(), 1);
    }

    #[test]
    fn a_hash_of_decimal_digits_alone_names_no_height() {
        let mut net = Net::new(1, &[], rich(1));
        let missing = ask(&mut net, Request::Block { id: "0".repeat(64) });
        assert_eq!(missing.map_err(|error| error.code), Err(ErrorCode::NotFound));
        assert!(ask(&mut net, Request::Block { id: "0".to_owned() }).is_ok(), "the genesis block");
    }
}
