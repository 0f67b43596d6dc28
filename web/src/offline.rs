//! The service worker: keeps this page for times without a network, and tells of a new version.

use crate::{
    browser,
    components::{Notice, Tone},
    state::use_tab,
    texts,
};
use js_sys::Reflect;
use leptos::{prelude::*, task::spawn_local};
use node_wasm::view::TrackerState;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventTarget};

/// The element that names the script. Not there in the development loop, whose files change under their names.
const SCRIPT_META: &str = "tabchain-service-worker";

/// The element that names the folder of this version's files.
const VERSION_META: &str = "tabchain-workers";

#[wasm_bindgen]
extern "C" {
    /// What registers service workers. Not web-sys' type, whose `register` takes it for granted that it is there.
    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    type ServiceWorkerContainer;

    #[wasm_bindgen(method, catch)]
    fn register(this: &ServiceWorkerContainer, script: &str) -> Result<js_sys::Promise, JsValue>;

    /// What was registered.
    #[derive(Clone)]
    type ServiceWorkerRegistration;

    #[wasm_bindgen(method, catch)]
    fn update(this: &ServiceWorkerRegistration) -> Result<js_sys::Promise, JsValue>;
}

/// Says when a newer version of the page is there than the one that runs.
#[component]
pub(crate) fn NewVersion() -> impl IntoView {
    let tab = use_tab();
    let newer = RwSignal::new(false);
    let registration = StoredValue::new_local(None::<ServiceWorkerRegistration>);
    keep(registration, newer);
    // The tracker serves the page, too: when it comes back it may have come back with another one.
    let joined = Memo::new(move |_| tab.tracker() == Some(TrackerState::Joined));
    Effect::new(move |_| {
        if joined.get()
            && let Some(registration) = registration.get_value()
        {
            spawn_local(async move {
                if let Ok(update) = registration.update() {
                    // Fails without a network; the next time will do.
                    let _ = JsFuture::from(update).await;
                }
            });
        }
    });
    move || {
        newer.get().then(|| {
            view! {
                <div data-testid="new-version" role="status">
                    <Notice tone=Tone::Calm title=texts::NEW_VERSION text=texts::NEW_VERSION_TEXT>
                        <button type="button" class="button" on:click=|_| browser::reload()>{texts::RELOAD}</button>
                    </Notice>
                </div>
            }
        })
    }
}

/// Starts the worker, where there is one and the browser allows it.
fn keep(registration: StoredValue<Option<ServiceWorkerRegistration>, LocalStorage>, newer: RwSignal<bool>) {
    let (Some(script), Some(container)) = (meta(SCRIPT_META), container()) else { return };
    let version = meta(VERSION_META).unwrap_or_default();
    let heard = Closure::<dyn Fn(Event)>::new(move |message: Event| {
        let get = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).ok();
        let found = get(&message, "data").and_then(|data| get(&data, "version")?.as_string());
        if found.is_some_and(|found| version != format!("/assets/{found}/")) {
            newer.set(true);
        }
    });
    // Listens for as long as the page lives.
    let listens = container.add_event_listener_with_callback("message", heard.into_js_value().unchecked_ref());
    if listens.is_err() {
        return;
    }
    spawn_local(async move {
        // Refused in some private windows: then the page needs the network, as before.
        let Ok(registering) = container.register(&script) else { return };
        if let Ok(registered) = JsFuture::from(registering).await {
            registration.try_set_value(Some(registered.unchecked_into()));
        }
    });
}

/// What registers service workers: absent on pages over plain http, and where the browser allows none.
fn container() -> Option<ServiceWorkerContainer> {
    if !window().is_secure_context() {
        return None;
    }
    let container = Reflect::get(&window().navigator(), &JsValue::from_str("serviceWorker")).ok()?;
    (!container.is_undefined()).then(|| container.unchecked_into())
}

fn meta(name: &str) -> Option<String> {
    let element = document().query_selector(&format!("meta[name='{name}']")).ok()??;
    element.get_attribute("content")
}
