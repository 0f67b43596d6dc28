//! What the page knows of its node: signals that follow the node's events.

use crate::{
    browser,
    history::RateHistory,
    live::{self, Meanwhile, Query, Refresher, Topics},
};
use gloo_timers::future::TimeoutFuture;
use leptos::{leptos_dom::helpers::IntervalHandle, prelude::*, task::spawn_local};
use node_wasm::{
    client::{Client, StartConfig, StartError, Subscription},
    request::{Request, RequestError, wallet::WalletRequest},
    view::{Event, LogEntry, Role, Status, TrackerState, wallet::WalletView},
    webrtc::Report,
};
use serde::de::DeserializeOwned;
use std::{cell::RefCell, collections::VecDeque, rc::Rc, time::Duration};

/// Log lines kept for the eye; the node keeps its own log.
const LOG_LINES: usize = 200;

/// The same for a request.
const LOG_LIMIT: u32 = 200;

/// Time for a frame, in milliseconds.
const FRAME_MS: u32 = 16;

/// Period of the page's clock, by which relative times are shown.
const CLOCK_PERIOD: Duration = Duration::from_secs(1);

/// Ticks of the clock between two looks at figures for which there is no event, such as round
/// trips and traffic.
const SURVEY_TICKS: u64 = 2;

/// Parameters of the page's address that belong to one view, not to the node.
const VIEW_PARAMETERS: [&str; 2] = ["from", "pay"];

/// The node behind this page. A handle: copies name the same node.
#[derive(Clone, Copy)]
pub(crate) struct Tab {
    client: StoredValue<Client, LocalStorage>,
    refresher: StoredValue<Rc<Refresher>, LocalStorage>,
    /// The node at a glance.
    pub(crate) status: Query<Status>,
    /// Keys and accounts of the wallet.
    pub(crate) wallet: Query<WalletView>,
    /// Lines of the log, newest first.
    pub(crate) log: RwSignal<VecDeque<LogEntry>>,
    /// Hash rates since the tab was opened.
    pub(crate) rates: RwSignal<RateHistory>,
    /// The page's clock, milliseconds since 1970.
    pub(crate) now: RwSignal<u64>,
    /// When the page was last seen to be in the background, by its clock; 0 if it never was.
    pub(crate) hidden_at: RwSignal<u64>,
    /// Height of the tip.
    pub(crate) height: Memo<Option<u32>>,
    /// Connected peers.
    pub(crate) peers: Memo<u32>,
    invitation: StoredValue<String>,
    parameters: RwSignal<String>,
}

/// The node behind this page.
pub(crate) fn use_tab() -> Tab {
    expect_context()
}

impl Tab {
    /// Starts the node that the page's address asks for. Call once, in the outermost scope.
    pub(crate) fn start() -> Result<Self, StartError> {
        let config = StartConfig::from_page()?;
        let invitation = invitation(&config);
        let client = Client::start(config)?;
        // The page works as well without the API on it: nothing to tell the user.
        let _ = node_wasm::api::install(&client);
        let tab = Self::over(client, invitation);
        tab.listen();
        tab.run_clock();
        Ok(tab)
    }

    fn over(client: Client, invitation: String) -> Self {
        let client = StoredValue::new_local(client);
        let refresher = StoredValue::new_local(Rc::new(Refresher::default()));
        let status: Query<Status> = live::query(
            client,
            refresher,
            Topics::STATUS | Topics::CHAIN | Topics::MEMPOOL | Topics::PEERS,
            Meanwhile::Previous,
            || Some(Request::Status),
        );
        let wallet = live::query(client, refresher, Topics::WALLET, Meanwhile::Previous, || {
            Some(Request::Wallet(WalletRequest::Show))
        });
        Self {
            client,
            refresher,
            status,
            wallet,
            log: RwSignal::new(VecDeque::new()),
            rates: RwSignal::new(RateHistory::default()),
            now: RwSignal::new(browser::now()),
            hidden_at: RwSignal::new(0),
            height: Memo::new(move |_| status.map(|status| status.height.0)),
            peers: Memo::new(move |_| status.map_or_zero(|status| status.peers)),
            invitation: StoredValue::new(invitation),
            parameters: RwSignal::new(browser::search_without(&VIEW_PARAMETERS)),
        }
    }

    /// A request whose answer follows the node until the calling scope ends.
    pub(crate) fn query<T>(
        self,
        topics: Topics,
        meanwhile: Meanwhile,
        request: impl Fn() -> Option<Request> + 'static,
    ) -> Query<T>
    where
        T: DeserializeOwned + PartialEq + Send + Sync + 'static,
    {
        live::query(self.client, self.refresher, topics, meanwhile, request)
    }

    /// Asks once.
    pub(crate) async fn request<T: DeserializeOwned>(self, request: Request) -> Result<T, RequestError> {
        let client = self.client.get_value();
        client.request(request).await
    }

