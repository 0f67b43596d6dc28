//! What a user or a program asks of the node.

use super::Node;
use super::wallet::wallet_error;
use crate::contract::Output;
use crate::hash::{BlockHash, TxId};
use crate::keys::{Address, AddressError, SecretKey};
use crate::log::Line;
use crate::mempool::{AdmitError, MAX_PER_PAYER, PROPOSED_FEE, Wish};
use crate::request::{ErrorCode, MAX_PAGE, Request, RequestError, RequestId, Response, SendForm};
use crate::sentence::sentence;
use crate::transaction::{Memo, Transaction};
use crate::units::{Amount, AmountError, Height};
use crate::view::{Balance, Page, SendPlan, TransactionView};
use crate::wallet::{Payment, Signing, WalletError};
use rand_core::Rng;
use std::sync::Arc;
use tracker_protocol::PeerId;

/// Rows of a list when no limit is given.
const DEFAULT_PAGE: u32 = 50;
/// Most mining threads: more than any processor a browser shows.
const MAX_THREADS: u32 = 64;

pub(super) type Answer = Result<Response, RequestError>;

impl Node {
    pub(super) fn on_request(&mut self, id: RequestId, request: Request) {
        let request = if self.chain.keeps_bodies() { Some(request) } else { self.on_light_request(id, request) };
        let Some(request) = request else { return };
        // Answered by the next block found.
        if request == Request::MinerMine {
            if !self.mine_for(id) {
                self.reply(
                    id,
                    Err(RequestError::new(
                        ErrorCode::BadRequest,
                        sentence!("too many requests wait for the next block"),
                    )),
                );
            }
            return;
        }
        // Some of these are answered when a passphrase was stretched.
        if let Request::Wallet(request) = request {
            return self.on_wallet_request(id, request);
        }
        // Answered when its signatures are verified.
        if let Request::Import(part) = request {
            return self.import_part(id, &part);
        }
        self.try_request(id, request, 0);
    }

    pub(super) fn reply(&mut self, id: RequestId, result: Answer) {
        self.outbox.push(Output::Reply { id, result });
    }

    pub(super) fn answer(&mut self, request: Request) -> Answer {
        match request {
            Request::Status => Ok(Response::Status(Box::new(self.status()))),
            Request::Blocks { from, limit } => Ok(Response::Blocks(self.blocks(from, page(limit)))),
            Request::Block { id } => self.find_block(&id),
            Request::Transaction { id } => self.find_transaction(&id),
            Request::Headers { from, limit } => Ok(Response::Headers(self.headers(from, page(limit)))),
            Request::Proof { id } => self.find_proof(&id),
            Request::SetRole { role } => Ok(self.set_role(role)),
            Request::Forks => Ok(Response::Forks(self.fork_tree())),
            Request::ChainPart { from } => self.chain_part(Height(from)),
            Request::Address => Ok(Response::Address(self.text(&self.wallet.address()))),
            Request::Balance { address } => self.find_balance(address.as_deref()),
            Request::CheckSend(form) => self.plan(&form).map(|(_, plan)| Response::SendPlan(plan)),
            Request::Send(form) => self.pay(&form),
            Request::CreateTransaction(form) => self.create_transaction(&form),
            Request::SubmitTransaction { hex } => self.submit_transaction(&hex),
            Request::History { address, from, limit } => {
                let address = self.any_address(address.as_deref())?;
                Ok(Response::History(self.history(&address, skip(from), page(limit))))
            }
            Request::Mempool { from, limit } => Ok(Response::Mempool(self.mempool_page(skip(from), page(limit)))),
            Request::MinerStart { threads } => self.miner_start(threads.unwrap_or(1)),
            Request::MinerStop => {
                self.start_mining(0);
                Ok(Response::Done)
            }
            Request::MinerWish { id, wish } => self.miner_wish(&id, wish),
            Request::Template { from, limit } => {
                Ok(Response::Template(Box::new(self.template_view(skip(from), page(limit)))))
            }
            Request::Peers => Ok(Response::Peers(self.peer_views())),
            Request::KnownPeers => Ok(Response::Known(self.known_peers())),
            Request::Connect { peer } => {
                self.mesh.connect(&mut context!(self), peer);
                Ok(Response::Done)
            }
            Request::Disconnect { peer } => self.disconnect_from(peer),
            Request::Log { limit } => Ok(Response::Log(self.log.newest(page(limit)))),
            Request::Storage => Ok(Response::Storage(Box::new(self.storage.view(self.chain.oldest())))),
            Request::Prune { on } => {
                self.set_pruning(on);
                Ok(Response::Done)
            }
            Request::Attack { attack, peer, every } => self.attack(attack, peer, every).map(|()| Response::Done),
            Request::StopAttacks => {
                self.stop_attacks();
                Ok(Response::Done)
            }
            Request::Attacks => Ok(Response::Attacks(self.attack_views())),
            Request::Verdicts { from, limit } => Ok(Response::Verdicts(self.lab.verdicts(skip(from), page(limit)))),
            Request::Incidents { from, limit } => Ok(Response::Incidents(self.log.incidents(skip(from), page(limit)))),
            Request::Bans => Ok(Response::Bans(self.ban_views())),
            Request::Pardon { peer } => self.pardon(peer),
            Request::MinerMine | Request::Import(_) | Request::Wallet(_) => {
                Err(RequestError::new(ErrorCode::BadRequest, sentence!("answered later")))
            }
        }
    }

