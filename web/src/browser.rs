//! The few things that the page asks of the browser itself.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDocument, HtmlTextAreaElement, ResizeObserver, ResizeObserverEntry, Url, UrlSearchParams};

/// Milliseconds since 1970 by the browser's clock.
pub(crate) fn now() -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "milliseconds since 1970, whole and positive"
    )]
    let millis = js_sys::Date::now() as u64;
    millis
}

fn date(millis: u64) -> js_sys::Date {
    #[expect(clippy::cast_precision_loss, reason = "a chain's timestamps stay below 2^48")]
    js_sys::Date::new(&JsValue::from_f64(millis as f64))
}

/// A time as this user writes it.
pub(crate) fn local_time(millis: u64) -> String {
    let language = window().navigator().language().unwrap_or_else(|| "en".to_owned());
    String::from(date(millis).to_locale_string(&language, &JsValue::UNDEFINED))
}

/// A time in ISO 8601, for machines.
pub(crate) fn iso_time(millis: u64) -> String {
    String::from(date(millis).to_iso_string())
}

/// Processors that the browser lets a page use, at least one.
pub(crate) fn processors() -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and a float cast cannot be undefined"
    )]
    let processors = window().navigator().hardware_concurrency() as u32;
    processors.max(1)
}

/// Whether nobody sees the page right now.
pub(crate) fn is_hidden() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Hidden
}

/// The page's origin, such as `https://example.org`.
pub(crate) fn origin() -> String {
    location().origin().unwrap_or_default()
}

/// Whether the page was loaded from an address that no other computer can open.
pub(crate) fn is_loopback() -> bool {
    let host = location().hostname().unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

/// The address parameters as they stand, without those named in `without`; starts with `?` unless empty.
pub(crate) fn search_without(without: &[&str]) -> String {
    let Ok(parameters) = UrlSearchParams::new_with_str(&location().search().unwrap_or_default()) else {
        return String::new();
    };
    for name in without {
        parameters.delete(name);
    }
    let text = String::from(parameters.to_string());
    if text.is_empty() { text } else { format!("?{text}") }
}

/// A parameter of the page's address.
pub(crate) fn parameter(name: &str) -> Option<String> {
    UrlSearchParams::new_with_str(&location().search().ok()?).ok()?.get(name)
}

/// An address of this page with parameters; `path` starts with `/`.
pub(crate) fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let Ok(url) = Url::new_with_base(path, &origin()) else { return origin() };
    for (name, value) in parameters {
        url.search_params().append(name, value);
    }
    url.href()
}

/// Loads the page anew.
pub(crate) fn reload() {
    // A browser that refuses to reload leaves the page as it is, which is all that can be done.
    let _ = location().reload();
}

/// A remembered setting of this page.
pub(crate) fn setting(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// Remembers a setting. A browser without storage forgets it, and the page works all the same.
pub(crate) fn remember(name: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(name, value);
    }
}

/// The text of the file that was chosen in an input element, if one was.
pub(crate) async fn chosen_file(input: &web_sys::HtmlInputElement) -> Option<String> {
    let file = input.files()?.get(0)?;
    JsFuture::from(file.text()).await.ok()?.as_string()
}

/// Puts a text on the clipboard; whether the browser allowed it.
pub(crate) async fn copy(text: &str) -> bool {
    // Absent on pages that came over plain HTTP from another computer.
    let has_clipboard = js_sys::Reflect::has(&window().navigator(), &JsValue::from_str("clipboard")).unwrap_or(false)
        && window().is_secure_context();
    if has_clipboard && JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok() {
        return true;
    }
    copy_selection(text).unwrap_or(false)
}

/// The way before the clipboard interface: selects a hidden text and asks for "copy".
fn copy_selection(text: &str) -> Option<bool> {
    let area: HtmlTextAreaElement = document().create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("visually-hidden");
    // Inside an open dialog everything outside it cannot be focused.
    let dialog = document().query_selector("dialog[open]").ok().flatten();
    let host = dialog.or_else(|| document().body().map(JsCast::unchecked_into))?;
    host.append_child(&area).ok()?;
    area.select();
    let copied = document().dyn_into::<HtmlDocument>().ok()?.exec_command("copy").ok();
    area.remove();
    copied
}

/// Width and height of an element in CSS pixels as they change; 0 until it is laid out.
pub(crate) fn element_size<E>(node: NodeRef<E>) -> ReadSignal<(f64, f64)>
where
    E: leptos::html::ElementType,
    E::Output: JsCast + AsRef<web_sys::Element> + Clone + 'static,
{
    let (size, set_size) = signal((0.0, 0.0));
    let observing = StoredValue::new_local(None::<(ResizeObserver, Closure<dyn FnMut(js_sys::Array)>)>);
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        let heard = Closure::new(move |entries: js_sys::Array| {
            let entry: ResizeObserverEntry = entries.get(0).unchecked_into();
            let area = entry.content_rect();
            set_size.try_set((area.width(), area.height()));
        });
        if let Ok(observer) = ResizeObserver::new(heard.as_ref().unchecked_ref()) {
            observer.observe(element.as_ref());
            observing.set_value(Some((observer, heard)));
        }
    });
    on_cleanup(move || {
        observing.try_update_value(|observing| {
            if let Some((observer, _)) = observing.take() {
                observer.disconnect();
            }
        });
    });
    size
}
