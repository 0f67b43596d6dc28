//! Sending: fill in, look over, send, watch it being confirmed.

use super::{
    Form, Shown,
    draft::{Draft, refusal},
};
use crate::{
    browser,
    components::{AmountText, Dialog, Field, Flag, Icon, LongText, Notice, Shape, Tone, TransactionStanding},
    live::{Loaded, Meanwhile, Query, Topics},
    notation::Notation,
    state::{Tab, use_tab},
    texts,
};
use leptos::{leptos_dom::helpers::set_timeout, prelude::*, task::spawn_local};
use node_wasm::{
    request::{Request, SendForm},
    view::{SendPlan, TransactionState, TransactionView},
};
use std::time::Duration;
use wasm_bindgen::JsCast;

/// What is wrong with a transaction on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Unsigned,
    WrongKey,
}

impl Fault {
    fn of(form: &SendForm) -> Self {
        match (form.sign, form.wrong_key) {
            (Some(false), _) => Self::Unsigned,
            (_, Some(true)) => Self::WrongKey,
            _ => Self::None,
        }
    }
}

/// The form, the step to look it over, and what came of it.
#[component]
pub(crate) fn SendPanel() -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let draft = expect_context::<Draft>();
    let is_locked = Memo::new(move |_| tab.wallet.map(|wallet| wallet.locked).unwrap_or(false));
    let is_watching = Memo::new(move |_| shown.watching.with(Option::is_some));
    let note = move || {
        match (is_watching.get(), is_locked.get()) {
        (true, _) => Some(view! { <p class="muted" data-testid="send-watching">{texts::WATCH_NOTE}</p> }.into_any()),
        (false, true) => Some(
            view! {
                <div data-testid="send-locked">
                    <Notice tone=Tone::Calm title=texts::LOCKED text=texts::LOCKED_TEXT>
                        <button type="button" class="button button-main" data-testid="send-unlock" on:click=move |_| shown.open(Form::Unlock)>{texts::UNLOCK}</button>
                    </Notice>
                </div>
            }
            .into_any(),
        ),
        (false, false) => None,
    }
    };
    let check = tab.query::<SendPlan>(Topics::WALLET, Meanwhile::Previous, move || draft.to_check());
    let review = RwSignal::new(None::<(SendForm, SendPlan)>);
    let sent = RwSignal::new(None::<(String, Fault)>);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        draft.tried.set(true);
        sent.set(None);
        go_on(tab, untrack(|| draft.form()), check, review);
    };
    let on_sent = move |id: String, fault: Fault| {
        review.set(None);
        draft.clear();
        sent.set(Some((id, fault)));
    };
    // What is pasted stands in the field after this turn.
    let pasted = move |_| set_timeout(move || draft.split_link(), Duration::ZERO);
    view! {
        <section class="panel send" aria-labelledby="send-title">
            <h2 id="send-title">{texts::SEND}</h2>
            {note}
            <form on:submit=submit on:change=move |_| draft.split_link() on:paste=pasted novalidate=true data-testid="send-form" hidden=move || is_locked.get() || is_watching.get()>
                <SendFields draft=draft check=check />
                <FaultSwitch name="send-unsigned" label=texts::UNSIGNED hint=texts::UNSIGNED_HINT chosen=draft.unsigned other=draft.wrong_key />
                <FaultSwitch name="send-wrong-key" label=texts::WRONG_KEY hint=texts::WRONG_KEY_HINT chosen=draft.wrong_key other=draft.unsigned />
                <PlanLine draft=draft check=check />
                <button type="submit" class="button button-main" data-testid="send-submit">{texts::SEND_REVIEW}</button>
            </form>
            {move || sent.get().map(|(id, fault)| view! { <Sent id=id fault=fault /> })}
            {move || review.get().map(|(form, plan)| view! { <Review form=form plan=plan on_close=move || review.set(None) on_sent=on_sent /> })}
        </section>
    }
}