    /// Hash of the block that a text names by height or hash.
    pub(super) fn block_named(&self, id: &str) -> Result<Option<BlockHash>, RequestError> {
        // Hashes first: there are some of decimal digits alone.
        id.parse::<BlockHash>().map(Some).or_else(|problem| match id.parse::<u32>() {
            Ok(height) => Ok(self.chain.hash_at(Height(height))),
            Err(_) => Err(RequestError::new(ErrorCode::BadRequest, problem)),
        })
    }

    fn find_block(&self, id: &str) -> Answer {
        let view = self.block_named(id)?.and_then(|hash| self.block_view(&hash));
        view.map(|view| Response::Block(Box::new(view))).ok_or_else(|| {
            RequestError::new(ErrorCode::NotFound, sentence!("no block with this height or hash is here"))
        })
    }

    fn find_transaction(&self, id: &str) -> Answer {
        let id: TxId = id.parse().map_err(|problem| RequestError::new(ErrorCode::BadRequest, problem))?;
        let view = self.transaction(&id).map(|transaction| self.transaction_view(&transaction));
        view.map(|view| Response::Transaction(Box::new(view))).ok_or_else(|| {
            RequestError::new(ErrorCode::NotFound, sentence!("no transaction with this id waits or is confirmed"))
        })
    }

    fn find_proof(&self, id: &str) -> Answer {
        let id: TxId = id.parse().map_err(|problem| RequestError::new(ErrorCode::BadRequest, problem))?;
        let view = self.prove_transaction(&id).and_then(|(proved, _)| self.proof_view(&proved));
        view.map(|view| Response::Proof(Box::new(view))).ok_or_else(|| {
            RequestError::new(
                ErrorCode::NotFound,
                sentence!("no block of the best chain holds a transaction with this id"),
            )
        })
    }

    fn find_balance(&self, address: Option<&str>) -> Answer {
        let address = match address {
            Some(text) => self.address_from(text)?,
            None => self.wallet.address(),
        };
        Ok(Response::Balance(self.balance_of(&address)))
    }

    fn miner_start(&mut self, threads: u32) -> Answer {
        if threads == 0 || threads > MAX_THREADS {
            return Err(RequestError::new(ErrorCode::BadRequest, sentence!("mine on 1 to {MAX_THREADS} threads")));
        }
        self.start_mining(threads);
        Ok(Response::Done)
    }

    fn miner_wish(&mut self, id: &str, wish: Wish) -> Answer {
        let id: TxId = id.parse().map_err(|problem| RequestError::new(ErrorCode::BadRequest, problem))?;
        if wish != Wish::None && self.mempool.get(&id).is_none() {
            return Err(RequestError::new(ErrorCode::NotFound, sentence!("no transaction with this id waits")));
        }
        self.wish(id, wish).map_err(|problem| RequestError::new(ErrorCode::TooManyWishes, problem))?;
        Ok(Response::Done)
    }

