//! The frame around every view: header, navigation, footer, messages; and the routes.

use crate::{
    battery::Power,
    browser,
    catching_up::CatchingUp,
    components::{Failure, Flag, Loading, NavLink, Notice, ToastRegion, Toasts, Tone},
    leaving::ask_before_leaving,
    live::Loaded,
    news::say_news,
    offline::NewVersion,
    pages::{Draft, Explorer, Lab, Learn, Mempool, Mining, Network, NotFound, Overview, Settings, Wallet, explorer},
    state::{Tab, use_tab},
    texts,
    theme::{ThemeSwitch, follow_theme},
};
use leptos::{leptos_dom::helpers::set_timeout, prelude::*};
use leptos_router::{
    components::{ParentRoute, Route, Router, Routes},
    path,
};
use node_wasm::sentence::Say;
use node_wasm::view::{Role, TrackerState};
use std::time::Duration;

/// Id of what stands between header and footer.
const CONTENT: &str = "content";

/// How long a node may take to start before the page says that something may be wrong.
const START_PATIENCE: Duration = Duration::from_secs(8);

/// The whole page.
#[component]
pub(crate) fn App() -> impl IntoView {
    let toasts = Toasts::new();
    provide_context(toasts);
    follow_theme();
    match Tab::start() {
        Ok(tab) => {
            provide_context(tab);
            say_news(tab, toasts);
            let draft = Draft::new();
            provide_context(draft);
            ask_before_leaving(tab, draft);
            provide_context(Power::follow(tab));
            view! {
                <Router>
                    <Header />
                    <main id=CONTENT tabindex="-1">
                        <NewVersion />
                        <Start />
                        <CatchingUp />
                        <Views />
                    </main>
                    <Footer />
                    <ToastRegion />
                </Router>
            }
            .into_any()
        }
        Err(error) => view! {
            <main id=CONTENT>
                <h1>{texts::NAME}</h1>
                <Notice tone=Tone::Danger title=texts::START_FAILED text=browser::said(&error.say())>
                    <a class="button" href="/" rel="external">{texts::START_OVER}</a>
                </Notice>
            </main>
        }
        .into_any(),
    }
}

#[component]
fn Views() -> impl IntoView {
    view! {
        <Routes fallback=NotFound>
            <Route path=path!("/") view=Overview />
            <Route path=path!("/wallet") view=Wallet />
            <ParentRoute path=path!("/explorer") view=Explorer>
                <Route path=path!("/") view=|| () />
                <Route path=path!("/block/:id") view=explorer::BlockDialog />
                <Route path=path!("/transaction/:id") view=explorer::TransactionDialog />
                <Route path=path!("/address/:id") view=explorer::AddressDialog />
                <Route path=path!("/search/:text") view=explorer::SearchDialog />
            </ParentRoute>
            <Route path=path!("/mempool") view=Mempool />
            <Route path=path!("/mining") view=Mining />
            <Route path=path!("/network") view=Network />
            <Route path=path!("/lab") view=Lab />
            <Route path=path!("/learn") view=Learn />
            <Route path=path!("/settings") view=Settings />
        </Routes>
    }
}

#[component]
fn Header() -> impl IntoView {
    // Followed by hand: the router would move what is seen, and leave the focus where it is.
    let skip = |event: web_sys::MouseEvent| {
        event.prevent_default();
        browser::focus(CONTENT);
    };
    view! {
        <a class="skip" href=format!("#{CONTENT}") on:click=skip>{texts::SKIP}</a>
        <header class="top">
            <a class="brand" href=use_tab().live_href("/")>
                <Mark />
                <span>{texts::NAME}</span>
            </a>
            <nav class="nav" aria-label=texts::NAVIGATION>
                <NavLink to="/" label=texts::OVERVIEW />
                <NavLink to="/wallet" label=texts::WALLET />
                <NavLink to="/explorer" label=texts::EXPLORER />
                <NavLink to="/mempool" label=texts::MEMPOOL />
                <NavLink to="/mining" label=texts::MINING_VIEW />
                <NavLink to="/network" label=texts::NETWORK />
                <NavLink to="/lab" label=texts::LAB />
                <NavLink to="/learn" label=texts::LEARN />
                <NavLink to="/settings" label=texts::SETTINGS />
            </nav>
            <Room />
            <Connection />
            <Tip />
            <ThemeSwitch />
        </header>
    }
}

