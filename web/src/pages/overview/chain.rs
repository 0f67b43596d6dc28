//! The newest blocks: the best chain in a row, living branches below it.

use super::tree::{self, Placed, Plan};
use crate::{
    browser,
    components::{AmountText, Failure, Flag, Hash, Icon, Loading, Shape, TimeAgo},
    format,
    live::{Meanwhile, Query, Topics},
    state::use_tab,
    texts,
};
use leptos::{html, prelude::*};
use node_wasm::{
    request::Request,
    view::{BlockSummary, Branch, ForkTree},
};

/// Distance between two blocks of a lane in pixels.
const COLUMN: f64 = 92.0;
/// The same on a phone.
const NARROW_COLUMN: f64 = 78.0;
/// Below this width in pixels the chain is drawn for a phone.
const NARROW: f64 = 560.0;
/// Distance between two lanes in pixels.
const LANE: f64 = 84.0;
/// Width of a block in pixels; its style sheet must agree.
const BLOCK_WIDTH: f64 = 64.0;
/// Middle of a block below its upper edge in pixels: where lines meet it.
const BLOCK_MIDDLE: f64 = 34.0;
/// Columns after which the strip starts over: browsers place what is millions of pixels away inexactly.
const LONGEST_STRIP: u32 = 10_000;
/// Blocks asked for: a projector 2,600 pixels wide shows as many.
const ASKED: u32 = 28;

/// The newest blocks and branches.
#[component]
pub(crate) fn ChainPanel() -> impl IntoView {
    let tab = use_tab();
    let blocks = tab.query::<Vec<BlockSummary>>(Topics::CHAIN | Topics::BRANCHES, Meanwhile::Previous, || {
        Some(Request::Blocks { from: None, limit: Some(ASKED) })
    });
    let forks = tab.query::<ForkTree>(Topics::CHAIN | Topics::BRANCHES, Meanwhile::Previous, || Some(Request::Forks));
    let frame = NodeRef::<html::Div>::new();
    let size = browser::element_size(frame);
    let width = Memo::new(move |_| size.get().0);
    let column = Memo::new(move |_| if width.get() < NARROW { NARROW_COLUMN } else { COLUMN });
    // The last column is for the block to come.
    let columns = Memo::new(move |_| columns(width.get(), column.get()));
    let plan = Memo::new(move |_| {
        blocks
            // One column more than is seen: what leaves, leaves over the edge.
            .map(|blocks| forks.data.with(|forks| tree::plan(blocks, forks.ready(), columns.get() + 1)))
            .unwrap_or_default()
    });
    let first = Memo::new(move |_| plan.with(|plan| (plan.last + 1).saturating_sub(columns.get()).max(plan.first)));
    let origin = Memo::new(move |origin| origin_near(origin.copied(), first.get()));
    let shown = RwSignal::new(None::<BlockSummary>);
    let place = Place { plan, column, columns, first, origin, shown };
    let branches = move || forks.map(|forks| forks.branches.clone()).unwrap_or_default();
    let rest = Memo::new(move |_| {
        let undrawn = plan.with(|plan| plan.undrawn);
        let unlisted = forks
            .map(|forks| forks.total.saturating_sub(u32::try_from(forks.branches.len()).unwrap_or(u32::MAX)))
            .unwrap_or(0);
        texts::branches_rest(undrawn, unlisted)
    });
    let failure = blocks.failure();
    let is_waiting = Memo::new(move |_| failure.get().is_none() && plan.with(|plan| plan.placed.is_empty()));
    view! {
        <section class="panel chain" aria-labelledby="chain-title">
            <div class="panel-head">
                <h2 id="chain-title">{texts::CHAIN}</h2>
                {move || match shown.get() {
                    Some(block) => view! { <BlockDetail block=block /> }.into_any(),
                    None => view! { <p class="muted">{texts::CHAIN_NOTE}</p> }.into_any(),
                }}
            </div>
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            <div class="chain-frame" node_ref=frame style:height=move || format!("{}px", place.lanes() * LANE)>
                <Show when=move || is_waiting.get()><Loading text=texts::CHAIN_WAITING /></Show>
                <div class="chain-strip" style:transform=move || place.shift()>
                    <svg class="chain-lines" aria-hidden="true">
                        <For each=move || place.placed() key=key let(placed)>
                            <Line place=place placed=placed />
                        </For>
                        <NextLine place=place />
                    </svg>
                    <ol class="chain-blocks" aria-label=texts::CHAIN>
                        <For each=move || place.placed() key=key let(placed)>
                            <Block place=place placed=placed />
                        </For>
                    </ol>
                    <NextBlock place=place />
                </div>
            </div>
            <ul class="branches" aria-label=texts::BRANCHES>
                <For each=branches key=|branch| branch.tip.to_string() let(branch)>
                    <BranchLine branch=branch forks=forks />
                </For>
            </ul>
            {move || rest.get().map(|text| view! { <p class="muted branches-rest" data-testid="branches-rest">{text}</p> })}
            <Show when=move || forks.map(|forks| forks.branches.is_empty()).unwrap_or(false)>
                <p class="empty branches-none">{texts::BRANCHES_NONE}</p>
            </Show>
        </section>
    }
}

