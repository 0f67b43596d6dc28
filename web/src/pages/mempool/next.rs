//! The next block, drawn as a box that its transactions fill.

use super::{
    DRAWN, fee_rate, is_cut,
    strips::{Piece, strips},
};
use crate::{
    browser,
    components::{AmountText, Failure, Loading},
    format,
    live::Query,
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use node_wasm::{
    units::Amount,
    view::{TemplateView, TransactionView},
};

/// Width of the box in the drawing's units.
const WIDTH: f64 = 640.0;
/// Height of the box in the drawing's units.
const HEIGHT: f64 = 220.0;
/// Shades for fee rates, in the style sheet as `.tile-0`, `.tile-1` and so on: more for more.
const SHADES: usize = 5;

/// A transaction in the box, or all further ones.
#[derive(Debug, Clone, PartialEq)]
struct Tile {
    piece: Piece,
    shade: usize,
    label: String,
    /// Absent for the piece that stands for all further ones.
    id: Option<String>,
}

/// The next block.
#[component]
pub(crate) fn NextBlock(template: Query<TemplateView>) -> impl IntoView {
    let failure = template.failure();
    let is_cut = Memo::new(move |_| template.map(is_cut).unwrap_or(false));
    let is_ready = Memo::new(move |_| template.data.with(|data| data.ready().is_some()));
    let body = move || match (failure.get(), is_ready.get()) {
        (Some(error), _) => view! { <Failure error=error /> }.into_any(),
        (None, false) => view! { <Loading text=texts::NEXT_BLOCK_WAITING /> }.into_any(),
        (None, true) => view! { <Content template=template /> }.into_any(),
    };
    view! {
        <section class="panel next-block" aria-labelledby="next-block-title">
            <div class="panel-head">
                <h2 id="next-block-title">{texts::NEXT_BLOCK}</h2>
                <p class="muted">{texts::NEXT_BLOCK_NOTE}{move || is_cut.get().then(|| format!(" {}", texts::next_block_cut(DRAWN)))}</p>
            </div>
            {body}
        </section>
    }
}

#[component]
fn Content(template: Query<TemplateView>) -> impl IntoView {
    let fill = Memo::new(move |_| template.map(|next| fill(next.bytes, next.max_bytes)).unwrap_or(0.0));
    let count = Memo::new(move |_| template.map(|next| next.transactions.total).unwrap_or(0));
    let reward = Signal::derive(move || template.map(|next| next.reward).unwrap_or_default());
    let fees = Signal::derive(move || template.map(|next| next.fees).unwrap_or_default());
    let filled = move || {
        template
            .map(|next| texts::filled(&format::bytes(next.bytes), &format::bytes(next.max_bytes), &percent(fill.get())))
    };
    view! {
        <div class="next-block-body">
            <Drawing template=template fill=fill />
            <dl class="facts">
                <div><dt>{texts::NEXT_HEIGHT}</dt><dd data-testid="next-height">{move || template.map(|next| next.height.0)}</dd></div>
                <div><dt>{texts::NEXT_CONTENT}</dt><dd data-testid="next-count">{move || count.get()}</dd></div>
                <div><dt>{texts::NEXT_FILL}</dt><dd>{filled}</dd></div>
                <div><dt>{texts::NEXT_REWARD}</dt><dd><AmountText amount=reward />" "<span class="muted">{texts::OF_WHICH_FEES}" "<AmountText amount=fees /></span></dd></div>
            </dl>
        </div>
    }
}

#[component]
fn Drawing(template: Query<TemplateView>, fill: Memo<f64>) -> impl IntoView {
    let tab = use_tab();
    let navigate = StoredValue::new_local(use_navigate());
    let tiles =
        Memo::new(move |_| template.map(|next| tiles(next, fill.get(), browser::written_whole)).unwrap_or_default());
    let summary = move || {
        let count = template.map(|next| next.transactions.total).unwrap_or(0);
        texts::next_block_summary(count, &percent(fill.get()))
    };
    let is_empty = Memo::new(move |_| tiles.with(Vec::is_empty));
    // The list below leads to the same places by keyboard.
    let open = move |id: Option<String>| {
        if let Some(id) = id {
            let href = tab.href(&format!("/explorer/transaction/{id}"));
            navigate.with_value(|navigate| navigate(&href, NavigateOptions::default()));
        }
    };
    view! {
        <div class="next-block-frame">
            <svg class="next-block-box" viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=summary data-testid="next-block">
                <For each=move || tiles.get() key=|tile| (tile.label.clone(), place(tile.piece)) let(tile)>
                    <rect
                        class=format!("tile tile-{}", tile.shade)
                        class:tile-rest=tile.id.is_none()
                        x=format!("{:.2}", tile.piece.x)
                        y=format!("{:.2}", tile.piece.y)
                        width=format!("{:.2}", tile.piece.width)
                        height=format!("{:.2}", tile.piece.height)
                        on:click=move |_| open(tile.id.clone())
                    >
                        <title>{tile.label}</title>
                    </rect>
                </For>
            </svg>
            <Show when=move || is_empty.get()><p class="empty next-block-empty">{texts::NEXT_BLOCK_EMPTY}</p></Show>
        </div>
    }
}

/// A place as something to compare: a piece that moves is drawn anew.
fn place(piece: Piece) -> [u64; 4] {
    [piece.x, piece.y, piece.width, piece.height].map(f64::to_bits)
}

/// Part of the room that is taken.
fn fill(bytes: u64, most: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a block has a million bytes")]
    let fill = bytes as f64 / most.max(1) as f64;
    fill.min(1.0)
}

/// How high the box is drawn filled: the edge of a cube of that volume, so that a handful of
/// transactions in a block for thousands can be seen.
fn level(fill: f64) -> f64 {
    fill.cbrt()
}

fn percent(fill: f64) -> String {
    let percent = 100.0 * fill;
    format::decimal(percent, if percent == 0.0 || percent >= 10.0 { 0 } else { 2 })
}

/// The pieces of the box, the best paid first.
fn tiles(next: &TemplateView, fill: f64, write: fn(Amount) -> String) -> Vec<Tile> {
    let mut shown: Vec<&TransactionView> = next.transactions.items.iter().collect();
    shown.sort_by_key(|one| std::cmp::Reverse(fee_rate(one.fee, one.size)));
    let shown_bytes: u64 = shown.iter().map(|one| u64::from(one.size)).sum();
    let rest = next.bytes.saturating_sub(shown_bytes);
    let mut sizes: Vec<f64> = shown.iter().map(|one| f64::from(one.size)).collect();
    if rest > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a block has a million bytes")]
        sizes.push(rest as f64);
    }
    let count = shown.len();
    strips(&sizes, WIDTH, HEIGHT, level(fill))
        .into_iter()
        .enumerate()
        .map(|(index, piece)| {
            if let Some(one) = shown.get(index) {
                let (id, rate) = (one.id.to_string(), write(fee_rate(one.fee, one.size)));
                let shade = SHADES - 1 - (index * SHADES / count.max(1)).min(SHADES - 1);
                Tile { piece, shade, label: texts::tile(&id, &rate, one.size), id: Some(id) }
            } else {
                let further = next.transactions.total.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
                Tile { piece, shade: 0, label: texts::further(further), id: None }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::{
        units::{Amount, Height},
        view::{Page, TransactionKind, TransactionState},
    };

    fn transaction(number: u64, fee: u64) -> TransactionView {
        TransactionView {
            id: format!("{number:064x}").parse().unwrap(),
            kind: TransactionKind::Transfer,
            from: None,
            to: String::new(),
            amount: Amount::ZERO,
            fee: Amount::from_grains(fee).unwrap(),
            nonce: number,
            memo: String::new(),
            size: 200,
            signature: None,
            status: TransactionState::Waiting,
        }
    }

    fn template(items: Vec<TransactionView>, total: u32) -> TemplateView {
        TemplateView {
            height: Height(1),
            reward: Amount::ZERO,
            fees: Amount::ZERO,
            bytes: 200 * u64::from(total),
            max_bytes: 1_000_000,
            transactions: Page { items, total },
            pinned: Vec::new(),
            excluded: Vec::new(),
        }
    }

    #[test]
    fn the_best_paid_lie_at_the_bottom_and_are_darkest() {
        let next = template((0..10).map(|number| transaction(number, 1000 * (number + 1))).collect(), 10);
        let tiles = tiles(&next, fill(next.bytes, next.max_bytes), |rate| rate.to_string());
        assert_eq!(tiles.len(), 10);
        assert!(tiles[0].id.as_ref().is_some_and(|id| id.ends_with('9')));
        assert_eq!((tiles[0].shade, tiles[9].shade), (SHADES - 1, 0));
        assert!(tiles[0].piece.y >= tiles[9].piece.y);
    }

    #[test]
    fn what_is_not_listed_is_one_piece_as_large_as_all_of_it() {
        let next = template((0..10).map(|number| transaction(number, 1000)).collect(), 100);
        let tiles = tiles(&next, 0.5, |rate| rate.to_string());
        let area = |tile: &Tile| tile.piece.width * tile.piece.height;
        assert_eq!((tiles.len(), tiles[10].id.as_ref()), (11, None));
        assert!((area(&tiles[10]) / area(&tiles[0]) - 90.0).abs() < 1e-6);
    }

    #[test]
    fn the_box_is_full_when_the_block_is() {
        assert!((level(fill(2_000_000, 1_000_000)) - 1.0).abs() < 1e-9);
        assert!((level(fill(1000, 1_000_000)) - 0.1).abs() < 1e-9);
        assert_eq!((percent(0.0), percent(0.0006), percent(0.5)), ("0".into(), "0.06".into(), "50".into()));
    }
}
