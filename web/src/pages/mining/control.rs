//! Starting and stopping this tab's miner, here and on the overview.

use crate::{
    browser,
    components::{Icon, Shape, use_toasts},
    state::use_tab,
    texts,
};
use leptos::{either::Either, prelude::*};
use node_wasm::request::Request;

/// Starts and stops the miner, with the number of threads.
#[component]
pub(crate) fn MiningControl() -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let processors = browser::processors();
    let threads = RwSignal::new(1_u32);
    let mining = Memo::new(move |_| tab.status.map(|status| status.mining).unwrap_or(0));
    // What the node does counts, also when the page's address or a program started it.
    Effect::new(move |_| {
        let mining = mining.get();
        if mining > 0 {
            threads.set(mining);
        }
    });
    let ask = move |request: Request| {
        tab.act(request, move |result| {
            if let Err(error) = result {
                toasts.say(browser::said(&error.message));
            }
        });
    };
    let choose = move |event| {
        let chosen = event_target_value(&event).parse().unwrap_or(1);
        threads.set(chosen);
        if mining.get_untracked() > 0 {
            ask(Request::MinerStart { threads: Some(chosen) });
        }
    };
    let button = move || {
        if mining.get() > 0 {
            Either::Left(view! {
                <button type="button" class="button" data-testid="mine-stop" on:click=move |_| ask(Request::MinerStop)>
                    <Icon shape=Shape::Stop />
                    {texts::MINING_STOP}
                </button>
            })
        } else {
            let start = move |_| ask(Request::MinerStart { threads: Some(threads.get_untracked()) });
            Either::Right(view! {
                <button type="button" class="button button-main" data-testid="mine-start" on:click=start>
                    <Icon shape=Shape::Play />
                    {texts::MINING_START}
                </button>
            })
        }
    };
    view! {
        <section class="panel mining" aria-labelledby="mining-title">
            <div class="panel-head">
                <h2 id="mining-title">{texts::MINING}</h2>
                <p class="muted" data-testid="blocks-found">
                    {move || tab.status.map(|status| texts::blocks_found(status.blocks_found))}
                </p>
            </div>
            <div class="mining-controls">
                <label class="mining-threads">
                    <span>{texts::THREADS}</span>
                    <input
                        type="range"
                        min="1"
                        max=processors.max(threads.get_untracked())
                        step="1"
                        data-testid="mine-threads"
                        prop:value=move || threads.get().to_string()
                        on:change=choose
                    />
                    <output>{move || texts::of(threads.get(), processors)}</output>
                </label>
                {button}
            </div>
            <p class="muted">{texts::MINING_NOTE}</p>
        </section>
    }
}
