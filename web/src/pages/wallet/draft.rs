//! The payment that is being written. It stays while other views are looked at, and can come from a
//! payment link.

use super::payment_link::{self, PaymentLink};
use crate::{
    browser,
    live::{Loaded, Query},
    notation::Notation,
};
use leptos::prelude::*;
use node_wasm::{
    request::{Request, RequestError, SendForm},
    view::SendPlan,
};

/// What is filled in. A handle: copies name the same entries.
#[derive(Clone, Copy)]
pub(crate) struct Draft {
    pub(super) to: RwSignal<String>,
    pub(super) amount: RwSignal<String>,
    pub(super) fee: RwSignal<String>,
    pub(super) memo: RwSignal<String>,
    pub(super) unsigned: RwSignal<bool>,
    pub(super) wrong_key: RwSignal<bool>,
    /// Whether the user has tried to go on: then also empty fields are complained of.
    pub(super) tried: RwSignal<bool>,
}

impl Draft {
    /// Empty, or what the payment link in the page's address says.
    pub(crate) fn new() -> Self {
        let (empty, off) = (|| RwSignal::new(String::new()), || RwSignal::new(false));
        let draft = Self {
            to: empty(),
            amount: empty(),
            fee: empty(),
            memo: empty(),
            unsigned: off(),
            wrong_key: off(),
            tried: off(),
        };
        if let Some(link) = payment_link::from_page() {
            draft.take(link);
        }
        draft
    }

    /// Whether anything is written; tracks.
    pub(crate) fn is_begun(self) -> bool {
        [self.to, self.amount, self.memo].iter().any(|entry| entry.with(|text| !text.trim().is_empty()))
    }

    /// As the node takes it; tracks.
    pub(super) fn form(self) -> SendForm {
        let filled = |text: String| (!text.is_empty()).then_some(text);
        let (to, memo, notation) = (self.to.get(), self.memo.get(), Notation::of_user());
        let (amount, fee) = (notation.read(&self.amount.get()), notation.read(&self.fee.get()));
        // A link that is still being typed counts for what it says.
        let link = PaymentLink::parse(&to).unwrap_or(PaymentLink { to, amount: None, memo: None });
        SendForm {
            to: link.to.trim().to_owned(),
            amount: link.amount.unwrap_or(amount).trim().to_owned(),
            fee: filled(fee),
            memo: filled(link.memo.unwrap_or(memo)),
            sign: self.unsigned.get().then_some(false),
            wrong_key: self.wrong_key.get().then_some(true),
        }
    }

    /// What there is to check; nothing while the form is empty.
    pub(super) fn to_check(self) -> Option<Request> {
        let form = self.form();
        (!form.to.is_empty() || !form.amount.is_empty()).then_some(Request::CheckSend(form))
    }

    pub(super) fn clear(self) {
        for entry in [self.to, self.amount, self.fee, self.memo] {
            entry.set(String::new());
        }
        for switch in [self.unsigned, self.wrong_key, self.tried] {
            switch.set(false);
        }
    }

    /// A payment link that stands in place of an address falls apart into its fields.
    pub(super) fn split_link(self) {
        if let Some(link) = self.to.with_untracked(|text| PaymentLink::parse(text)) {
            self.take(link);
        }
    }

    fn take(self, link: PaymentLink) {
        self.to.set(link.to);
        if let Some(amount) = link.amount {
            // A link is written for machines.
            self.amount.set(Notation::of_user().write(&amount));
        }
        if let Some(memo) = link.memo {
            self.memo.set(memo);
        }
    }

    /// The reason to show beside a field.
    pub(super) fn error(
        self,
        check: Query<SendPlan>,
        field: &'static str,
        entry: RwSignal<String>,
    ) -> Signal<Option<String>> {
        Signal::derive(move || {
            let is_due = self.tried.get() || !entry.with(String::is_empty);
            refusal(check)
                .filter(|error| is_due && error.field.as_deref() == Some(field))
                .map(|error| browser::said(&error.message))
        })
    }
}

/// Why the node would not take what is written.
pub(super) fn refusal(check: Query<SendPlan>) -> Option<RequestError> {
    check.data.with(|data| if let Loaded::Failed(error) = data { Some(error.clone()) } else { None })
}