fn columns(width: f64, column: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen; a float cast saturates")]
    let columns = (width / column).floor() as u32;
    columns.saturating_sub(1).clamp(2, ASKED)
}

/// Where blocks go.
#[derive(Clone, Copy)]
struct Place {
    plan: Memo<Plan>,
    column: Memo<f64>,
    columns: Memo<u32>,
    /// Height at the left edge of what is seen. A short chain starts there.
    first: Memo<u32>,
    /// Height at the left end of the strip, which slides under the frame as a whole: however fast
    /// blocks come, they keep their distance.
    origin: Memo<u32>,
    /// The block that is pointed at or focused.
    shown: RwSignal<Option<BlockSummary>>,
}

/// The same origin for as long as it is near enough.
fn origin_near(origin: Option<u32>, first: u32) -> u32 {
    origin.filter(|origin| first.checked_sub(*origin).is_some_and(|distance| distance < LONGEST_STRIP)).unwrap_or(first)
}

impl Place {
    fn placed(self) -> Vec<Placed> {
        self.plan.with(|plan| plan.placed.clone())
    }

    fn lanes(self) -> f64 {
        let first = self.first.get();
        let seen = |plan: &Plan| {
            plan.placed.iter().filter(|placed| placed.block.height.0 >= first).map(|placed| placed.lane + 1).max()
        };
        self.plan.with(|plan| f64::from(u32::try_from(seen(plan).unwrap_or(1)).unwrap_or(1)))
    }

    /// Where the blocks of a height stand on the strip.
    fn left(self, height: u32) -> f64 {
        self.column.get() * (f64::from(height) - f64::from(self.origin.get()))
    }

    /// The same with the lane, as a CSS transform.
    fn at(self, height: u32, lane: usize) -> String {
        format!("translate({:.1}px, {:.1}px)", self.left(height), top(lane))
    }

    /// How far the strip has slid, as a CSS transform.
    fn shift(self) -> String {
        format!("translateX({:.1}px)", -self.left(self.first.get()))
    }

    /// Height of the block to come.
    fn next(self) -> u32 {
        self.plan.with(|plan| {
            plan.placed
                .iter()
                .filter(|placed| placed.lane == 0)
                .map(|placed| placed.block.height.0 + 1)
                .max()
                .unwrap_or(plan.last + 1)
        })
    }

    fn next_fits(self) -> bool {
        self.next() <= self.first.get() + self.columns.get()
    }
}

fn top(lane: usize) -> f64 {
    LANE * f64::from(u32::try_from(lane).unwrap_or(0))
}

/// A block that changes sides or lane is drawn anew.
fn key(placed: &Placed) -> (String, usize, usize) {
    (placed.block.hash.to_string(), placed.lane, placed.parent_lane)
}

/// The line from a block to the one before.
#[component]
fn Line(place: Place, placed: Placed) -> impl IntoView {
    let Placed { block, lane, parent_lane } = placed;
    let height = block.height.0;
    let rise = top(parent_lane) - top(lane);
    let path = move || {
        let left = BLOCK_WIDTH - place.column.get();
        format!(
            "M0 {BLOCK_MIDDLE}C{:.1} {BLOCK_MIDDLE} {:.1} {end} {left:.1} {end}",
            left / 2.0,
            left / 2.0,
            end = BLOCK_MIDDLE + rise
        )
    };
    // The genesis block has none before it.
    (height > 0).then(|| {
        view! {
            <g class="chain-item" style:transform=move || place.at(height, lane)>
                <path class="chain-line" class:chain-line-branch=lane != 0 d=path />
            </g>
        }
    })
}

#[component]
fn Block(place: Place, placed: Placed) -> impl IntoView {
    let tab = use_tab();
    let Placed { block, lane, .. } = placed;
    let hash = block.hash.to_string();
    let height = block.height.0;
    let label = texts::block_label(height, &hash, block.transactions, block.best);
    let pointed = block.clone();
    let focused = block.clone();
    view! {
        <li class="chain-item" style:transform=move || place.at(height, lane)>
            <a
                on:pointerenter=move |_| place.shown.set(Some(pointed.clone()))
                on:pointerleave=move |_| place.shown.set(None)
                on:focus=move |_| place.shown.set(Some(focused.clone()))
                on:blur=move |_| place.shown.set(None)
                class="chain-block" class:chain-block-branch=!block.best href=tab.href(&format!("/explorer/block/{hash}")) aria-label=label title=hash.clone() data-testid="chain-block">
                <Flag of=hash.clone() />
                <span class="chain-height">{height}</span>
                <span class="chain-count">{texts::transactions_short(block.transactions)}</span>
            </a>
        </li>
    }
}

