//! Sending: fill in, look over, send, watch it being confirmed.

use crate::{
    components::{AmountText, Dialog, Field, Flag, Icon, LongText, Notice, Shape, Tone, TransactionStanding},
    format,
    live::{Loaded, Meanwhile, Query, Topics},
    state::{Tab, use_tab},
    texts,
};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::{
    request::{Request, RequestError, SendForm},
    view::{SendPlan, TransactionState, TransactionView},
};
use wasm_bindgen::JsCast;

/// What is filled in.
#[derive(Clone, Copy)]
struct Entries {
    to: RwSignal<String>,
    amount: RwSignal<String>,
    fee: RwSignal<String>,
    memo: RwSignal<String>,
    unsigned: RwSignal<bool>,
    /// Whether the user has tried to go on: then also empty fields are complained of.
    tried: RwSignal<bool>,
}

impl Entries {
    fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            to: empty(),
            amount: empty(),
            fee: empty(),
            memo: empty(),
            unsigned: RwSignal::new(false),
            tried: RwSignal::new(false),
        }
    }

    fn form(self) -> SendForm {
        let filled = |text: String| (!text.is_empty()).then_some(text);
        SendForm {
            to: self.to.get().trim().to_owned(),
            amount: self.amount.get().trim().to_owned(),
            fee: filled(self.fee.get().trim().to_owned()),
            memo: filled(self.memo.get()),
            sign: self.unsigned.get().then_some(false),
            wrong_key: None,
        }
    }

    /// What there is to check; nothing while the form is empty.
    fn to_check(self) -> Option<Request> {
        let form = self.form();
        (!form.to.is_empty() || !form.amount.is_empty()).then_some(Request::CheckSend(form))
    }

    fn clear(self) {
        for entry in [self.to, self.amount, self.fee, self.memo] {
            entry.set(String::new());
        }
        self.unsigned.set(false);
        self.tried.set(false);
    }

    /// The reason to show beside a field.
    fn error(self, check: Query<SendPlan>, field: &'static str, entry: RwSignal<String>) -> Signal<Option<String>> {
        Signal::derive(move || {
            let is_due = self.tried.get() || !entry.with(String::is_empty);
            refusal(check)
                .filter(|error| is_due && error.field.as_deref() == Some(field))
                .map(|error| format::sentence(&error.message))
        })
    }
}

fn refusal(check: Query<SendPlan>) -> Option<RequestError> {
    check.data.with(|data| if let Loaded::Failed(error) = data { Some(error.clone()) } else { None })
}

/// The form, the step to look it over, and what came of it.
#[component]
pub(crate) fn SendPanel() -> impl IntoView {
    let tab = use_tab();
    let entries = Entries::new();
    let check = tab.query::<SendPlan>(Topics::WALLET, Meanwhile::Previous, move || entries.to_check());
    let review = RwSignal::new(None::<(SendForm, SendPlan)>);
    let sent = RwSignal::new(None::<(String, bool)>);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        entries.tried.set(true);
        sent.set(None);
        go_on(tab, untrack(|| entries.form()), check, review);
    };
    let on_sent = move |id: String, unsigned: bool| {
        review.set(None);
        entries.clear();
        sent.set(Some((id, unsigned)));
    };
    view! {
        <section class="panel send" aria-labelledby="send-title">
            <h2 id="send-title">{texts::SEND}</h2>
            <form on:submit=submit novalidate=true data-testid="send-form">
                <SendFields entries=entries check=check />
                <SignSwitch unsigned=entries.unsigned />
                <PlanLine entries=entries check=check />
                <button type="submit" class="button button-main" data-testid="send-submit">{texts::SEND_REVIEW}</button>
            </form>
            {move || sent.get().map(|(id, unsigned)| view! { <Sent id=id unsigned=unsigned /> })}
            {move || review.get().map(|(form, plan)| view! { <Review form=form plan=plan on_close=move || review.set(None) on_sent=on_sent /> })}
        </section>
    }
}

/// Checks once more, then opens the look-over or points at the wrong field.
fn go_on(tab: Tab, form: SendForm, check: Query<SendPlan>, review: RwSignal<Option<(SendForm, SendPlan)>>) {
    spawn_local(async move {
        match tab.request::<SendPlan>(Request::CheckSend(form.clone())).await {
            Ok(plan) => {
                review.try_set(Some((form, plan)));
            }
            Err(error) => {
                focus_field(error.field.as_deref());
                check.data.try_set(Loaded::Failed(error));
            }
        }
    });
}