    fn disconnect_from(&mut self, peer: PeerId) -> Answer {
        let link = self
            .peers
            .find(&peer)
            .ok_or_else(|| RequestError::new(ErrorCode::NotFound, sentence!("not connected to this peer")))?;
        self.write(Line::info("peer-left", sentence!("closed the connection at the user's wish")).peer(peer));
        self.part(link);
        Ok(Response::Done)
    }

    fn pardon(&mut self, peer: PeerId) -> Answer {
        if !self.peers.pardon(&peer, self.now) {
            return Err(RequestError::new(ErrorCode::NotFound, sentence!("this peer is not banned")));
        }
        self.write(Line::info("peer-pardoned", sentence!("lifted a ban at the user's wish")).peer(peer));
        self.mesh.connect(&mut context!(self), peer);
        Ok(Response::Done)
    }

    /// Checks a form field by field; gives what would be paid.
    fn plan(&self, form: &SendForm) -> Result<(Payment, SendPlan), RequestError> {
        let to = self.address_from(form.to.trim()).map_err(|problem| problem.in_field("to"))?;
        let amount = amount(&form.amount, ErrorCode::BadAmount).map_err(|problem| problem.in_field("amount"))?;
        if amount.is_zero() {
            return Err(RequestError::new(ErrorCode::BadAmount, sentence!("an amount above zero")).in_field("amount"));
        }
        let fee = match form.fee.as_deref().map(str::trim).filter(|fee| !fee.is_empty()) {
            Some(fee) => self::amount(fee, ErrorCode::BadFee).map_err(|problem| problem.in_field("fee"))?,
            None => PROPOSED_FEE,
        };
        let memo = Memo::new(form.memo.as_deref().unwrap_or_default());
        let memo = memo.map_err(|problem| RequestError::new(ErrorCode::BadMemo, problem).in_field("memo"))?;
        let payment = Payment { to, amount, fee, memo };
        let plan = self.check_funds(&payment)?;
        Ok((payment, plan))
    }

    fn check_funds(&self, payment: &Payment) -> Result<SendPlan, RequestError> {
        let own = self.own_balance()?;
        let bytes = self.wallet.transfer_bytes(payment.clone(), own.nonce);
        let least = self.mempool.floor(self.now).fee_for(bytes);
        if payment.fee < least {
            return Err(RequestError::new(ErrorCode::BadFee, sentence!("at least {least} TAB, or nobody forwards it"))
                .in_field("fee"));
        }
        let Some(total) = payment.amount.checked_add(payment.fee) else {
            return Err(RequestError::new(ErrorCode::BadAmount, AmountError::TooLarge).in_field("amount"));
        };
        let Some(left) = own.spendable.checked_sub(total) else {
            let message = sentence!(
                "with the fee it takes {total} TAB, and {spendable} are spendable",
                spendable = own.spendable
            );
            return Err(RequestError::new(ErrorCode::InsufficientFunds, message).in_field("amount"));
        };
        if self.mempool.count_of(&self.wallet.address()) >= MAX_PER_PAYER {
            return Err(RequestError::new(
                ErrorCode::TooManyWaiting,
                sentence!("{MAX_PER_PAYER} transactions of this wallet wait already"),
            ));
        }
        Ok(SendPlan { to: self.text(&payment.to), amount: payment.amount, fee: payment.fee, total, left })
    }

    /// What an address of the wallet has: checked here, or as far as it is proved.
    pub(super) fn known_balance(&self, address: &Address) -> Option<Balance> {
        if self.chain.keeps_bodies() { Some(self.balance_of(address)) } else { self.light_balance(address) }
    }

    /// What the selected account has.
    fn own_balance(&self) -> Result<Balance, RequestError> {
        if self.chain.keeps_bodies() { Ok(self.balance_of(&self.wallet.address())) } else { self.own_light_balance() }
    }

