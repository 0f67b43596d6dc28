//! What a hash is: of anything that is typed, and of this node's newest header.

use super::{Progress, header_of};
use crate::{
    components::{Field, Loading},
    digits::{bytes_of, hex_of},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{hash::sha256d, request::Request, view::HeaderView};

/// Where a header's nonce stands: what is changed by one bit.
const CHANGED_BYTE: usize = 112;

/// A header's bytes with one bit changed.
fn altered(bytes: &str) -> Option<Vec<u8>> {
    let mut bytes = bytes_of(bytes)?;
    *bytes.get_mut(CHANGED_BYTE)? ^= 1;
    Some(bytes)
}

#[component]
pub(super) fn HashStep(number: usize) -> impl IntoView {
    let progress: Progress = expect_context();
    let text = RwSignal::new(String::new());
    let hash = Memo::new(move |_| text.with(|text| hex_of(&sha256d(text.as_bytes()))));
    Effect::new(move |_| {
        if !text.with(String::is_empty) {
            progress.done(number);
        }
    });
    let newest = use_tab().query::<Vec<HeaderView>>(Topics::CHAIN, Meanwhile::Previous, || {
        Some(Request::Headers { from: None, limit: Some(1) })
    });
    let newest = Memo::new(move |_| newest.map(|headers| headers.first().cloned()).flatten());
    view! {
        <Field name="learn-text" label=texts::LEARN_HASH_FIELD value=text hint=texts::LEARN_HASH_HINT.to_owned() error=Signal::derive(|| None::<String>) />
        <p class="learn-hash"><span class="muted">{texts::LEARN_ITS_HASH}</span><span class="long-text mono" data-testid="learn-hash" aria-live="polite">{hash}</span></p>
        {move || match newest.get() {
            Some(header) => view! { <Newest header=header number=number /> }.into_any(),
            None => view! { <Loading text=texts::LEARN_WAITING /> }.into_any(),
        }}
    }
}

/// The newest header, as it is and with one bit changed.
#[component]
fn Newest(header: HeaderView, number: usize) -> impl IntoView {
    let progress: Progress = expect_context();
    let changed = RwSignal::new(false);
    let HeaderView { bytes, hash, height, .. } = header;
    let shown = Memo::new(move |_| {
        let bytes = if changed.get() { altered(&bytes) } else { bytes_of(&bytes) };
        bytes.unwrap_or_default()
    });
    let own = move || shown.with(|shown| hex_of(&sha256d(shown)));
    let same = move || own() == hash.to_string();
    let change = move |_| {
        changed.update(|changed| *changed = !*changed);
        progress.done(number);
    };
    let works =
        move || shown.with(|shown| header_of(&hex_of(shown))).is_some_and(|header| node_wasm::meets_target(&header));
    view! {
        <p>{texts::learn_newest(height.0)}</p>
        <p class="long-text mono learn-bytes">{move || shown.with(|shown| hex_of(shown))}</p>
        <p class="learn-hash"><span class="muted">{texts::LEARN_ITS_HASH}</span><span class="long-text mono" data-testid="learn-header-hash">{own}</span></p>
        <p aria-live="polite" data-testid="learn-header-verdict">
            <span class="badge" class:badge-good=same class:badge-warning=move || !same()>
                {move || if same() { texts::LEARN_HASH_SAME } else { texts::LEARN_HASH_OTHER }}
            </span>
            " "
            <span class="badge" class:badge-good=works class:badge-warning=move || !works()>
                {move || if works() { texts::LEARN_WORK_MET } else { texts::LEARN_WORK_MISSED }}
            </span>
        </p>
        <div class="actions">
            <button type="button" class="button" data-testid="learn-bit" aria-pressed=move || changed.get().to_string() on:click=change>
                {move || if changed.get() { texts::LEARN_BIT_BACK } else { texts::LEARN_BIT }}
            </button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_of_a_header_is_changed_and_no_more() {
        let bytes = "00".repeat(116);
        let other = altered(&bytes).unwrap();
        assert_eq!(other.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
        assert_ne!(sha256d(&other), sha256d(&bytes_of(&bytes).unwrap()));
        assert_eq!(altered("00"), None);
    }
}
