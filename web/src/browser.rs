//! The few things that the page asks of the browser itself.

use crate::notation::Notation;
use crate::texts;
use js_sys::Function;
use leptos::{leptos_dom::helpers::set_timeout, prelude::*};
use node_wasm::sentence::Sentence;
use node_wasm::units::Amount;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, File, FocusOptions, HtmlAnchorElement, HtmlDocument, HtmlElement, HtmlInputElement,
    HtmlTextAreaElement, ResizeObserver, ResizeObserverEntry, Url, UrlSearchParams,
};

/// Time for the browser to take up a file that is saved.
const SAVED_WITHIN: Duration = Duration::from_mins(1);

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

thread_local! {
    /// Writes numbers as this user does: making it takes longer than using it.
    static NUMBERS: Function = numbers();
}

fn numbers() -> Function {
    let options = js_sys::Object::new();
    // Digits stay those that amounts are typed in. A fresh object takes any property.
    let _ = js_sys::Reflect::set(&options, &JsValue::from_str("numberingSystem"), &JsValue::from_str("latn"));
    let language = window().navigator().language().unwrap_or_else(|| "en".to_owned());
    js_sys::Intl::NumberFormat::new(&js_sys::Array::of1(&JsValue::from_str(&language)), &options).format()
}

fn number(value: f64) -> Option<String> {
    NUMBERS.with(|format| format.call1(&JsValue::UNDEFINED, &JsValue::from_f64(value))).ok()?.as_string()
}

/// How the browser writes numbers for this user.
pub(crate) fn notation() -> Notation {
    let mark = |value: f64| number(value)?.chars().find(|letter| !letter.is_ascii_digit());
    // In some languages four digits make no group yet.
    Notation { decimal: mark(0.5).unwrap_or('.'), group: mark(1_234_567.0) }
}

/// A whole number in digits, grouped as this user writes it.
pub(crate) fn grouped(digits: &str) -> String {
    digits.parse().ok().and_then(number).unwrap_or_else(|| digits.to_owned())
}

/// Takes an element away, by its id.
pub(crate) fn remove(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.remove();
    }
}

/// Moves the focus to an element, by its id.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        let _ = element.focus();
    }
}

/// To be called before new data is drawn: what has the focus has it afterwards, too. What is gone by then leaves it to
/// what it stood in.
///
/// Rows that come in front of a list make Leptos move rows that stay, and browsers take the focus from what is moved.
pub(crate) fn keep_focus() {
    let page = document();
    let Some(focused) = page.active_element().filter(|element| element.tag_name() != "BODY") else { return };
    let around = focused.parent_element().and_then(|parent| parent.closest("[tabindex], dialog").ok().flatten());
    // By then all that follows from the data has been drawn, and nothing of it been seen yet.
    request_animation_frame(move || {
        let is_lost = page.active_element().is_none_or(|element| element.tag_name() == "BODY");
        let heir = if focused.is_connected() { Some(focused) } else { around };
        if is_lost && let Some(heir) = heir {
            let options = FocusOptions::new();
            options.set_prevent_scroll(true);
            // Elements of HTML and of SVG have the same method.
            let _ = heir.unchecked_ref::<HtmlElement>().focus_with_options(&options);
        }
    });
}

/// An amount as this user writes it, without its unit: whole coins, and decimals with their mark.
pub(crate) fn written(amount: Amount) -> (String, String) {
    let text = amount.to_string();
    text.split_once('.').map_or_else(
        || (grouped(&text), String::new()),
        |(whole, decimals)| (grouped(whole), format!("{}{decimals}", Notation::of_user().decimal)),
    )
}

/// The same in one piece.
pub(crate) fn written_whole(amount: Amount) -> String {
    let (whole, decimals) = written(amount);
    whole + &decimals
}

/// What the node says as a sentence of its own, with amounts as this user writes them.
pub(crate) fn said(sentence: &Sentence) -> String {
    texts::said(sentence, &written_whole)
}

/// The same within a line.
pub(crate) fn words(sentence: &Sentence) -> String {
    texts::words(sentence, &written_whole)
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

/// Address parameters with some replaced, or taken away by an empty value; starts with `?` unless empty.
pub(crate) fn search_with(search: &str, changes: &[(&str, &str)]) -> String {
    let Ok(parameters) = UrlSearchParams::new_with_str(search) else { return search.to_owned() };
    for (name, value) in changes {
        parameters.delete(name);
        if !value.is_empty() {
            parameters.append(name, value);
        }
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

/// JSON with line breaks and indents, as people read it; as it stands if it is none.
pub(crate) fn indented(json: &str) -> String {
    let parsed = js_sys::JSON::parse(json).ok();
    let text = parsed.and_then(|value| {
        js_sys::JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &JsValue::from_f64(2.0)).ok()
    });
    text.map_or_else(|| json.to_owned(), String::from)
}

/// Offers a text as a file of JSON to save.
pub(crate) fn save(name: &str, text: &str) -> Result<(), JsValue> {
    save_parts(name, "application/json", &[text])
}

/// Offers a text in parts as a file of a media type to save.
pub(crate) fn save_parts(name: &str, media_type: &str, parts: &[impl AsRef<str>]) -> Result<(), JsValue> {
    let kind = BlobPropertyBag::new();
    kind.set_type(media_type);
    let parts: js_sys::Array = parts.iter().map(|part| JsValue::from_str(part.as_ref())).collect();
    let blob = Blob::new_with_str_sequence_and_options(&parts, &kind)?;
    let address = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    // A link that is not part of the page; the router must not take it for one of its own.
    link.set_rel("external");
    link.click();
    // The browser has taken the file up by then.
    set_timeout(
        move || {
            let _ = Url::revoke_object_url(&address);
        },
        SAVED_WITHIN,
    );
    Ok(())
}

/// Goes to another address, with a new node.
pub(crate) fn go(address: &str) {
    // A browser that refuses leaves the page as it is, which is all that can be done.
    let _ = location().assign(address);
}

/// Loads the page anew.
pub(crate) fn reload() {
    // A browser that refuses to reload leaves the page as it is, which is all that can be done.
    let _ = location().reload();
}

/// Whether the browser makes peer connections.
pub(crate) fn has_webrtc() -> bool {
    js_sys::Reflect::has(&window(), &JsValue::from_str("RTCPeerConnection")).unwrap_or(false)
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

/// The file that was chosen in an input element, if one was.
pub(crate) fn chosen(input: &HtmlInputElement) -> Option<File> {
    input.files()?.get(0)
}

/// Its text.
pub(crate) async fn chosen_file(input: &HtmlInputElement) -> Option<String> {
    JsFuture::from(chosen(input)?.text()).await.ok()?.as_string()
}

/// A file's text in pieces of so many bytes.
pub(crate) fn pieces(file: File, bytes: u32) -> Pieces {
    Pieces { file, bytes: f64::from(bytes), at: 0.0 }
}

/// See [`pieces`].
pub(crate) struct Pieces {
    file: File,
    bytes: f64,
    at: f64,
}

impl Pieces {
    /// The next piece; none behind the last one. Fails when the file is gone or may not be read.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, JsValue> {
        if self.at >= self.file.size() {
            return Ok(None);
        }
        let end = (self.at + self.bytes).min(self.file.size());
        let piece = self.file.slice_with_f64_and_f64(self.at, end)?;
        self.at = end;
        Ok(JsFuture::from(piece.text()).await?.as_string())
    }
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
