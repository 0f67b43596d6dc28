//! What only Chromium's developer tools can do: its driver passes their commands on.

use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of the tools' protocol, for the tab that the driver is at.
#[derive(Debug)]
struct Devtools {
    method: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.method, "params": self.parameters }).to_string()))
    }
}

/// Gives the tools a command for the tab that the driver is at.
pub(crate) async fn command(client: &Client, method: &'static str, parameters: Value) -> Value {
    client.issue_cmd(Devtools { method, parameters }).await.expect("the tools take it")
}

/// Gives a tab a screen of another size.
pub(crate) async fn resize(client: &Client, (width, height): (u32, u32)) {
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    command(client, "Emulation.setDeviceMetricsOverride", metrics).await;
}

/// Freezes a hidden tab, as Chromium does to save energy, or lets it go on.
pub(crate) async fn freeze(client: &Client, frozen: bool) {
    let state = if frozen { "frozen" } else { "active" };
    command(client, "Page.setWebLifecycleState", json!({ "state": state })).await;
}

/// Lets no request of a tab through whose address fits one of these patterns.
pub(crate) async fn block(client: &Client, patterns: &[&str]) {
    command(client, "Network.enable", json!({})).await;
    command(client, "Network.setBlockedURLs", json!({ "urls": patterns })).await;
}

/// Makes a tab's page believe that its user's system says this, by the names of media queries.
pub(crate) async fn emulate(client: &Client, features: &[(&str, &str)]) {
    let features: Vec<Value> = features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    command(client, "Emulation.setEmulatedMedia", json!({ "features": features })).await;
}