    /// The wallet's next transfer, by a form.
    pub(super) fn transfer_of(&mut self, form: &SendForm) -> Result<Transaction, RequestError> {
        self.wallet.phrase().map_err(wallet_error)?;
        let (payment, _) = self.plan(form)?;
        let nonce = self.own_balance()?.nonce;
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        let stranger = SecretKey::derive(&bytes, b"wrong-key");
        let signing = match (form.sign, form.wrong_key) {
            (Some(false), _) => Signing::Omitted,
            (_, Some(true)) => Signing::By(&stranger),
            _ => Signing::Own,
        };
        let transaction = self.wallet.transfer(payment, nonce, self.chain.genesis(), signing).map_err(wallet_error)?;
        self.use_wallet();
        Ok(transaction)
    }

    fn pay(&mut self, form: &SendForm) -> Answer {
        let transaction = self.transfer_of(form)?;
        let id = transaction.id();
        if form.sign == Some(false) || form.wrong_key == Some(true) {
            self.launch_transaction(transaction)?;
            return Ok(Response::Sent(id));
        }
        if !self.chain.keeps_bodies() {
            self.submit(Arc::new(transaction))?;
            return Ok(Response::Sent(id));
        }
        match self.admit(&Arc::new(transaction)) {
            Ok(()) => Ok(Response::Sent(id)),
            Err(problem) => Err(admit_error(problem)),
        }
    }

    /// An address of the wallet; the selected account's without a text.
    pub(super) fn own_address(&self, text: Option<&str>) -> Result<Address, RequestError> {
        let Some(text) = text else { return Ok(self.wallet.address()) };
        let address = self.address_from(text)?;
        if self.wallet.has(&address) { Ok(address) } else { Err(wallet_error(WalletError::UnknownAddress)) }
    }

    /// The address that a text names; the selected account's without one.
    pub(super) fn any_address(&self, text: Option<&str>) -> Result<Address, RequestError> {
        text.map_or_else(|| Ok(self.wallet.address()), |text| self.address_from(text))
    }

    pub(super) fn address_from(&self, text: &str) -> Result<Address, RequestError> {
        let prefix = self.chain.params().address_prefix;
        if text.is_empty() {
            return Err(RequestError::new(
                ErrorCode::BadAddress,
                sentence!("an address, starting with {prefix}1", prefix = prefix.as_str()),
            ));
        }
        Address::from_text(text, prefix).map_err(|problem| match problem {
            AddressError::WrongNetwork => RequestError::new(
                ErrorCode::BadAddress,
                sentence!("{problem}: here they start with {prefix}1", prefix = prefix.as_str()),
            ),
            _ => RequestError::new(ErrorCode::BadAddress, problem),
        })
    }

    fn mempool_page(&self, from: usize, limit: usize) -> Page<TransactionView> {
        let items =
            self.mempool.iter().skip(from).take(limit).map(|waiting| self.transaction_view(&waiting.transaction));
        Page { items: items.collect(), total: u32::try_from(self.mempool.len()).unwrap_or(u32::MAX) }
    }

    /// An address as this network writes it.
    pub(super) fn text(&self, address: &Address) -> String {
        address.to_text(self.chain.params().address_prefix)
    }
}

pub(super) fn page(limit: Option<u32>) -> usize {
    limit.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE) as usize
}

pub(super) fn skip(from: Option<u32>) -> usize {
    from.unwrap_or(0) as usize
}

fn amount(text: &str, code: ErrorCode) -> Result<Amount, RequestError> {
    text.trim().parse::<Amount>().map_err(|problem| RequestError::new(code, problem))
}

pub(super) fn admit_error(problem: AdmitError) -> RequestError {
    let code = match problem {
        AdmitError::InsufficientFunds { .. } => ErrorCode::InsufficientFunds,
        AdmitError::FeeTooLow(_) | AdmitError::ReplacementFee(_) | AdmitError::Full => ErrorCode::BadFee,
        AdmitError::TooManyOfPayer | AdmitError::NonceAhead { .. } => ErrorCode::TooManyWaiting,
        AdmitError::Invalid(_) | AdmitError::Known | AdmitError::NonceUsed { .. } => ErrorCode::BadRequest,
    };
    RequestError::new(code, problem)
}