fn focus_field(field: Option<&str>) {
    let element = field.and_then(|field| document().get_element_by_id(&format!("send-{field}")));
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

#[component]
fn SendFields(entries: Entries, check: Query<SendPlan>) -> impl IntoView {
    let Entries { to, amount, fee, memo, .. } = entries;
    let proposal = Signal::derive(move || {
        check.map(|plan| plan.fee.to_string()).unwrap_or_else(|| texts::FEE_AUTOMATIC.to_owned())
    });
    view! {
        <Field name="send-to" label=texts::TO value=to mono=true error=entries.error(check, "to", to) placeholder=texts::TO_PLACEHOLDER.to_owned() />
        <div class="field-pair">
            <Field name="send-amount" label=texts::AMOUNT value=amount decimal=true unit=texts::UNIT error=entries.error(check, "amount", amount) placeholder="0.0".to_owned() />
            <Field name="send-fee" label=texts::FEE value=fee decimal=true unit=texts::UNIT error=entries.error(check, "fee", fee) placeholder=proposal hint=texts::FEE_HINT.to_owned() />
        </div>
        <Field name="send-memo" label=texts::MEMO value=memo error=entries.error(check, "memo", memo) hint=texts::MEMO_HINT.to_owned() />
    }
}

#[component]
fn SignSwitch(unsigned: RwSignal<bool>) -> impl IntoView {
    view! {
        <div class="switch">
            <input type="checkbox" role="switch" id="send-unsigned" aria-describedby="send-unsigned-hint" data-testid="send-unsigned" bind:checked=unsigned />
            <label for="send-unsigned">{texts::UNSIGNED}</label>
            <p id="send-unsigned-hint" class="field-hint">{texts::UNSIGNED_HINT}</p>
        </div>
    }
}

/// What the transfer would cost, or why it cannot be.
#[component]
fn PlanLine(entries: Entries, check: Query<SendPlan>) -> impl IntoView {
    let general = Memo::new(move |_| {
        refusal(check).filter(|error| error.field.is_none()).map(|error| format::sentence(&error.message))
    });
    let plan = Memo::new(move |_| check.ready());
    let is_empty = move || entries.to_check().is_none();
    move || {
        match (general.get(), plan.get()) {
        _ if is_empty() => None,
        (Some(message), _) => Some(view! { <p class="plan plan-refused" role="alert" data-testid="send-error"><Icon shape=Shape::Alert />{message}</p> }.into_any()),
        (None, Some(plan)) => Some(
            view! {
                <p class="plan" data-testid="send-plan">
                    {texts::PLAN_TOTAL}" "<AmountText amount=plan.total />" · "{texts::PLAN_LEFT}" "<AmountText amount=plan.left />
                </p>
            }
            .into_any(),
        ),
        (None, None) => None,
    }
    }
}

/// Everything once more before it cannot be taken back.
#[component]
fn Review(
    form: SendForm,
    plan: SendPlan,
    #[prop(into)] on_close: Callback<()>,
    on_sent: impl Fn(String, bool) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let tab = use_tab();
    let unsigned = form.sign == Some(false);
    let memo = form.memo.clone();
    let refusal = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let send = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let form = form.clone();
        spawn_local(async move {
            // The answer is the transaction's id, a text like any other to this page.
            match tab.request::<String>(Request::Send(form)).await {
                Ok(id) => on_sent(id, unsigned),
                Err(error) => {
                    refusal.try_set(Some(format::sentence(&error.message)));
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <Dialog title=texts::REVIEW.to_owned() name="review" on_close=on_close>
            <dl class="facts">
                <div><dt>{texts::TO}</dt><dd class="review-to"><Flag of=plan.to.clone() /><span class="long-text" data-testid="review-to">{plan.to.clone()}</span></dd></div>
                <div><dt>{texts::AMOUNT}</dt><dd><AmountText amount=plan.amount /></dd></div>
                <div><dt>{texts::FEE}</dt><dd><AmountText amount=plan.fee /></dd></div>
                <div class="review-total"><dt>{texts::TOTAL}</dt><dd><AmountText amount=plan.total /></dd></div>
                {memo.map(|memo| view! { <div><dt>{texts::MEMO}</dt><dd class="outside-text">{memo}</dd></div> })}
            </dl>
            {unsigned.then(|| view! { <Notice tone=Tone::Warning title=texts::UNSIGNED text=texts::UNSIGNED_REVIEW /> })}
            {(!unsigned).then(|| view! { <p class="muted">{texts::REVIEW_NOTE}</p> })}
            <p class="field-error" role="alert" data-testid="review-error">{refusal}</p>
            <div class="actions actions-end">
                <button type="button" class="button" on:click=move |_| on_close.run(())>{texts::BACK}</button>
                <button type="button" class="button button-main" data-testid="send-confirm" aria-busy=move || busy.get().to_string() on:click=send>
                    {if unsigned { texts::SEND_UNSIGNED_NOW } else { texts::SEND_NOW }}
                </button>
            </div>
        </Dialog>
    }
}

/// The transaction that was sent, and where it stands.
#[component]
fn Sent(id: String, unsigned: bool) -> impl IntoView {
    let tab = use_tab();
    let href = tab.href(&format!("/explorer/transaction/{id}"));
    let asked = id.clone();
    let transaction = tab.query::<TransactionView>(Topics::CHAIN | Topics::MEMPOOL, Meanwhile::Previous, move || {
        (!unsigned).then(|| Request::Transaction { id: asked.clone() })
    });
    let standing = Memo::new(move |_| transaction.map(|transaction| transaction.status.clone()));
    let text = move || match standing.get() {
        _ if unsigned => texts::SENT_UNSIGNED,
        Some(TransactionState::Confirmed { .. }) => texts::SENT_CONFIRMED,
        _ => texts::SENT_TEXT,
    };
    view! {
        <div class="sent" role="status" data-testid="send-result">
            <p class="sent-title"><Icon shape=Shape::Check />{texts::SENT}" "{move || standing.get().map(|state| view! { <TransactionStanding state=state /> })}</p>
            <p>{text}</p>
            <p data-testid="send-result-id"><LongText text=id what=texts::WHAT_TRANSACTION href=href /></p>
        </div>
    }
}