/// The page's mark: tabs on a chain.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <path class="mark-line" d="M10 16.5h12" />
            <path class="mark-ink" d="M1 24v-12l3-4h6l3 4v12z" />
            <path class="mark-accent" d="M19 24v-12l3-4h6l3 4v12z" />
        </svg>
    }
}

#[component]
fn Room() -> impl IntoView {
    let status = use_tab().status;
    view! {
        <p class="top-fact top-room" title=texts::ROOM_HINT>
            <span class="top-label">{texts::ROOM}</span>
            <span class="top-value" data-testid="room">
                {move || status.map(|status| format!("{} / {}", status.network, status.room)).unwrap_or_else(|| texts::UNKNOWN.to_owned())}
            </span>
        </p>
    }
}

#[component]
fn Connection() -> impl IntoView {
    let tab = use_tab();
    let stopped = Memo::new(move |_| tab.status.data.with(|data| matches!(data, Loaded::Failed(_))));
    let state = Memo::new(move |_| match (tab.tracker(), tab.peers.get()) {
        _ if stopped.get() => ("offline", texts::STOPPED.to_owned()),
        (None, _) => ("starting", texts::STARTING.to_owned()),
        (Some(TrackerState::Offline), 0) => ("offline", texts::OFFLINE.to_owned()),
        (Some(TrackerState::Joining), 0) => ("starting", texts::JOINING.to_owned()),
        (Some(_), 0) => ("alone", texts::ALONE.to_owned()),
        (Some(_), peers) => ("connected", texts::peers(peers)),
    });
    view! {
        <p class="top-fact">
            <span class="top-label">{texts::CONNECTION}</span>
            <span class="top-value" data-testid="connection">
                <span class="dot" data-state=move || state.get().0></span>
                {move || state.get().1}
            </span>
        </p>
    }
}

#[component]
fn Tip() -> impl IntoView {
    let tab = use_tab();
    let tip = Memo::new(move |_| tab.status.map(|status| status.tip.to_string()));
    view! {
        <p class="top-fact">
            <span class="top-label">{texts::HEIGHT}</span>
            <span class="top-value">
                {move || tip.get().map(|tip| view! { <Flag of=tip /> })}
                <span data-testid="tip-height">{move || tab.height.get().map_or_else(|| texts::UNKNOWN.to_owned(), |height| height.to_string())}</span>
            </span>
        </p>
    }
}

/// Stands above every view until the node has answered for the first time, and when it fails.
#[component]
fn Start() -> impl IntoView {
    let status = use_tab().status;
    let late = RwSignal::new(false);
    set_timeout(move || late.set(true), START_PATIENCE);
    let failure = status.failure();
    let waiting = Memo::new(move |_| status.data.with(|data| *data == Loaded::Waiting));
    move || match (failure.get(), waiting.get(), late.get()) {
        (Some(error), ..) => Some(view! { <Failure error=error /> }.into_any()),
        (None, true, false) => Some(view! { <Loading text=texts::NODE_STARTS /> }.into_any()),
        (None, true, true) => Some(
            view! {
                <Notice tone=Tone::Warning title=texts::START_IS_LATE text=texts::START_IS_LATE_TEXT>
                    <button type="button" class="button" on:click=|_| browser::reload()>{texts::RELOAD}</button>
                </Notice>
            }
            .into_any(),
        ),
        (None, false, _) => None,
    }
}

#[component]
fn Footer() -> impl IntoView {
    let status = use_tab().status;
    let is_light = Memo::new(move |_| status.map(|status| status.role) == Some(Role::Light));
    view! {
        <footer class="foot">
            <p>{move || if is_light.get() { texts::FOOTER_LIGHT } else { texts::FOOTER }}</p>
            <p class="mono">{move || status.map(|status| texts::version(&status.version, &status.profile))}</p>
            <p data-testid="storage">{move || status.map(|status| texts::storage(&status.storage, status.storage.reason.as_ref().map(browser::words).as_deref()))}</p>
        </footer>
    }
}