/// What there is to say of a block in a line. Assistive technology hears the block's label.
#[component]
fn BlockDetail(block: BlockSummary) -> impl IntoView {
    let hash = block.hash.to_string();
    view! {
        <p class="chain-detail" aria-hidden="true" data-testid="chain-detail">
            <span>{texts::block(block.height.0)}</span>
            <span class="mono">{format::shorten(&hash)}</span>
            <span>{texts::transactions(block.transactions)}</span>
            <span>{format::bytes(u64::from(block.size))}</span>
            <AmountText amount=block.reward />
            {block.miner.map(|miner| view! { <span><Flag of=miner.clone() />" "<span class="mono">{format::shorten(&miner)}</span></span> })}
            <TimeAgo time=block.time />
        </p>
    }
}

/// The block that everybody looks for.
#[component]
fn NextBlock(place: Place) -> impl IntoView {
    let tab = use_tab();
    let mining = Memo::new(move |_| tab.status.map(|status| status.mining > 0).unwrap_or(false));
    let shown = Memo::new(move |_| place.plan.with(|plan| !plan.placed.is_empty()) && place.next_fits());
    view! {
        <Show when=move || shown.get()>
            <div class="chain-item" style:transform=move || place.at(place.next(), 0)>
                <div class="chain-block chain-next" class:chain-next-mining=move || mining.get()>
                    <Icon shape=Shape::Pick />
                    <span class="chain-height">{move || place.next()}</span>
                    <span class="chain-count">{move || if mining.get() { texts::NEXT_MINING } else { texts::NEXT }}</span>
                </div>
            </div>
        </Show>
    }
}

#[component]
fn NextLine(place: Place) -> impl IntoView {
    let path = move || format!("M0 {BLOCK_MIDDLE}H{:.1}", BLOCK_WIDTH - place.column.get());
    let shown = move || place.plan.with(|plan| !plan.placed.is_empty()) && place.next_fits();
    view! {
        <g class="chain-item" style:transform=move || place.at(place.next(), 0)>
            <path class="chain-line chain-line-next" class:chain-line-off=move || !shown() d=path />
        </g>
    }
}

/// A branch in words, with the countdown to its discard. The countdown goes on within it, so that who has its link
/// focused keeps the focus.
#[component]
fn BranchLine(branch: Branch, forks: Query<ForkTree>) -> impl IntoView {
    let tab = use_tab();
    let tip = branch.tip.to_string();
    let href = tab.href(&format!("/explorer/block/{tip}"));
    let work = branch.work.clone();
    let work = move || tab.status.map(|status| work_behind(&work, &status.work));
    let (id, last) = (branch.tip, branch.discard_in);
    let left = Memo::new(move |before: Option<&u32>| {
        let left = |forks: &ForkTree| forks.branches.iter().find(|one| one.tip == id).map(|one| one.discard_in);
        forks.map(left).flatten().or(before.copied()).unwrap_or(last)
    });
    let prune_depth = move || forks.map(|forks| forks.prune_depth).unwrap_or(1);
    view! {
        <li class="branch" data-testid="branch">
            <Hash text=tip what=texts::WHAT_BLOCK href=href />
            <span>{texts::branch(branch.length, branch.fork_height.0, branch.height.0)}</span>
            <span class="muted" data-testid="branch-work">{work}</span>
            <span class="branch-countdown">
                <meter
                    min="0"
                    max=prune_depth
                    prop:value=move || f64::from(left.get())
                    aria-label=texts::BRANCH_COUNTDOWN
                ></meter>
                {move || texts::discard_in(left.get())}
            </span>
        </li>
    }
}

/// The work of a branch, and how far it is behind the best chain's. Both are decimal digits.
fn work_behind(branch: &str, best: &str) -> String {
    let hashes = |digits: &str| digits.parse::<f64>().unwrap_or(0.0);
    let behind = (hashes(best) - hashes(branch)).max(0.0);
    texts::branch_work(&format::si(hashes(branch)), &format::si(behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_tells_its_work_and_what_it_lacks() {
        assert_eq!(work_behind("1500000", "2000000"), "work 1.50 M, 500 k behind the best");
        assert_eq!(work_behind("5", "5"), "work 5, 0 behind the best");
    }
}