    /// The node itself, for what is no request.
    pub(crate) fn client(self) -> Client {
        self.client.get_value()
    }

    /// Asks once, for the answer as JSON.
    pub(crate) async fn request_json(self, request: Request) -> Result<String, RequestError> {
        let client = self.client.get_value();
        client.request_json(request).await
    }

    /// Asks for something to be done and hands over what came of it.
    pub(crate) fn act(self, request: Request, done: impl FnOnce(Result<(), RequestError>) + 'static) {
        spawn_local(async move { done(self.request(request).await) });
    }

    /// Asks the wallet for something and hands over what came of it.
    pub(crate) fn act_on_wallet(
        self,
        request: WalletRequest,
        done: impl FnOnce(Result<WalletView, RequestError>) + 'static,
    ) {
        spawn_local(async move { done(self.request(Request::Wallet(request)).await) });
    }

    /// Hears every event until the calling scope ends.
    pub(crate) fn on_event(self, callback: impl Fn(&Event) + 'static) {
        let subscription: Subscription = self.client.with_value(|client| client.subscribe(callback));
        StoredValue::new_local(subscription);
    }

    /// An address within this page that keeps the node's parameters, so that a reload finds the same room.
    pub(crate) fn href(self, path: &str) -> String {
        self.parameters.with_untracked(|parameters| format!("{path}{parameters}"))
    }

    /// The same, for links that stay while the parameters change.
    pub(crate) fn live_href(self, path: &'static str) -> Signal<String> {
        Signal::derive(move || self.parameters.with(|parameters| format!("{path}{parameters}")))
    }

    /// Gives parameters of the node to every address of this page from now on, so that a reload
    /// finds them; an empty value takes one away.
    pub(crate) fn keep_parameters(self, changes: &[(&str, &str)]) {
        self.parameters.update(|parameters| *parameters = browser::search_with(parameters, changes));
    }

    /// The same with the height from which the explorer lists.
    pub(crate) fn href_from(self, path: &str, from: Option<u32>) -> String {
        let Some(from) = from else { return self.href(path) };
        let href = self.href(path);
        let joint = if href.contains('?') { '&' } else { '?' };
        format!("{href}{joint}from={from}")
    }

    /// The address of the page's start with some of the node's parameters replaced; an empty value
    /// leaves one out.
    pub(crate) fn address_with(changes: &[(&str, &str)]) -> String {
        let kept = ["network", "room", "tracker", "mine", "role", "profile"].into_iter();
        let kept = kept.filter(|name| changes.iter().all(|(changed, _)| changed != name));
        let kept: Vec<(&str, String)> = kept.filter_map(|name| Some((name, browser::parameter(name)?))).collect();
        let kept = kept.iter().map(|(name, value)| (*name, value.as_str()));
        let changed = changes.iter().copied().filter(|(_, value)| !value.is_empty());
        browser::address("/", &kept.chain(changed).collect::<Vec<_>>())
    }

    /// The address that brings another tab into this room.
    pub(crate) fn invitation(self) -> String {
        self.invitation.get_value()
    }

    /// Whether the page is in touch with the tracker, as far as is known.
    pub(crate) fn tracker(self) -> Option<TrackerState> {
        self.status.map(|status| status.tracker)
    }

    /// What this node does for others.
    pub(crate) fn role(self) -> Option<Role> {
        self.status.map(|status| status.role)
    }

    fn listen(self) {
        let fresh = Rc::new(RefCell::new(VecDeque::new()));
        self.keep_log(Rc::clone(&fresh));
        self.on_event(move |event| self.hear(event, &fresh));
        self.mark(Topics::LOG);
    }

    /// What came of the attempts to connect; nothing before the node runs.
    pub(crate) fn connections(self) -> Option<Report> {
        self.client.with_value(Client::connections)
    }

    /// Asks again for what follows these topics: something changed of which no event tells.
    pub(crate) fn mark(self, topics: Topics) {
        self.refresher.try_with_value(|refresher| refresher.mark(topics));
    }

    fn hear(self, event: &Event, fresh: &RefCell<VecDeque<LogEntry>>) {
        match event {
            Event::Tip { reverted, .. } | Event::Header { reverted, .. } if reverted.is_empty() => {
                self.mark(Topics::CHAIN);
            }
            Event::Tip { .. } | Event::Header { .. } => self.mark(Topics::CHAIN | Topics::BRANCHES | Topics::WALLET),
            Event::Fork(_) => self.mark(Topics::BRANCHES),
            Event::Transaction(_) => self.mark(Topics::MEMPOOL | Topics::WALLET),
            Event::Balance(_) | Event::Wallet(_) => self.mark(Topics::WALLET),
            Event::Peer { .. } | Event::Tracker(_) => self.mark(Topics::PEERS),
            Event::Sync(_) | Event::Hashrate(_) | Event::Storage(_) => self.mark(Topics::STATUS),
            Event::Log(entry) => {
                let mut fresh = fresh.borrow_mut();
                fresh.push_front(entry.clone());
                fresh.truncate(LOG_LINES);
                self.mark(Topics::LOG);
            }
            // Every refusal is a line of the log too; traffic is for the views that draw it.
            Event::Rejected(_) | Event::Verdict(_) => self.mark(Topics::LAB),
            Event::Traffic { .. } => {}
        }
    }