/// Checks once more, then opens the look-over or points at the wrong field, unless the user has gone to another one
/// meanwhile.
fn go_on(tab: Tab, form: SendForm, check: Query<SendPlan>, review: RwSignal<Option<(SendForm, SendPlan)>>) {
    let submitted_at = document().active_element();
    spawn_local(async move {
        match tab.request::<SendPlan>(Request::CheckSend(form.clone())).await {
            Ok(plan) => {
                review.try_set(Some((form, plan)));
            }
            Err(error) => {
                if document().active_element() == submitted_at {
                    focus_field(error.field.as_deref());
                }
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
fn SendFields(draft: Draft, check: Query<SendPlan>) -> impl IntoView {
    let Draft { to, amount, fee, memo, .. } = draft;
    let proposal = Signal::derive(move || {
        check.map(|plan| browser::written_whole(plan.fee)).unwrap_or_else(|| texts::FEE_AUTOMATIC.to_owned())
    });
    view! {
        <Field name="send-to" label=texts::TO value=to mono=true error=draft.error(check, "to", to) placeholder=texts::TO_PLACEHOLDER.to_owned() hint=texts::TO_HINT.to_owned() />
        <div class="field-pair">
            <Field name="send-amount" label=texts::AMOUNT value=amount decimal=true unit=texts::UNIT error=draft.error(check, "amount", amount) placeholder=Notation::of_user().write("0.0") hint=texts::AMOUNT_HINT.to_owned() />
            <Field name="send-fee" label=texts::FEE value=fee decimal=true unit=texts::UNIT error=draft.error(check, "fee", fee) placeholder=proposal hint=texts::FEE_HINT.to_owned() />
        </div>
        <Field name="send-memo" label=texts::MEMO value=memo error=draft.error(check, "memo", memo) hint=texts::MEMO_HINT.to_owned() />
    }
}

/// An experiment: one of the two at most.
#[component]
fn FaultSwitch(
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    chosen: RwSignal<bool>,
    other: RwSignal<bool>,
) -> impl IntoView {
    let hint_id = format!("{name}-hint");
    let described_by = hint_id.clone();
    view! {
        <div class="switch">
            <input type="checkbox" role="switch" id=name aria-describedby=described_by data-testid=name bind:checked=chosen on:change=move |_| other.set(false) />
            <label for=name>{label}</label>
            <p id=hint_id class="field-hint">{hint}</p>
        </div>
    }
}

/// What the transfer would cost, or why it cannot be.
#[component]
fn PlanLine(draft: Draft, check: Query<SendPlan>) -> impl IntoView {
    let general = Memo::new(move |_| {
        refusal(check).filter(|error| error.field.is_none()).map(|error| browser::said(&error.message))
    });
    let plan = Memo::new(move |_| check.ready());
    let is_empty = move || draft.to_check().is_none();
    // The line always stands: a button that moves is a button that is missed.
    let nothing = || view! { <p class="plan muted">{texts::PLAN_NOTHING}</p> }.into_any();
    move || {
        match (general.get(), plan.get()) {
        _ if is_empty() => nothing(),
        (Some(message), _) => view! { <p class="plan plan-refused" role="alert" data-testid="send-error"><Icon shape=Shape::Alert />{message}</p> }.into_any(),
        (None, Some(plan)) => {
            view! {
                <p class="plan" data-testid="send-plan">
                    {texts::PLAN_TOTAL}" "<AmountText amount=plan.total />" · "{texts::PLAN_LEFT}" "<AmountText amount=plan.left />
                </p>
            }
            .into_any()
        }
        (None, None) => nothing(),
    }
    }
}

/// Everything once more before it cannot be taken back.
#[component]
fn Review(
    form: SendForm,
    plan: SendPlan,
    #[prop(into)] on_close: Callback<()>,
    on_sent: impl Fn(String, Fault) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let tab = use_tab();
    let fault = Fault::of(&form);
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
                Ok(id) => on_sent(id, fault),
                Err(error) => {
                    refusal.try_set(Some(browser::said(&error.message)));
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
            {match fault {
                Fault::None => view! { <p class="muted">{texts::REVIEW_NOTE}</p> }.into_any(),
                Fault::Unsigned => view! { <Notice tone=Tone::Warning title=texts::UNSIGNED text=texts::UNSIGNED_REVIEW /> }.into_any(),
                Fault::WrongKey => view! { <Notice tone=Tone::Warning title=texts::WRONG_KEY text=texts::WRONG_KEY_REVIEW /> }.into_any(),
            }}
            <p class="field-error" role="alert" data-testid="review-error">{refusal}</p>
            <div class="actions actions-end">
                <button type="button" class="button" on:click=move |_| on_close.run(())>{texts::BACK}</button>
                <button type="button" class="button button-main" data-testid="send-confirm" aria-busy=move || busy.get().to_string() on:click=send>
                    {match fault {
                        Fault::None => texts::SEND_NOW,
                        Fault::Unsigned => texts::SEND_UNSIGNED_NOW,
                        Fault::WrongKey => texts::SEND_WRONG_KEY_NOW,
                    }}
                </button>
            </div>
        </Dialog>
    }
}

/// The transaction that was sent, and where it stands.
#[component]
fn Sent(id: String, fault: Fault) -> impl IntoView {
    let is_faulty = fault != Fault::None;
    let tab = use_tab();
    let href = tab.href(&format!("/explorer/transaction/{id}"));
    let asked = id.clone();
    let transaction = tab.query::<TransactionView>(Topics::CHAIN | Topics::MEMPOOL, Meanwhile::Previous, move || {
        (!is_faulty).then(|| Request::Transaction { id: asked.clone() })
    });
    let standing = Memo::new(move |_| transaction.map(|transaction| transaction.status.clone()));
    let text = move || match standing.get() {
        _ if is_faulty => texts::SENT_UNSIGNED,
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
