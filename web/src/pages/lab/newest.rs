//! A panel of the lab that lists the newest of something.

use super::SHOWN_ROWS;
use crate::{
    components::{Failure, Loading, Notice, Table, Tone},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{request::Request, view::Page};
use serde::de::DeserializeOwned;

/// What a panel says around its rows.
pub(super) struct Words {
    /// Its heading.
    pub(super) title: &'static str,
    /// Id of that heading.
    pub(super) title_id: &'static str,
    /// Said while there are no rows: a title
    pub(super) none: &'static str,
    /// and a sentence.
    pub(super) none_text: &'static str,
    /// Headings of the columns.
    pub(super) columns: &'static [&'static str],
    /// Name for tests.
    pub(super) test_id: &'static str,
}

/// A heading, what stands above the table, and the newest rows of a request's pages, live.
pub(super) fn newest<T, K, V>(
    words: &Words,
    request: fn(from: Option<u32>, limit: Option<u32>) -> Request,
    above: impl IntoView,
    key: fn(&T) -> K,
    row: fn(T) -> V,
) -> impl IntoView
where
    T: Clone + DeserializeOwned + PartialEq + Send + Sync + 'static,
    K: Eq + std::hash::Hash + 'static,
    V: IntoView + 'static,
{
    let Words { title, title_id, none, none_text, columns, test_id } = *words;
    let page =
        use_tab().query::<Page<T>>(Topics::LAB, Meanwhile::Previous, move || Some(request(None, Some(SHOWN_ROWS))));
    let rows = move || page.map(|page| page.items.clone()).unwrap_or_default();
    let count = Memo::new(move |_| page.map(|page| page.total));
    let is_empty = Signal::derive(move || count.get().unwrap_or(0) == 0);
    let failure = page.failure();
    view! {
        <section class="panel" aria-labelledby=title_id>
            <h2 id=title_id>{title}</h2>
            {above}
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            {move || (count.get().is_none() && failure.get().is_none()).then(|| view! { <Loading text=texts::LAB_WAITING /> })}
            {move || (count.get() == Some(0)).then(|| view! { <Notice tone=Tone::Calm title=none text=none_text /> })}
            <Table labelled_by=title_id columns=columns is_empty=is_empty class="lab-rows" test_id=test_id>
                <For each=rows key=key children=row />
            </Table>
        </section>
    }
}