    /// Shows new lines in rounds like everything else; the first round fetches what was before.
    fn keep_log(self, fresh: Rc<RefCell<VecDeque<LogEntry>>>) {
        let fetched = Rc::new(std::cell::Cell::new(false));
        let refresh = move || {
            let (fresh, fetched) = (Rc::clone(&fresh), Rc::clone(&fetched));
            async move {
                let earlier: Vec<LogEntry> = if fetched.replace(true) {
                    Vec::new()
                } else {
                    self.request(Request::Log { limit: Some(LOG_LIMIT) }).await.unwrap_or_default()
                };
                let fresh = std::mem::take(&mut *fresh.borrow_mut());
                browser::keep_focus();
                self.log.try_update(|log| merge_log(log, fresh, earlier));
                // The next one would be drawn in the same frame, since this one waited for nothing.
                TimeoutFuture::new(FRAME_MS).await;
            }
        };
        self.refresher.with_value(|refresher| refresher.add(Topics::LOG, refresh));
    }

    fn note_rates(self) {
        let status = untrack(|| self.status.map(|status| (status.hash_rate, status.network_hash_rate, status.mining)));
        if let Some((own, all, mining)) = status {
            let own = if mining > 0 { own } else { 0.0 };
            self.rates.update(|rates| rates.note(self.now.get_untracked(), own, all));
        }
    }

    fn run_clock(self) {
        let tick = move || {
            self.now.set(browser::now());
            if browser::is_hidden() {
                self.hidden_at.set(self.now.get_untracked());
            }
            self.note_rates();
            if (self.now.get_untracked() / 1000).is_multiple_of(SURVEY_TICKS) {
                self.mark(Topics::STATUS | Topics::PEERS);
            }
        };
        if let Ok(handle) = set_interval_with_handle(tick, CLOCK_PERIOD) {
            on_cleanup(move || IntervalHandle::clear(&handle));
        }
    }
}

impl<T: Clone + Send + Sync> Query<T> {
    fn map_or_zero(self, part: impl FnOnce(&T) -> u32) -> u32 {
        self.map(part).unwrap_or(0)
    }
}

/// Newest first, each line once, bounded.
fn merge_log(log: &mut VecDeque<LogEntry>, fresh: VecDeque<LogEntry>, earlier: Vec<LogEntry>) {
    for entry in earlier {
        if log.back().is_none_or(|last| entry.sequence < last.sequence) {
            log.push_back(entry);
        }
    }
    for entry in fresh.into_iter().rev() {
        if log.front().is_none_or(|first| entry.sequence > first.sequence) {
            log.push_front(entry);
        }
    }
    log.truncate(LOG_LINES);
}

/// The page's address with what a second tab must know to land in the same room, and no more.
fn invitation(config: &StartConfig) -> String {
    let mut parameters = vec![("network", config.network.as_str()), ("room", config.room.as_str())];
    // Without the parameter a tab asks the tracker that serves it the page.
    let tracker = browser::parameter("tracker");
    if let Some(tracker) = &tracker {
        parameters.push(("tracker", tracker));
    }
    browser::address("/", &parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::{units::Timestamp, view::LogLevel};

    fn line(sequence: u64) -> LogEntry {
        LogEntry {
            sequence,
            time: Timestamp::from_millis(sequence),
            level: LogLevel::Info,
            code: "test".to_owned(),
            message: node_wasm::sentence::Sentence::new("", []),
            peer: None,
            subject: None,
        }
    }

    fn sequences(log: &VecDeque<LogEntry>) -> Vec<u64> {
        log.iter().map(|entry| entry.sequence).collect()
    }

    #[test]
    fn lines_that_came_while_the_log_was_fetched_appear_once() {
        let mut log = VecDeque::new();
        merge_log(&mut log, VecDeque::from([line(5), line(4)]), vec![line(4), line(3), line(1)]);
        assert_eq!(sequences(&log), [5, 4, 3, 1]);
        merge_log(&mut log, VecDeque::from([line(6), line(5)]), Vec::new());
        assert_eq!(sequences(&log), [6, 5, 4, 3, 1]);
    }

    #[test]
    fn the_log_is_bounded() {
        let mut log = VecDeque::new();
        for sequence in 1..=500 {
            merge_log(&mut log, VecDeque::from([line(sequence)]), Vec::new());
        }
        assert_eq!(log.len(), LOG_LINES);
        assert_eq!(log.front().map(|entry| entry.sequence), Some(500));
    }
}
