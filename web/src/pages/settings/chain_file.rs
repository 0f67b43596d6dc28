//! The chain as a file: to save, and to go on from in a tab that has no peers.

use crate::{
    browser,
    chain_file::{FileError, Reader, head, lines},
    components::{Icon, Shape},
    format,
    live::Topics,
    state::{Tab, use_tab},
    texts,
};
use leptos::{html, prelude::*, task::spawn_local};
use node_wasm::{
    request::Request,
    units::Height,
    view::archive::{ChainPart, Imported},
};

/// Bytes of a file that are read at a time: a megabyte never stalls the page.
const PIECE_BYTES: u32 = 1024 * 1024;

/// What is being done, and what came of it.
#[derive(Clone, Copy)]
struct Work {
    busy: RwSignal<bool>,
    /// Said while it goes on, and at the end.
    said: RwSignal<String>,
    failed: RwSignal<bool>,
}

impl Work {
    fn begin(self) {
        self.busy.set(true);
        self.failed.set(false);
        self.said.set(String::new());
    }

    /// The view may be gone by then.
    fn say(self, text: String) {
        self.said.try_set(text);
    }

    fn end(self, result: Result<String, String>) {
        self.busy.try_set(false);
        self.failed.try_set(result.is_err());
        self.say(result.unwrap_or_else(|error| error));
    }
}

/// Saving and opening.
#[component]
pub(crate) fn ChainFile() -> impl IntoView {
    let tab = use_tab();
    let work = Work { busy: RwSignal::new(false), said: RwSignal::new(String::new()), failed: RwSignal::new(false) };
    let input = NodeRef::<html::Input>::new();
    let save = move |_| {
        if work.busy.get_untracked() {
            return;
        }
        work.begin();
        spawn_local(async move { work.end(save(tab, work).await) });
    };
    let open = move |_| {
        let Some(file) = input.get_untracked().and_then(|input| browser::chosen(&input)) else { return };
        work.begin();
        spawn_local(async move {
            work.end(open(tab, work, file).await);
            tab.mark(Topics::CHAIN | Topics::STATUS);
            if let Some(input) = input.try_get_untracked().flatten() {
                // So that the same file can be chosen once more.
                input.set_value("");
            }
        });
    };
    view! {
        <section class="panel" aria-labelledby="chain-file-title">
            <h2 id="chain-file-title">{texts::CHAIN_FILE}</h2>
            <p class="muted">{texts::CHAIN_FILE_NOTE}</p>
            <div class="actions">
                <button type="button" class="button" data-testid="chain-save" aria-disabled=move || work.busy.get().to_string() on:click=save>
                    <Icon shape=Shape::Down />
                    {texts::CHAIN_FILE_SAVE}
                </button>
            </div>
            <div class="field">
                <label for="chain-open">{texts::CHAIN_FILE_OPEN}</label>
                <input id="chain-open" type="file" accept=".tabchain,text/plain" data-testid="chain-open" aria-describedby="chain-file-said" prop:disabled=work.busy node_ref=input on:change=open />
            </div>
            <p id="chain-file-said" aria-live="polite" class:field-error=work.failed data-testid="chain-file-said">{work.said}</p>
        </section>
    }
}

/// Asks for all parts and offers them as a file; says how many blocks are in it.
async fn save(tab: Tab, work: Work) -> Result<String, String> {
    let mut pieces = Vec::new();
    let (mut next, mut blocks) = (Some(1), 0);
    while let Some(from) = next {
        let part: ChainPart =
            tab.request(Request::ChainPart { from }).await.map_err(|error| browser::said(&error.message))?;
        if pieces.is_empty() {
            pieces.push(head(&part.genesis));
        }
        pieces.push(lines(&part));
        blocks += part.blocks.len();
        next = part.next;
        work.say(texts::chain_file_reading(blocks));
    }
    let room = tab.status.map(|status| format!("{}-{}", status.network, status.room)).unwrap_or_default();
    let saved = browser::save_parts(&format!("{room}.tabchain"), "text/plain", &pieces);
    saved.map_err(|_| texts::SAVE_FAILED.to_owned())?;
    Ok(texts::chain_file_saved(blocks))
}

/// Reads a file and has the node take in its blocks; says what came of it.
async fn open(tab: Tab, work: Work, file: web_sys::File) -> Result<String, String> {
    let mut reader = Reader::default();
    let mut sum = Imported { taken: 0, known: 0, height: Height(0) };
    let (size, started) = (file.size().max(1.0), browser::now());
    let mut read_bytes = 0.0;
    let mut pieces = browser::pieces(file, PIECE_BYTES);
    let mut at_end = false;
    while !at_end {
        let piece = pieces.next().await.map_err(|_| texts::CHAIN_FILE_UNREADABLE.to_owned())?;
        at_end = piece.is_none();
        read_bytes += piece.as_ref().map_or(0.0, |_| f64::from(PIECE_BYTES));
        let done = (read_bytes / size).min(1.0);
        let read = if let Some(piece) = piece { reader.push(&piece) } else { reader.end() };
        read.map_err(why)?;
        while let Some(part) = reader.part(at_end) {
            let answer: Imported =
                tab.request(Request::Import(part)).await.map_err(|error| browser::said(&error.message))?;
            sum = Imported { taken: sum.taken + answer.taken, known: sum.known + answer.known, ..answer };
            let left = time_left(done, browser::now().saturating_sub(started));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
            let percent = (100.0 * done) as u32;
            work.say(texts::chain_file_taking(sum.taken + sum.known, percent, left.as_deref()));
        }
    }
    Ok(texts::chain_file_taken(sum.taken, sum.known))
}

/// How long the rest takes at the pace so far; nothing before there is one, and at the end.
fn time_left(done: f64, elapsed_ms: u64) -> Option<String> {
    let is_worth_a_word = elapsed_ms >= 1000 && done > 0.0 && done < 1.0;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let elapsed = elapsed_ms as f64;
    is_worth_a_word.then(|| format::duration(elapsed * (1.0 - done) / done))
}

fn why(error: FileError) -> String {
    match error {
        FileError::NotAChain => texts::CHAIN_FILE_OTHER.to_owned(),
        FileError::TooLong => texts::CHAIN_FILE_UNREADABLE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::time_left;

    #[test]
    fn the_rest_takes_as_long_as_the_pace_says() {
        assert_eq!(time_left(0.25, 10_000).as_deref(), Some("30 s"));
        for (done, elapsed) in [(0.0, 10_000), (0.5, 20), (1.0, 10_000)] {
            assert_eq!(time_left(done, elapsed), None);
        }
    }
}
